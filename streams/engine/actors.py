"""Actors: how many different accounts engaged, approximately.

Knows linear counting over sliding windows. Must not know who the accounts are: it is given keyed
hashes only.

Each hash falls into one of `size` buckets, which remembers the pane in which it was last hit; the
accounts of a window are estimated from the share of buckets hit within it (linear counting, Whang
et al. 1990: n = -m ln(1 - occupied / m)). The standard error is about 2 % at 5,000 accounts in a
day, 5 % at 60,000. The table grows fourfold when a quarter is occupied; then a bucket that several
accounts shared counts one, so the numbers of a growing day read up to 10 % low.
"""

import math
from array import array
from collections.abc import Iterable
from typing import Final

import numpy as np

from streams.engine.panes import COARSE, FIVE_MINUTES, MID, ONE_DAY, ONE_HOUR, ONE_MINUTE

_SMALLEST: Final = 256
_LARGEST: Final = 16_384
STORED_SIZES: Final = (0, 2 * _SMALLEST, 8 * _SMALLEST, 32 * _SMALLEST, 2 * _LARGEST)
"""Bytes that a stored table may have."""
_DAY: Final = ONE_DAY * COARSE
TICKS: Final = 65_535
"""Panes are remembered in 16 bits (7.6 days); 0 means never."""


def tick_of(fine: int) -> int:
    """The 16 bit name of a fine pane, 1 to 65,535."""
    return fine % TICKS + 1


def estimate(occupied: int, size: int) -> int:
    """Accounts behind `occupied` of `size` buckets; a full table answers as if one were free."""
    if occupied == 0:
        return 0
    return round(-size * math.log1p(-min(occupied, size - 1) / size))


class Actors:
    """Last-seen panes by bucket of one creator's actors.

    `touched` journals (bucket, pane) since the table was last stored; after `whole` it cannot tell.
    Made from a stored table and journal; raises ValueError for half a journal.
    """

    __slots__ = ("mask", "occupied", "rolled", "seen", "touched", "whole")

    def __init__(self, stored: bytes = b"", journal: bytes = b"") -> None:
        self.rolled = int.from_bytes(journal[:8], "big")
        self.seen = array("H", stored or bytes(2 * _SMALLEST))
        self.mask = len(self.seen) - 1
        self.occupied = len(self.seen) - self.seen.count(0)
        self.touched = array("H")
        self.whole = False
        touched = array("H", journal[8:])
        if len(touched) % 2:
            raise ValueError("half an entry at the end of the journal")
        for at in range(0, len(touched), 2):
            self.touch((touched[at],), touched[at + 1])

    def roll(self, fine: int) -> None:
        """Event time has come to pane `fine`: grow if crowded, once in 5 min sweep what is old.

        Bound to event time, so that a replay sees the same table.
        """
        rolled = self.rolled
        if fine <= rolled:
            return
        self.rolled = fine
        crowded = self.occupied > len(self.seen) // 4 and len(self.seen) < _LARGEST
        if not crowded and fine // MID == rolled // MID:
            return
        seen = np.frombuffer(self.seen, dtype=np.uint16).copy()
        age = (tick_of(fine) - seen.astype(np.int32)) % TICKS
        seen[age >= _DAY] = 0
        if crowded:
            seen = _grown(seen)
        self.seen = array("H", seen.tobytes())
        self.mask = len(self.seen) - 1
        self.occupied = int(np.count_nonzero(seen))
        self.whole = True

    def touch(self, actors: Iterable[int], tick: int) -> None:
        """Actors, given as hashes of at least 14 uniform low bits, were active at `tick`."""
        seen, mask = self.seen, self.mask
        told = not self.whole
        journal: list[int] = []
        fresh = 0
        for actor in actors:
            bucket = actor & mask
            last = seen[bucket]
            if last != tick and (last == 0 or (tick - last) % TICKS < TICKS // 2):
                seen[bucket] = tick
                fresh += last == 0
                if told:
                    journal.append(bucket)
                    journal.append(tick)
        self.occupied += fresh
        self.touched.fromlist(journal)

    def windows(self, fine: int) -> tuple[int, int, int, int]:
        """Estimates for 1m, 5m, 1h and 24h ending with pane `fine`, aligned as the panes are."""
        seen = np.frombuffer(self.seen, dtype=np.uint16)
        size, tick = len(seen), tick_of(fine)
        # In 16 bits, modulo 65,536: one more than the age in ticks, where these have begun anew.
        age = tick - seen
        age -= seen > tick
        if tick <= _DAY:
            age[seen == 0] = TICKS
        spans = (
            ONE_MINUTE,
            FIVE_MINUTES,
            (ONE_HOUR - 1) * MID + fine % MID + 1,
            (ONE_DAY - 1) * COARSE + fine % COARSE + 1,
        )
        m1, m5, h1, h24 = [int(np.count_nonzero(age < span)) for span in spans]
        return estimate(m1, size), estimate(m5, size), estimate(h1, size), estimate(h24, size)

    def record(self) -> bytes:
        """The table to store; the journal starts anew."""
        self.touched = array("H")
        self.whole = False
        return self.seen.tobytes()

    def journal(self) -> bytes:
        """What was touched since the table was stored, and how far it has rolled."""
        return self.rolled.to_bytes(8, "big") + self.touched.tobytes()


def _grown(
    seen: "np.ndarray[tuple[int], np.dtype[np.uint16]]",
) -> "np.ndarray[tuple[int], np.dtype[np.uint16]]":
    """A table four times as large; each bucket moves to one of the four that it splits into.

    Which one is fixed by the bucket itself: the hash that hit it is not kept.
    """
    size = len(seen)
    larger = np.zeros(4 * size, dtype=np.uint16)
    buckets = np.arange(size)
    larger[buckets + size * (buckets * 2_654_435_761 % 4)] = seen
    return larger
