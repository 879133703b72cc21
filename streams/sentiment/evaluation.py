"""Evaluation: an analyser against people's classes, as figures and as a page of text.

Knows which figures belong together and how they are shown. Must not know how one is reached.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from streams.engine.sentiment.flags import Flag
from streams.engine.sentiment.verdict import Verdict
from streams.sentiment import measure, windows
from streams.sentiment.labelled import Comment
from streams.sentiment.measure import Figure

Judge = Callable[[str, str | None], Verdict]
_FEWEST = 30
"""Comments of a language below which its figures would be chance."""


class Evaluation(NamedTuple):
    """What came of a file."""

    table: measure.Counts
    """Comments by people's class (rows) and the given one (columns)."""
    given: list[int]
    strengths: list[float]
    abstained: int
    calibration: list[measure.CalibrationBin]
    by_language: dict[str, measure.Counts]
    following: windows.Following | None
    per_second: float
    """Comments judged in a second of CPU time."""


def evaluate(comments: Sequence[Comment], judge: Judge) -> Evaluation:
    """Judge all comments, and compare."""
    gold = [int(comment.label) for comment in comments]
    began = time.process_time()
    verdicts = [judge(comment.text, comment.language) for comment in comments]
    seconds = max(time.process_time() - began, 1e-9)
    given = [int(verdict.label) for verdict in verdicts]
    strengths = [verdict.compound for verdict in verdicts]
    languages = sorted({comment.language for comment in comments if comment.language})
    return Evaluation(
        measure.confusion(gold, given),
        given,
        strengths,
        sum(bool(verdict.flags & Flag.ABSTAINED) for verdict in verdicts),
        measure.calibration(gold, strengths),
        {
            language: measure.confusion(
                [g for g, c in zip(gold, comments, strict=True) if c.language == language],
                [g for g, c in zip(given, comments, strict=True) if c.language == language],
            )
            for language in languages
        },
        windows.following(gold, strengths),
        len(comments) / seconds,
    )


def shown(figure: Figure) -> str:
    """A figure with its interval, such as "0.631 [0.608, 0.655]"."""
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def page(found: Evaluation, version: str) -> Iterator[str]:
    """The lines that tell a person."""
    total = int(found.table.sum())
    yield f"{total:,} comments, judged by {version}"
    yield f"macro recall {shown(measure.macro_recall(found.table))}   (95 % interval by bootstrap)"
    yield f"macro F1     {shown(measure.macro_f1(found.table))}"
    yield f"abstained from {found.abstained:,}; {found.per_second:,.0f} comments a second"
    yield ""
    yield f"{'class':<10}{'precision':>10}{'recall':>10}{'F1':>10}{'comments':>10}"
    for name, row in measure.by_class(found.table).items():
        yield (
            f"{name:<10}{row.precision:>10.3f}{row.recall:>10.3f}{row.f1:>10.3f}{row.support:>10,}"
        )
    yield ""
    yield f"{'people say':<12}" + "".join(f"{name:>10}" for name in measure.CLASSES) + "  (judged)"
    for name, cells in zip(measure.CLASSES, found.table, strict=True):
        yield f"{name:<12}" + "".join(f"{int(cell):>10,}" for cell in cells)
    yield ""
    yield f"{'strength':<16}{'comments':>9}{'mean of people':>16}   (calibration)"
    for one in found.calibration:
        width = f"{one.low:+.1f} to {one.high:+.1f}"
        yield f"{width:<16}{one.comments:>9,}{one.mean_label:>+16.2f}"
    if found.by_language:
        yield ""
        yield f"{'language':<14}{'comments':>9}   macro recall"
        for language, table in found.by_language.items():
            count = int(table.sum())
            told = shown(measure.macro_recall(table)) if count >= _FEWEST else "too few"
            yield f"{language:<14}{count:>9,}   {told}"
    yield ""
    if found.following is None:
        yield "no windows are drawn: a class is missing"
    else:
        yield (
            f"windows of {windows.WINDOW}: correlation with the mood that they are drawn by"
            f" {found.following.mood:.3f} ({found.following.lowest:.3f} to"
            f" {found.following.highest:.3f} over {windows.STREAMS} seeds)"
        )


def document(found: Evaluation, version: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "version": version,
        "comments": int(found.table.sum()),
        "macro_recall": measure.macro_recall(found.table)._asdict(),
        "macro_f1": measure.macro_f1(found.table)._asdict(),
        "abstained": found.abstained,
        "classes": {k: v._asdict() for k, v in measure.by_class(found.table).items()},
        "confusion": found.table.tolist(),
        "calibration": [one._asdict() for one in found.calibration],
        "languages": {
            language: measure.macro_recall(table)._asdict()
            for language, table in found.by_language.items()
        },
        "windows": None if found.following is None else found.following._asdict(),
    }
