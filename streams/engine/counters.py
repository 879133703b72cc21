"""Counters: what polled totals say was added since the last poll.

Knows how absolute snapshots become deltas, and which of two sources may count. Must not know panes
or detectors.

Where a platform pushes no single likes or follows, its totals are polled. The first snapshot of a
total is a baseline; later ones yield the difference. A snapshot that is older than the last is
stale. A total that falls by more than half (views: at all) was reset and is a baseline again;
a smaller fall is that much taken back. Some platforms show nothing for a while, and then all again:
where a total that was reset jumps back to about what it was, it grew by the difference.
"""

from typing import NamedTuple

from msgspec import Struct

MAX_TOTALS = 256
"""Totals remembered for one creator; the one that told news longest ago is forgotten first."""

_BEFORE = "\0before"
"""After the key of a total: what it was before it was reset."""
_LONGEST_BLANK_MS = 86_400_000

EVENTS = "events"
"""The source of a count that comes as single events."""


class Total(Struct, array_like=True):
    """A polled total at its event time."""

    value: int
    at_ms: int


class Delta(NamedTuple):
    """`amount` (negative when taken back) since `since_ms`."""

    amount: int
    since_ms: int


class Ledger(Struct, array_like=True):
    """The last totals of one creator, and for each metric the source that counts.

    `sources` maps a metric to `events`, `post` (polled per post) or `account` (polled in total):
    the first seen wins for good, since counting two of them would count everything twice.
    """

    totals: dict[str, Total] = {}
    sources: dict[str, str] = {}

    def counts(self, metric: str, source: str) -> bool:
        """Whether `source` counts for `metric`; the first to ask is the one."""
        return self.sources.setdefault(metric, source) == source

    def snapshot(self, metric: str, post_id: str | None, value: int, at_ms: int) -> Delta | str:
        """The delta that a snapshot reveals, or why there is none.

        Reasons: `baseline`, `stale`, `reset`, `reconciled` (another source counts this metric).
        """
        key = f"{metric}/{post_id or ''}"
        total = self.totals.get(key)
        if total is None:
            self._remember(key, value, at_ms)
            self.counts(metric, "post" if post_id else "account")
            return "baseline"
        if at_ms <= total.at_ms:
            return "stale"
        amount, since = value - total.value, total.at_ms
        reset = amount < 0 and (metric == "views" or value * 2 < total.value)
        before = self.totals.get(key + _BEFORE)
        if before is not None and at_ms - before.at_ms > _LONGEST_BLANK_MS:
            before = None
        if reset and (before is None or total.value > before.value):
            self._remember(key + _BEFORE, total.value, since)
        elif before is not None and amount * 2 > before.value:
            del self.totals[key + _BEFORE]
            amount, since = value - before.value, before.at_ms
        total.value, total.at_ms = value, at_ms
        self.totals[key] = self.totals.pop(key)
        if reset:
            return "reset"
        if not self.counts(metric, "post" if post_id else "account"):
            return "reconciled"
        return Delta(amount, since)

    def _remember(self, key: str, value: int, at_ms: int) -> None:
        if key not in self.totals and len(self.totals) >= MAX_TOTALS:
            del self.totals[next(iter(self.totals))]
        self.totals[key] = Total(value, at_ms)
