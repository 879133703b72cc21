"""Lag clock: for how long the oldest record that was not counted yet has been waiting.

Knows when each topic-partition was last found drained, and the broker's time of the last record
counted: what is unread was written after both. Must not know Kafka; times are seconds since the
epoch, by one clock for the calls and the broker's for records.
"""

from collections.abc import Mapping

Place = tuple[str, int]
"""A topic by its logical name, and a partition."""


class LagClock:
    """Turns lags in records into times.

    The time of an unread record is not known before it is read. It was written after the last one
    that was counted, and after the topic was last seen drained, so its wait is bounded by the later
    of the two: exact to the pause between two looks, and in a backlog to the distance of two
    records. Rates have no part in it.
    """

    def __init__(self) -> None:
        self._counted: dict[Place, float] = {}
        self._drained: dict[Place, float] = {}

    def applied(self, place: Place, timestamp: float) -> None:
        """A record of this time was counted."""
        self._counted[place] = timestamp

    def look(self, lags: Mapping[Place, int], now: float) -> None:
        """Take note of what is drained now."""
        for place, records in lags.items():
            # What lay unread at a takeover has waited since then at least.
            if not records or not (place in self._drained or place in self._counted):
                self._drained[place] = now

    def forget(self, partition: int) -> None:
        """Somebody else reads this partition."""
        for known in (self._counted, self._drained):
            for place in [place for place in known if place[1] == partition]:
                del known[place]

    def seconds(self, lags: Mapping[Place, int], now: float) -> dict[str, float]:
        """The longest wait by topic; a topic of which nothing is known is left out."""
        longest: dict[str, float] = {}
        for place, records in lags.items():
            since = [known[place] for known in (self._counted, self._drained) if place in known]
            if records and since:
                topic = place[0]
                longest[topic] = max(longest.get(topic, 0.0), now - max(since))
        return longest
