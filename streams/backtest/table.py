"""Table: counts over time from a CSV file, in bins of a width that the file itself tells.

Knows the file's form and every way in which a row can be wrong. Must not know what counts mean.
"""

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from streams.engine.series import BINS_S

HEADER = ["timestamp", "value"]
MOST_MISSING = 100_000
"""A longer gap is told by one bin."""
_SECONDS_BELOW = 1e11
"""A smaller number is a time in seconds, any other one in milliseconds (from 1973 on)."""
_EARLIEST_S, _LATEST_S = 0.0, 32_503_680_000.0
_LEAST_STEP = 0.5


class BadRow(Exception):
    """A row that cannot be used: its line, and what was expected."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}: line {line}: {why}")


class BadTable(Exception):
    """A file that holds no counts over time at all."""


class Bin(NamedTuple):
    """A bin: when it begins (epoch seconds), that as it is written, and its count.

    `value` is None where the file has no row: a gap.
    """

    at_s: float
    written: str
    value: float | None


class Table(NamedTuple):
    """Bins in order of time, of a width in seconds; gaps are bins, too."""

    bins: list[Bin]
    bin_s: float
    gaps: int


def read(path: Path, refused: Callable[[BadRow], None]) -> Table:
    """The bins in a file; bad rows are told to `refused` and left out where it returns.

    Raises BadTable where there is no header or no two rows, OSError, and what `refused` raises.
    """
    rows = list(_rows(path, refused))
    if len(rows) < 2:
        raise BadTable(f"{path}: expected at least two rows of {','.join(HEADER)}, got {len(rows)}")
    steps = Counter(round(b.at_s - a.at_s, 3) for a, b in pairwise(rows))
    # The most common distance; of several the shortest, since longer ones may be gaps.
    bin_s = min(steps, key=lambda step: (-steps[step], step))
    if not BINS_S[0] <= bin_s <= BINS_S[1]:
        raise BadTable(
            f"{path}: rows are mostly {bin_s:g} s apart; expected bins of {BINS_S[0]:g} s"
            f" to {BINS_S[1] / 86_400:g} days"
        )
    bins = list(_spaced(path, rows, bin_s, refused))
    return Table(bins, bin_s, sum(one.value is None for one in bins))


class _Row(NamedTuple):
    line: int
    at_s: float
    written: str
    value: float


def _rows(path: Path, refused: Callable[[BadRow], None]) -> Iterator[_Row]:
    """The sound rows in order of time."""
    latest: float | None = None
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        try:
            header = [name.strip().lower() for name in next(lines, [])]
            if header[:2] != HEADER:
                raise BadTable(
                    f"{path}: line 1: expected the header {','.join(HEADER)}, got"
                    f" {','.join(header)[:80] or 'nothing'}"
                )
            for cells in lines:
                if not cells:
                    continue
                row = _row(path, lines.line_num, cells, latest)
                if isinstance(row, BadRow):
                    refused(row)
                else:
                    latest = row.at_s
                    yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadTable(f"{path}: line {lines.line_num + 1}: not CSV: {error}") from error


def _row(path: Path, line: int, cells: list[str], latest: float | None) -> _Row | BadRow:
    if len(cells) < 2:
        return BadRow(path, line, f"expected {','.join(HEADER)}, got {cells[0][:60]!r}")
    written, number = cells[0].strip(), cells[1].strip()
    at_s = instant(written)
    if at_s is None:
        why = "expected a time (ISO 8601, or epoch seconds or milliseconds)"
        return BadRow(path, line, f"{why}, got {written[:60]!r}")
    try:
        value = float(number)
    except ValueError:
        return BadRow(path, line, f"expected a count, got {number[:60]!r}")
    if not math.isfinite(value):
        return BadRow(path, line, f"expected a finite count, got {number}")
    if value < 0.0:
        why = "a signal is a count, so it is never below 0"
        return BadRow(path, line, f"expected 0 or more, got {number}: {why}")
    if latest is not None and at_s <= latest:
        wrong = "the same time as" if at_s == latest else "an earlier time than"
        return BadRow(path, line, f"expected rising times, got {wrong} the row before ({written})")
    return _Row(line, at_s, written, value)


def instant(text: str) -> float | None:
    """Epoch seconds of ISO 8601 (UTC where it has no offset) or of a number; None for neither."""
    try:
        number = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        number = moment.timestamp()
        return number if _EARLIEST_S <= number < _LATEST_S else None
    if not math.isfinite(number):
        return None
    number = number if number < _SECONDS_BELOW else number / 1000.0
    return number if _EARLIEST_S <= number < _LATEST_S else None


def _spaced(
    path: Path, rows: list[_Row], bin_s: float, refused: Callable[[BadRow], None]
) -> Iterator[Bin]:
    """The rows as bins, with those that are missing in between."""
    like = rows[0].written
    previous: float | None = None
    for row in rows:
        if previous is not None:
            steps = (row.at_s - previous) / bin_s
            if steps < _LEAST_STEP:
                why = f"expected bins of {bin_s:g} s, got one after {row.at_s - previous:g} s"
                refused(BadRow(path, row.line, why))
                continue
            missing = round(steps) - 1
            for number in range(1, (missing if missing <= MOST_MISSING else 1) + 1):
                at_s = previous + number * bin_s
                yield Bin(at_s, spelt(at_s, like), None)
        yield Bin(row.at_s, row.written, row.value)
        previous = row.at_s


def spelt(at_s: float, like: str) -> str:
    """A time in the spelling of another."""
    try:
        number = float(like)
    except ValueError:
        moment = datetime.fromisoformat(like)
        shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)
        if moment.tzinfo is None:
            shown = shown.replace(tzinfo=None)
        else:
            shown = shown.astimezone(moment.tzinfo)
        text = shown.isoformat(like[10] if len(like) > 10 else "T")
        return text.replace("+00:00", "Z") if like.endswith("Z") else text
    return (
        f"{at_s:g}" if number < 1e6 else f"{round(at_s * (1 if number < _SECONDS_BELOW else 1000))}"
    )
