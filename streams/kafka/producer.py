"""One partition's producer: bounded, and never heard of again after a failure.

Knows aiokafka's producer and its prepared batches. Must not know shards, snapshots or when to
commit.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.kafka.options import KafkaOptions

log = logging.getLogger(__name__)

IDEMPOTENT_START_SECONDS = 5.0
CLOSE_SECONDS = 5.0


class Outgoing(NamedTuple):
    """One record to be written, its topic by physical name."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Writer(Protocol):
    """What a checkpoint needs of a producer; each method is bounded by the caller."""

    async def begin(self) -> None:
        """Begin a transaction."""

    async def submit(self, records: Iterable[Outgoing]) -> list[Awaitable[object]]:
        """Hand records over; one future per batch, done when the broker has acknowledged it."""

    async def offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Add the source offsets to the transaction."""

    async def commit(self) -> None:
        """End the transaction."""

    async def close(self) -> None:
        """Let go of all connections."""


class PartitionProducer:
    """The producer of one partition, transactional or (for at_least_once) idempotent."""

    def __init__(self, options: KafkaOptions, partition: int) -> None:
        self._options = options
        self._partition = partition
        self._producer: AIOKafkaProducer | None = None

    def _make(self, **how: Any) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._options.client(),
            client_id=f"{self._options.app_id}-checkpoint-{self._partition}",
            acks="all",
            linger_ms=0,
            max_batch_size=self._options.batch_bytes,
            retry_backoff_ms=50,
            **how,
        )

    async def start(self) -> None:
        """Connect; exactly-once: settle the predecessor's transaction and fence it.

        Cancelled or failed, it leaves nothing behind.
        """
        if self._options.exactly_once:
            await self._start(
                self._make(
                    transactional_id=self._options.transactional_id(self._partition),
                    transaction_timeout_ms=int(self._options.transaction_timeout * 1000),
                )
            )
            return
        try:
            await asyncio.wait_for(
                self._start(self._make(enable_idempotence=True)), IDEMPOTENT_START_SECONDS
            )
        except (TimeoutError, KafkaError) as error:
            log.warning("the broker has no idempotent producers (%r); going on without", error)
            await self._start(self._make())

    async def _start(self, producer: AIOKafkaProducer) -> None:
        try:
            await producer.start()
        except BaseException:
            await _stop(producer)
            raise
        self._producer = producer

    @property
    def epoch(self) -> int | None:
        """How often the partition's id has been fenced off, modulo 32,768; None without an id."""
        if self._producer is None or not self._options.exactly_once:
            return None
        return int(self._producer._txn_manager.producer_epoch)

    @property
    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the producer is not started")
        return self._producer

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._started.begin_transaction()

    async def submit(self, records: Iterable[Outgoing]) -> list[Awaitable[object]]:
        """Hand records over in prepared batches, in their order for each topic-partition.

        A record that is too large for the broker makes a batch of its own and fails its future.
        """
        producer = self._started
        now_ms = int(time.time() * 1000)
        batches: dict[tuple[str, int], list[Any]] = {}
        for topic, partition, key, value, headers in records:
            queue = batches.get((topic, partition))
            if queue is None:
                queue = batches[topic, partition] = [producer.create_batch()]
            entry = {"timestamp": now_ms, "key": key, "value": value, "headers": list(headers)}
            if queue[-1].append(**entry) is None:
                queue.append(producer.create_batch())
                queue[-1].append(**entry)
        sent = await asyncio.gather(
            *(self._send(target, queue) for target, queue in batches.items())
        )
        return [future for futures in sent for future in futures]

    async def _send(self, target: tuple[str, int], queue: Iterable[Any]) -> list[Awaitable[object]]:
        topic, partition = target
        futures = []
        for batch in queue:
            batch.close()
            futures.append(await self._started.send_batch(batch, topic, partition=partition))
        return futures

    async def offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Add the source offsets to the transaction, for lag tools and first starts."""
        await self._started.send_offsets_to_transaction(
            {TopicPartition(*tp): OffsetAndMetadata(at, "") for tp, at in positions.items()},
            self._options.app_id,
        )

    async def commit(self) -> None:
        """End the transaction. The caller has awaited every future: this does not look at them."""
        await self._started.commit_transaction()

    async def close(self) -> None:
        """Let go of all connections, within `CLOSE_SECONDS`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)


async def _stop(producer: AIOKafkaProducer) -> None:
    # stop() flushes and can hang on a broker that is away; what is unsent must not be sent.
    with contextlib.suppress(TimeoutError, KafkaError):
        await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)
