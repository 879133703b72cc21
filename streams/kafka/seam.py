"""The seam: which shards this worker owns, what reaches them, and when they are written down.

Knows shards by their doors, and the consumer by its thread. Must not know what a shard computes or
how a rebalance runs.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, cast

import faust
from faust.types import TP

from schemas import topics
from streams.engine.intake import ProcessingError
from streams.engine.layout import CorruptStateError
from streams.engine.poison import poison_note
from streams.engine.shard import Batch, Tick
from streams.kafka.chain import Answer
from streams.kafka.clocks import Freshness
from streams.kafka.convoy import LEAP_MS
from streams.kafka.fuse import Blown, FatalError, Fuse
from streams.kafka.hooks import Hooks
from streams.kafka.lags import Lags, hidden, unread
from streams.kafka.options import KafkaOptions
from streams.kafka.ports import RestoreShard
from streams.kafka.records import unreadable
from streams.kafka.slot import Slot
from streams.kafka.stragglers import Stragglers
from streams.kafka.transport import BatchConsumer

log = logging.getLogger(__name__)

RELEASE_SECONDS = 0.01
"""How long what has waited is applied at a stretch, before others have their turn."""


class Seam:
    """Owns the shards. `deliver` is for the agents; the rest is for metrics, probes and recovery.

    All methods belong to the main event loop.
    """

    def __init__(
        self, app: faust.App, options: KafkaOptions, restore: RestoreShard, hooks: Hooks, fuse: Fuse
    ) -> None:
        self.app = app
        self.options = options
        self.restore = restore
        self.hooks = hooks
        self.fuse = fuse
        self.slots: dict[int, Slot] = {}
        self.ready = False
        """True while this worker consumes what it was assigned."""
        self.holes = 0
        self.rebalances = 0
        self.suspensions = 0
        """Goes up with each `hold`, so that a takeover can tell that it was overtaken."""
        self._ahead = time.time() - time.monotonic()
        self._freshness = Freshness()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sought: dict[TP, int] = {}
        self._stragglers = Stragglers()
        self._physical = {topic.name: topic.physical(options.prefix) for topic in topics.KEYED}

    @property
    def consumer(self) -> BatchConsumer:
        """Faust's consumer, which is ours."""
        return cast(BatchConsumer, self.app.consumer)

    def deliver(self, partition: int, batch: Batch) -> None:
        """Take one batch, and apply what may go on. An exception of the shard ends the process.

        Never awaits. A batch for a partition that is not owned is dropped: it will be read again.
        """
        slot = self.slots.get(partition)
        if slot is None or slot.suspended:
            return
        ends = slot.convoy.ends()
        arrived = ends.get(batch.topic, slot.shard.positions.get(batch.topic))
        if arrived is None or (batch.start is not None and batch.start <= arrived):
            slot.convoy.join(batch)
            if not slot.releasing:
                self._release(slot)
        elif batch.topic in ends:
            self._read_again(TP(self._physical[batch.topic], partition), batch.topic, arrived)
        else:
            self._apply(slot, batch)

    def _release(self, slot: Slot) -> None:
        """Apply what may go on; when that is much, let others have their turn meanwhile."""
        shard, convoy = slot.shard, slot.convoy
        until = time.monotonic() + RELEASE_SECONDS
        while convoy.ends() and not slot.suspended:
            behind = self._freshness.behind(slot.partition, self._physical, self._arrived(slot))
            move = convoy.next(shard.clocks, behind)
            if move is None:
                break
            if isinstance(move, Tick):
                self._advance(slot, move)
            else:
                self._apply(slot, move)
                self._keep_pace(slot)
            if time.monotonic() >= until and convoy.ends():
                slot.releasing = True
                self.spawn(self._release_later(slot))
                break
        if shard.dirty() >= self.options.checkpoint_max_dirty:
            slot.kick.set()

    def _keep_pace(self, slot: Slot) -> None:
        """Tell the shard the time between two ticks, where events run through hours of it."""
        reached = max(slot.shard.clocks.values(), default=0)
        if self.options.clock != "wall" or reached - slot.told_ms < LEAP_MS:
            return
        # What was drained at the last tick may hold old records since.
        self._observe()
        self._tell(slot, self._now_ms())

    def _observe(self) -> Mapping[TP, Answer]:
        """Take note of what the brokers have answered last."""
        answers = self.consumer.answers()
        self._freshness.observe(answers, time.monotonic(), self.waiting())
        return answers

    async def _release_later(self, slot: Slot) -> None:
        # A moment without anything ready, in which many short steps of a checkpoint are made.
        await asyncio.sleep(0.001)
        slot.releasing = False
        if not slot.congested(self.options.checkpoint_max_dirty):
            self._release(slot)

    def _apply(self, slot: Slot, batch: Batch) -> None:
        partition = slot.partition
        self.hooks.on_applied(partition, batch)
        try:
            hole = slot.shard.apply(batch)
        except (ProcessingError, CorruptStateError) as error:
            self._give_up(slot, error)
            return
        except BaseException as error:
            self.fuse.blow(
                f"{batch.topic}[{partition}] from {batch.start} to {batch.end} could not be"
                " applied; nothing of it is committed",
                error,
            )
        tp = TP(self._physical[batch.topic], partition)
        if hole is not None:
            slot.convoy.drop(batch.topic)
            self._read_again(tp, batch.topic, hole)
        else:
            self._sought.pop(tp, None)

    def _advance(self, slot: Slot, tick: Tick) -> None:
        slot.told(tick)
        try:
            slot.shard.advance(tick)
        except CorruptStateError as error:
            self._give_up(slot, error)
        except BaseException as error:
            self.fuse.blow(f"partition {slot.partition} failed as time passed", error)

    def _give_up(self, slot: Slot, error: ProcessingError | CorruptStateError) -> None:
        slot.suspended = True
        slot.checkpointer.give_up()
        self.spawn(self._leave_because_of(error, slot))

    async def _leave_because_of(
        self, error: ProcessingError | CorruptStateError, slot: Slot
    ) -> None:
        if isinstance(error, CorruptStateError):
            raise await unreadable(self.options, slot.partition, error) from error
        # Without the note, the record would end every worker that the partition comes to.
        key, value = poison_note(error.topic, error.offset, repr(error.__cause__))
        changelog = self.options.changelog(topics.TABLES[0])
        try:
            await slot.checkpointer.leave_note(changelog, key, value)
        except Exception:
            log.exception("the next worker cannot be told to set the record aside")
        self.fuse.blow(f"{error} (partition {slot.partition}); nothing of it is committed", error)

    def takes_more(self, partition: int, topic: str) -> bool:
        """Whether a topic of a partition is to be read on now.

        False while it waits for slower topics, and while checkpoints cannot keep up.
        """
        slot = self.slots.get(partition)
        if slot is None or slot.suspended or slot.congested(self.options.checkpoint_max_dirty):
            return False
        return slot.convoy.wants(topic)

    def waiting(self) -> set[TP]:
        """The topic-partitions that are not read on, because they wait for slower ones."""
        return {
            TP(physical, slot.partition)
            for slot in self.slots.values()
            for topic, physical in self._physical.items()
            if not slot.convoy.wants(topic)
        }

    def waiting_topics(self) -> list[str]:
        """The logical topics of those, once for each partition."""
        return [self.options.inbound()[tp.topic] for tp in self.waiting()]

    def _read_again(self, tp: TP, topic: str, position: int) -> None:
        # Batches that were queued behind the hole are holes too; one seek mends them all.
        if self._sought.get(tp) == position:
            return
        self._sought[tp] = position
        self.holes += 1
        self.hooks.on_hole(tp.partition, topic)
        self.spawn(self._seek_back(tp, position))

    async def _seek_back(self, tp: TP, position: int) -> None:
        await self.seek({tp: position})
        # Were the mending batch dropped on its way, the next hole must lead to a seek again.
        await asyncio.sleep(1.0)
        if self._sought.get(tp) == position:
            del self._sought[tp]

    async def seek(self, positions: dict[TP, int]) -> None:
        """Read on from these positions; partitions that are gone meanwhile are left out."""
        consumer = self.consumer
        await consumer.in_thread(
            consumer.thread.seek_chain, positions, timeout=self.options.takeover_timeout
        )

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` beside the main flow; its failure ends the process."""
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Blown:
            return
        except FatalError as error:
            self.fuse.blow("the worker must not go on", error)
        except Exception as error:
            self.fuse.blow(f"{work!r} failed", error)

    def start(self) -> None:
        """Let time pass for the shards, from now on."""
        self.spawn(self._tick_for_ever())

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.options.tick_interval)
            await self.tick(self._now_ms())

    def _now_ms(self) -> int:
        # Time that passes, not the time of day: a wall clock that is set must not move event time.
        return int((self._ahead + time.monotonic()) * 1000)

    async def tick(self, now_ms: int) -> None:
        """Tell each shard the time and what it does not know yet; between two, others may run."""
        if trouble := self.consumer.thread.trouble():
            self.fuse.blow("this worker can no longer take part in its group", trouble)
        answers = self._observe()
        for slot in list(self.slots.values()):
            await asyncio.sleep(0)
            if slot.suspended:
                continue
            if not slot.releasing:
                self._release(slot)
            self._tell(slot, now_ms)
            self._mend(slot, answers)
            if slot.shard.dirty() >= self.options.checkpoint_max_dirty:
                slot.kick.set()

    def _tell(self, slot: Slot, now_ms: int, *, emit: bool = False) -> None:
        """Let time pass for a shard, as far as that is known."""
        positions, partition = slot.shard.positions, slot.partition
        if slot.suspended:
            return
        if self.options.clock == "events":
            behind = self._freshness.behind(partition, self._physical, positions)
            if (rest := slot.convoy.at_rest(behind)) is not None:
                self._advance(slot, rest)
            return
        undrained, frozen = self._freshness.judge(partition, self._physical, positions)
        self._advance(slot, Tick(now_ms, undrained, frozen, slot.convoy.heads(), emit))

    def _mend(self, slot: Slot, answers: Mapping[TP, Answer]) -> None:
        """Read again what was lost on its way."""
        arrived = {
            TP(self._physical[topic], slot.partition): position
            for topic, position in self._arrived(slot).items()
            if topic in self._physical
        }
        for tp, position in self._stragglers.find(arrived, answers, time.monotonic()):
            self._read_again(tp, self.options.inbound()[tp.topic], position)

    def _arrived(self, slot: Slot) -> dict[str, int]:
        return {**slot.shard.positions, **slot.convoy.ends()}

    def adopt(self, slot: Slot) -> None:
        """Own a restored partition. It stays suspended until `resume`."""
        self.slots[slot.partition] = slot
        slot.task = self.spawn(self._checkpoint_for_ever(slot))

    def resume(self, partitions: Iterable[int]) -> None:
        """Let batches and time reach these shards, which are owned and sought."""
        for partition in partitions:
            slot = self.slots[partition]
            slot.suspended = slot.first_start = False

    async def _checkpoint_for_ever(self, slot: Slot) -> None:
        while not slot.retired:
            await slot.due(self.options.checkpoint_interval)
            # A checkpoint that begins while the brokers are away would end the process in vain.
            # One that reading waits for has to, or nothing would be heard of the brokers again.
            if not slot.suspended and (
                slot.congested(self.options.checkpoint_max_dirty) or not self._freshness.silent()
            ):
                self._observe()
                # Scores leave with a checkpoint: made earlier, they would grow old.
                self._tell(slot, self._now_ms(), emit=True)
                await slot.checkpointer.run()

    def hold(self) -> None:
        """From now on nothing reaches a shard until `resume`."""
        self.ready = False
        self.suspensions += 1
        # What was asked for under this assignment does not count under the next.
        self._sought.clear()
        self._stragglers.clear()
        for slot in self.slots.values():
            slot.suspended = True
            slot.convoy.disband()

    async def suspend(self) -> None:
        """The last checkpoint before a rebalance or a stop; ends the process if it takes too long.

        Nothing reaches a shard from its beginning on.
        """
        self.hold()
        limit = self.options.final_checkpoint_timeout
        runs = [slot.checkpointer.run(limit) for slot in self.slots.values()]
        try:
            async with asyncio.timeout(limit):
                await asyncio.gather(*runs)
        except TimeoutError as error:
            self.fuse.blow(f"the last checkpoint took longer than {limit:g} s", error)
        except Blown:
            return
        except Exception as error:
            self.fuse.blow("the last checkpoint failed", error)

    def drop(self, partition: int) -> asyncio.Task[Any]:
        """Let go of a partition; its shard is forgotten at once, its producer is closed later."""
        slot = self.slots.pop(partition)
        slot.suspended = slot.retired = True
        slot.kick.set()
        self.hooks.on_dropped(partition)
        return self.spawn(self._retire(slot))

    async def _retire(self, slot: Slot) -> None:
        if slot.task is not None:
            await asyncio.wait({slot.task})
        await slot.producer.close()

    async def stop(self) -> None:
        """Write down what is new and close all producers. The last act before leaving the group."""
        await self.suspend()
        retiring = [self.drop(partition) for partition in list(self.slots)]
        if retiring:
            await asyncio.wait(retiring)
        for task in list(self._tasks):
            task.cancel()

    def owned(self) -> frozenset[int]:
        """The partitions whose shards are here."""
        return frozenset(self.slots)

    def lag(self) -> Lags:
        """Records not yet applied, by (logical topic, partition); only where both ends are known.

        Counts offsets, so markers of transactions are among them.
        """
        positions = {slot.partition: slot.shard.positions for slot in self.slots.values()}
        return unread(self.consumer.answers(), self._physical, positions)

    def hidden(self) -> Lags:
        """Offsets behind the last stable ones, which open transactions hide from readers."""
        return hidden(self.consumer.answers(), self._physical)

    def brokers_silent(self) -> bool:
        """True if brokers have answered before, but none has within the last seconds."""
        return self._freshness.silent()

    def checkpoint_age(self) -> float:
        """Seconds since every owned partition was last found written down; 0 if none is owned."""
        now = time.monotonic()
        return max((now - s.checkpointer.settled_at for s in self.slots.values()), default=0.0)
