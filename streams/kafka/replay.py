"""Replay: one order of everything that one partition was ever told, and time that moves with it.

Knows how batches of several topics become one sequence of steps in event time. Must not know Faust,
brokers, the time of day or what a shard does with a batch.

Event time is cut into steps. In each, every topic gives its records up to the first that belongs to
a later step, topic by topic; then time is told. Records without a usable time go with those before.
A step ends only when the next record of each topic is known, or there is none. So neither the sizes
of batches nor the order in which they come change what a shard sees: the same records give the same
results.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from streams.engine.scores import MINUTE_MS
from streams.engine.shard import Batch, Record, Tick
from streams.kafka.convoy import Convoy, event_time
from streams.kafka.options import KafkaOptions

STEP_MS = MINUTE_MS
_READ_AHEAD = 2
"""Batches of a topic that may wait before it is not read on."""


def _end_of_step(at_ms: int) -> int:
    return at_ms // STEP_MS * STEP_MS + STEP_MS


class Replay(Convoy):
    """A convoy whose topics go step by step. Its ticks always tell the same time of day."""

    def __init__(self) -> None:
        super().__init__(0)
        self._end: int | None = None
        """Where the present step ends; None before the first since the last takeover."""
        self._moved = True

    def disband(self) -> None:
        """Forget all that waits, and where time stood: the shard knows it."""
        super().disband()
        self._end, self._moved = None, True

    def wants(self, topic: str) -> bool:
        """Whether a topic is to be read on."""
        return self._head(topic) is None or len(self._waiting[topic]) < _READ_AHEAD

    def next(self, clocks: Mapping[str, int], behind: AbstractSet[str]) -> Batch | Tick | None:
        """What is to be applied now, or the tick at the end of a step; None while more is needed.

        `clocks` are the event times that the shard has reached by topic, `behind` the topics with
        records that have not been read.
        """
        heads = self.heads()
        if not behind <= heads.keys() or not self._waiting:
            return None
        if self._end is None:
            begun = max(clocks.values(), default=min(heads.values(), default=-STEP_MS))
            self._end = _end_of_step(begun)
        for topic in sorted(self._waiting):
            if (batch := self._take(topic, self._end - 1)) is not None:
                self._moved = True
                return batch
        self._end, self._moved = _end_of_step(min(heads.values())), False
        return Tick(0, frozenset(heads), heads=heads)

    def at_rest(self, behind: AbstractSet[str]) -> Tick | None:
        """The tick after the last records, so that what they changed is told; once."""
        if behind or self._waiting or not self._moved:
            return None
        self._moved = False
        return Tick(0, frozenset())

    def _within(self, records: Sequence[Record], limit: int) -> int:
        # Exactly, whatever is out of order: a replay is the same in whatever batches it is read.
        times = enumerate(map(event_time, records))
        return next((n for n, at in times if at is not None and at > limit), len(records))


def new_convoy(options: KafkaOptions) -> Convoy:
    """What orders the batches of one partition, by the clock that `options` name."""
    return Replay() if options.clock == "events" else Convoy(round(options.max_skew * 1000))
