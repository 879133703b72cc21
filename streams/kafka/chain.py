"""The consumer thread: where the last read of each partition ended, and what the broker answered.

Knows aiokafka's fetcher and positions. Must not know shards. Everything here runs in the consumer's
own thread, except where it says so.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import aiokafka
from aiokafka.consumer.fetcher import FetchError, FetchResult, PartitionRecords
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    NoError,
    OffsetOutOfRangeError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.engine.shard import Record
from streams.kafka.fuse import FatalError
from streams.kafka.options import KafkaOptions
from streams.kafka.unpack import Unpacked

MAX_POLL_INTERVAL_MS = 300_000
"""Bounds a restore as well: while one runs, nothing is polled."""


class Drain(NamedTuple):
    """What one read of a topic-partition took: `records` within the positions [start, end)."""

    start: int
    records: Sequence[Record]
    end: int


class Answer(NamedTuple):
    """What is known of a topic-partition. `stamp` changes with each answer of the broker.

    `stable` is the last stable offset: what lies behind it waits for a transaction to end.
    """

    position: int | None
    highwater: int | None
    stamp: int | None
    unread: bool
    stable: int | None = None


class PositionLost(FatalError):
    """The log no longer holds the position from which a partition must go on."""


def position_lost(topic: str, partition: int, detail: str) -> PositionLost:
    """The message of a lost position, with what to do about it."""
    return PositionLost(
        f"{topic}[{partition}]: {detail}. Records may be lost. The worker stops rather than skip"
        " them silently; stop all workers and run `pulse state accept-gap` to go on from what is"
        " left of the log"
    )


def made_anew(topic: str, partition: int, position: int, end: int) -> PositionLost:
    """The message of a position beyond the log, with what to do about it."""
    return PositionLost(
        f"{topic}[{partition}] ends at {end}, but the state stands at {position}: the topic was"
        " made anew, or has lost its newest records. If it was made anew, stop all workers, and"
        " either keep the state and read the new topic from its beginning, with"
        " `pulse state accept-gap --made-anew`, or start anew, with `pulse reset --to earliest`"
    )


class ChainThread(AIOKafkaConsumerThread):
    """Faust's consumer thread, reading committed records in chained batches.

    A topic-partition is read only after a seek, and only while its assignment lasts: the chain is
    forgotten with the assignment that it belongs to.
    """

    options: KafkaOptions
    _chain_of: Any = None
    _chain: dict[TP, int]

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        options = self.options
        self._chain = {}
        self._assignor = self.app.assignor
        session_ms = int(options.session_timeout * 1000)
        return aiokafka.AIOKafkaConsumer(
            **options.client(),
            client_id=self.app.conf.broker_client_id,
            group_id=self.app.conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=options.fetch_max_wait_ms,
            fetch_min_bytes=options.fetch_min_bytes,
            max_partition_fetch_bytes=options.max_fetch_bytes,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=max(session_ms, 10_000),
            heartbeat_interval_ms=int(options.heartbeat_interval * 1000),
            request_timeout_ms=max(session_ms, 20_000),
        )

    def _assignment(self) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        return None if subscription is None else subscription.assignment

    def _current_chain(self) -> dict[TP, int]:
        assignment = self._assignment()
        if assignment is not self._chain_of:
            self._chain_of = assignment
            self._chain = {}
        return self._chain

    async def _fetch_records(  # type: ignore[override]
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TP, Drain]:
        fetcher = consumer._fetcher
        deadline = time.monotonic() + (timeout or 0.0)
        assignment = self._assignment()
        with fetcher._subscriptions.fetch_context():
            while True:
                if consumer._closed or fetcher._closed:
                    raise ConsumerStoppedError
                # What is read for a caller from before a rebalance would be dropped, and leave
                # holes, so this neither begins nor goes on across one.
                stopped = not self.consumer.flow_active or assignment is not self._assignment()
                if stopped or fetcher._subscriptions.reassignment_in_progress:
                    return {}
                wanted = active_partitions & self._current_chain().keys()
                drained = await self._drain(fetcher, wanted)
                left = deadline - time.monotonic()
                if drained or left <= 0:
                    return drained
                waiter = fetcher._create_fetch_waiter()
                await asyncio.wait([waiter], timeout=left if wanted else min(left, 0.05))
                if waiter.done():
                    waiter.result()  # tells of errors of the group
                else:
                    waiter.cancel()

    async def _drain(self, fetcher: Any, wanted: set[TP]) -> dict[TP, Drain]:
        if not wanted:
            return {}
        for tp in wanted:
            waiting = fetcher._records.get(tp)
            if (
                type(waiting) is FetchResult
                and type(waiting._partition_records) is PartitionRecords
            ):
                waiting._partition_records = Unpacked(waiting._partition_records)
        try:
            # With a timeout of 0 this does not wait, so positions and records belong together.
            fetched = await fetcher.fetched_records(wanted, timeout=0)
        except OffsetOutOfRangeError as error:
            raise _out_of_range(error) from error
        return self._chained(fetcher, wanted, fetched)

    def _chained(self, fetcher: Any, wanted: set[TP], fetched: Mapping[TP, Any]) -> dict[TP, Drain]:
        chain = self._current_chain()
        drained: dict[TP, Drain] = {}
        for tp in wanted & chain.keys():
            waiting = fetcher._records.get(tp)
            if type(waiting) is FetchError:
                # The fetcher tells errors only when nothing else was read; and one of them skips.
                try:
                    waiting.check_raise()
                except OffsetOutOfRangeError as error:
                    raise _out_of_range(error) from error
            start, end = chain[tp], self._chain_of.state_value(tp).position
            if end != start:
                drained[tp] = Drain(start, fetched.get(tp, ()), end)
                chain[tp] = end
        return drained

    async def seek_chain(self, positions: Mapping[TP, int]) -> set[TP]:
        """Seek, and begin the chain of each there. Returns those that are still assigned."""
        consumer = self._ensure_consumer()
        chain = self._current_chain()
        sought = set()
        for tp, position in positions.items():
            try:
                consumer.seek(TopicPartition(*tp), position)
            except IllegalStateError:
                continue
            chain[tp] = position
            sought.add(tp)
        return sought

    async def bounds(self, tps: Iterable[TP]) -> dict[TP, tuple[int, int]]:
        """Start of the log and last stable offset of each topic-partition, from the broker."""
        consumer = self._ensure_consumer()
        wanted = [TopicPartition(*tp) for tp in tps]
        starts = await consumer.beginning_offsets(wanted)
        ends = await consumer.end_offsets(wanted)
        return {TP(*tp): (starts[tp], ends[tp]) for tp in wanted}

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int]:
        """The group's committed offsets, where there are any."""
        coordinator = self._ensure_consumer()._coordinator
        wanted = [TopicPartition(*tp) for tp in tps]
        offsets = await coordinator.fetch_committed_offsets(wanted)
        return {TP(*tp): meta.offset for tp, meta in offsets.items() if meta.offset >= 0}

    async def commit_group(self, positions: Mapping[TP, int]) -> bool:
        """Commit group offsets outside a transaction; False if the group has moved on."""
        offsets = {TopicPartition(*tp): OffsetAndMetadata(p, "") for tp, p in positions.items()}
        try:
            await self._ensure_consumer().commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return False
        return True

    async def is_current(self, generation: int) -> bool:
        """Ask the group coordinator whether this member still belongs to `generation`.

        The local generation of a worker that was frozen is stale, hence the round trip. Raises
        `KafkaError` if the coordinator cannot tell now.
        """
        coordinator = self._ensure_consumer()._coordinator
        await coordinator.ensure_coordinator_known()
        if coordinator.generation != generation:
            return False
        request = HeartbeatRequest(coordinator.group_id, generation, coordinator.member_id)
        answer = await coordinator._send_req(request)
        error = for_code(answer.error_code)
        if error in (IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError):
            return False
        if error is not NoError:
            raise error()
        return True

    def answers(self) -> dict[TP, Answer]:
        """What is known of each topic-partition of the chain. Called from the main thread."""
        if self._consumer is None or self._chain_of is None:
            return {}
        assignment = self._chain_of
        if assignment is not self._assignment():
            return {}
        unread = self._consumer._fetcher._records
        known = {}
        for tp in list(self._chain):
            state = assignment.state_value(tp)
            known[tp] = Answer(
                state._position, state.highwater, state.timestamp, tp in unread, state.lso
            )
        return known

    def trouble(self) -> BaseException | None:
        """What has ended aiokafka's work in the background, if something has.

        Nobody would be told: the group's coordinator waits until it is asked. Called from the main
        thread.
        """
        consumer = self._consumer
        if consumer is None or consumer._coordinator is None:
            return None
        coordinator = consumer._coordinator
        if coordinator._pending_exception is not None:
            return cast(BaseException, coordinator._pending_exception)
        for task in (coordinator._coordination_task, consumer._fetcher.error_future):
            if task.done() and not task.cancelled() and task.exception() is not None:
                return cast(BaseException, task.exception())
        return None

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Liveness is judged by the age of the last checkpoint, not by Faust's guesses."""


def _out_of_range(error: KafkaError) -> PositionLost:
    # aiokafka puts {TopicPartition: offset} into the error.
    lost = cast(Mapping[TopicPartition, int], error.args[0])
    tp, position = next(iter(lost.items()))
    return position_lost(tp.topic, tp.partition, f"position {position} is outside the log")
