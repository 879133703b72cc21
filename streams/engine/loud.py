"""Loud: accounts that comment so often that more of it says nothing about the mood.

Knows how many comments of each account counted in the current hour. Must not know what they say or
where they were counted.
"""

from msgspec import Struct

from streams.engine.detectors.authors import repeated
from streams.engine.facts import Voice
from streams.engine.units import HOUR_MS

MOST_HEARD = 3
"""Comments of one account that count in one hour; people who talk with each other need some."""
MOST_AUTHORS = 1_024
"""Accounts of an hour that are told apart. Among more than that, one has little weight; those that
come later count whatever they say."""


class Loud(Struct, array_like=True):
    """Comments that counted since `hour_ms`, by a hash of their author."""

    hour_ms: int = 0
    heard: dict[int, int] = {}

    def beyond(self, end_ms: int, voices: list[Voice]) -> list[int]:
        """Take in the comments of the pane that ended at `end_ms`; the places of those too many."""
        self.rest(end_ms)
        return repeated(self.heard, voices, MOST_HEARD, MOST_AUTHORS)

    def rest(self, end_ms: int) -> None:
        """Forget an hour that is over at `end_ms`, the end of a pane."""
        hour_ms = (end_ms - 1) // HOUR_MS * HOUR_MS
        if hour_ms > self.hour_ms:
            self.hour_ms, self.heard = hour_ms, {}

    def due_ms(self) -> int | None:
        """When there is something to forget."""
        return self.hour_ms + HOUR_MS if self.heard else None
