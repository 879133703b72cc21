"""Watermark: how far event time has come on one shard.

Knows the clocks of the topics and the rule that turns them into one watermark. Must not know a
clock: it is told what time passed.

A topic's clock is the highest min(event time, broker time) seen on it. While topics have unread
records, the watermark is the lowest of their clocks minus the allowed lateness; where the next
record of a topic is known, its time counts, so that a gap in a sparse topic holds nothing back.
When all are drained, nothing that is written is older than what was read, so it follows the highest
clock, and then elapsed time, so that windows close in a quiet stream. It never goes back.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

NO_HEADS: Mapping[str, int] = {}
"""No topic's next record is known."""


class Watermark:
    """Event-time progress of one shard, all in milliseconds; `at` is None before any event."""

    __slots__ = ("at", "clocks", "lateness", "stream", "told")

    def __init__(self, lateness_ms: int) -> None:
        self.lateness = lateness_ms
        self.clocks: dict[str, int] = {}
        self.at: int | None = None
        self.stream = 0
        """Event time that scores are as of: the highest clock, or the watermark plus lateness."""
        self.told: int | None = None
        """When the last tick found all topics drained; None when it did not."""

    def observe(self, topic: str, at_ms: int) -> None:
        """A record of `topic` was read at event time `at_ms`."""
        if at_ms > self.clocks.get(topic, -1):
            self.clocks[topic] = at_ms
            self.stream = max(self.stream, at_ms)

    def tick(
        self,
        now_ms: int,
        undrained: AbstractSet[str],
        *,
        frozen: bool,
        heads: Mapping[str, int] = NO_HEADS,
    ) -> int | None:
        """Time passes, as told by the edge; the watermark after it.

        `heads` are the event times of the next records of undrained topics, as far as known.
        """
        if frozen:
            self.told = None
            return self.at
        if undrained:
            self.told = None
            clocks = self.clocks
            reached = [max(clocks.get(t, -1), heads.get(t, -1)) for t in undrained]
            if (slowest := min(reached)) >= 0:
                self._reach(slowest - self.lateness)
            return self.at
        if self.clocks:
            if self.at is not None and self.told is not None:
                self.at += max(0, now_ms - self.told)
            self._reach(max(self.clocks.values()) - self.lateness)
            self.told = now_ms
        return self.at

    def _reach(self, candidate: int) -> None:
        if self.at is None or candidate > self.at:
            self.at = candidate
        self.stream = max(self.stream, self.at + self.lateness)
