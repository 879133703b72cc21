"""Reader: whole topics from given positions on, committed records only, in no group.

Knows partitions, positions, and how far it is from where the topics ended when it began. Must not
know what is done with a record.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from schemas.topics import Topic
from streams.follow import Followed, join
from streams.kafka.options import KafkaOptions

log = logging.getLogger(__name__)
_ASK_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_MOST_RECORDS = 2_000
_FETCH_BYTES = 4 * 1_048_576

Place = tuple[str, int]


class Moved(Exception):
    """A topic is not as it was when reading began; started again, all of it is read."""


class Batch(NamedTuple):
    """Records in order within each partition, and the next offset of every partition after them."""

    records: list[Followed]
    positions: dict[Place, int]


class Progress(NamedTuple):
    """How far a reader is: records (or markers) done of those that there were when it began.

    `lag` is what was behind its position when last asked, `asked` the monotonic second of that.
    """

    done: int
    total: int
    caught_up: bool
    lag: int
    asked: float


class Reader:
    """Reads some topics. `start`, then `read` again and again, and `stop`."""

    def __init__(self, options: KafkaOptions, topics: Iterable[Topic]) -> None:
        self._options = options
        self._names = {topic.physical(options.prefix): topic.name for topic in topics}
        self._consumer: AIOKafkaConsumer | None = None
        self._places: dict[TopicPartition, Place] = {}
        self._began: dict[TopicPartition, int] = {}
        self._targets: dict[TopicPartition, int] = {}
        self._at: dict[TopicPartition, int] = {}
        self._lag = 0
        self._asked = 0.0
        self.renewed: set[str] = set()
        """Topics whose end lies before a given position: they were made anew."""
        self.lost: dict[Place, int] = {}
        """Records that the topics had dropped before they were read, by place."""

    async def start(self, positions: Mapping[Place, int]) -> None:
        """Connect, and stand at `positions`, or at the first record where there is none.

        Raises MissingTopics, KafkaError, TimeoutError.
        """
        consumer = AIOKafkaConsumer(
            **self._options.client(),
            client_id=f"{self._options.app_id}-api",
            isolation_level="read_committed",
            auto_offset_reset="none",
            enable_auto_commit=False,
            fetch_max_wait_ms=200,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._consumer = consumer
        await join(consumer, set(self._names))
        # Partitions are told of subscribed topics only; but a subscription would be assigned anew,
        # from the beginning, when their number changes.
        tps = sorted(consumer.assignment())
        consumer.unsubscribe()
        consumer.assign(tps)
        self._places = {tp: (self._names[tp.topic], tp.partition) for tp in tps}
        begins = await asyncio.wait_for(consumer.beginning_offsets(tps), _ASK_SECONDS)
        self._targets = await asyncio.wait_for(consumer.end_offsets(tps), _ASK_SECONDS)
        self.renewed = {
            place[0]
            for tp, place in self._places.items()
            if positions.get(place, 0) > self._targets[tp]
        }
        for tp, place in self._places.items():
            wanted = None if place[0] in self.renewed else positions.get(place)
            if wanted is not None and wanted < begins[tp]:
                self.lost[place] = begins[tp] - wanted
            self._at[tp] = begins[tp] if wanted is None else max(wanted, begins[tp])
            consumer.seek(tp, self._at[tp])
        self._began = dict(self._at)
        self._asked = time.monotonic()

    async def stop(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), _CLOSE_SECONDS)

    async def read(self, seconds: float = 0.5) -> Batch:
        """The next records; none if nothing came for so many seconds. Raises Moved."""
        consumer = self._started()
        try:
            fetched = await consumer.getmany(
                timeout_ms=int(seconds * 1000), max_records=_MOST_RECORDS
            )
        except OffsetOutOfRangeError as error:
            raise Moved(
                f"a position is outside its log ({error}): retention was faster than reading, or "
                "the topic was made anew; start again to read what there is"
            ) from error
        records = [
            Followed(self._names[tp.topic], m.key, m.value, tp.partition, m.offset, m.timestamp)
            for tp, messages in fetched.items()
            for m in messages
        ]
        moved: dict[Place, int] = {}
        for tp, place in self._places.items():
            position = await consumer.position(tp)
            if position != self._at[tp]:
                self._at[tp] = moved[place] = position
        return Batch(records, moved)

    async def survey(self) -> None:
        """Ask the brokers how far there is to go.

        Raises Moved, KafkaError, TimeoutError.
        """
        consumer = self._started()
        ends = await asyncio.wait_for(consumer.end_offsets(list(self._places)), _ASK_SECONDS)
        self._lag = sum(max(0, end - self._at[tp]) for tp, end in ends.items())
        self._asked = time.monotonic()
        for topic, name in self._names.items():
            known = sum(tp.topic == topic for tp in self._places)
            found = len(consumer.partitions_for_topic(topic) or ())
            if found > known:
                raise Moved(
                    f"{name} has {found} partitions now, expected {known}: start again to read all"
                )

    def progress(self) -> Progress:
        """How far it is."""
        total = sum(max(0, end - self._began[tp]) for tp, end in self._targets.items())
        done = sum(
            max(0, min(self._at[tp], end) - self._began[tp]) for tp, end in self._targets.items()
        )
        ready = bool(self._at) and done >= total
        return Progress(done, total, ready, self._lag, self._asked)

    def _started(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "the reader is not started"
        return self._consumer
