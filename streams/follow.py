"""Following: what the workers publish, as it is committed.

Knows topics, partitions and isolation. Must not know what is done with a record.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.topics import Topic
from streams.kafka.admin import absent
from streams.kafka.options import KafkaOptions

_START_SECONDS = 15.0
_CLOSE_SECONDS = 3.0


class MissingTopics(Exception):
    """Topics that are not on the broker; the message names them and says what to do."""


class Followed(NamedTuple):
    """One record: logical topic, key and value (None: erased), its place and the broker's time."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    offset: int
    at_ms: int


class Follower:
    """A reader of some topics, in no consumer group; use it as an async context manager.

    Reads committed records only, from the first ones there or from now on.
    """

    def __init__(
        self, options: KafkaOptions, topics: Iterable[Topic], *, from_beginning: bool
    ) -> None:
        self._options = options
        self._names = {topic.physical(options.prefix): topic.name for topic in topics}
        self._reset = "earliest" if from_beginning else "latest"
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises MissingTopics, KafkaError."""
        consumer = AIOKafkaConsumer(
            **self._options.client(),
            client_id=f"{self._options.app_id}-follower",
            isolation_level="read_committed",
            auto_offset_reset=self._reset,
            enable_auto_commit=False,
            fetch_max_wait_ms=200,
        )
        self._consumer = consumer
        try:
            await join(consumer, set(self._names))
            if self._reset == "latest":
                await consumer.seek_to_end()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), _CLOSE_SECONDS)

    async def read(self, seconds: float = 0.5) -> list[Followed]:
        """The next records, in order within each partition; empty if none came for `seconds`."""
        consumer = self._consumer
        assert consumer is not None, "the follower is not started"
        fetched = await consumer.getmany(timeout_ms=int(seconds * 1000))
        return [
            Followed(self._names[tp.topic], m.key, m.value, tp.partition, m.offset, m.timestamp)
            for tp, messages in fetched.items()
            for m in messages
        ]

    async def up_to_now(self) -> AsyncIterator[Followed]:
        """The records up to what is committed now."""
        consumer = self._consumer
        assert consumer is not None, "the follower is not started"
        ends = await consumer.end_offsets(list(consumer.assignment()))
        # The first position of a partition is asked of the broker.
        while [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for record in await self.read(0.2):
                yield record


async def join(consumer: AIOKafkaConsumer, names: set[str]) -> None:
    """Start a consumer without a group, and wait until it has every partition of these topics.

    Raises MissingTopics, KafkaError, TimeoutError.
    """
    await asyncio.wait_for(consumer.start(), _START_SECONDS)
    # Asked by name, some brokers would make the topic.
    missing = sorted(names - await consumer.topics())
    if missing:
        raise MissingTopics(absent(missing))
    consumer.subscribe(list(names))
    await asyncio.wait_for(_assigned(consumer, names), _START_SECONDS)


async def _assigned(consumer: AIOKafkaConsumer, names: set[str]) -> None:
    """Wait until every topic's partitions are known; without a group, nobody tells."""
    while {tp.topic for tp in consumer.assignment()} != names:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def read_all(options: KafkaOptions, topics: Iterable[Topic]) -> list[Followed]:
    """All committed records of some topics, up to what is there now.

    Raises MissingTopics, KafkaError.
    """
    async with Follower(options, topics, from_beginning=True) as follower:
        return [record async for record in follower.up_to_now()]
