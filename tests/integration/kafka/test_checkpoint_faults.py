"""Failures at each await of a checkpoint on a real broker: all of it is there, or nothing is."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping

import pytest
from aiokafka.errors import InvalidTxnState

from streams.engine.shard import Batch
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.fuse import EXIT_CODE, Blown, Fuse
from streams.kafka.producer import Outgoing, PartitionProducer
from tests.harness.topics import read_all
from tests.integration.kafka.deployment import Deployment
from tests.unit.kafka.shards import ToyShard

BEFORE_THE_END = ["begin", "submit", "acknowledgement", "offsets"]


class FaultyWriter:
    """A real producer that fails just before, or just after, one of its steps is carried out."""

    def __init__(self, producer: PartitionProducer, step: str, how: str) -> None:
        self._producer = producer
        self._step = step
        self._how = how
        self.steps: list[str] = []

    async def _fail(self, step: str) -> None:
        self.steps.append(step)
        if step != self._step:
            return
        if self._how == "error":
            raise InvalidTxnState
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def begin(self) -> None:
        await self._producer.begin()
        await self._fail("begin")

    async def submit(self, records: Iterable[Outgoing]) -> list[Awaitable[object]]:
        futures = await self._producer.submit(records)
        await self._fail("submit")
        return [self._acknowledged(future) for future in futures]

    async def _acknowledged(self, future: Awaitable[object]) -> None:
        await future
        await self._fail("acknowledgement")

    async def offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        await self._producer.offsets(positions)
        await self._fail("offsets")

    async def commit(self) -> None:
        await self._fail("commit")
        await self._producer.commit()

    async def close(self) -> None:
        await self._producer.close()


@pytest.mark.filterwarnings("ignore:coroutine .*_acknowledged.* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("how", ["error", "cancellation"])
async def test_nothing_of_a_checkpoint_that_failed_before_its_end_is_ever_seen(
    deployment: Deployment, how: str
) -> None:
    await deployment.create_topics()
    options = deployment.options()
    for step in [*BEFORE_THE_END, "commit"]:
        exits: list[int] = []
        producer = PartitionProducer(options, 1)
        await producer.start()
        writer = FaultyWriter(producer, step, how)
        shard = ToyShard()

        async def no_group(_positions: object) -> bool:
            raise AssertionError("offsets belong into the transaction")

        checkpointer = Checkpointer(
            options, 1, shard, writer, Fuse(exits.append), lambda *_: None, no_group
        )
        shard.apply(Batch("likes", 0, [object(), object()], 2))  # type: ignore[list-item]
        with pytest.raises((Blown, asyncio.CancelledError)):
            await asyncio.ensure_future(checkpointer.run())
        assert exits == [EXIT_CODE]
        assert writer.steps[-1] == step
        await producer.close()
        # What a successor does first: it ends the transaction that was left open.
        successor = PartitionProducer(options, 1)
        await successor.start()
        await successor.close()
        for topic in (f"{options.app_id}-engagement-changelog", deployment.physical("alerts")):
            assert await read_all(deployment.bootstrap, [topic]) == []
        assert await deployment.committed_offsets() == {}
