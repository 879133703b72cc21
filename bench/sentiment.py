"""Sentiment: comments that the shipped analyser judges by a second of CPU, and cost by length.

Knows typical and hostile texts. Must not know how a text is judged.

Each figure is the best of several rounds by CPU time: on a busy machine the others are of the
neighbours. It says whether the analyser ran compiled, as a worker has it, or as it is written.
"""

import random
from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

from streams.engine.sentiment import Analyser, load_default
from streams.engine.sentiment import analyser as implementation
from streams.engine.sentiment.analyser import LexiconAnalyser
from streams.engine.sentiment.lexicon import load_lexica
from streams.sources.simulate.texts import EMOJI, PHRASES

COMMENTS = 20_000
ROUNDS = 7
WANTED = 80_000
"""Typical comments by a second of CPU, languages told, as the worker has it."""
SHORT, LONG = 20_000, 640_000
MOST_GROWTH = 3.0
"""Of the cost of a character from the short to the long text; what is linear stays near 1."""
HOSTILE: dict[str, Callable[[int], str]] = {
    "emoji": lambda n: "😂" * n,
    "one letter": lambda n: "a" * n,
    "combining marks": lambda n: "a" + "\u0301" * n,
    "right to left": lambda n: (
        "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 " * (n // 12)
    ),
    "new words": lambda n: " ".join(f"w{i}" for i in range(n // 7)),
}

_LEXICA = load_lexica()

Said = tuple[str | None, str]


def typical(*, told: bool) -> list[Said]:
    """Comments as the simulator has them, each with its language or with None."""
    dice = random.Random(7)
    said = [
        (language, f"{phrase.replace('{topic}', 'cake')} {dice.choice(EMOJI[mood])}")
        for language, moods in PHRASES.items()
        for mood, phrases in moods.items()
        for phrase in phrases
    ]
    return [(lang if told else None, text) for lang, text in dice.choices(said, k=COMMENTS)]


def _seconds(call: Callable[[], object]) -> float:
    began = process_time()
    call()
    return process_time() - began


def _rate(analyser: Analyser, comments: list[Said]) -> int:
    def judge_all() -> None:
        for lang, text in comments:
            analyser.judge(text, lang)

    return round(len(comments) / min(_seconds(judge_all) for _ in range(ROUNDS)))


def _cost(text: str) -> float:
    """CPU seconds of a character, for an analyser that has seen no text before."""

    def once() -> float:
        analyser = LexiconAnalyser(_LEXICA, max_chars=LONG)
        return _seconds(lambda: analyser.judge(text))

    return min(once() for _ in range(3)) / len(text)


def _growth() -> Iterator[tuple[str, float]]:
    for name, make in HOSTILE.items():
        yield name, round(_cost(make(LONG)) / max(_cost(make(SHORT)), 1e-12), 2)


def sentiment() -> dict[str, Any]:
    """Rates, growth of the cost of a character, and whether both are as they should be."""
    analyser = load_default()
    told = _rate(analyser, typical(told=True))
    growth = dict(_growth())
    return {
        "compiled": not implementation.__file__.endswith(".py"),
        "per_cpu_second": told,
        "per_cpu_second_language_guessed": _rate(analyser, typical(told=False)),
        **{f"growth_{k.replace(' ', '_')}": v for k, v in growth.items()},
        "verified": told >= WANTED and max(growth.values()) <= MOST_GROWTH,
    }
