"""The trained layer beside the lexicon alone and vaderSentiment, on comments not learned from.

    python -m bench.trained FILE [--learn N] [--seed N]

FILE is a CSV with the columns text and label. N of its comments, drawn by chance, teach a model;
the others are judged. vaderSentiment has a row where it is installed.
"""

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

import click

from streams.engine.sentiment import load_default
from streams.engine.sentiment.model import TrainedAnalyser
from streams.engine.sentiment.modelfile import decode, encode
from streams.sentiment import measure
from streams.sentiment.labelled import BadRow, Comment, read
from streams.sentiment.peers import peer
from streams.sentiment.trainer import learn
from streams.sentiment.windows import following

Judge = Callable[[Comment], tuple[int, float]]


def vader() -> Judge | None:
    try:
        judge = peer("vader")
    except click.ClickException:
        return None

    def judged(comment: Comment) -> tuple[int, float]:
        strength = judge(comment.text)
        return (strength > 0.0) - (strength < 0.0), strength

    return judged


def refuse(row: BadRow) -> None:
    raise row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--learn", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    comments = read(chosen.file, refuse)
    random.Random(chosen.seed).shuffle(comments)
    taught, held_out = comments[: chosen.learn], comments[chosen.learn :]
    below = load_default()
    began = time.perf_counter()
    learned = learn(taught, below, chosen.seed, lambda line: None)
    took = time.perf_counter() - began
    data = encode(learned.header, learned.table)
    header, weights = decode(data)
    model = TrainedAnalyser(weights, header.digest, below)
    print(f"{len(taught):,} comments learned from in {took:.1f} s, {len(data) / 1000:,.0f} KB;")
    print(f"{len(held_out):,} comments judged:")
    judges: dict[str, Judge | None] = {
        "trained": lambda c: model.judge(c.text, c.language)[:2],
        "lexicon": lambda c: below.judge(c.text, c.language)[:2],
        "vaderSentiment": vader(),
    }
    gold = [int(comment.label) for comment in held_out]
    given: dict[str, list[int]] = {}
    print(f"{'':16}{'macro recall':24}{'macro F1':24}{'r mood':>8}{'r window':>10}{'a second':>10}")
    for name, judge in judges.items():
        if judge is None:
            print(f"{name:16}not installed")
            continue
        began = time.process_time()
        verdicts = [judge(comment) for comment in held_out]
        speed = len(held_out) / (time.process_time() - began)
        given[name] = [int(label) for label, _ in verdicts]
        table = measure.confusion(gold, given[name])
        spans = [
            f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
            for figure in (measure.macro_recall(table), measure.macro_f1(table))
        ]
        windows = following(gold, [strength for _, strength in verdicts])
        moods = f"{windows.mood:8.3f}{windows.labels:10.3f}" if windows else f"{'':18}"
        print(f"{name:16}{spans[0]:24}{spans[1]:24}{moods}{speed:10,.0f}")
    for name in list(given)[1:]:
        gain = measure.gain(gold, given["trained"], given[name])
        print(f"gain over {name}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})")


if __name__ == "__main__":
    main()
