"""Labelled: comments with the class that people gave them, from a CSV file with a header.

Knows the file's form and every way in which a row can be wrong. Must not judge a text.
"""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.engine.sentiment import Label

NEEDED: Final = ("text", "label")
LANGUAGE: Final = "language"
_LABELS: Final = {label.name.lower(): label for label in Label}
_LONGEST_FIELD: Final = 1_000_000


class BadRow(Exception):
    """A row that cannot be used: its line, and what was expected."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}: line {line}: {why}")


class BadFile(Exception):
    """A file that holds no labelled comments at all."""


class Comment(NamedTuple):
    """A text and what people said of it."""

    text: str
    label: Label
    language: str | None
    """As the file names it; None where it does not."""


def read(path: Path, refused: Callable[[BadRow], None]) -> list[Comment]:
    """The comments in a file; bad rows are told to `refused` and left out where it returns.

    Raises BadFile where there is no such header or no row, OSError, and what `refused` raises.
    """
    found = list(_rows(path, refused))
    if not found:
        raise BadFile(f"{path}: no comment in it can be used; expected rows of {','.join(NEEDED)}")
    return found


def _rows(path: Path, refused: Callable[[BadRow], None]) -> Iterator[Comment]:
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            places = _places(path, header)
            for row in rows:
                if not row:
                    continue
                try:
                    yield _comment(row, len(header), places)
                except ValueError as fault:
                    refused(BadRow(path, rows.line_num, str(fault)))
        except csv.Error as error:
            raise BadFile(f"{path}: line {rows.line_num}: {error}; expected CSV") from error


def _places(path: Path, header: list[str]) -> tuple[int, int, int | None]:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        told = ",".join(header) or "nothing"
        raise BadFile(
            f"{path}: the first line names no column {' and no column '.join(missing)};"
            f" expected a header with text, label and perhaps language, got {told[:100]}"
        )
    text, label = (header.index(name) for name in NEEDED)
    return text, label, header.index(LANGUAGE) if LANGUAGE in header else None


def _comment(row: list[str], columns: int, places: tuple[int, int, int | None]) -> Comment:
    """Raises ValueError, which says what was expected."""
    if len(row) != columns:
        raise ValueError(f"expected {columns} columns, got {len(row)}")
    text, label, language = places
    known = _LABELS.get(row[label].strip().lower())
    if known is None:
        raise ValueError(f"expected a label of {', '.join(_LABELS)}, got {row[label][:40]!r}")
    told = row[language].strip() if language is not None else ""
    return Comment(row[text], known, told or None)
