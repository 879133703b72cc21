"""Shrinking: the shortest part of a failing case that still fails the same way.

Knows how to leave steps out. Must not know what fails.
"""

import time

import msgspec

from tests.fuzz.cases import Case
from tests.fuzz.player import Costs, Hang, play

SECONDS = 20.0
"""How long it may go on."""


def shrink(case: Case, error: BaseException) -> Case:
    """A case with fewer steps that fails with the same type of error, or `case` itself."""
    if isinstance(error, Hang):
        return case
    until = time.monotonic() + SECONDS
    size = len(case.steps) // 2
    while size:
        at = 0
        while at < len(case.steps):
            if time.monotonic() > until:
                return case
            steps = case.steps[:at] + case.steps[at + size :]
            shorter = msgspec.structs.replace(case, steps=steps)
            if _fails(shorter, type(error)):
                case = shorter
            else:
                at += size
        size //= 2
    return case


def _fails(case: Case, how: type[BaseException]) -> bool:
    try:
        play(Costs(), case)
    except (Exception, Hang) as error:
        return type(error) is how
    return False
