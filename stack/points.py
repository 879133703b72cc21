"""Points: what a stack is to show, one after the other, and how far it has come.

Knows how points are met, told and reported. Must not know what any of them is about.
"""

from collections.abc import Iterable
from typing import Any, Protocol


class Look(Protocol):
    """One point: `look` says whether it is met, and may be asked again and again until it is."""

    name: str
    says: str

    def look(self) -> bool:
        """Whether it is met now."""
        ...

    def detail(self) -> str:
        """What was seen; while it is not met, what is missing."""
        ...


class Point:
    """A look, and when it was met."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.met_after: float | None = None
        self._trouble = ""

    @property
    def name(self) -> str:
        """How reports call it."""
        return self._look.name

    @property
    def met(self) -> bool:
        """Whether it was met once."""
        return self.met_after is not None

    def take(self, seconds: float) -> bool:
        """Look, if it is not met yet; whether it has just been met, `seconds` after the start."""
        if self.met:
            return False
        try:
            met = self._look.look()
            self._trouble = ""
        except (AssertionError, OSError, ValueError) as error:
            met, self._trouble = False, str(error) or repr(error)
        if met:
            self.met_after = round(seconds, 1)
        return met

    def told(self) -> str:
        """A line of the checklist."""
        mark = "ok    " if self.met else "FAILED"
        after = f" after {self.met_after:.0f} s" if self.met_after is not None else ""
        return f"{mark}  {self._look.says}{after}: {self._trouble or self._look.detail()}"

    def report(self) -> dict[str, Any]:
        """For the report."""
        return {
            "point": self._look.name,
            "says": self._look.says,
            "ok": self.met,
            "after_seconds": self.met_after,
            "detail": self._trouble or self._look.detail(),
        }


def all_ok(points: Iterable[Point]) -> bool:
    """Whether no point is missing."""
    return all(point.met for point in points)
