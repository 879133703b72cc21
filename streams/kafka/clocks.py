"""What may be said of time: which topics are drained, and whether the brokers answer at all.

Knows answers of brokers and how old they are. Must not know event time or what a shard does.
"""

from collections.abc import Mapping

from faust.types import TP

from streams.kafka.chain import Answer

FRESH_SECONDS = 1.0
SILENT_SECONDS = 2.0


class Freshness:
    """Ages the brokers' answers by a monotonic clock, whatever the wall clock does."""

    def __init__(self) -> None:
        self._answers: Mapping[TP, Answer] = {}
        self._seen: dict[TP, tuple[int, float]] = {}
        self._now = 0.0

    def observe(self, answers: Mapping[TP, Answer], now: float) -> None:
        """Take note of the latest answers at `now` seconds of a monotonic clock.

        A topic-partition that has not answered since its takeover has no stamp, whatever it
        answered before.
        """
        seen = {}
        for tp, answer in answers.items():
            if answer.stamp is not None:
                stamp, at = self._seen.get(tp, (None, now))
                seen[tp] = (answer.stamp, at if stamp == answer.stamp else now)
        self._answers, self._seen, self._now = answers, seen, now

    def _age(self, tp: TP) -> float | None:
        seen = self._seen.get(tp)
        return None if seen is None else self._now - seen[1]

    def judge(
        self, partition: int, physical: Mapping[str, str], positions: Mapping[str, int]
    ) -> tuple[frozenset[str], bool]:
        """The undrained topics of a partition by logical name, and whether its time stands still.

        Drained: the shard's position is the high watermark of an answer of the last second. The
        last stable offset would not do, since it hides records of open transactions. Frozen: some
        topic has never answered, or none has of late.
        """
        undrained = set()
        frozen, any_fresh = False, False
        for topic, name in physical.items():
            tp = TP(name, partition)
            answer, age = self._answers.get(tp), self._age(tp)
            unread = answer is not None and answer.unread
            fresh = age is not None and age <= FRESH_SECONDS
            frozen = frozen or (age is None and not unread)
            any_fresh = any_fresh or fresh or unread
            if answer is None or not fresh or unread or answer.highwater != positions.get(topic):
                undrained.add(topic)
        return frozenset(undrained), frozen or not any_fresh

    def silent(self) -> bool:
        """True if brokers have answered before, but none has of late."""
        ages = [self._now - at for _stamp, at in self._seen.values()]
        unread = any(answer.unread for answer in self._answers.values())
        return bool(ages) and not unread and min(ages) > SILENT_SECONDS
