"""What may be said of time: which topics are drained, and whether the brokers answer at all.

Knows answers of brokers and how old they are. Must not know event time or what a shard does.
"""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from faust.types import TP

from streams.kafka.chain import Answer

FRESH_SECONDS = 1.0
SILENT_SECONDS = 2.0


class Freshness:
    """Ages the brokers' answers by a monotonic clock, whatever the wall clock does."""

    def __init__(self) -> None:
        self._answers: Mapping[TP, Answer] = {}
        self._seen: dict[TP, tuple[int, float]] = {}
        self._waiting: AbstractSet[TP] = frozenset()
        self._now: float | None = None
        self._stalled = -math.inf

    def observe(
        self, answers: Mapping[TP, Answer], now: float, waiting: AbstractSet[TP] = frozenset()
    ) -> None:
        """Take note of the latest answers at `now` seconds of a monotonic clock.

        A topic-partition that has not answered since its takeover has no stamp, whatever it
        answered before. Those `waiting` are not read on, so that what they have fetched is no sign
        of life. To be called often: after a pause, the answers may be from before it, so nothing
        counts as fresh for a while.
        """
        if self._now is not None and now - self._now > SILENT_SECONDS:
            self._stalled = now
        seen = {}
        for tp, answer in answers.items():
            if answer.stamp is not None:
                stamp, at = self._seen.get(tp, (None, now))
                seen[tp] = (answer.stamp, at if stamp == answer.stamp else now)
        self._answers, self._seen, self._now = answers, seen, now
        self._waiting = waiting

    def _age(self, tp: TP) -> float | None:
        seen = self._seen.get(tp)
        return None if seen is None or self._now is None else self._now - seen[1]

    def behind(
        self, partition: int, physical: Mapping[str, str], read: Mapping[str, int]
    ) -> frozenset[str]:
        """The topics of a partition, by logical name, that are known to hold more than was `read`.

        One that has never answered is among them, but not one that is merely silent.
        """
        behind = set()
        for topic, name in physical.items():
            answer = self._answers.get(TP(name, partition))
            highwater = None if answer is None else answer.highwater
            if highwater is None or highwater > read.get(topic, 0):
                behind.add(topic)
        return frozenset(behind)

    def judge(
        self, partition: int, physical: Mapping[str, str], positions: Mapping[str, int]
    ) -> tuple[frozenset[str], bool]:
        """The undrained topics of a partition by logical name, and whether its time stands still.

        Drained: the shard's position is the high watermark of an answer of the last second. The
        last stable offset would not do, since it hides records of open transactions. Frozen: some
        topic has never answered, none has of late, or this process itself stood still.
        """
        undrained = set()
        frozen, any_fresh = self._stalling(), False
        for topic, name in physical.items():
            tp = TP(name, partition)
            answer, age = self._answers.get(tp), self._age(tp)
            unread = answer is not None and answer.unread
            fresh = age is not None and age <= FRESH_SECONDS
            frozen = frozen or (age is None and not unread)
            any_fresh = any_fresh or fresh or (unread and tp not in self._waiting)
            if answer is None or not fresh or unread or answer.highwater != positions.get(topic):
                undrained.add(topic)
        return frozenset(undrained), frozen or not any_fresh

    def _stalling(self) -> bool:
        return self._now is not None and self._now - self._stalled <= FRESH_SECONDS

    def silent(self) -> bool:
        """True if brokers have answered before, but none has of late."""
        now = self._now
        if now is None or not self._seen:
            return False
        read = (tp for tp, answer in self._answers.items() if answer.unread)
        if any(tp not in self._waiting for tp in read):
            return False
        return min(now - at for _stamp, at in self._seen.values()) > SILENT_SECONDS
