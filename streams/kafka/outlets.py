"""Outbound topics as they lie on the brokers: what is alive in them, and how they are emptied.

Knows which topics keep the latest of a key and which keep everything. Must not know what a record
says.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from schemas import topics
from streams.kafka.admin import admin_client
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import Outgoing
from streams.kafka.restore import Take, read_to_end


class Span(NamedTuple):
    """The offsets [begin, end) of a log; `end` is the last stable one."""

    begin: int
    end: int


async def spans(
    options: KafkaOptions, names: Iterable[str], partitions: int
) -> dict[TopicPartition, Span]:
    """Where the logs of these topics (by physical name) begin and end, in each partition."""
    wanted = [TopicPartition(name, partition) for name in names for partition in range(partitions)]
    consumer = AIOKafkaConsumer(**options.client(), isolation_level="read_committed")
    try:
        await consumer.start()
        begins = await consumer.beginning_offsets(wanted)
        ends = await consumer.end_offsets(wanted)
    finally:
        await consumer.stop()
    return {tp: Span(begins[tp], ends[tp]) for tp in wanted}


def latest_kept(options: KafkaOptions) -> list[str]:
    """Physical names of the outbound topics that keep the latest record of each key."""
    return [t.physical(options.prefix) for t in topics.OUTBOUND if "compact" in t.cleanup]


def all_kept(options: KafkaOptions) -> list[str]:
    """Physical names of the outbound topics that keep all records for a time."""
    return [t.physical(options.prefix) for t in topics.OUTBOUND if "delete" in t.cleanup]


async def alive(
    options: KafkaOptions, partition: int, *, values: bool = False
) -> dict[str, dict[bytes, bytes]]:
    """The latest record of each key, by physical topic; values are left out unless asked for."""
    found: dict[str, dict[bytes, bytes]] = {name: {} for name in latest_kept(options)}
    takers = {
        TopicPartition(name, partition): _keeper(kept, values) for name, kept in found.items()
    }
    await read_to_end(options, takers)
    return found


def _keeper(kept: dict[bytes, bytes], values: bool) -> Take:
    def take(records: Iterable[object]) -> None:
        for record in records:
            key, value = record.key, record.value  # type: ignore[attr-defined]
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value if values else b""

    return take


def erased(partition: int, found: Mapping[str, Iterable[bytes]]) -> Iterable[Outgoing]:
    """The tombstones of these keys, by physical topic."""
    for topic, keys in found.items():
        for key in keys:
            yield Outgoing(topic, partition, key, None)


async def trim(options: KafkaOptions, ends: Mapping[TopicPartition, int]) -> None:
    """Delete all records before these offsets. Raises `KafkaError`, with some of it done."""
    if not ends:
        return
    async with admin_client(options) as admin:
        await admin.delete_records(
            {tp: RecordsToDelete(before_offset=end) for tp, end in ends.items()}
        )
