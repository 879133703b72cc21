"""Panes: counts over event time, and the sliding windows that they add up to.

Knows how time is cut and how a window's value follows from its panes. Must not know what is
counted or for whom.

Three scales of panes, half-open and aligned to the epoch: 10 s (for the windows 1m and 5m), 5 min
(for 1h) and 1 h (for 24h). A window at time t holds the panes that end after t - size, the
current one included: `1m` is the current 10 s pane and the 5 before it, `1h` the current 5 min
pane and the 11 before it. Running sums make reading a window free; panes that slide out are
subtracted once.
"""

import msgspec

from streams.engine.counts import Counts

FINE_MS = 10_000
"""Length of a fine pane; `fine` below is a time as a number of such panes since the epoch."""
MID = 30
"""Fine panes in a 5 min pane."""
COARSE = 360
"""Fine panes in a 1 h pane."""
ONE_MINUTE, FIVE_MINUTES = 6, 30
ONE_HOUR, ONE_DAY = 12, 24
_DAY_FINE = ONE_DAY * COARSE

Scale = dict[int, Counts]


class PanesRecord(msgspec.Struct, array_like=True):
    """Panes as they are stored; the sums follow from them."""

    head: int
    fine: Scale
    mid: Scale
    coarse: Scale


class Panes:
    """Counts of one creator by pane, with the sums of the four windows that end at `head`.

    `since` journals what was added after the record was last taken, by fine pane, so that a
    checkpoint need not write all panes each time.
    """

    __slots__ = ("coarse", "fine", "h1", "h24", "head", "m1", "m5", "mid", "since", "whole")

    def __init__(self) -> None:
        self.head = 0
        self.fine: Scale = {}
        self.mid: Scale = {}
        self.coarse: Scale = {}
        self.m1: Counts = {}
        self.m5: Counts = {}
        self.h1: Counts = {}
        self.h24: Counts = {}
        self.since: Scale = {}
        self.whole = False
        """Whether the stored record must be written whole, because the journal cannot tell."""

    @classmethod
    def from_record(cls, record: PanesRecord, since: Scale) -> "Panes":
        """The panes as stored, with the journal applied."""
        panes = cls()
        panes.head = record.head
        panes.fine, panes.mid, panes.coarse = record.fine, record.mid, record.coarse
        m1, m5 = record.head - ONE_MINUTE, record.head - FIVE_MINUTES
        for fine, counts in record.fine.items():
            if fine > m1:
                _merge(panes.m1, counts)
            if fine > m5:
                _merge(panes.m5, counts)
        for counts in record.mid.values():
            _merge(panes.h1, counts)
        for counts in record.coarse.values():
            _merge(panes.h24, counts)
        for fine in sorted(since):
            panes.add(fine, since[fine])
        return panes

    def record(self) -> PanesRecord:
        """What to store; the journal starts anew."""
        self.since = {}
        self.whole = False
        return PanesRecord(self.head, self.fine, self.mid, self.coarse)

    def add(self, fine: int, counts: Counts) -> bool:
        """Add `counts` at pane `fine`; false where even the longest window is past it."""
        if fine > self.head:
            self.advance(fine)
        head = self.head
        hour = fine // COARSE
        if hour <= head // COARSE - ONE_DAY:
            return False
        _into(self.coarse, hour, counts)
        _merge(self.h24, counts)
        five = fine // MID
        if five > head // MID - ONE_HOUR:
            _into(self.mid, five, counts)
            _merge(self.h1, counts)
        if fine > head - FIVE_MINUTES:
            _into(self.fine, fine, counts)
            _merge(self.m5, counts)
            if fine > head - ONE_MINUTE:
                _merge(self.m1, counts)
        _into(self.since, fine, counts)
        return True

    def spread(self, count: int, amount: int, start_ms: int, end_ms: int) -> None:
        """Add `amount` evenly over [start_ms, end_ms): what fell before the windows is left out.

        Each pane gets the difference of the rounded-down totals at its edges, so that the parts
        add up to the whole and all scales agree.
        """
        last = (end_ms - 1) // FINE_MS
        self.advance(last)
        length = end_ms - start_ms
        for scale, sums, size, keep in (
            (self.coarse, self.h24, COARSE, ONE_DAY),
            (self.mid, self.h1, MID, ONE_HOUR),
            (self.fine, self.m5, 1, FIVE_MINUTES),
        ):
            oldest = self.head // size - keep + 1
            for pane in range(max(oldest, start_ms // (FINE_MS * size)), last // size + 1):
                opens = max(pane * size * FINE_MS, start_ms)
                closes = min((pane + 1) * size * FINE_MS, end_ms)
                part = (
                    amount * (closes - start_ms) // length - amount * (opens - start_ms) // length
                )
                if part:
                    counts = {count: part}
                    _into(scale, pane, counts)
                    _merge(sums, counts)
                    if size == 1 and pane > self.head - ONE_MINUTE:
                        _merge(self.m1, counts)
        self.whole = True

    def advance(self, fine: int) -> None:
        """Let time pass to pane `fine`: what slid out of a window leaves its sum."""
        head = self.head
        if fine <= head:
            return
        self.head = fine
        if fine - head >= _DAY_FINE + COARSE:
            self.fine, self.mid, self.coarse = {}, {}, {}
            self.m1, self.m5, self.h1, self.h24 = {}, {}, {}, {}
            return
        self.m1 = _slide(self.fine, self.m1, head - ONE_MINUTE, fine - ONE_MINUTE, drop=False)
        self.m5 = _slide(self.fine, self.m5, head - FIVE_MINUTES, fine - FIVE_MINUTES)
        self.h1 = _slide(self.mid, self.h1, head // MID - ONE_HOUR, fine // MID - ONE_HOUR)
        self.h24 = _slide(self.coarse, self.h24, head // COARSE - ONE_DAY, fine // COARSE - ONE_DAY)

    def next_change(self) -> int | None:
        """The fine pane at which some window next loses something; None when all are empty."""
        due = []
        head = self.head
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


def _merge(into: Counts, counts: Counts) -> None:
    for count, n in counts.items():
        into[count] = into.get(count, 0) + n


def _into(scale: Scale, pane: int, counts: Counts) -> None:
    held = scale.get(pane)
    if held is None:
        scale[pane] = dict(counts)
    else:
        for count, n in counts.items():
            held[count] = held.get(count, 0) + n


def _slide(scale: Scale, sums: Counts, old: int, new: int, *, drop: bool = True) -> Counts:
    """Take the panes in (old, new] out of `sums`, and out of `scale` unless told to keep them."""
    if not scale or new == old:
        return sums
    if new - old > len(scale):
        gone = sorted(pane for pane in scale if old < pane <= new)
    else:
        gone = [pane for pane in range(old + 1, new + 1) if pane in scale]
    for pane in gone:
        counts = scale.pop(pane) if drop else scale[pane]
        for count, n in counts.items():
            left = sums.get(count, 0) - n
            if left:
                sums[count] = left
            else:
                sums.pop(count, None)
    return sums
