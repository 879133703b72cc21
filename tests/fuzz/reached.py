"""Reached: which lines of the core a fuzz run comes to, and which never.

Knows how Python traces itself. Must not know what the lines do.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tests.fuzz import floods, player, stories

ROOT = Path(__file__).parents[2]
PARTS = ("schemas/codec.py", "streams/engine")
_IN_A_FUNCTION = 0x2
"""CO_NEWLOCALS: the code of a function, not of a module or class."""


class Reach(NamedTuple):
    """One module: how many lines its functions have, and those that were never run."""

    module: str
    lines: int
    missed: list[int]


def measure(seed: int, cases: int) -> list[Reach]:
    """Play `cases` cases and a little of each flood, slowly, and look where they went."""
    run: dict[str, set[int]] = {
        str(path): set() for part in PARTS for path in _modules(ROOT / part)
    }

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        seen = run.get(frame.f_code.co_filename)
        if seen is None:
            return None

        def line(inner: FrameType, _event: str, _argument: Any) -> Any:
            seen.add(inner.f_lineno)
            return line

        return line

    sys.settrace(trace)
    try:
        for number in range(cases):
            player.Player(player.Costs(1 << 62), stories.make(seed, number)).play()
        for name in floods.FLOODS:
            floods.run(name, 2_000)
    finally:
        sys.settrace(None)
    return [_reach(Path(path), seen) for path, seen in run.items()]


def told(found: list[Reach]) -> Iterator[str]:
    """The result line by line, the least known modules first."""
    for module, lines, missed in sorted(found, key=lambda r: -len(r.missed) / max(r.lines, 1)):
        share = 1 - len(missed) / max(lines, 1)
        yield f"{share:5.0%}  {module}  {' '.join(map(str, missed))}".rstrip()
    lines, missed_all = sum(r.lines for r in found), sum(len(r.missed) for r in found)
    yield f"{1 - missed_all / lines:5.1%}  of {lines} lines"


def _modules(part: Path) -> list[Path]:
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]


def _reach(path: Path, seen: set[int]) -> Reach:
    lines = set(_lines(compile(path.read_text(), path, "exec")))
    return Reach(str(path.relative_to(ROOT)), len(lines), sorted(lines - seen))


def _lines(code: CodeType) -> Iterator[int]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _lines(constant)
    if code.co_flags & _IN_A_FUNCTION:
        for _, _, line in code.co_lines():
            if line and line != code.co_firstlineno:
                yield line
