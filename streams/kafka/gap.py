"""Accepting a gap: moving a state to where a log goes on, when an operator says so.

Knows where logs begin and end, and how to move a state's positions while all workers are stopped.
Must not know what the lost records were.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from streams.engine.layout import ENGAGEMENT, CorruptStateError
from streams.engine.own import ShardRecord, shard_record
from streams.engine.shard import Batch, WrongPartitionsError
from streams.engine.stored import stored_record
from streams.kafka.chain import made_anew
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.custody import custody, require_no_members
from streams.kafka.fuse import FatalError, Fuse
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.outlets import Span, spans
from streams.kafka.ports import RestoreShard
from streams.kafka.producer import Outgoing, PartitionProducer
from streams.kafka.records import read_records, unreadable
from streams.kafka.restore import restore_tables


class Gap(NamedTuple):
    """What was lost: offsets [position, begin) of a topic-partition, by physical name.

    Some of them may have been markers or aborted records.
    """

    topic: str
    partition: int
    position: int
    begin: int


async def find_gaps(options: KafkaOptions) -> list[Gap]:
    """What `accept_gaps` would accept. Nothing is changed, and workers may run.

    Raises `FatalError` for a topic that was made anew, or if a shard's own record cannot be read.
    """
    own = await _own_records(options)  # before the logs: workers that run go on reading
    logs = await spans(options, options.inbound(), options.partitions)
    return [gap for p, record in own.items() for gap in _lost(options, p, record.positions, logs)]


async def find_made_anew(options: KafkaOptions) -> list[Gap]:
    """What `accept_made_anew` would move. Nothing is changed, and workers may run.

    Raises `FatalError` if a shard's own record cannot be read.
    """
    own = await _own_records(options)
    return _shorter(options, own, await spans(options, options.inbound(), options.partitions))


async def accept_gaps(
    options: KafkaOptions, restore_shard: RestoreShard, fuse: Fuse | None = None
) -> list[Gap]:
    """Move every position that lies before its log to where the log begins; return what was lost.

    All workers must be stopped. Raises `FatalError` if one is not, if a log ends before the state's
    position (its topic was made anew, see `accept_made_anew`), or if the state cannot be read.
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
        try:
            shard = restore_shard(partition, tables)
        except CorruptStateError as error:
            raise await unreadable(options, partition, error) from error
        except WrongPartitionsError as error:
            raise FatalError(str(error)) from error
        checkpointer = Checkpointer(
            options, partition, shard, producer, fuse, lambda *_: None, _no_group
        )
        logs = await spans(options, options.inbound(), options.partitions)
        gaps = _lost(options, partition, shard.positions, logs)
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


def _lost(
    options: KafkaOptions,
    partition: int,
    positions: Mapping[str, int],
    logs: Mapping[TopicPartition, Span],
) -> list[Gap]:
    gaps = []
    for physical, topic in options.inbound().items():
        position = positions.get(topic)
        begin, end = logs[TopicPartition(physical, partition)]
        if position is None:
            continue
        if options.exactly_once and position > end:
            raise made_anew(physical, partition, position, end)
        if position < begin:
            gaps.append(Gap(physical, partition, position, begin))
    return gaps


async def accept_made_anew(options: KafkaOptions) -> list[Gap]:
    """Move every position of topics that were deleted and made again to where these begin.

    Such a topic is known by a log that ends before the state's position, in any partition. The rest
    of the state stays. Returns what was moved. Raises `FatalError` if workers run, or if a shard's
    own record cannot be read.
    """
    async with custody(options, range(options.partitions)) as held:
        logs = await spans(options, options.inbound(), options.partitions)
        own = await _own_records(options)
        moved = _shorter(options, own, logs)
        logical = options.inbound()
        for gap in moved:
            topic, record = logical[gap.topic], own[gap.partition]
            record.positions[topic] = record.since[topic] = gap.begin
            record.settled.pop(topic, None)
            record.floor.pop(topic, None)
        changelog = options.changelog(ENGAGEMENT)
        changed = {gap.partition for gap in moved}
        await held.write(
            [Outgoing(changelog, p, SHARD_RECORD_KEY, stored_record(own[p])) for p in changed],
            {(gap.topic, gap.partition): gap.begin for gap in moved},
        )
    return moved


def _shorter(
    options: KafkaOptions, own: Mapping[int, ShardRecord], logs: Mapping[TopicPartition, Span]
) -> list[Gap]:
    """Every position of the topics of which some log ends before the state's position."""
    moved = []
    for physical, topic in options.inbound().items():
        stand = {p: r.positions[topic] for p, r in own.items() if topic in r.positions}
        found = {p: logs[TopicPartition(physical, p)] for p in stand}
        if any(at > found[p].end for p, at in stand.items()):
            moved += [Gap(physical, p, at, found[p].begin) for p, at in stand.items()]
    return moved


async def _own_records(options: KafkaOptions) -> dict[int, ShardRecord]:
    found = await read_records(options, range(options.partitions), SHARD_RECORD_KEY.__eq__)
    own = {}
    for record in found:
        try:
            own[record.partition] = shard_record(record.value)
        except CorruptStateError as error:
            raise await unreadable(options, record.partition, error) from error
    return own
