"""Readings: what is counted inside a worker, as the metrics page takes it at a scrape.

Knows the numbers and how the counters of past owners of a partition are kept, so that no counter
ever falls. Must not know metric names, Prometheus or Kafka.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

OTHERS = "_other"
"""Stands for all creators without a series of their own."""


@dataclass
class Counted:
    """Counters of one shard since it was taken over; or their sum over shards."""

    received: Counter[str] = field(default_factory=Counter)
    """Records read, by topic."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Events that changed a creator's state, by topic."""
    duplicates: Counter[str] = field(default_factory=Counter)
    """Events dropped because their id was seen before, by topic."""
    forwarded: Counter[str] = field(default_factory=Counter)
    """Events sent on to the partition that they belong to, by topic."""
    late: Counter[bool] = field(default_factory=Counter)
    """Events behind the watermark, by whether a sliding window still took them."""
    dead_letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records refused, by topic and code."""
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Alert records, by kind and status."""
    windows: int = 0
    """Final windows."""
    holes: int = 0
    """Batches that did not continue where the last one ended, and were read again."""

    def add(self, other: "Counted") -> None:
        """Add every counter of `other`."""
        self.received.update(other.received)
        self.accepted.update(other.accepted)
        self.duplicates.update(other.duplicates)
        self.forwarded.update(other.forwarded)
        self.late.update(other.late)
        self.dead_letters.update(other.dead_letters)
        self.alerts.update(other.alerts)
        self.windows += other.windows
        self.holes += other.holes


class CreatorReading(NamedTuple):
    """One creator as dashboards show it: `engagements` are net, over the last hour."""

    creator_id: str
    engagements: int
    score: float | None = None
    engagement_rate: float | None = None
    sentiment: float | None = None
    alerting: bool = False


@dataclass
class Reading:
    """Everything that is read off the shards at one scrape."""

    counted: Counted = field(default_factory=Counted)
    watermarks: dict[int, float] = field(default_factory=dict)
    """Event time up to which windows are closed, in seconds since the epoch, by partition."""
    lag: dict[str, int] = field(default_factory=dict)
    """Records not yet read, by topic, over the partitions of this worker."""
    creators: int = 0
    """Creators with state."""
    alerts_active: Counter[str] = field(default_factory=Counter)
    """Episodes that are firing, by kind."""
    creator_series: list[CreatorReading] = field(default_factory=list)
    """Creators worth a series, `_other` among them."""


class Roster:
    """Chooses which creators get a series of their own: alerts first, then the most active.

    A member keeps its place until another is a quarter more active, so that series do not flap.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._members: frozenset[str] = frozenset()

    def choose(self, creators: Iterable[CreatorReading]) -> list[CreatorReading]:
        """At most `limit` of `creators`, and one named `_other` for the rest if there is one."""

        def rank(creator: CreatorReading) -> tuple[bool, float, str]:
            favour = 1.25 if creator.creator_id in self._members else 1.0
            return creator.alerting, creator.engagements * favour, creator.creator_id

        ranked = sorted(creators, key=rank, reverse=True)
        chosen, rest = ranked[: self._limit], ranked[self._limit :]
        self._members = frozenset(creator.creator_id for creator in chosen)
        if rest:
            chosen.append(CreatorReading(OTHERS, sum(creator.engagements for creator in rest)))
        return chosen
