"""A checkpoint is written whole, or nothing is written after it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from streams.engine.shard import Batch
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.fuse import EXIT_CODE, Blown, Fuse
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from tests.unit.kafka.shards import OPTIONS, GatedWriter, ToyShard

STEPS = ["begin", "submit", "acknowledged-0", "acknowledged-1", "offsets", "commit"]
AT_LEAST_ONCE = replace(OPTIONS, guarantee="at_least_once")


class Setting:
    """One checkpointer of partition 2 with a shard that has news."""

    def __init__(
        self,
        gate: Callable[[str], Awaitable[None]],
        fuse: Fuse | None = None,
        options: KafkaOptions = OPTIONS,
    ) -> None:
        self.exits: list[int] = []
        self.fuse = fuse or Fuse(self.exits.append)
        self.shard = ToyShard()
        self.writer = GatedWriter(gate)
        self.committed: list[Any] = []
        self.group: list[dict[tuple[str, int], int]] = []

        async def commit_group(positions: dict[tuple[str, int], int]) -> bool:
            self.group.append(positions)
            return True

        self.checkpointer = Checkpointer(
            options,
            2,
            self.shard,
            self.writer,
            self.fuse,
            lambda *told: self.committed.append(told),
            commit_group,
        )
        self.give_news()

    def give_news(self) -> None:
        self.shard.apply(Batch("likes", 10, [object(), object()], 12))  # type: ignore[list-item]


async def passing(_step: str) -> None:
    await asyncio.sleep(0)


async def test_it_writes_state_outputs_and_offsets_in_one_transaction() -> None:
    setting = Setting(passing)
    assert await setting.checkpointer.run()
    assert setting.writer.steps == STEPS
    by_topic: dict[str, list[bytes | None]] = {}
    for record in setting.writer.written:
        by_topic.setdefault(record.topic, []).append(record.key)
    assert by_topic == {
        "app-engagement-changelog": [b"creator-0", b"creator-1", SHARD_RECORD_KEY],
        "p.alerts": [b"k", b"k"],
    }
    assert setting.writer.offsets_sent == {("p.likes", 2): 12}
    [(partition, snapshot, seconds)] = setting.committed
    assert (partition, snapshot.positions) == (2, {"likes": 12})
    assert 0 <= seconds < 10


async def test_without_news_it_writes_nothing() -> None:
    setting = Setting(passing)
    assert await setting.checkpointer.run()
    assert not await setting.checkpointer.run()
    assert setting.writer.commits == 1


async def test_a_position_that_moved_without_records_is_news() -> None:
    setting = Setting(passing)
    await setting.checkpointer.run()
    setting.shard.apply(Batch("likes", 12, [], 15))
    assert await setting.checkpointer.run()
    assert setting.writer.offsets_sent == {("p.likes", 2): 15}


async def test_a_position_outside_the_group_is_not_committed_to_it() -> None:
    setting = Setting(passing)
    setting.shard.positions["campaigns"] = 7
    await setting.checkpointer.run()
    assert setting.writer.offsets_sent == {("p.likes", 2): 12}


class Fault:
    """Fails at one step, by an error or by cancelling the task."""

    def __init__(self, step: str, how: str) -> None:
        self.step = step
        self.how = how
        self.task: asyncio.Task[Any] | None = None

    async def __call__(self, step: str) -> None:
        if step == self.step:
            if self.how == "error":
                raise RuntimeError("not to be tried again")
            if self.how == "hang":
                await asyncio.Event().wait()
            assert self.task is not None
            self.task.cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["error", "cancellation", "hang"])
@pytest.mark.parametrize("step", STEPS)
async def test_after_a_failure_at_any_step_nothing_is_ever_committed(step: str, how: str) -> None:
    fault = Fault(step, how)
    options = replace(OPTIONS, transaction_timeout=0.05)
    setting = Setting(fault, options=options)
    other = Setting(passing, fuse=setting.fuse)
    fault.task = asyncio.ensure_future(setting.checkpointer.run())
    with pytest.raises((Blown, asyncio.CancelledError)):
        await fault.task
    assert setting.exits == [EXIT_CODE]
    assert setting.fuse.blown
    assert not setting.committed
    before = setting.writer.commits
    setting.give_news()
    for checkpointer in (setting.checkpointer, other.checkpointer):
        with pytest.raises(Blown):
            await checkpointer.run()
    assert setting.writer.commits == before
    assert not other.writer.steps
    assert other.shard.snapshots == 0


async def test_a_failure_elsewhere_keeps_an_open_transaction_from_its_end() -> None:
    setting: Setting

    async def poisoned_before_the_end(step: str) -> None:
        if step == "offsets":
            setting.fuse.poison("another partition failed")

    setting = Setting(poisoned_before_the_end)
    with pytest.raises(Blown):
        await setting.checkpointer.run()
    assert "commit" not in setting.writer.steps


async def test_a_snapshot_that_fails_ends_the_process() -> None:
    setting = Setting(passing)

    def broken() -> None:
        raise ValueError("cannot encode")

    setting.shard.take_snapshot = broken  # type: ignore[assignment, method-assign]
    with pytest.raises(Blown):
        await setting.checkpointer.run()
    assert setting.exits == [EXIT_CODE]
    assert not setting.writer.steps


async def test_at_least_once_writes_the_positions_after_all_that_they_cover() -> None:
    setting = Setting(passing, options=AT_LEAST_ONCE)
    assert await setting.checkpointer.run()
    assert setting.writer.steps == [*STEPS[1:4], *STEPS[1:4]]
    keys = [record.key for record in setting.writer.written]
    assert keys.index(SHARD_RECORD_KEY) == len(keys) - 1
    assert setting.group == [{("p.likes", 2): 12}]


@pytest.mark.parametrize("how", ["error", "cancellation"])
async def test_at_least_once_commits_no_offsets_of_what_is_not_acknowledged(how: str) -> None:
    fault = Fault("acknowledged-1", how)
    setting = Setting(fault, options=AT_LEAST_ONCE)
    fault.task = asyncio.ensure_future(setting.checkpointer.run())
    with pytest.raises((Blown, asyncio.CancelledError)):
        await fault.task
    assert not setting.group
    assert SHARD_RECORD_KEY not in [record.key for record in setting.writer.written]
