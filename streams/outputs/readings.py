"""Readings: what a worker can tell of its shards at a moment, for its metrics and its report.

Knows the numbers, how they add up over shards and which creators are worth a series. Must not know
metric names, Prometheus or Kafka.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.engine.stats import ShardStats

OTHERS = "_other"
"""Stands for all creators, or platforms, without a series of their own."""
LASTING_SECONDS = 8 * 3_600
"""An alert that fires for so long was open overnight."""


def add(total: ShardStats, part: ShardStats) -> None:
    """Add the counters of one shard, or of all its past owners, to `total`."""
    total.received.update(part.received)
    total.accepted.update(part.accepted)
    total.dead_letters.update(part.dead_letters)
    total.forwarded.update(part.forwarded)
    total.duplicates.update(part.duplicates)
    total.late.update(part.late)
    total.snapshots.update(part.snapshots)
    total.folded.update(part.folded)
    total.outputs.update(part.outputs)
    total.alerts.update(part.alerts)
    total.quiet.update(part.quiet)
    total.orders.update(part.orders)
    total.answered.update(part.answered)
    total.answer_seconds += part.answer_seconds
    total.holes += part.holes
    total.postponed += part.postponed
    total.last_event_ms = max(total.last_event_ms, part.last_event_ms)


class CreatorReading(NamedTuple):
    """One creator as dashboards show it.

    `engagements` are net, over the last hour; rate and sentiment are over the last 24 hours.
    """

    creator_id: str
    engagements: int
    score: float | None = None
    engagement_rate: float | None = None
    sentiment: float | None = None
    alerting: bool = False


class Call(NamedTuple):
    """An alert that fires and calls somebody."""

    creator_id: str
    kind: str
    severity: str
    campaign_id: str


class Source(NamedTuple):
    """One platform: its creators by whether anything was counted of them within a day, when (s
    since the epoch) the last of that was, on how many partitions hardly anything comes, and how
    many live posts are far above, or below, what is usual at their age.
    """

    heard: int = 0
    silent: int = 0
    last_event: float = 0.0
    low: int = 0
    over: int = 0
    under: int = 0


@dataclass
class Survey:
    """What is found by looking at every creator in memory."""

    active: Counter[str] = field(default_factory=Counter)
    """Episodes that are firing, by kind."""
    lasting: Counter[str] = field(default_factory=Counter)
    """Those that have been firing for `LASTING_SECONDS`, by kind."""
    quiet: Counter[str] = field(default_factory=Counter)
    """Those that call nobody now, by the reason."""
    calls: list[Call] = field(default_factory=list)
    """The most urgent of the others."""
    creators: list[CreatorReading] = field(default_factory=list)
    """Creators worth a series, `_other` among them."""
    unshown: tuple[int, int] = (0, 0)
    """Creators in `_other`: those with alerts, and the rest."""
    sources: dict[str, Source] = field(default_factory=dict)
    """Platforms, `_other` among them."""
    standing: dict[str, Counter[str]] = field(default_factory=dict)
    """Creators of running campaigns by how they do, by campaign."""


@dataclass
class Reading:
    """Everything that is read off the shards at one scrape."""

    counted: ShardStats = field(default_factory=ShardStats)
    watermarks: dict[int, float] = field(default_factory=dict)
    """Event time up to which windows are closed, in seconds since the epoch, by partition."""
    lag: dict[str, int] = field(default_factory=dict)
    """Records not yet read, by topic, over the partitions of this worker."""
    lag_seconds: dict[str, float] = field(default_factory=dict)
    """For how long the oldest of those has been written, at most, by topic; where that is known."""
    hidden: dict[str, int] = field(default_factory=dict)
    """Records that open transactions hide, by topic, over the partitions of this worker."""
    restoring: dict[int, float] = field(default_factory=dict)
    """How much of a partition's state is read back, 0 to 1, while that lasts."""
    epochs: dict[int, int] = field(default_factory=dict)
    """How often each partition's producer was fenced off, modulo 32,768."""
    waiting: Counter[str] = field(default_factory=Counter)
    """Partitions whose records wait for slower topics, by topic."""
    ready: bool = False
    """Whether events are processed now."""
    partitions: int = 0
    """Partitions that this worker holds a shard of."""
    configured: int = 0
    """Partitions that all workers share."""
    rebalances: int = 0
    """Times that the group gave partitions out."""
    checkpoint_age: float = 0.0
    """Seconds since every owned partition was last found written down."""
    creators: int = 0
    """Creators with state."""
    scores_waiting: int = 0
    """Creators whose score is due, but waits for a later tick."""
    campaigns: int = 0
    """Campaigns that are loaded."""
    rules: tuple[str, float, int] = ("shipped", 0.0, 0)
    """What names the rules that hold, when they were read, and how often others were no good."""
    unpushed: dict[str, int] = field(default_factory=dict)
    """Alerts whose latest state was not received yet, by Alertmanager."""
    uncommitted: int = 0
    """State records and outputs that checkpoints would write now, roughly."""
    told: Mapping[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    """By (kind, status): the id of the last alert, and the second of the epoch of its commit."""
    found: Survey = field(default_factory=Survey)
    """What the last look at every creator has found."""


class Roster:
    """Chooses which creators get a series of their own: alerts first, then the most active.

    A member keeps its place until another is a quarter more active, so that series do not flap.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._members: frozenset[str] = frozenset()
        self.unshown = (0, 0)
        """Creators that were not chosen last time: those with alerts, and the rest."""

    def choose(self, creators: Iterable[CreatorReading]) -> list[CreatorReading]:
        """At most `limit` of `creators`, and one named `_other` for the rest if there is one."""
        total = known = alerting = 0

        def ranked() -> Iterable[tuple[bool, float, str, CreatorReading]]:
            nonlocal total, known, alerting
            for creator in creators:
                total += creator.engagements
                known += 1
                alerting += creator.alerting
                favour = 1.25 if creator.creator_id in self._members else 1.0
                active = creator.engagements * favour
                yield creator.alerting, active, creator.creator_id, creator

        best = heapq.nlargest(self._limit + 1, ranked())
        chosen = [creator for *_, creator in best[: self._limit]]
        self._members = frozenset(creator.creator_id for creator in chosen)
        silent = max(alerting - self._limit, 0)
        self.unshown = silent, known - len(chosen) - silent
        if len(best) > self._limit:
            shown = sum(creator.engagements for creator in chosen)
            chosen.append(CreatorReading(OTHERS, total - shown))
        return chosen
