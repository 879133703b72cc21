"""Reading a partition's state back from its changelogs.

Knows changelog topics and how to read one to its end. Must not know what the records mean.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition

from schemas import topics
from streams.kafka.options import KafkaOptions

Take = Callable[[Sequence[ConsumerRecord]], None]
"""Called with what was read of one changelog, in order."""
Progress = Callable[[int, int, int], None]
"""Called while a partition is restored: partition, offsets read, offsets in all."""

FETCH_BYTES = 8_388_608
STALL_SECONDS = 30.0


async def restore_tables(
    options: KafkaOptions, partition: int, progress: Progress
) -> dict[str, dict[bytes, bytes]]:
    """The committed records of each table of `partition`, latest value per key.

    To be called when the predecessor is fenced: the end of the changelog is then final. Raises
    `TimeoutError` if nothing comes for `STALL_SECONDS`.
    """
    tables: dict[str, dict[bytes, bytes]] = {name: {} for name in topics.TABLES}
    await read_changelogs(
        options, partition, {name: _into(table) for name, table in tables.items()}, progress
    )
    return tables


def _into(table: dict[bytes, bytes]) -> Take:
    def take(records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            if record.value is None:
                table.pop(record.key, None)
            else:
                table[record.key] = record.value

    return take


async def read_changelogs(
    options: KafkaOptions, partition: int, takers: Mapping[str, Take], progress: Progress
) -> None:
    """Hand every committed record of `partition` to its table's taker, up to the changelogs' end.

    Raises `TimeoutError` if nothing comes for `STALL_SECONDS`.
    """
    by_tp = {
        TopicPartition(options.changelog(name), partition): take for name, take in takers.items()
    }
    consumer = AIOKafkaConsumer(
        **options.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        consumer.assign(list(by_tp))
        starts = await consumer.beginning_offsets(list(by_tp))
        ends = await consumer.end_offsets(list(by_tp))
        for tp, start in starts.items():
            consumer.seek(tp, start)
        total = sum(ends.values()) - sum(starts.values())

        def end_of(tp: TopicPartition) -> int:
            if options.exactly_once:
                return int(ends[tp])
            # Some brokers without transactions tell an end that lies before the last batch; what
            # they answer to a fetch is right.
            seen = consumer.highwater(tp)
            return int(ends[tp] + 1 if seen is None else max(ends[tp], seen))

        await _read_to(
            consumer, by_tp, end_of, lambda left: progress(partition, total - left, total)
        )
    finally:
        await consumer.stop()


async def _read_to(
    consumer: AIOKafkaConsumer,
    by_tp: Mapping[TopicPartition, Take],
    end_of: Callable[[TopicPartition], int],
    told: Callable[[int], None],
) -> None:
    left, moved_at = -1, time.monotonic()
    while True:
        was = left
        left = sum([max(end_of(tp) - await consumer.position(tp), 0) for tp in by_tp])
        if left != was:
            moved_at = time.monotonic()
            told(left)
        if left == 0:
            return
        if time.monotonic() - moved_at > STALL_SECONDS:
            raise TimeoutError(f"changelogs {sorted(by_tp)} do not answer")
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            by_tp[tp](records)
        await asyncio.sleep(0)
