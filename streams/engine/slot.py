"""Slot: what one creator got within one fine pane and one minute, before it is in any window.

Knows what waits there and where it will go. Must not know what events mean or when it goes.
"""

from array import array
from collections.abc import Iterable
from typing import Final

from streams.engine.bounds import MINUTE_SLOTS
from streams.engine.counts import EVENTS, LIKES, Counts, one
from streams.engine.facts import PaneFacts


class Minute:
    """The counts and actor slots of one creator in one minute that is not closed yet.

    An actor slot is the low bits of an actor's hash, by `mask`. `occupied` are those, once each,
    ascending, as they are stored.
    """

    __slots__ = ("_came", "_most", "_occupied", "counts", "mask")

    def __init__(
        self, counts: Counts = 0, occupied: bytes = b"", slots: int = MINUTE_SLOTS
    ) -> None:
        self.counts = counts
        self.mask = slots - 1
        # Whole hashes, which a set takes in without a step of ours for each, and slots.
        self._came: set[int] = set(array("H", occupied))
        self._most = slots + slots // 4
        self._occupied: bytes | None = None

    def touch(self, actors: Iterable[int]) -> None:
        """Actors, given as hashes of at least 12 uniform low bits, were active in this minute."""
        self._came.update(actors)
        self._occupied = None
        if len(self._came) > self._most:
            self._came = self._slots()

    def occupied(self) -> bytes:
        """The occupied actor slots, 16 bits each, ascending."""
        if self._occupied is None:
            self._occupied = array("H", sorted(self._slots())).tobytes()
        return self._occupied

    def actors(self) -> int:
        """How many actor slots are occupied."""
        return len(self._slots())

    def _slots(self) -> set[int]:
        mask = self.mask
        return {actor & mask for actor in self._came}


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
