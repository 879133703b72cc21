"""Reading a partition's state back from its changelogs.

Knows changelog topics and how to read one to its end. Must not know what the records mean.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition

from schemas import topics
from streams.kafka.fuse import FatalError
from streams.kafka.options import KafkaOptions

Take = Callable[[Sequence[ConsumerRecord]], None]
"""Called with what was read of one changelog, in order."""
Progress = Callable[[int, int, int], None]
"""Called while a partition is restored: partition, offsets read, offsets in all."""

FETCH_BYTES = 8_388_608
STALL_SECONDS = 30.0


class ChangelogCut(FatalError):
    """A changelog has lost its beginning, and with it state that nothing else holds."""


async def restore_tables(
    options: KafkaOptions, partition: int, progress: Progress
) -> dict[str, dict[bytes, bytes]]:
    """The committed records of each table of `partition`, latest value per key.

    To be called when the predecessor is fenced: the end of the changelog is then final. Raises
    `TimeoutError` if nothing comes for `STALL_SECONDS`, `ChangelogCut` if not all is there.
    """
    tables: dict[str, dict[bytes, bytes]] = {name: {} for name in topics.TABLES}
    takers = {
        TopicPartition(options.changelog(name), partition): _into(table)
        for name, table in tables.items()
    }
    await read_to_end(
        options, takers, lambda read, total: progress(partition, read, total), whole=True
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


async def read_to_end(
    options: KafkaOptions,
    takers: Mapping[TopicPartition, Take],
    told: Callable[[int, int], None] = lambda *_: None,
    last: int | None = None,
    *,
    whole: bool = False,
) -> bool:
    """Hand every committed record of each topic-partition to its taker, up to where its log ends.

    `told` is called with the offsets read, and the offsets in all. With `last`, only so many
    offsets before each end are read; True if that was all there is. Raises `TimeoutError` if
    nothing comes for `STALL_SECONDS`; with `whole`, `ChangelogCut` if a log begins after 0.
    """
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
        consumer.assign(list(takers))
        starts = await consumer.beginning_offsets(list(takers))
        ends = await consumer.end_offsets(list(takers))
        begins = starts
        if last is not None:
            starts = {tp: max(begin, ends[tp] - last) for tp, begin in begins.items()}
        if whole:
            _require_whole(begins)
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

        await _read_to(consumer, takers, end_of, lambda left: told(total - left, total))
        return bool(starts == begins)
    finally:
        await consumer.stop()


def _require_whole(starts: Mapping[TopicPartition, int]) -> None:
    # Compaction leaves the start of a log where it is; only a deletion moves it.
    for tp, start in starts.items():
        if start > 0:
            raise ChangelogCut(
                f"{tp.topic}[{tp.partition}] begins at {start} instead of 0: state has been deleted"
                " from it. The worker stops rather than count on from what is left. Stop all"
                " workers, see that the topic's cleanup.policy is compact alone, and make it anew"
                " from a copy; or start from nothing with another PULSE_APP_ID"
            )


async def _read_to(
    consumer: AIOKafkaConsumer,
    takers: Mapping[TopicPartition, Take],
    end_of: Callable[[TopicPartition], int],
    told: Callable[[int], None],
) -> None:
    left, moved_at = -1, time.monotonic()
    while True:
        was = left
        left = sum([max(end_of(tp) - await consumer.position(tp), 0) for tp in takers])
        if left != was:
            moved_at = time.monotonic()
            told(left)
        if left == 0:
            return
        if time.monotonic() - moved_at > STALL_SECONDS:
            raise TimeoutError(f"{sorted(takers)} do not answer")
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            takers[tp](records)
        await asyncio.sleep(0)
