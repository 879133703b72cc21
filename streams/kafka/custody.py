"""Custody: partitions held while all workers are stopped, so that state can be changed by hand.

Knows how to be sure that nobody else writes, and how to write as a worker would. Must not know what
is written or why.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.kafka.admin import admin_client
from streams.kafka.fuse import FatalError
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.producer import Outgoing, PartitionProducer

TRANSACTION_SECONDS = 600.0
"""How long one change may take; brokers allow 900 by default."""


async def require_no_members(options: KafkaOptions) -> None:
    """Return when the group has no members. Raises `FatalError` if some stay.

    One that has crashed stays a member until its session ends, so this waits a little longer.
    """
    deadline = time.monotonic() + options.session_timeout * 1.5
    async with admin_client(options) as admin:
        while True:
            try:
                [answer] = await admin.describe_consumer_groups([options.app_id])
                members = sum(len(group[5]) for group in answer.groups)
            except GroupCoordinatorNotAvailableError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
                continue
            if not members:
                return
            if time.monotonic() > deadline:
                raise FatalError(
                    f"{members} workers of {options.app_id} are running; stop them all first"
                )
            await asyncio.sleep(0.2)


class Custody:
    """Partitions that nobody else can write until this ends."""

    def __init__(self, options: KafkaOptions, producers: Mapping[int, PartitionProducer]) -> None:
        self._options = options
        self._producers = producers

    async def write(
        self, records: Iterable[Outgoing], positions: Mapping[tuple[str, int], int] | None = None
    ) -> None:
        """Write all records, and the group's `positions` by (physical topic, partition).

        Exactly-once: in one transaction over all partitions, so wholly or not at all; otherwise
        the shards' own records after the others, and the positions last. Raises `KafkaError` (a
        worker that was started meanwhile fences this, and then nothing is written) or
        `TimeoutError`.
        """
        writer = next(iter(self._producers.values()))
        listed = list(records)
        async with asyncio.timeout(TRANSACTION_SECONDS):
            if self._options.exactly_once:
                await writer.begin()
                await _deliver(writer, listed)
                if positions:
                    await writer.offsets(positions)
                await writer.commit()
                return
            await _deliver(writer, [r for r in listed if r.key != SHARD_RECORD_KEY])
            await _deliver(writer, [r for r in listed if r.key == SHARD_RECORD_KEY])
            if positions:
                await _commit(self._options, positions)


async def _commit(options: KafkaOptions, positions: Mapping[tuple[str, int], int]) -> None:
    consumer = AIOKafkaConsumer(
        **options.client(), group_id=options.app_id, enable_auto_commit=False
    )
    offsets = {TopicPartition(*tp): OffsetAndMetadata(at, "") for tp, at in positions.items()}
    try:
        await consumer.start()
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()


async def _deliver(writer: PartitionProducer, records: list[Outgoing]) -> None:
    # commit_transaction() takes no notice of a batch that failed, so each future is awaited.
    for future in await writer.submit(records):
        await future


@asynccontextmanager
async def custody(options: KafkaOptions, partitions: Iterable[int]) -> AsyncIterator[Custody]:
    """Hold `partitions`: no worker is in the group, and what a lost one left open is settled.

    Raises `FatalError` if workers run, `KafkaError` if the brokers do not let us write.
    """
    await require_no_members(options)
    patient = replace(options, transaction_timeout=TRANSACTION_SECONDS)
    producers = {partition: PartitionProducer(patient, partition) for partition in partitions}
    try:
        for producer in producers.values():
            async with asyncio.timeout(options.takeover_timeout):
                await producer.start()
        yield Custody(options, producers)
    except TimeoutError as error:
        raise KafkaError(
            "the brokers did not answer in time; see what is there, then try again"
        ) from error
    finally:
        for producer in producers.values():
            await producer.close()
