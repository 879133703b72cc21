"""Making, filling and reading topics in tests, with nothing but a plain Kafka client."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stack.waiting import until

_COMMIT_SECONDS = 5.0


async def create_topics(
    bootstrap: str, partitions: Mapping[str, int], config: Mapping[str, str] | None = None
) -> None:
    """Create topics by name and partition count, one replica each, and wait until all see them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics(
            [
                NewTopic(name, count, 1, topic_configs=dict(config or {}))
                for name, count in partitions.items()
            ]
        )
        faults = [fault for fault in answer.topic_errors if fault[1] != 0]
        assert not faults, f"topics not created: {faults}"

        async def seen() -> bool:
            told = await admin.describe_topics(list(partitions))
            return all(
                topic["error_code"] == 0
                and len(topic["partitions"]) == partitions[topic["topic"]]
                and all(partition["leader"] >= 0 for partition in topic["partitions"])
                for topic in told
            )

        await until(seen, 60, f"topics {sorted(partitions)} are there")
    finally:
        await admin.close()


async def produce(
    bootstrap: str,
    records: Iterable[tuple[str, bytes | None, bytes | None, int | None]],
) -> None:
    """Send (topic, key, value, partition) records and wait until all are acknowledged.

    A partition of None is the one of the key.
    """
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5) as producer:
        sent = [
            await producer.send(topic, value, key, partition)
            for topic, key, value, partition in records
        ]
        for future in sent:
            await future


async def _written(bootstrap: str, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Where partitions end for one who reads uncommitted records, too."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as reader:
        return dict(await reader.end_offsets(partitions))


async def read_all(
    bootstrap: str,
    topics: Sequence[str],
    isolation_level: str = "read_committed",
    timeout: float = 120.0,
) -> list[ConsumerRecord]:
    """Return every record of the topics up to where they end now, in the order of each partition.

    With ``read_committed`` the end is the last stable offset: what lies behind an open transaction
    is not read. A commit is confirmed a moment before it can be read, so a transaction has
    ``_COMMIT_SECONDS`` to end first. Raises TimeoutError after ``timeout`` s.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        metadata = await consumer._client.fetch_all_metadata()
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(metadata.partitions_for_topic(topic) or ())
        ]
        assert {partition.topic for partition in partitions} == set(topics), (
            f"not all there: {topics}"
        )
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        if isolation_level == "read_committed":
            written = await _written(bootstrap, partitions)
            patience = time.monotonic() + _COMMIT_SECONDS
            while any(ends[tp] < written[tp] for tp in partitions) and time.monotonic() < patience:
                await asyncio.sleep(0.05)
                ends = await consumer.end_offsets(partitions)
        records: list[ConsumerRecord] = []

        async with asyncio.timeout(timeout):
            while not all([await consumer.position(tp) >= ends[tp] for tp in partitions]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(batch)
        return [record for record in records if record.offset < ends[_partition_of(record)]]
    finally:
        await consumer.stop()


def _partition_of(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)
