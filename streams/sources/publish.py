"""Publishing: events to the inbound topics, in big batches, keyed so that each finds its shard.

Knows producers, partitions and how a broker says that it has no transactions. Must not know where
events come from or how fast they are due.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Self

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from schemas import topics
from schemas.partitioning import partition_for
from streams.kafka.admin import check_topics, described
from streams.kafka.options import KafkaOptions

log = logging.getLogger(__name__)

CHUNK_EVENTS = 20_000
"""Events that become visible together where the broker has transactions."""

_OLDEST_MS = 86_400_000
"""How far back a record's own time may lie: brokers delete by it, and what is old is to be read."""

_START_SECONDS = 10.0
_CLOSE_SECONDS = 5.0
_TRANSACTION_MS = 60_000


class Outgoing(NamedTuple):
    """One record to be: logical topic, key, value, and its time for brokers that keep it.

    A time of more than a day ago is written as a day ago.
    """

    topic: str
    key: bytes
    value: bytes
    at_ms: int


class NotReady(Exception):
    """The inbound topics are not as they must be; the message says what to do."""


def outgoing(topic: str, event: dict[str, Any], at_ms: int) -> Outgoing:
    """The record of `event`. Raises KeyError where it has no id to be keyed by."""
    key = event[topics.BY_NAME[topic].key]
    return Outgoing(topic, str(key).encode(), orjson.dumps(event), at_ms)


def chunks(records: Iterable[Outgoing], size: int = CHUNK_EVENTS) -> Iterator[list[Outgoing]]:
    """`records` in lists of `size`, the last one shorter."""
    iterator = iter(records)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Publisher:
    """A producer of events; use it as an async context manager.

    `together` asks for what a backlog needs: all records of one `write` become visible at once, so
    that a worker that reads along never sees one topic run ahead of another. That takes
    transactions; where the broker has none, records are visible as they are written.
    """

    def __init__(self, options: KafkaOptions, *, together: bool) -> None:
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[bytes, int] = {}
        self.together = together
        self.written = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Connect. Raises NotReady where topics are missing or differ, KafkaError otherwise."""
        await _require_inbound(self._options)
        if self.together:
            name = f"{self._options.app_id}-source-{uuid.uuid4().hex[:12]}"
            how = {"transactional_id": name, "transaction_timeout_ms": _TRANSACTION_MS}
            if await self._started(how):
                return
            self.together = False
            log.info("the broker has no transactions: history becomes visible bit by bit")
        if not await self._started({"enable_idempotence": True}):
            await self._started({})

    async def _started(self, how: dict[str, Any]) -> bool:
        """Whether a producer could be started `how`; without demands, failure is an error."""
        producer = AIOKafkaProducer(
            **self._options.client(),
            client_id=f"{self._options.app_id}-source",
            acks="all",
            linger_ms=0,
            max_batch_size=self._options.batch_bytes,
            **how,
        )
        try:
            await asyncio.wait_for(producer.start(), _START_SECONDS)
        except BaseException as error:
            await _stop(producer)
            # A broker that can be reached, and has or allows no such producer.
            refused = isinstance(error, KafkaError) and not isinstance(error, KafkaConnectionError)
            if how and refused:
                return False
            raise
        self._producer = producer
        return True

    async def write(self, records: Iterable[Outgoing]) -> int:
        """Write `records` and return their number once the broker has them all.

        Raises KafkaError; then, of a `together` write, nothing becomes visible.
        """
        producer = self._producer
        assert producer is not None, "the publisher is not started"
        if not self.together:
            count = await self._submit(producer, records)
        else:
            await producer.begin_transaction()
            try:
                count = await self._submit(producer, records)
            except BaseException:
                with contextlib.suppress(KafkaError, TimeoutError):
                    await asyncio.wait_for(producer.abort_transaction(), _CLOSE_SECONDS)
                raise
            await producer.commit_transaction()
        self.written += count
        return count

    async def _submit(self, producer: AIOKafkaProducer, records: Iterable[Outgoing]) -> int:
        """Hand over prepared batches, in order for each partition, and await every one.

        A record over the broker's limit makes a batch of its own, and fails.
        """
        count, oldest = 0, time.time_ns() // 1_000_000 - _OLDEST_MS
        queues: dict[tuple[str, int], list[Any]] = {}
        prefix = self._options.prefix
        for topic, key, value, at_ms in records:
            partition = 0
            if topics.BY_NAME[topic].shared_partitions:
                known = self._partitions.get(key)
                if known is None:
                    known = partition_for(key, self._options.partitions)
                    self._partitions[key] = known
                partition = known
            queue = queues.get((topic, partition))
            if queue is None:
                queue = queues[topic, partition] = [producer.create_batch()]
            stamp = max(at_ms, oldest)
            if queue[-1].append(timestamp=stamp, key=key, value=value) is None:
                queue.append(producer.create_batch())
                queue[-1].append(timestamp=stamp, key=key, value=value)
            count += 1

        async def send(topic: str, partition: int, queue: list[Any]) -> None:
            for batch in queue:
                batch.close()
                await (await producer.send_batch(batch, prefix + topic, partition=partition))

        sending = [
            asyncio.ensure_future(send(topic, partition, queue))
            for (topic, partition), queue in queues.items()
        ]
        try:
            await asyncio.gather(*sending)
        finally:
            for task in sending:
                task.cancel()
        return count

    async def close(self) -> None:
        """Let go of all connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)


async def _require_inbound(options: KafkaOptions) -> None:
    inbound = {topic.physical(options.prefix) for topic in topics.INBOUND}
    # Asked by name, some brokers would make a topic with a partition count of their own.
    faults = [
        finding
        for finding in await check_topics(options)
        if finding.severity == "error" and finding.topic in inbound
    ]
    if faults:
        raise NotReady("\n".join(described(faults)))


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, TimeoutError):
        await asyncio.wait_for(producer.stop(), _CLOSE_SECONDS)
