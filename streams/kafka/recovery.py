"""Taking partitions over after a rebalance, in Faust's recovery and in place of its restore.

Knows the order in which a partition changes hands. Must not know what is in a shard.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka.errors import KafkaError
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from mode import Service

from streams.engine.shard import Batch
from streams.kafka.chain import position_lost
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.fuse import Blown, FatalError
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.producer import PartitionProducer
from streams.kafka.restore import restore_tables
from streams.kafka.seam import Seam, Slot

log = logging.getLogger(__name__)

RESTORES_AT_ONCE = 4
RETRY_SECONDS = 0.2


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
            " workers of two releases with different topics run together (stop all, then start)"
        )
    return frozenset(held)


class Takeover:
    """Brings the owned partitions to where they can be consumed."""

    def __init__(self, seam: Seam) -> None:
        self._seam = seam
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._retiring: dict[int, asyncio.Task[Any]] = {}
        self._generation: int | None = None
        self._restores = asyncio.Semaphore(RESTORES_AT_ONCE)

    def note(self, assigned: set[TP], generation: int) -> None:
        """Let go of what is lost, and of everything after a generation that we were not part of.

        Runs within the rebalance callback, hence without waiting.
        """
        owned = {partition for topic, partition in assigned}
        missed = self._generation is not None and generation != self._generation + 1
        if missed and self._seam.slots:
            log.warning(
                "generation %s follows %s: others may have owned our partitions, restoring all",
                generation,
                self._generation,
            )
        self._generation = generation
        for partition in self._seam.owned():
            if missed or partition not in owned:
                self._retiring[partition] = self._seam.drop(partition)

    async def run(self, assigned: Iterable[TP], generation: int) -> None:
        """Fence, restore and seek every owned partition. Cancellable; then it leaves no trace."""
        seam = self._seam
        owned = verify_assignment(assigned, seam.options)
        new = sorted(owned - seam.owned())
        restores = [asyncio.ensure_future(self._take(p, generation)) for p in new]
        try:
            known = dict(zip(new, await asyncio.gather(*restores), strict=True))
        except BaseException:
            for restore in restores:
                restore.cancel()
            await asyncio.gather(*restores, return_exceptions=True)
            raise
        await self._seek(known)

    async def _take(self, partition: int, generation: int) -> bool:
        seam = self._seam
        async with self._locks[partition], self._restores:
            if retiring := self._retiring.pop(partition, None):
                await asyncio.wait({retiring})
            await self._confirm(generation)
            started = time.monotonic()
            producer = PartitionProducer(seam.options, partition)
            try:
                async with asyncio.timeout(seam.options.takeover_timeout):
                    await producer.start()
                tables = await restore_tables(
                    seam.options, partition, seam.hooks.on_restore_progress
                )
                known = SHARD_RECORD_KEY in tables["engagement"]
                if not known and not seam.options.exactly_once:
                    # The first checkpoint ended halfway: all of it will be read again.
                    tables = {name: {} for name in tables}
                shard = await asyncio.to_thread(seam.restore, partition, tables)
            except BaseException:
                await producer.close()
                raise
            checkpointer = Checkpointer(
                seam.options,
                partition,
                shard,
                producer,
                seam.fuse,
                seam.hooks.on_committed,
                self._commit_group,
            )
            seam.adopt(Slot(partition, shard, producer, checkpointer))
            seconds = time.monotonic() - started
            log.info("partition %d restored in %.1f s", partition, seconds)
            seam.hooks.on_restored(partition, shard, seconds)
            return known

    async def _confirm(self, generation: int) -> None:
        # The local generation of a worker that was frozen is stale: acting on it would fence the
        # rightful owner.
        consumer = self._seam.consumer
        deadline = time.monotonic() + self._seam.options.takeover_timeout
        while True:
            try:
                current = await consumer.in_thread(
                    consumer.thread.is_current,
                    generation,
                    timeout=self._seam.options.takeover_timeout,
                )
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if not current:
                raise Overtaken
            return

    async def _commit_group(self, positions: Mapping[tuple[str, int], int]) -> bool:
        consumer = self._seam.consumer
        committed = await consumer.in_thread(
            consumer.thread.commit_group,
            {TP(*tp): at for tp, at in positions.items()},
            timeout=self._seam.options.transaction_timeout,
        )
        return cast(bool, committed)

    async def _seek(self, has_record: Mapping[int, bool]) -> None:
        """Seek every owned topic-partition to its shard's position, or to where it begins."""
        seam, consumer = self._seam, self._seam.consumer
        timeout = seam.options.takeover_timeout
        logical = seam.options.inbound()
        wanted = [TP(name, p) for p in sorted(seam.slots) for name in logical]
        if not wanted:
            return
        first = [tp for tp in wanted if has_record.get(tp.partition) is False]
        bounds = await consumer.in_thread(consumer.thread.bounds, wanted, timeout=timeout)
        committed = await consumer.in_thread(consumer.thread.committed, first, timeout=timeout)
        targets = {}
        for tp in wanted:
            shard, topic = seam.slots[tp.partition].shard, logical[tp.topic]
            begin, end = bounds[tp]
            position = shard.positions.get(topic)
            if position is None:
                position = max(begin, committed.get(tp, begin))
                shard.apply(Batch(topic, None, (), position))
            elif position < begin or (position > end and seam.options.exactly_once):
                raise position_lost(
                    tp.topic,
                    tp.partition,
                    f"the state stands at {position}, the log holds {begin} to {end}",
                )
            targets[tp] = position
        seam.resume()
        await seam.seek(targets)


class TakeoverRecovery(Recovery):
    """Faust's recovery without its restore: changelogs are read by `Takeover`."""

    def __init__(self, app: Any, tables: Any, **options: Any) -> None:
        super().__init__(app, tables, **options)
        self._seam: Seam = app.seam
        self._takeover = Takeover(self._seam)

    async def on_start(self) -> None:
        """Let time pass for the shards."""
        self._seam.start()

    async def on_stop(self) -> None:
        """The last checkpoint, while this worker is still in the group."""
        await self._seam.stop()

    def add_active(self, table: Any, tp: TP) -> None:
        """Nothing for Faust to restore: with a transactional changelog it would wait for ever."""

    def add_standby(self, table: Any, tp: TP) -> None:
        """No standbys."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Note what is lost, then have the takeover run after the callback."""
        self._seam.rebalances += 1
        self._takeover.note(assigned, generation_id)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    @Service.task
    async def _restart_recovery(self) -> None:
        # Faust would end this loop silently when a step takes long, and a worker without it holds
        # its partitions for ever: whatever happens here ends the process.
        try:
            while not self.should_stop:
                if await self.wait_for_stopped(self.signal_recovery_start.wait()):
                    return
                self.signal_recovery_start.clear()
                await self._attempt(self._generation_id)
        except Blown:
            return
        except Exception as error:
            self._seam.fuse.blow("taking partitions over failed", error)

    async def _attempt(self, generation: int) -> None:
        attempt = asyncio.ensure_future(self._take_over(generation))
        overtaken = asyncio.ensure_future(self.signal_recovery_start.wait())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({attempt, overtaken, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in (attempt, overtaken, stopped):
                future.cancel()
            await asyncio.wait({attempt})
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            raise error

    async def _take_over(self, generation: int) -> None:
        app, consumer = cast(Any, self.app), self._seam.consumer
        self._set_recovery_started()
        try:
            await self._takeover.run(consumer.assignment(), generation)
        except Overtaken:
            log.info("overtaken by a newer generation than %s", generation)
            return
        finally:
            self._set_recovery_ended()
        if app.consumer_generation_id != generation:
            return
        await app.on_rebalance_complete.send()
        consumer.resume_partitions(
            {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        )
        self.completed.set()
        app.flow_control.resume()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        log.info("consuming partitions %s", sorted(self._seam.owned()))

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing arrives: changelogs are assigned, but never read by Faust's consumer."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Progress is told through the seam's hooks."""

    def flush_buffers(self) -> None:
        """There are none."""


class SeamTableManager(TableManager):
    """Faust's table manager with `TakeoverRecovery`."""

    @property
    def recovery(self) -> TakeoverRecovery:
        """The recovery service, made on first use."""
        if self._recovery is None:
            self._recovery = TakeoverRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(TakeoverRecovery, self._recovery)
