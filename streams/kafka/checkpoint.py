"""Checkpoints of one partition: one cut of its shard, written whole or not at all.

Knows the order of a checkpoint and that a failed one is final. Must not know Faust.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal, TypeVar

from schemas import topics
from streams.engine.shard import Snapshot
from streams.kafka.fuse import Fuse
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.ports import ShardPort
from streams.kafka.producer import Outgoing, Writer

T = TypeVar("T")
Failure = Literal["fenced", "too_large", "timeout", "other"]
OnCommitted = Callable[[int, Snapshot, float], None]
"""Called after each commit with the partition, what was committed, and the seconds it took."""
CommitGroup = Callable[[dict[tuple[str, int], int]], Awaitable[bool]]
"""Commits group offsets outside a transaction (at_least_once only)."""


class Checkpointer:
    """Writes the snapshots of one shard, one at a time.

    Between `take_snapshot` and the commit, any failure, a cancellation too, poisons the process:
    the snapshot has taken the changes, and a later commit would be without them.
    """

    def __init__(
        self,
        options: KafkaOptions,
        partition: int,
        shard: ShardPort,
        writer: Writer,
        fuse: Fuse,
        on_committed: OnCommitted,
        commit_group: CommitGroup,
        on_failed: Callable[[int, Failure], None] = lambda *_: None,
    ) -> None:
        self.shard = shard
        self.writer = writer
        self._options = options
        self._partition = partition
        self._fuse = fuse
        self._on_committed = on_committed
        self._commit_group = commit_group
        self._on_failed = on_failed
        self._lock = asyncio.Lock()
        self._given_up = False
        self._committed: dict[str, int] = dict(shard.positions)
        self._changelogs = options.changelogs()
        self._physical = {topic.name: topic.physical(options.prefix) for topic in topics.ALL}
        # Others, such as `campaigns`, are read outside the group.
        self._grouped = {topic.name for topic in topics.KEYED}
        self.settled_at = time.monotonic()

    def has_news(self) -> bool:
        """True if the shard has changed since the last checkpoint."""
        return self.shard.dirty() > 0 or self._committed != self.shard.positions

    async def run(self, timeout: float | None = None) -> bool:
        """Write what is new, if anything, within `timeout` seconds (default: a transaction's).

        Returns False if there was nothing. Does not return after a failure: the process ends.
        """
        async with self._lock:
            self._fuse.check()
            if self._given_up:
                return False
            if not self.has_news():
                self.settled_at = time.monotonic()
                return False
            started = time.monotonic()
            limit = self._options.transaction_timeout if timeout is None else timeout
            try:
                snapshot = self.shard.take_snapshot()
                await self._write(snapshot, started + limit)
            except BaseException as error:
                self._fuse.poison("a checkpoint failed")
                failure = failure_of(error)
                self._on_failed(self._partition, failure)
                self._fuse.blow(
                    f"the checkpoint of partition {self._partition} failed; nothing of it counts,"
                    f" and a restart goes on from the one before{_HINTS[failure]}",
                    error,
                )
            self._committed.update(snapshot.positions)
            self.settled_at = time.monotonic()
        self._on_committed(self._partition, snapshot, self.settled_at - started)
        return True

    def give_up(self) -> None:
        """Take no snapshot any more: the shard is half changed."""
        self._given_up = True

    async def leave_note(self, topic: str, key: bytes, value: bytes) -> None:
        """Write one record alone, for the successor; a checkpoint under way is let finish first.

        Bounded by a transaction's time. Raises what the producer raises.
        """
        deadline = time.monotonic() + self._options.transaction_timeout
        note = [Outgoing(topic, self._partition, key, value)]
        async with asyncio.timeout(self._options.transaction_timeout), self._lock:
            self._fuse.check()
            if self._options.exactly_once:
                await self.writer.begin()
            await self._deliver(note, deadline)
            if self._options.exactly_once:
                await self.writer.commit()

    async def _write(self, snapshot: Snapshot, deadline: float) -> None:
        if self._options.exactly_once:
            await self._write_transaction(snapshot, deadline)
        else:
            await self._write_in_order(snapshot, deadline)

    async def _write_transaction(self, snapshot: Snapshot, deadline: float) -> None:
        writer = self.writer
        await _within(deadline, writer.begin())
        await self._deliver(self._all_records(snapshot), deadline)
        if moved := self._moved(snapshot):
            await _within(deadline, writer.offsets(moved))
        # Another partition's checkpoint may have failed meanwhile.
        self._fuse.check()
        await _within(deadline, writer.commit())

    async def _write_in_order(self, snapshot: Snapshot, deadline: float) -> None:
        # Without transactions the shard's positions may be durable only after all that they cover.
        rest = [r for r in self._all_records(snapshot) if r.key != SHARD_RECORD_KEY]
        last = [r for r in self._all_records(snapshot) if r.key == SHARD_RECORD_KEY]
        await self._deliver(rest, deadline)
        await self._deliver(last, deadline)
        self._fuse.check()
        if moved := self._moved(snapshot):
            await _within(deadline, self._commit_group(moved))

    async def _deliver(self, records: list[Outgoing], deadline: float) -> None:
        # commit_transaction() takes no notice of a batch that failed, so each future is awaited.
        for future in await _within(deadline, self.writer.submit(records)):
            await _within(deadline, future)

    def _all_records(self, snapshot: Snapshot) -> list[Outgoing]:
        return [*self._state(snapshot), *self._outputs(snapshot)]

    def _state(self, snapshot: Snapshot) -> Iterator[Outgoing]:
        for table, changed in snapshot.tables.items():
            topic = self._changelogs[table]
            for key, value in changed.items():
                yield Outgoing(topic, self._partition, key, value)

    def _outputs(self, snapshot: Snapshot) -> Iterator[Outgoing]:
        for output in snapshot.outputs:
            yield Outgoing(
                self._physical[output.topic],
                output.partition,
                output.key,
                output.value,
                output.headers,
            )

    def _moved(self, snapshot: Snapshot) -> dict[tuple[str, int], int]:
        return {
            (self._physical[topic], self._partition): position
            for topic, position in snapshot.positions.items()
            if topic in self._grouped and self._committed.get(topic) != position
        }


async def _within(deadline: float, work: Awaitable[T]) -> T:
    async with asyncio.timeout(deadline - time.monotonic()):
        return await work


def failure_of(error: BaseException) -> Failure:
    """What kind of failure ended a checkpoint."""
    name = type(error).__name__
    if name in {"ProducerFenced", "InvalidProducerEpoch"}:
        return "fenced"
    if name in {"MessageSizeTooLargeError", "RecordListTooLargeError"}:
        return "too_large"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "other"


_HINTS: dict[Failure, str] = {
    "fenced": ": another worker has taken the partition over (if workers end like this in turn,"
    " two deployments share one PULSE_APP_ID)",
    "too_large": ": a record is larger than the topic's max.message.bytes",
    "timeout": ": the brokers did not answer in time",
    "other": "",
}
