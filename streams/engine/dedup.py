"""Duplicates: whether an event was accepted before, within a bounded horizon.

Knows the last ids of a shard as 8 byte hashes, in the order of acceptance. Must not know events.
The horizon is a ring; its pages are stored records, so that a restart forgets nothing.
"""

from array import array
from collections.abc import Iterator
from typing import Any, Final

PAGE: Final = 512
"""Slots in one stored page (4 KiB)."""
MAX_HORIZON: Final = 1 << 22
"""Slots of the largest filter that is taken for one (32 MiB)."""


def _packed(identities: Any) -> bytes:
    return array("Q", identities).tobytes()


class DuplicateFilter:
    """The hashes of the last `capacity` accepted events."""

    __slots__ = ("accepted", "capacity", "ring", "seen", "taken")

    def __init__(self, capacity: int) -> None:
        self.capacity = -(-capacity // PAGE) * PAGE
        # A list, not an array: it holds the very integers that the set holds.
        # Objects to mypyc, which would unpack and pack each integer that it knows for one.
        self.ring: list[object] = [0] * self.capacity
        self.seen: set[object] = set()
        self.accepted = 0
        """Events accepted ever; the next slot is this modulo the capacity."""
        self.taken = 0
        """Events accepted when pages were last taken."""

    def accept(self, identity: object) -> bool:
        """Remember a 64 bit integer; false where it is within the horizon already."""
        seen, ring, accepted = self.seen, self.ring, self.accepted
        known = len(seen)
        seen.add(identity)
        if len(seen) == known:
            return False
        slot = accepted % self.capacity
        if accepted >= self.capacity:
            seen.discard(ring[slot])
        ring[slot] = identity
        self.accepted = accepted + 1
        return True

    def dirty(self) -> list[int]:
        """The pages that changed since they were last taken."""
        if self.accepted == self.taken:
            return []
        pages = self.capacity // PAGE
        first, last = self.taken // PAGE, (self.accepted - 1) // PAGE
        return [page % pages for page in range(max(first, last - pages + 1), last + 1)]

    def take_pages(self) -> Iterator[tuple[int, bytes]]:
        """The pages that changed since they were last taken, as (number, bytes)."""
        for page in self.dirty():
            yield page, _packed(self.ring[page * PAGE : (page + 1) * PAGE])
        self.taken = self.accepted

    def restore(self, accepted: int, pages: dict[int, bytes]) -> None:
        """Take over stored pages and the count of accepted events."""
        for page, raw in pages.items():
            self.ring[page * PAGE : (page + 1) * PAGE] = array("Q", raw)
        self.accepted = self.taken = accepted
        self.seen = set(self.ring[: min(accepted, self.capacity)])
