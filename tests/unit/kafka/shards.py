"""A shard of the simplest kind, and a writer whose every step can be made to fail."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from streams.engine.shard import Batch, Output, Snapshot, Tick
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.producer import Outgoing

OPTIONS = KafkaOptions(bootstrap="nowhere:1", app_id="app", partitions=4, prefix="p.")


class ToyShard:
    """Counts the records it is given; each is one state record and one output."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self.clocks: dict[str, int] = {}
        self.pending = 0
        self.snapshots = 0
        self.ticks: list[Tick] = []

    def apply(self, batch: Batch) -> int | None:
        at = self.positions.get(batch.topic, batch.start if batch.start is not None else batch.end)
        if batch.start is not None and batch.start > at:
            return at
        self.positions[batch.topic] = batch.end
        self.pending += len(batch.records)
        return None

    def advance(self, tick: Tick) -> None:
        self.ticks.append(tick)

    def dirty(self) -> int:
        return self.pending

    def take_snapshot(self) -> Snapshot:
        self.snapshots += 1
        state = {b"creator-%d" % n: b"state" for n in range(self.pending)}
        outputs = [Output("alerts", b"k", b"v", 0)] * self.pending
        self.pending = 0
        return Snapshot(
            {"engagement": {**state, SHARD_RECORD_KEY: b"record"}, "sentiment": {}},
            outputs,
            dict(self.positions),
        )


class GatedWriter:
    """Passes each step through `gate`, which may suspend, raise or cancel, and notes it."""

    def __init__(self, gate: Callable[[str], Awaitable[None]]) -> None:
        self._gate = gate
        self.written: list[Outgoing] = []
        self.offsets_sent: dict[tuple[str, int], int] = {}
        self.commits = 0
        self.steps: list[str] = []

    async def _step(self, name: str) -> None:
        await self._gate(name)
        self.steps.append(name)

    async def begin(self) -> None:
        await self._step("begin")

    async def submit(self, records: Iterable[Outgoing]) -> list[Awaitable[object]]:
        await self._step("submit")
        batch = list(records)
        self.written += batch
        return [asyncio.ensure_future(self._step(f"acknowledged-{n}")) for n in range(2)]

    async def offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        await self._step("offsets")
        self.offsets_sent.update(positions)

    async def commit(self) -> None:
        await self._step("commit")
        self.commits += 1

    async def close(self) -> None:
        await self._step("close")
