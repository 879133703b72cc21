"""Files that a command writes: looked at before the work, written after it.

Knows folders, permissions and JSON. Must not know what is written.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click


class _OutFile(click.Path):
    """The path of a file that can be written, as a `Path`; it need not be there yet."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        super().__init__(dir_okay=False, writable=True, allow_dash=allow_dash, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if self.allow_dash and str(path) == "-":
            return path
        folder = path.parent
        if not folder.is_dir():
            self.fail(f"there is no folder {str(folder)!r}: make it first", param, ctx)
        if not path.exists() and not os.access(folder, os.W_OK | os.X_OK):
            self.fail(f"no file may be made in folder {str(folder)!r}", param, ctx)
        return path


OUT_FILE = _OutFile()
OUT_FILE_OR_DASH = _OutFile(allow_dash=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Raises an OSError from within as one that names `path`: a full disk is told without it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_json(path: Path, document: Any) -> None:
    """`document` as indented JSON with a newline at the end. Raises OSError that names `path`."""
    with naming(path):
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
