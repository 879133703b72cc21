"""Standing: how the stored state fits the topics as they are now.

Knows a shard's own record and the ends of logs. Must not know what else the state holds, and
changes nothing.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import TopicPartition

from streams.engine.layout import CorruptStateError
from streams.engine.own import ShardRecord, shard_record
from streams.engine.shard import WrongPartitionsError
from streams.kafka.admin import admin_client
from streams.kafka.fuse import FatalError
from streams.kafka.options import KafkaOptions
from streams.kafka.outlets import Span, spans
from streams.kafka.records import own_record, unreadable

COORDINATOR_SECONDS = 10.0


class Misfit(NamedTuple):
    """Something that keeps a worker from going on, and what to do about it."""

    text: str
    remedy: str


async def stored_partitions(options: KafkaOptions) -> int | None:
    """How many partitions the state is parted by; None where there is none, or it does not tell."""
    record = await own_record(options, 0)
    if record is None:
        return None
    try:
        return shard_record(record.value).partitions or None
    except CorruptStateError:
        # Whoever restores the partition tells more of it.
        return None


async def require_partitions(options: KafkaOptions) -> None:
    """Raise `FatalError` if the state is parted by another number of partitions than is set.

    A worker that went on would count new creators beside their own state.
    """
    stored = await stored_partitions(options)
    if stored not in {None, options.partitions}:
        raise FatalError(str(WrongPartitionsError(stored or 0, options.partitions)))


async def require_own_group(options: KafkaOptions) -> None:
    """Raise `FatalError` if the group's offsets are of another deployment's topics, and only those.

    Two deployments with one app id would share group, transactional ids and state, and end each
    other's workers in turn. Not asked with at_least_once: that is for one worker, and for brokers
    that cannot answer it.
    """
    if not options.exactly_once:
        return
    names = await _read_by_group(options)
    ours = options.inbound()
    others = sorted(name for name in names if name.endswith(tuple(ours.values())))
    if others and not names & ours.keys():
        raise FatalError(
            f"PULSE_APP_ID {options.app_id} belongs to a deployment that reads {others[0]}, and"
            f" this one reads {min(ours)} (PULSE_TOPIC_PREFIX is {options.prefix!r}): each needs a"
            " PULSE_APP_ID of its own. If these topics have taken the place of those, run `pulse"
            " reset` first"
        )


async def _read_by_group(options: KafkaOptions) -> set[str]:
    """Topics that the group has committed offsets of; none if it has no coordinator yet."""
    deadline = time.monotonic() + COORDINATOR_SECONDS
    async with admin_client(options) as admin:
        while True:
            try:
                offsets = await admin.list_consumer_group_offsets(options.app_id)
                return {tp.topic for tp, at in offsets.items() if at.offset >= 0}
            except GroupCoordinatorNotAvailableError:
                # On a new cluster the first question makes the brokers set up the coordinators.
                if time.monotonic() > deadline:
                    return set()
                await asyncio.sleep(0.2)


async def check_standing(options: KafkaOptions) -> list[Misfit]:
    """What is wrong between the state and the inbound logs. All topics must be there.

    Raises `KafkaError`, OSError or `TimeoutError`.
    """
    misfits: list[Misfit] = []
    try:
        await require_own_group(options)
    except FatalError as error:
        text, _, remedy = str(error).partition(": ")
        return [Misfit(f"{text}.", f"{remedy[:1].upper()}{remedy[1:]}.")]
    logs = await spans(options, options.inbound(), options.partitions)
    for partition in range(options.partitions):
        record = await own_record(options, partition)
        if record is None:
            continue
        try:
            own = shard_record(record.value)
        except CorruptStateError as error:
            text, _, remedy = str(await unreadable(options, partition, error)).rpartition(". ")
            misfits.append(Misfit(f"{text}.", f"{remedy}."))
            continue
        misfits += _misfits(options, partition, own, logs)
    return misfits


def _misfits(
    options: KafkaOptions, partition: int, own: ShardRecord, logs: dict[TopicPartition, Span]
) -> Iterator[Misfit]:
    if own.partitions not in {0, options.partitions}:
        text, _, remedy = str(WrongPartitionsError(own.partitions, options.partitions)).partition(
            ". "
        )
        yield Misfit(f"Partition {partition}: {text}.", f"{remedy}.")
        return
    for physical, topic in options.inbound().items():
        position = own.positions.get(topic)
        if position is None:
            continue
        begin, end = logs[TopicPartition(physical, partition)]
        if position > end and options.exactly_once:
            yield Misfit(
                f"{physical}[{partition}] ends at {end}, but the state stands at {position}.",
                "If the topic was made anew, stop all workers, then `pulse state accept-gap"
                " --made-anew` reads it from its beginning and keeps the state, and `pulse reset"
                " --to earliest` starts anew.",
            )
        elif position < begin:
            yield Misfit(
                f"{physical}[{partition}] begins at {begin}, but the state stands at {position}.",
                "Unread records were deleted, by retention most likely: stop all workers and run"
                " `pulse state accept-gap`; then keep records for longer.",
            )
