"""Accepting a gap: moving a state past records that the log has lost, when an operator says so.

Knows how to own partitions without a group while all workers are stopped. Must not know what the
lost records were.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.engine.shard import Batch
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.custody import require_no_members
from streams.kafka.fuse import FatalError, Fuse
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.ports import RestoreShard, ShardPort
from streams.kafka.producer import PartitionProducer
from streams.kafka.restore import restore_tables


class Gap(NamedTuple):
    """What was lost: offsets [position, begin) of a topic-partition, by physical name.

    Some of them may have been markers or aborted records.
    """

    topic: str
    partition: int
    position: int
    begin: int


async def accept_gaps(
    options: KafkaOptions, restore_shard: RestoreShard, fuse: Fuse | None = None
) -> list[Gap]:
    """Move every position that lies before its log to where the log begins; return what was lost.

    All workers must be stopped. Raises `FatalError` if one is not, or if a log ends before the
    state's position (its topic was made anew, and the state has to be too).
    """
    await require_no_members(options)
    gaps: list[Gap] = []
    for partition in range(options.partitions):
        gaps += await _accept_in(options, partition, restore_shard, fuse or Fuse())
    return gaps


async def _accept_in(
    options: KafkaOptions, partition: int, restore_shard: RestoreShard, fuse: Fuse
) -> list[Gap]:
    producer = PartitionProducer(options, partition)
    try:
        await producer.start()
        tables = await restore_tables(options, partition, lambda *_progress: None)
        if SHARD_RECORD_KEY not in tables["engagement"]:
            return []
        shard = restore_shard(partition, tables)
        checkpointer = Checkpointer(
            options, partition, shard, producer, fuse, lambda *_: None, _no_group
        )
        gaps = await _gaps(options, partition, shard)
        logical = options.inbound()
        for gap in gaps:
            shard.apply(Batch(logical[gap.topic], gap.position, (), gap.begin))
        if gaps:
            await checkpointer.run()
        return gaps
    finally:
        await producer.close()


async def _no_group(_positions: Mapping[tuple[str, int], int]) -> bool:
    # Outside a transaction there are no members to commit for, and positions come from the state.
    return False


async def _gaps(options: KafkaOptions, partition: int, shard: ShardPort) -> list[Gap]:
    by_tp = {
        TopicPartition(physical, partition): position
        for physical, topic in options.inbound().items()
        if (position := shard.positions.get(topic)) is not None
    }
    consumer = AIOKafkaConsumer(**options.client(), isolation_level="read_committed")
    try:
        await consumer.start()
        begins = await consumer.beginning_offsets(list(by_tp))
        ends = await consumer.end_offsets(list(by_tp))
    finally:
        await consumer.stop()
    for tp, position in by_tp.items():
        if options.exactly_once and position > ends[tp]:
            raise FatalError(
                f"{tp.topic}[{tp.partition}] ends at {ends[tp]}, but the state stands at"
                f" {position}: the topic was made anew. Start again with another PULSE_APP_ID, or"
                " delete the changelogs of this one"
            )
    return [
        Gap(tp.topic, tp.partition, position, begins[tp])
        for tp, position in by_tp.items()
        if position < begins[tp]
    ]
