"""The outputs, read back as a consumer of the contract would: read committed, parsed as JSON.

Knows the output topics. Must not know what should be in them.
"""

from collections.abc import Iterable

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.faults.verdict import Found

_CHUNK = 20_000


async def read(bootstrap: str, prefix: str, partitions: int, creators: Iterable[str]) -> Found:
    """All final records, and the latest score of each of `creators`."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
        # A fetch that waits for more holds up the next partition.
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:

        async def whole(topic: str) -> list[ConsumerRecord]:
            places = [TopicPartition(prefix + topic, number) for number in range(partitions)]
            starts = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            return [
                record for tp in places for record in await span(consumer, tp, starts[tp], ends[tp])
            ]

        return Found(
            windows=[orjson.loads(record.value) for record in await whole("engagement-windows")],
            late=[orjson.loads(record.value) for record in await whole("late-events")],
            scores=await _latest(consumer, prefix + "engagement-scores", partitions, set(creators)),
            dead_letters=[orjson.loads(record.value) for record in await whole("dead-letters")],
            alerts=[orjson.loads(record.value) for record in await whole("alerts")],
        )
    finally:
        await consumer.stop()


async def count(bootstrap: str, prefix: str, partitions: int, topic: str) -> int:
    """Records and markers committed to a topic so far: grows while workers write."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        places = [TopicPartition(prefix + topic, number) for number in range(partitions)]
        return sum((await consumer.end_offsets(places)).values())
    finally:
        await consumer.stop()


async def span(
    consumer: AIOKafkaConsumer, tp: TopicPartition, start: int, end: int
) -> list[ConsumerRecord]:
    """The records of [start, end); the end may be a marker, which is never delivered."""
    if start >= end:
        return []
    consumer.assign([tp])
    consumer.seek(tp, start)
    records: list[ConsumerRecord] = []
    while await consumer.position(tp) < end:
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            records.extend(record for record in batch if record.offset < end)
    return records


async def _latest(
    consumer: AIOKafkaConsumer, topic: str, partitions: int, wanted: set[str]
) -> dict[str, dict[str, object]]:
    """The last record of each creator, reading backwards until all that are wanted are seen."""
    places = [TopicPartition(topic, number) for number in range(partitions)]
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    latest: dict[str, dict[str, object]] = {}
    while wanted - latest.keys() and any(ends[tp] > starts[tp] for tp in places):
        for tp in places:
            start = max(starts[tp], ends[tp] - _CHUNK)
            chunk = await span(consumer, tp, start, ends[tp])
            ends[tp] = start
            newest = {record.key.decode(): record.value for record in chunk if record.value}
            for creator, value in newest.items():
                if creator not in latest:
                    latest[creator] = orjson.loads(value)
    return latest
