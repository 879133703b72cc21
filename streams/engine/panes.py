"""Panes: counts over event time, and the sliding windows that they add up to.

Knows how time is cut and how a window's value follows from its panes. Must not know what is
counted or for whom.

Three scales of panes, half-open and aligned to the epoch: 10 s (for the windows 1m and 5m), 5 min
(for 1h) and 1 h (for 24h). A window at time t holds the panes that end after t - size, the
current one included: `1m` is the current 10 s pane and the 5 before it, `1h` the current 5 min
pane and the 11 before it. The sums of the long windows are kept, and panes that slide out are
subtracted once; those of the short ones are added up when they are read, since few panes make
them and adding goes on far more often than reading.
"""

from typing import Final

from streams.engine.counts import Counts, lanes, one, packed
from streams.engine.layout import PanesRecord, StoredScale

FINE_MS: Final = 10_000
"""Length of a fine pane; `fine` below is a time as a number of such panes since the epoch."""
MID: Final = 30
"""Fine panes in a 5 min pane."""
COARSE: Final = 360
"""Fine panes in a 1 h pane."""
ONE_MINUTE, FIVE_MINUTES = 6, 30
ONE_HOUR, ONE_DAY = 12, 24
_DAY_FINE: Final = ONE_DAY * COARSE
_FINE_KEPT: Final = 2 * FIVE_MINUTES
"""Fine panes that may be there before those that are past are looked for."""

Scale = dict[int, Counts]
"""Counts by pane; a pane whose counts are all zero may be missing."""


def stored(scale: Scale) -> StoredScale:
    """A scale as it is stored."""
    return {pane: lanes(counts) for pane, counts in scale.items()}


def _restored(scale: StoredScale) -> Scale:
    return {pane: packed(numbers) for pane, numbers in scale.items()}


class Panes:
    """Counts of one creator by pane; windows end at `head`. `fine` may hold panes that are past.

    `since` journals what was added after the record was last taken, by fine pane, so that a
    checkpoint need not write all panes each time.
    """

    __slots__ = ("_h1", "_h24", "coarse", "fine", "head", "mid", "since", "whole")

    def __init__(self) -> None:
        self.head = 0
        self.fine: Scale = {}
        self.mid: Scale = {}
        self.coarse: Scale = {}
        self._h1: Counts = 0
        self._h24: Counts = 0
        self.since: Scale = {}
        self.whole = False
        """Whether the stored record must be written whole, because the journal cannot tell."""

    @classmethod
    def from_record(cls, record: PanesRecord, since: StoredScale) -> "Panes":
        """The panes as stored, with the journal applied. Raises OverflowError for huge numbers."""
        panes = cls()
        panes.head = record.head
        panes.fine = _restored(record.fine)
        panes.mid, panes.coarse = _restored(record.mid), _restored(record.coarse)
        panes._h1, panes._h24 = sum(panes.mid.values()), sum(panes.coarse.values())
        for pane, counts in sorted(_restored(since).items()):
            panes.add(pane, counts)
        return panes

    def record(self) -> PanesRecord:
        """What to store; the journal starts anew."""
        self._forget_past()
        self.since = {}
        self.whole = False
        return PanesRecord(self.head, stored(self.fine), stored(self.mid), stored(self.coarse))

    def add(self, fine: int, counts: Counts) -> bool:
        """Add `counts` at pane `fine`; false where even the longest window is past it."""
        if fine > self.head:
            self.advance(fine)
        head = self.head
        hour = fine // COARSE
        if hour <= head // COARSE - ONE_DAY:
            return False
        self.coarse[hour] = self.coarse.get(hour, 0) + counts
        self._h24 += counts
        five = fine // MID
        if five > head // MID - ONE_HOUR:
            self.mid[five] = self.mid.get(five, 0) + counts
            self._h1 += counts
        if fine > head - FIVE_MINUTES:
            self.fine[fine] = self.fine.get(fine, 0) + counts
        self.since[fine] = self.since.get(fine, 0) + counts
        return True

    def spread(self, count: int, amount: int, start_ms: int, end_ms: int) -> None:
        """Add `amount` evenly over [start_ms, end_ms): what fell before the windows is left out.

        Each pane gets the difference of the rounded-down totals at its edges, so that the parts
        add up to the whole and all scales agree.
        """
        last = (end_ms - 1) // FINE_MS
        self.advance(last)
        length = end_ms - start_ms
        for scale, size, keep in (
            (self.coarse, COARSE, ONE_DAY),
            (self.mid, MID, ONE_HOUR),
            (self.fine, 1, FIVE_MINUTES),
        ):
            oldest = self.head // size - keep + 1
            whole = 0
            for pane in range(max(oldest, start_ms // (FINE_MS * size)), last // size + 1):
                opens = max(pane * size * FINE_MS, start_ms)
                closes = min((pane + 1) * size * FINE_MS, end_ms)
                part = (
                    amount * (closes - start_ms) // length - amount * (opens - start_ms) // length
                )
                if part:
                    counts = one(count, part)
                    scale[pane] = scale.get(pane, 0) + counts
                    whole += counts
            if size == COARSE:
                self._h24 += whole
            elif size == MID:
                self._h1 += whole
        self.whole = True

    def advance(self, fine: int) -> None:
        """Let time pass to pane `fine`: what slid out of a long window leaves its sum."""
        head = self.head
        if fine <= head:
            return
        self.head = fine
        if fine - head >= _DAY_FINE + COARSE:
            self.fine, self.mid, self.coarse = {}, {}, {}
            self._h1 = self._h24 = 0
            return
        if len(self.fine) > _FINE_KEPT:
            self._forget_past()
        if fine // MID != head // MID:
            self._h1 -= _take(self.mid, head // MID - ONE_HOUR, fine // MID - ONE_HOUR)
            if fine // COARSE != head // COARSE:
                hour = fine // COARSE - ONE_DAY
                self._h24 -= _take(self.coarse, head // COARSE - ONE_DAY, hour)

    def sums(self) -> tuple[Counts, Counts, Counts, Counts]:
        """The windows 1m, 5m, 1h and 24h that end at `head`."""
        self._forget_past()
        fine, minute = self.fine, self.head - ONE_MINUTE
        m1 = sum([counts for pane, counts in fine.items() if pane > minute])
        return m1, sum(fine.values()), self._h1, self._h24

    def _forget_past(self) -> None:
        past = self.head - FIVE_MINUTES
        for pane in [pane for pane in self.fine if pane <= past]:
            del self.fine[pane]

    def next_change(self) -> int | None:
        """The fine pane at which some window next loses something; None when all are empty."""
        due = []
        head = self.head
        self._forget_past()
        recent = [fine for fine in self.fine if fine > head - ONE_MINUTE]
        if recent:
            due.append(min(recent) + ONE_MINUTE)
        if self.fine:
            due.append(min(self.fine) + FIVE_MINUTES)
        if self.mid:
            due.append((min(self.mid) + ONE_HOUR) * MID)
        if self.coarse:
            due.append((min(self.coarse) + ONE_DAY) * COARSE)
        return min(due) if due else None


def _take(scale: Scale, old: int, new: int) -> Counts:
    """Remove the panes in (old, new] from `scale`; their sum."""
    if new - old > len(scale):
        gone = [pane for pane in scale if old < pane <= new]
    else:
        gone = [pane for pane in range(old + 1, new + 1) if pane in scale]
    return sum([scale.pop(pane) for pane in gone])
