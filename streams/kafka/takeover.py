"""How partitions change hands: fence, restore, seek, in this order and cancellable at each step.

Knows the order, and which work of an earlier assignment still holds. Must not know Faust's recovery
or what is in a shard.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.engine.layout import CorruptStateError
from streams.engine.poison import is_poison_note
from streams.engine.shard import Batch, WrongPartitionsError
from streams.kafka.chain import made_anew, position_lost
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.fuse import FatalError
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.ports import ShardPort
from streams.kafka.producer import PartitionProducer
from streams.kafka.records import unreadable
from streams.kafka.replay import new_convoy
from streams.kafka.restore import restore_tables
from streams.kafka.seam import Seam
from streams.kafka.slot import Slot

log = logging.getLogger(__name__)

RESTORES_AT_ONCE = 4
RETRY_SECONDS = 0.2


Consume = Callable[[frozenset[int]], Awaitable[None]]
"""Lets batches flow to partitions that are owned and sought. Raises `Overtaken`."""


class Overtaken(Exception):
    """The group has moved on: this assignment is not ours to act on any more."""


class IncompleteAssignment(FatalError):
    """Some owned partition lacks a topic, so that its creators could not be counted whole."""


def verify_assignment(assigned: Iterable[TP], options: KafkaOptions) -> frozenset[int]:
    """The partitions owned, each of which must hold every keyed inbound topic and changelog.

    Raises `IncompleteAssignment` with the list of what is missing.
    """
    needed = {*options.inbound(), *options.changelogs().values()}
    held: dict[int, set[str]] = defaultdict(set)
    for topic, partition in assigned:
        if topic in needed:
            held[partition].add(topic)
    lacking = [
        f"{topic}[{partition}]"
        for partition, names in sorted(held.items())
        for topic in sorted(needed - names)
    ]
    if lacking:
        raise IncompleteAssignment(
            f"this worker was assigned {sorted(held)}, but without {', '.join(lacking)}. Either a"
            " topic is missing or has another number of partitions (see `pulse topics check`), or"
            " workers of two releases with different topics run together (stop all, then start), or"
            " two deployments share one PULSE_APP_ID"
        )
    return frozenset(held)


def _notes(table: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in table.items() if is_poison_note(key)}


def _was_overtaken(task: "asyncio.Task[None]") -> bool:
    return task.done() and not task.cancelled() and isinstance(task.exception(), Overtaken)


class Takeover:
    """Brings the owned partitions to where they can be consumed.

    `note` is told each assignment as it comes; `run` acts on the last one. A restore that began
    under an earlier assignment goes on if the partition has been ours ever since.
    """

    def __init__(self, seam: Seam) -> None:
        self._seam = seam
        self._assigned: frozenset[TP] = frozenset()
        self._generation: int | None = None
        self._restoring: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, asyncio.Task[Any]] = {}
        self._at_once = asyncio.Semaphore(RESTORES_AT_ONCE)

    def note(self, assigned: Iterable[TP], generation: int) -> None:
        """Let go of what is lost, and of everything after a generation that we were not part of.

        Runs within the rebalance callback, hence without waiting.
        """
        self._assigned = frozenset(assigned)
        owned = {partition for _topic, partition in self._assigned}
        missed = self._generation is not None and generation != self._generation + 1
        if missed:
            log.warning(
                "generation %s follows %s: others may have owned our partitions meanwhile",
                generation,
                self._generation,
            )
        self._generation = generation
        for partition in self._seam.owned():
            if missed or partition not in owned:
                self._leaving[partition] = self._seam.drop(partition)
        for partition, task in list(self._restoring.items()):
            # What one assignment was overtaken by must not be held against the next.
            if missed or partition not in owned or _was_overtaken(task):
                self._cancel(partition)

    def _cancel(self, partition: int) -> None:
        task = self._restoring.pop(partition)
        task.cancel()
        self._seam.hooks.on_dropped(partition)
        self._leaving[partition] = task

    async def stop(self) -> None:
        """Cancel all restores and wait until nothing of them is left."""
        for partition in list(self._restoring):
            self._cancel(partition)
        if self._leaving:
            await asyncio.wait(self._leaving.values())

    async def run(self, consume: Consume) -> None:
        """Own and seek every assigned partition, and have each consumed as soon as it can be.

        What we kept goes on at once, without waiting for restores. Raises `Overtaken` when a newer
        assignment is due. Cancelled, it leaves the restores running for the next one.
        """
        seam = self._seam
        owned = verify_assignment(self._assigned, seam.options)
        for partition in sorted(owned - seam.owned() - self._restoring.keys()):
            self._restoring[partition] = asyncio.ensure_future(self._take(partition))
        ready = seam.owned() - self._restoring.keys()
        while ready or self._restoring:
            if ready:
                await self._seek(ready)
                await consume(ready)
            ready = await self._restored()

    async def _restored(self) -> frozenset[int]:
        """The partitions whose restore has ended; waits for one, if any is under way."""
        restores = dict(self._restoring)
        if not restores:
            return frozenset()
        await asyncio.wait(restores.values(), return_when=asyncio.FIRST_COMPLETED)
        ended = frozenset(partition for partition, task in restores.items() if task.done())
        for partition in ended:
            self._restoring.pop(partition, None)
            restores[partition].result()
        return ended

    async def _take(self, partition: int) -> None:
        seam = self._seam
        if leaving := self._leaving.pop(partition, None):
            # What this process still does for the partition must be over first.
            await asyncio.wait({leaving})
        async with self._at_once:
            await self._confirm()
            started = time.monotonic()
            producer = PartitionProducer(seam.options, partition)
            try:
                await self._fence(producer, partition)
                tables = await restore_tables(
                    seam.options, partition, seam.hooks.on_restore_progress
                )
                first_start = SHARD_RECORD_KEY not in tables["engagement"]
                if first_start and not seam.options.exactly_once:
                    # The very first checkpoint ended halfway: all of it will be read again.
                    tables = {name: _notes(table) for name, table in tables.items()}
                shard = await asyncio.to_thread(seam.restore, partition, tables)
            except CorruptStateError as error:
                await producer.close()
                raise await unreadable(seam.options, partition, error) from error
            except WrongPartitionsError as error:
                await producer.close()
                raise FatalError(str(error)) from error
            except BaseException:
                await producer.close()
                raise
            seam.adopt(self._slot(partition, shard, producer, first_start))
            seconds = time.monotonic() - started
            log.info("partition %d restored in %.1f s", partition, seconds)
            seam.hooks.on_restored(partition, shard, seconds)

    async def _fence(self, producer: PartitionProducer, partition: int) -> None:
        limit = self._seam.options.takeover_timeout
        try:
            async with asyncio.timeout(limit):
                await producer.start()
        except TimeoutError as error:
            raise FatalError(
                f"the brokers did not let us write partition {partition} within {limit:g} s"
            ) from error

    def _slot(
        self, partition: int, shard: ShardPort, producer: PartitionProducer, first_start: bool
    ) -> Slot:
        seam = self._seam
        checkpointer = Checkpointer(
            seam.options,
            partition,
            shard,
            producer,
            seam.fuse,
            seam.hooks.on_committed,
            self._commit_group,
            seam.hooks.on_failed,
        )
        return Slot(partition, shard, producer, checkpointer, new_convoy(seam.options), first_start)

    async def _confirm(self) -> None:
        # The local generation of a worker that was frozen is stale: acting on it would fence the
        # rightful owner.
        consumer, limit = self._seam.consumer, self._seam.options.takeover_timeout
        deadline = time.monotonic() + limit
        while True:
            generation = self._generation
            try:
                current = await consumer.in_thread(
                    consumer.thread.is_current, generation, timeout=limit
                )
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if current:
                return
            # A newer assignment may have come while we asked: then its generation is what counts.
            if generation == self._generation:
                raise Overtaken

    async def _commit_group(self, positions: Mapping[tuple[str, int], int]) -> bool:
        consumer = self._seam.consumer
        committed = await consumer.in_thread(
            consumer.thread.commit_group,
            {TP(*tp): at for tp, at in positions.items()},
            timeout=self._seam.options.transaction_timeout,
        )
        return cast(bool, committed)

    async def _seek(self, partitions: frozenset[int]) -> None:
        """Seek each topic-partition of these to its shard's position, or to where it begins."""
        seam, consumer = self._seam, self._seam.consumer
        limit = seam.options.takeover_timeout
        logical = seam.options.inbound()
        wanted = [TP(name, partition) for partition in sorted(partitions) for name in logical]
        if not partitions <= seam.owned():
            raise Overtaken
        first = [tp for tp in wanted if seam.slots[tp.partition].first_start]
        bounds = await consumer.in_thread(consumer.thread.bounds, wanted, timeout=limit)
        committed = await consumer.in_thread(consumer.thread.committed, first, timeout=limit)
        targets = {}
        for tp in wanted:
            # The group may take partitions away while we ask.
            if tp.partition not in seam.slots:
                raise Overtaken
            shard, topic = seam.slots[tp.partition].shard, logical[tp.topic]
            begin, end = bounds[tp]
            position = shard.positions.get(topic)
            if position is None:
                position = max(begin, committed.get(tp, begin))
                shard.apply(Batch(topic, None, (), position))
            elif position > end and seam.options.exactly_once:
                raise made_anew(tp.topic, tp.partition, position, end)
            elif position < begin:
                raise position_lost(
                    tp.topic,
                    tp.partition,
                    f"the state stands at {position}, the log holds {begin} to {end}",
                )
            targets[tp] = position
        await seam.seek(targets)
