"""Slot: what one creator got within one fine pane and one minute, before it is in any window.

Knows what waits there and where it will go. Must not know what events mean or when it goes.
"""

from array import array
from collections.abc import Iterable
from typing import Final

import numpy as np

from streams.engine.bounds import MINUTE_SLOTS
from streams.engine.counts import EVENTS, LIKES, Counts, one
from streams.engine.facts import PaneFacts

_FEW: Final = 128
"""Actors of a minute that are kept as a set; for more of them a table is smaller, and faster to
store."""


class Minute:
    """The counts and actor slots of one creator in one minute that is not closed yet.

    An actor slot is the low bits of an actor's hash, by `mask`. `occupied` are those, once each,
    ascending, as they are stored.
    """

    __slots__ = ("_few", "_occupied", "_table", "counts", "mask")

    def __init__(
        self, counts: Counts = 0, occupied: bytes = b"", slots: int = MINUTE_SLOTS
    ) -> None:
        self.counts = counts
        self.mask = slots - 1
        # Whole hashes, which a set takes in without a step of ours for each.
        self._few: set[int] = set()
        self._table: bytearray | None = None
        """A byte for each slot, 1 where it is occupied, once there are many."""
        self._occupied: bytes | None = None
        self.touch(array("H", occupied))

    def touch(self, actors: Iterable[int]) -> None:
        """Actors, given as hashes of at least 12 uniform low bits, were active in this minute."""
        self._occupied = None
        table = self._table
        if table is None:
            few = self._few
            few.update(actors)
            if len(few) <= _FEW:
                return
            table = self._table = bytearray(self.mask + 1)
            actors, self._few = few, set()
        mask = self.mask
        for actor in actors:
            table[actor & mask] = 1

    def occupied(self) -> bytes:
        """The occupied actor slots, 16 bits each, ascending."""
        if self._occupied is None:
            table = self._table
            if table is None:
                self._occupied = array("H", sorted(self._slots())).tobytes()
            else:
                slots = np.flatnonzero(np.frombuffer(table, dtype=np.bool_))
                self._occupied = slots.astype(np.uint16).tobytes()
        return self._occupied

    def actors(self) -> int:
        """How many actor slots are occupied."""
        return len(self._slots()) if self._table is None else self._table.count(1)

    def _slots(self) -> set[int]:
        mask = self.mask
        return {actor & mask for actor in self._few}


class Slot:
    """Counts that wait for the panes at `fine` and for `window`; details go into `facts` at once.

    `pane` is the one that the facts are of: a later one than `fine` where that is closed. A `late`
    slot belongs to a closed minute: its window and facts are nobody's. `actors` takes the hashes of
    those who engage while this is the creator's current slot.

    What comes most is counted apart, in small integers; `counted` is all together. `by_post` is
    that of the facts.
    """

    __slots__ = (
        "actors",
        "by_post",
        "counts",
        "events",
        "facts",
        "fine",
        "late",
        "likes",
        "minute",
        "mood",
        "pane",
        "window",
    )

    def __init__(
        self, fine: int, minute: int, window: Minute, facts: PaneFacts, pane: int, late: bool
    ) -> None:
        self.fine = fine
        self.minute = minute
        self.window = window
        self.facts = facts
        self.pane = pane
        self.late = late
        self.counts: Counts = 0
        self.events = 0
        self.likes = 0
        self.mood: Counts = 0
        self.by_post: dict[str, int] = facts.by_post
        self.actors: list[int] = []

    def counted(self) -> Counts:
        """What came, of all sorts."""
        return self.counts + one(EVENTS, self.events) + one(LIKES, self.likes)


NO_SLOT: Final = Slot(-1, -1, Minute(), PaneFacts(), -1, False)
"""What a creator has before its first event: no event is of this slot."""
