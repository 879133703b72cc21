"""Migration: the whole state parted anew for a multiple of the partitions, in one transaction.

Knows which topics grow and what must hold before. Must not know how a partition's state is parted.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from aiokafka import ConsumerRecord
from aiokafka.admin import NewPartitions
from aiokafka.structs import TopicPartition

from schemas.partitioning import partition_for
from streams.engine import reshard
from streams.engine.layout import CorruptStateError
from streams.engine.own import shard_record
from streams.kafka.admin import (
    absent,
    admin_client,
    declared,
    partition_counts,
    require_state,
)
from streams.kafka.custody import custody
from streams.kafka.fuse import FatalError
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.outlets import alive, spans
from streams.kafka.producer import Outgoing
from streams.kafka.records import unreadable
from streams.kafka.restore import Take, read_to_end, restore_tables
from streams.kafka.standing import stored_partitions

GROWN_WITHIN_SECONDS = 30.0


class _Owned(msgspec.Struct):
    """The part of a published record that says whose it is."""

    creator_id: str


_owned = msgspec.json.Decoder(_Owned)


@dataclass
class Migration:
    """What a migration does."""

    before: int
    after: int
    grown: list[str] = field(default_factory=list)
    """Topics that get more partitions, by physical name."""
    movers: dict[int, int] = field(default_factory=dict)
    """How many creators leave each old partition."""
    records: list[Outgoing] = field(default_factory=list)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)


async def plan_migration(options: KafkaOptions, after: int) -> Migration:
    """What `migrate` would do now; changes nothing.

    Raises `FatalError` if it cannot be done, with what is in the way; `KafkaError`, OSError.
    """
    before = await _before(options, after)
    return await _plan(replace(options, partitions=before), after)


async def migrate(options: KafkaOptions, after: int) -> Migration:
    """Part the state by `after` partitions, a multiple of what it is parted by now.

    All topics get the new partitions first. Then state and the latest results of every creator that
    moves are written to its new partition and deleted from the old one, in one transaction:
    interrupted before its end, a migration is simply run again. Raises as `plan_migration` does.
    """
    before = await _before(options, after)
    old = replace(options, partitions=before)
    async with custody(options, range(after)) as held:
        plan = await _plan(old, after)
        if grown := plan.grown:
            await _grow(old, plan)
            # Where the new partitions begin is known only now.
            plan = await _plan(old, after)
            plan.grown = grown
        await held.write(plan.records, plan.positions)
    return plan


async def _before(options: KafkaOptions, after: int) -> int:
    if not options.exactly_once:
        raise FatalError(
            "a migration is one transaction, so it needs exactly_once and brokers for it"
        )
    await require_state(options, [0])
    before = await stored_partitions(options) or options.partitions
    if after <= before or after % before:
        raise FatalError(
            f"the state is parted by {before} partitions, and can be parted by a multiple of that"
            f" only ({2 * before}, {3 * before}, ...), not by {after}: all creators of a new"
            " partition must come from one old one, whose watermark and duplicates they share"
        )
    return before


async def _plan(options: KafkaOptions, after: int) -> Migration:
    plan = Migration(options.partitions, after)
    plan.grown = await _growing(options, after)
    begins = {} if plan.grown else await _begins(options, after)
    lags: list[str] = []
    for partition in range(options.partitions):
        tables = await restore_tables(options, partition, lambda *_progress: None)
        try:
            lags += await _unread(options, partition, tables)
            parted = reshard.part(partition, tables, options.partitions, after, begins)
        except CorruptStateError as error:
            raise await unreadable(options, partition, error) from error
        except ValueError as error:
            raise FatalError(f"{error}; look at it with `pulse state show`") from error
        plan.movers[partition] = len(parted.movers)
        plan.records += _written(options, parted.records)
        plan.records += await _republished(options, partition, after)
    if lags:
        raise FatalError(
            f"there are unread events: {', '.join(lags)}. Stop the producers, let the workers read"
            " all of it, stop these, and try again"
        )
    physical = {topic: name for name, topic in options.inbound().items()}
    plan.positions = {
        (physical[topic], partition): begin
        for partition, positions in begins.items()
        for topic, begin in positions.items()
    }
    return plan


async def _growing(options: KafkaOptions, after: int) -> list[str]:
    keyed = [topic.name for topic in declared(options) if topic.partitions == options.partitions]
    counts = await partition_counts(options, keyed)
    if missing := [name for name in keyed if name not in counts]:
        raise FatalError(absent(missing))
    if wrong := [name for name in keyed if not options.partitions <= counts[name] <= after]:
        told = ", ".join(f"{name} has {counts[name]}" for name in wrong)
        raise FatalError(f"{told} partitions, expected {options.partitions} to {after}")
    return [name for name in keyed if counts[name] < after]


async def _grow(options: KafkaOptions, plan: Migration) -> None:
    async with admin_client(options) as admin:
        await admin.create_partitions({name: NewPartitions(plan.after) for name in plan.grown})
    deadline = time.monotonic() + GROWN_WITHIN_SECONDS
    while await _growing(options, plan.after):
        if time.monotonic() > deadline:
            raise FatalError("the new partitions have no leaders yet; try again")
        await asyncio.sleep(0.1)


async def _begins(options: KafkaOptions, after: int) -> dict[int, dict[str, int]]:
    """Where each new partition of each keyed inbound topic begins, by its logical name."""
    logs = await spans(options, options.inbound(), after)
    logical = options.inbound()
    begins: dict[int, dict[str, int]] = {p: {} for p in range(options.partitions, after)}
    for tp, span in logs.items():
        if tp.partition in begins:
            begins[tp.partition][logical[tp.topic]] = span.begin
    return begins


async def _unread(
    options: KafkaOptions, partition: int, tables: Mapping[str, Mapping[bytes, bytes]]
) -> list[str]:
    """Topics with records that were not read; markers of transactions do not count."""
    raw = tables["engagement"].get(SHARD_RECORD_KEY)
    own = {} if raw is None else shard_record(raw).positions
    logs = await spans(options, options.inbound(), options.partitions)
    behind = {}
    for physical, topic in options.inbound().items():
        span = logs[TopicPartition(physical, partition)]
        position = own.get(topic, span.begin)
        if position < span.end:
            behind[TopicPartition(physical, partition)] = position
    unread: dict[TopicPartition, int] = dict.fromkeys(behind, 0)

    def count(tp: TopicPartition) -> Take:
        def take(records: Sequence[ConsumerRecord]) -> None:
            unread[tp] += sum(record.offset >= behind[tp] for record in records)

        return take

    for tp, position in behind.items():
        await read_to_end(options, {tp: count(tp)}, last=logs[tp].end - position)
    return [f"{n} in {tp.topic}[{tp.partition}]" for tp, n in unread.items() if n]


def _written(
    options: KafkaOptions, parted: Mapping[int, Mapping[str, Mapping[bytes, bytes | None]]]
) -> Iterator[Outgoing]:
    for partition, tables in parted.items():
        for table, records in tables.items():
            for key, value in records.items():
                yield Outgoing(options.changelog(table), partition, key, value)


async def _republished(options: KafkaOptions, partition: int, after: int) -> list[Outgoing]:
    """The latest results of moving creators: readers find each on its creator's partition."""
    moved: list[Outgoing] = []
    for topic, latest in (await alive(options, partition, values=True)).items():
        for key, value in latest.items():
            target = _target(value, after)
            if target is not None and target != partition:
                moved.append(Outgoing(topic, target, key, value))
                moved.append(Outgoing(topic, partition, key, None))
    return moved


def _target(value: bytes, after: int) -> int | None:
    try:
        owner: Any = _owned.decode(value)
    except msgspec.DecodeError:
        return None
    return partition_for(owner.creator_id.encode(), after)
