"""The scene of a campaign: all that a strike may use, and what it returns.

Knows the parts by name. Must not know any kind of fault.
"""

import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

from stack.kafka import KafkaServer
from stack.waiting import until
from tests.faults.availability import Availability
from tests.faults.cluster import Cluster, OpenTransaction
from tests.faults.fleet import Exit, Fleet, Worker
from tests.faults.plan import Plan
from tests.faults.sender import Controls

SESSION_TIMEOUT_S = 6
PATIENCE_S = 90
FULL_LOAD_LAG = 10_000
"""Records behind, at least, when a worker is killed in full load."""
_BURST_RATE = 8_000.0


@dataclass
class Fault:
    """One fault: what was done, and the proof that it bit; without one it does not count."""

    kind: str
    at_seconds: float
    proof: str
    bit: bool
    worker: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    recovered_seconds: float = 0.0
    unavailable_seconds: float = 0.0
    load_on: bool = True


@dataclass
class Scene:
    """What strikes act upon."""

    plan: Plan
    settings: Mapping[str, str]
    """PULSE_ variables of this deployment, without a proxy in between."""
    broker: KafkaServer
    cluster: Cluster
    fleet: Fleet
    controls: Controls
    chance: random.Random
    availability: Availability
    tell: Callable[[str], None]
    bursting: bool = False
    """Whether the pace is set by a strike for the moment."""

    async def until(
        self, condition: Callable[[], Any | Awaitable[Any]], what: str, limit: float = PATIENCE_S
    ) -> Any:
        """Wait for a condition; where it does not come, the workers' last words are told."""

        def told() -> str:
            tails = (f"-- worker {w.number}\n{w.process.tail()}" for w in self.fleet.all)
            return f"{what}\n" + "\n".join(tails)

        return await until(condition, limit, told)

    async def owned(self, worker: Worker) -> set[int]:
        """The partitions of a worker, as soon as it has some."""
        found: set[int] = await self.until(worker.partitions, f"worker {worker.number} works")
        return found

    async def ended(self, worker: Worker, limit: float = PATIENCE_S) -> Exit:
        """Wait until the worker's process of now has ended, and how it did."""
        pid = worker.process.pid
        await self.until(
            lambda: worker.process.pid != pid or not worker.process.running,
            f"worker {worker.number} ends",
            limit,
        )
        self.fleet.note_exit(worker)
        return [exited for exited in self.fleet.exits if exited.worker == worker.number][-1]

    async def aborted(self, transaction: OpenTransaction) -> str:
        """How an open transaction ended, in words; waits for it."""
        ended = await self.until(lambda: self.cluster.ending(transaction), f"end of {transaction}")
        where = f"{transaction.topic}/{transaction.partition}"
        verb = "aborted" if ended.kind == "abort" else "committed"
        return f"the transaction open on {where} from {transaction.offset} was {verb}"

    async def answers(self) -> bool:
        """Whether the broker can be asked."""
        try:
            await self.cluster.lag()
        except (KafkaError, OSError, AssertionError):
            return False
        return True

    @asynccontextmanager
    async def full_load(self) -> AsyncIterator[None]:
        """Send as fast as it goes, and begin when `FULL_LOAD_LAG` records wait for the group."""

        async def behind() -> bool:
            return await self.cluster.lag() >= FULL_LOAD_LAG

        async with self.burst(math.inf):
            await self.until(behind, f"{FULL_LOAD_LAG:,} records wait")
            yield

    @asynccontextmanager
    async def burst(self, pace: float = _BURST_RATE) -> AsyncIterator[None]:
        """Send as much as workers can hardly take, or at a `pace` in events per second."""
        rate, self.bursting = self.controls.rate, True
        self.controls.rate = pace
        try:
            yield
        finally:
            self.controls.rate = rate
            self.bursting = False

    @asynccontextmanager
    async def excused(self) -> AsyncIterator[None]:
        """What stands still meanwhile is the fault itself."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.availability.excuse(began, time.monotonic())


Strike = Callable[[Scene, Worker], Awaitable[Fault]]
