"""Stragglers: what was read, but has not arrived for too long.

Knows positions and how long they have stood still. Must not know why a batch was lost or how it is
read again.
"""

from collections.abc import Iterator, Mapping

from faust.types import TP

from streams.kafka.chain import Answer

STRAGGLER_SECONDS = 2.0
"""How long arrivals may stand behind what was read before that is read again."""


class Stragglers:
    """A batch that is lost on its way leaves a hole that only the next batch would show."""

    def __init__(self) -> None:
        self._behind: dict[TP, tuple[int, float]] = {}

    def clear(self) -> None:
        """Forget everything: what was under way does not count any more."""
        self._behind.clear()

    def find(
        self, arrived: Mapping[TP, int], answers: Mapping[TP, Answer], now: float
    ) -> Iterator[tuple[TP, int]]:
        """The topic-partitions to be read again, each with the position that has `arrived`."""
        for tp, position in arrived.items():
            answer = answers.get(tp)
            if answer is None or (answer.position or 0) <= position:
                self._behind.pop(tp, None)
                continue
            since = self._behind.setdefault(tp, (position, now))
            if since[0] != position:
                self._behind[tp] = (position, now)
            elif now - since[1] > STRAGGLER_SECONDS:
                del self._behind[tp]
                yield tp, position
