"""`pulse sentiment train`: a file of labelled comments becomes a model file.

Knows the options, what is too little to learn from, and how the figures are told. Must not know how
weights are learned.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streams.outfile import OUT_FILE
from streams.sentiment.labelled import BadFile, BadRow, Comment, read

if TYPE_CHECKING:
    from streams.sentiment.trainer import Learned

FEWEST: Final = 30
"""Comments of each class: with fewer, five parts of them tell nothing."""
_MOST_TOLD: Final = 20
_CLASSES: Final = ("negative", "neutral", "positive")


@click.command("train")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=OUT_FILE,
    default=Path("model.bin"),
    show_default=True,
    help="Where to write the model.",
)
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write the figures to this JSON file, too.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="How comments are dealt into parts for the figures.",
)
def train(file: Path, out: Path, report: Path | None, seed: int) -> None:
    """Learn from the labelled comments in FILE, on top of the lexicon.

    FILE is a CSV in UTF-8 with a header that names the columns text and label (negative, neutral or
    positive) and perhaps language (a tag such as pt-BR). Some hundreds of comments help, some
    thousands are good; of each class at least 30 are needed. The figures are of comments that a
    model did not learn from: the file is cut in five parts, each judged by what the other four
    teach. The same file and seed give the same model. Needs the extra `train`.

    \b
    Examples:
      pulse sentiment train comments.csv
      pulse sentiment train comments.csv --out brand.bin --report figures.json
      PULSE_SENTIMENT_MODEL=model.bin pulse worker
    """
    comments = _comments(file)
    # Sums are then made in one order on every machine; more threads are slower at this size.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from streams.sentiment.trainer import learn
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is not installed, and learning needs it:"
            " pip install 'creator-pulse[train]'. Judging by a model does not"
        ) from error
    from streams.engine.sentiment import load_default
    from streams.engine.sentiment.modelfile import MAX_BYTES, decode, encode

    learned = learn(comments, load_default(), seed, lambda line: click.echo(line, err=True))
    data = encode(learned.header, learned.table)
    if len(data) > MAX_BYTES:
        raise click.ClickException(
            f"the model has {len(data):,} bytes, more than the {MAX_BYTES:,} that a worker takes"
        )
    figures = _figures(comments, learned)
    digest = decode(data)[0].digest
    _write(out, data)
    if report is not None:
        whole = {"model": digest, "below": learned.header.below, "seed": seed, **figures}
        _write(report, (json.dumps(whole, indent=2) + "\n").encode())
    _tell(figures)
    click.echo(f"model {digest}, {len(data) / 1000:,.0f} KB: {out}")
    click.echo(f"A worker judges by it with PULSE_SENTIMENT_MODEL={out}")


def _comments(file: Path) -> list[Comment]:
    """The comments of a file, of which every row can be used. Raises click.ClickException."""
    faults: list[BadRow] = []
    try:
        file.read_bytes().decode("utf-8-sig")
        comments = read(file, faults.append)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise click.ClickException(
            f"{file}: line {line}: the byte {error.object[error.start]:#04x} is not UTF-8; save the"
            " file as UTF-8"
        ) from error
    except BadFile as error:
        raise click.ClickException(
            "\n".join([str(error), *map(str, faults[:_MOST_TOLD])])
        ) from error
    if faults:
        told = [str(fault) for fault in faults[:_MOST_TOLD]]
        if len(faults) > _MOST_TOLD:
            told.append(f"and {len(faults) - _MOST_TOLD:,} rows more")
        raise click.ClickException("nothing was learned; mend these rows:\n" + "\n".join(told))
    found = Counter(comment.label.name.lower() for comment in comments)
    few = [f"{found[name]:,} {name}" for name in _CLASSES if found[name] < FEWEST]
    if few:
        raise click.ClickException(
            f"{file}: too few labels: {', '.join(few)}; expected at least {FEWEST} of each class"
        )
    return comments


def _figures(comments: list[Comment], learned: "Learned") -> dict[str, Any]:
    """Of the trained layer and of the lexicon alone, over the same comments."""
    import numpy as np

    from streams.sentiment import measure
    from streams.sentiment.windows import following

    gold = [int(comment.label) for comment in comments]
    seen = learned.figures
    judged = {
        "trained": (seen.labels, seen.strengths),
        "lexicon": (seen.below, seen.below_strengths),
    }
    layers: dict[str, Any] = {}
    for name, (labels, strengths) in judged.items():
        table = measure.confusion(gold, labels)
        windows = following(gold, strengths)
        layers[name] = {
            "macro_recall": measure.macro_recall(table)._asdict(),
            "macro_f1": measure.macro_f1(table)._asdict(),
            "classes": {k: v._asdict() for k, v in measure.by_class(table).items()},
            "confusion": table.tolist(),
            "windows": windows and windows._asdict(),
        }
    right = seen.chances[np.arange(len(gold)), np.array(gold) + 1]
    gain = measure.gain(gold, seen.labels, seen.below)
    return {
        "comments": dict(Counter(comment.label.name.lower() for comment in comments)),
        "layers": layers,
        "gain": gain._asdict(),
        "log_loss": round(float(-np.log(np.maximum(right, 1e-12)).mean()), 6),
        "calibration": [
            cell._asdict() for cell in measure.calibration(gold, seen.strengths, bins=10)
        ],
    }


def _tell(figures: dict[str, Any]) -> None:
    counts = figures["comments"]
    click.echo(f"{sum(counts.values()):,} comments, each judged by what the others teach:")
    click.echo(f"{'':10}{'macro recall':24}{'macro F1':24}windows of 50")
    for name, layer in figures["layers"].items():
        spans = [_span(layer[key]) for key in ("macro_recall", "macro_f1")]
        windows = layer["windows"]
        click.echo(f"{name:10}{spans[0]:24}{spans[1]:24}r {windows['mood']:.3f}")
    click.echo(f"gain in macro recall {_span(figures['gain'])}; intervals are of 95 %")
    click.echo(f"{'':10}{'precision':>10}{'recall':>10}{'F1':>10}{'comments':>10}")
    for name, row in figures["layers"]["trained"]["classes"].items():
        shares = "".join(f"{row[key]:10.3f}" for key in ("precision", "recall", "f1"))
        click.echo(f"{name:10}{shares}{row['support']:10,}")


def _span(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing: a worker may be about to read it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
