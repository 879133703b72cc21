"""Reset: positions, state and outputs moved together, so that events count as at a first start.

Knows what has to move and in which order. Must not know what a state record means.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition

from schemas import topics
from streams.engine.detours import Spans
from streams.engine.layout import ENGAGEMENT, CorruptStateError
from streams.engine.own import shard_record
from streams.engine.stored import new_shard_record
from streams.kafka.custody import Custody, custody
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.outlets import Span, alive, all_kept, erased, spans, trim
from streams.kafka.producer import Outgoing
from streams.kafka.restore import Take, read_to_end

Target = Literal["earliest", "latest"] | int
"""Where to read on: the ends of the logs, or the first record that arrived at this time, in ms."""


class Move(NamedTuple):
    """A read position of one inbound topic-partition, before (None: never read) and after.

    `span` is what its log holds; `floor` is the position below which records lie where another
    number of partitions put them.
    """

    topic: str
    partition: int
    before: int | None
    after: int
    span: Span
    floor: int


@dataclass
class Plan:
    """What a reset does, by physical topic and partition."""

    moves: list[Move] = field(default_factory=list)
    state: dict[TopicPartition, set[bytes]] = field(default_factory=dict)
    """Keys of the state records to be deleted, by changelog."""
    latest: dict[int, dict[str, dict[bytes, bytes]]] = field(default_factory=dict)
    """Keys of the compacted outputs to be deleted, by partition and topic."""
    trims: dict[TopicPartition, Span] = field(default_factory=dict)
    """The other outputs, all records of which are deleted."""


@dataclass
class _Found:
    """What a partition's state says of where it stands, and the keys of its records."""

    keys: dict[TopicPartition, set[bytes]]
    positions: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    settled: Spans = field(default_factory=dict)
    floor: Mapping[str, int] = field(default_factory=dict)


async def plan_reset(options: KafkaOptions, to: Target, *, keep_outputs: bool = False) -> Plan:
    """What `reset` would do now. Raises `KafkaError`, OSError or `TimeoutError`."""
    plan, _records, _positions = await _prepare(options, to, keep_outputs)
    return plan


async def reset(options: KafkaOptions, to: Target, *, keep_outputs: bool = False) -> Plan:
    """Move positions, delete state and outputs, for all partitions; returns what was done.

    State, compacted outputs and positions move in one transaction (with at_least_once: the
    positions last). Before it, the other outputs are emptied: interrupted in between, a reset is
    simply run again. Raises `FatalError` if workers run, and `KafkaError`.
    """
    async with custody(options, range(options.partitions)) as held:
        plan, records, positions = await _prepare(options, to, keep_outputs)
        await _carry_out(options, held, plan, records, positions)
    return plan


async def _carry_out(
    options: KafkaOptions,
    held: Custody,
    plan: Plan,
    records: list[Outgoing],
    positions: dict[tuple[str, int], int],
) -> None:
    await trim(options, {tp: span.end for tp, span in plan.trims.items()})
    await held.write(records, positions)


async def _prepare(
    options: KafkaOptions, to: Target, keep_outputs: bool
) -> tuple[Plan, list[Outgoing], dict[tuple[str, int], int]]:
    plan = Plan()
    logs = await spans(options, options.inbound(), options.partitions)
    targets = await _targets(options, to, logs)
    records: list[Outgoing] = []
    for partition in range(options.partitions):
        found = await _look(options, partition)
        moves = list(_moves(options, partition, found, logs, targets))
        plan.moves += moves
        plan.state |= found.keys
        records += _state(options, partition, found, moves)
        if not keep_outputs:
            plan.latest[partition] = await alive(options, partition)
            records += erased(partition, plan.latest[partition])
    if not keep_outputs:
        outputs = await spans(options, all_kept(options), options.partitions)
        plan.trims = {tp: span for tp, span in outputs.items() if span.end > span.begin}
    return plan, records, {(m.topic, m.partition): m.after for m in plan.moves}


async def _targets(
    options: KafkaOptions, to: Target, logs: Mapping[TopicPartition, Span]
) -> dict[TopicPartition, int]:
    if to == "earliest":
        return {tp: span.begin for tp, span in logs.items()}
    if to == "latest":
        return {tp: span.end for tp, span in logs.items()}
    consumer = AIOKafkaConsumer(**options.client(), isolation_level="read_committed")
    try:
        await consumer.start()
        found = await consumer.offsets_for_times(dict.fromkeys(logs, to))
    finally:
        await consumer.stop()
    return {
        tp: span.end if found.get(tp) is None else found[tp].offset for tp, span in logs.items()
    }


async def _look(options: KafkaOptions, partition: int) -> _Found:
    changelogs = {
        TopicPartition(options.changelog(table), partition): table for table in topics.TABLES
    }
    keys: dict[TopicPartition, set[bytes]] = {tp: set() for tp in changelogs}
    own: dict[bytes, bytes | None] = {}

    def keep(into: set[bytes]) -> Take:
        def take(records: Sequence[ConsumerRecord]) -> None:
            for record in records:
                if record.value is None:
                    into.discard(record.key)
                else:
                    into.add(record.key)
                if record.key == SHARD_RECORD_KEY:
                    own[record.key] = record.value

        return take

    await read_to_end(options, {tp: keep(into) for tp, into in keys.items()})
    try:
        record = shard_record(own.get(SHARD_RECORD_KEY) or b"")
    except CorruptStateError:
        # There is none, or none that can be read: the group's offsets are of the same transactions.
        positions = await _committed(options, partition) if any(keys.values()) else {}
        return _Found(keys, positions)
    return _Found(keys, record.positions, record.since, record.settled, record.floor)


async def _committed(options: KafkaOptions, partition: int) -> dict[str, int]:
    consumer = AIOKafkaConsumer(
        **options.client(), group_id=options.app_id, enable_auto_commit=False
    )
    try:
        await consumer.start()
        return {
            topic: offset
            for physical, topic in options.inbound().items()
            if (offset := await consumer.committed(TopicPartition(physical, partition))) is not None
        }
    finally:
        await consumer.stop()


def _moves(
    options: KafkaOptions,
    partition: int,
    found: _Found,
    logs: Mapping[TopicPartition, Span],
    targets: Mapping[TopicPartition, int],
) -> Iterator[Move]:
    for physical, topic in options.inbound().items():
        tp = TopicPartition(physical, partition)
        span, floor = logs[tp], found.floor.get(topic, 0)
        if floor > span.end:
            floor = 0  # the topic was made anew
        after = max(targets[tp], floor)
        yield Move(physical, partition, found.positions.get(topic), after, span, floor)


def _state(
    options: KafkaOptions,
    partition: int,
    found: _Found,
    moves: Sequence[Move],
) -> Iterator[Outgoing]:
    logical = options.inbound()
    settled: Spans = {}
    for move in moves:
        topic = logical[move.topic]
        read = [*found.settled.get(topic, ())]
        if move.before is not None:
            read.append((found.since.get(topic, 0), move.before))
        # A span beyond the end is of a topic that was made anew, and says nothing of this one.
        if spans_read := joined(read, move.span):
            settled[topic] = spans_read
    own = new_shard_record(
        {logical[move.topic]: move.after for move in moves},
        settled,
        {logical[move.topic]: move.floor for move in moves if move.floor},
        options.partitions,
    )
    for changelog, keys in found.keys.items():
        for key in sorted(keys - {SHARD_RECORD_KEY}):
            yield Outgoing(changelog.topic, partition, key, None)
    yield Outgoing(options.changelog(ENGAGEMENT), partition, SHARD_RECORD_KEY, own)


def joined(read: Sequence[tuple[int, int]], log: Span) -> list[tuple[int, int]]:
    """Spans of offsets, cut to what `log` holds and joined where they touch, ascending.

    Those that end beyond the log are left out.
    """
    whole: list[tuple[int, int]] = []
    for start, end in sorted((max(start, log.begin), end) for start, end in read):
        if start >= end or end > log.end:
            continue
        if whole and start <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], end)
        else:
            whole.append((start, end))
    return whole
