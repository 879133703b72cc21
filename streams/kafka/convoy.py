"""Convoy: the topics of one partition travel through event time together.

Knows the batches that wait and the event times in them. Must not know Faust, brokers or what a
shard does with a batch.

A record that lies more than the allowed skew ahead of the slowest other topic with unread records
waits until that has come near, and its topic is not read on meanwhile. Nothing can lock up: the
slowest topic never waits, since what it waits for would have to be slower still; a topic without
unread records is not waited for.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import msgspec

from schemas.events import Moment
from schemas.instants import to_ms
from streams.engine.detours import EARLIEST_MS, LATEST_MS
from streams.engine.shard import Batch, Record, Tick

_UNKNOWN = -1
_NEVER = 1 << 62


class _When(msgspec.Struct):
    occurred_at: Moment


_when = msgspec.json.Decoder(_When)


def event_time(record: Record) -> int | None:
    """The lower of event time and broker's time in ms; None where a record tells no usable time."""
    if record.value is None:
        return None
    try:
        at = to_ms(_when.decode(record.value).occurred_at)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not EARLIEST_MS <= at < LATEST_MS:
        return None
    return at if record.timestamp < 0 else min(at, record.timestamp)


LEAP_MS = 600_000
"""The most event time in one move: time is told in between, so that panes close as they should."""


class Convoy:
    """The batches of one partition that wait, by topic. Times in milliseconds.

    Batches of one topic come in the order of their positions and leave in it, whole or in chained
    parts.
    """

    def __init__(self, skew_ms: int) -> None:
        self._skew = skew_ms
        self._waiting: dict[str, deque[Batch]] = {}
        self._heads: dict[str, int | None] = {}

    def join(self, batch: Batch) -> None:
        """A batch has been read."""
        queue = self._waiting.get(batch.topic)
        if queue is None:
            queue = self._waiting[batch.topic] = deque()
        queue.append(batch)
        if self._heads.get(batch.topic) is None:
            self._heads.pop(batch.topic, None)

    def drop(self, topic: str) -> None:
        """Forget what waits of a topic: it will be read again."""
        self._waiting.pop(topic, None)
        self._heads.pop(topic, None)

    def disband(self) -> None:
        """Forget all that waits: it will be read again."""
        self._waiting.clear()
        self._heads.clear()

    def wants(self, topic: str) -> bool:
        """Whether a topic is to be read on."""
        return topic not in self._waiting

    def ends(self) -> dict[str, int]:
        """The positions up to which those topics have been read of which something waits."""
        return {topic: queue[-1].end for topic, queue in self._waiting.items()}

    def heads(self) -> dict[str, int]:
        """The event time of the next record of each topic that waits, where there is one."""
        heads = {topic: self._head(topic) for topic in self._waiting}
        return {topic: at for topic, at in heads.items() if at is not None}

    def at_rest(self, behind: AbstractSet[str]) -> Tick | None:
        """The tick that follows when nothing waits and nothing is behind, where events give it."""
        return None

    def next(self, clocks: Mapping[str, int], behind: AbstractSet[str]) -> Batch | Tick | None:
        """What is to be applied now; None while all must wait.

        `clocks` are the event times that the shard has reached by topic, `behind` the topics with
        records that have not been read.
        """
        waiting = self._waiting
        if not waiting:
            return None
        reached = {
            topic: max(clocks.get(topic, _UNKNOWN), self._head(topic) or _UNKNOWN)
            for topic in behind | waiting.keys()
        }
        for topic in sorted(waiting, key=reached.__getitem__):
            slowest = min((at for other, at in reached.items() if other != topic), default=_NEVER)
            limit = _UNKNOWN if slowest == _UNKNOWN else slowest + self._skew
            limit = min(limit, reached[topic] + LEAP_MS)
            if (batch := self._take(topic, limit)) is not None:
                return batch
        return None

    def _head(self, topic: str) -> int | None:
        if topic not in self._heads:
            records = chain.from_iterable(b.records for b in self._waiting.get(topic, ()))
            times = map(event_time, records)
            self._heads[topic] = next((at for at in times if at is not None), None)
        return self._heads[topic]

    def _take(self, topic: str, limit: int) -> Batch | None:
        """What waits first of a topic, as far as it does not pass `limit`."""
        queue = self._waiting[topic]
        batch = queue[0]
        count = self._within(batch.records, limit)
        if count == 0 and batch.records:
            return None
        self._heads.pop(topic, None)
        if count < len(batch.records):
            records = batch.records
            cut = records[count].offset
            queue[0] = Batch(topic, cut, records[count:], batch.end)
            return Batch(topic, batch.start, records[:count], cut)
        queue.popleft()
        if not queue:
            del self._waiting[topic]
        return batch

    def _within(self, records: Sequence[Record], limit: int) -> int:
        """How many records come before event time passes `limit`.

        Event times nearly ascend, so few of them are looked at. One that is out of order may pass:
        it would gain nothing by waiting.
        """
        if not records or limit >= _NEVER or not _passed(records, len(records) - 1, limit):
            return len(records)
        return bisect_left(
            range(len(records)), True, key=lambda upto: _passed(records, upto, limit)
        )


def _passed(records: Sequence[Record], upto: int, limit: int) -> bool:
    """Whether event time is past `limit` at a record: at the last up to it that tells a time."""
    times = map(event_time, (records[place] for place in range(upto, -1, -1)))
    return next((at for at in times if at is not None), limit) > limit
