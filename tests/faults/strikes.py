"""Strikes: a worker killed or frozen at the worst moment, and the proof that it was hit.

Knows signals, lag and open transactions. Must not know the order of faults or what is counted.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiokafka.errors import KafkaError

from tests.faults.cluster import Cluster, OpenTransaction
from tests.faults.fleet import Fleet, Worker
from tests.faults.sender import Sender
from tests.harness.kafka import KafkaServer
from tests.harness.waiting import until

SESSION_TIMEOUT_S = 6
SLOWEST = 300.0
"""Events per second between bursts, at least."""
_OPEN_S = 5.0
_STOP_S = 12.0
_OUTAGE_S = 4.0
"""Longest time without a broker, its start not counted: events must not be late for that alone."""
_AGAIN = 0.3
"""Share of the kills after which the new process is killed, too, as it takes its partitions."""
_PATIENCE_S = 60


class Strikes:
    """Faults upon the workers of one fleet, each returning what it did as a plain record."""

    def __init__(
        self,
        cluster: Cluster,
        fleet: Fleet,
        sender: Sender,
        chance: random.Random,
        *,
        broker: KafkaServer | None,
        least_lag: int,
        tell: Callable[[str], None],
    ) -> None:
        self.bursting = False
        """Whether the pace is set here for the moment."""
        self._cluster = cluster
        self._fleet = fleet
        self._sender = sender
        self._controls = sender.controls
        self._random = chance
        self._broker = broker
        self._least_lag = least_lag
        self._tell = tell

    async def kill(self, worker: Worker) -> dict[str, Any]:
        """SIGKILL while far behind and, if it can be met, in the middle of a transaction."""
        partitions = await self._owned(worker)
        paused = await self._build_lag(worker)
        lag, transaction = await self._meet_transaction(worker, partitions)
        worker.held = True
        at = self._fleet.seconds()
        pid = worker.process.pid
        await asyncio.to_thread(worker.process.kill)
        behind, own = await self._cluster.lag(), await self._cluster.lag(partitions)
        down = self._random.choice([0.0, 0.0, 2.0, SESSION_TIMEOUT_S + 3.0])
        self._tell(f"killed worker {worker.number}, {behind:,} records behind; down for {down} s")
        await asyncio.sleep(down)
        worker.process.start()
        again = None
        if self._random.random() < _AGAIN:
            again = round(self._random.uniform(0.5, 4), 1)
            await asyncio.sleep(again)
            await asyncio.to_thread(worker.process.kill)
            worker.process.start()
        worker.held = False
        ended = None
        if transaction:
            ended = await until(
                lambda: self._cluster.ending(transaction), 60, f"the end of {transaction}"
            )
        return {
            "kind": "kill",
            "worker": worker.number,
            "pid": pid,
            "at_seconds": at,
            "lag": min(lag, behind),
            "lag_of_its_partitions": own,
            "paused_seconds": paused,
            "partitions": sorted(partitions),
            "open_transaction": bool(ended and ended.kind == "abort"),
            "transaction": ended
            and {**transaction._asdict(), "ended": ended.kind, "marker_offset": ended.offset},
            "down_seconds": down,
            "killed_again_after_seconds": again,
        }

    async def _build_lag(self, worker: Worker) -> float:
        """Send as fast as it goes until the group is far behind; how long the worker was paused.

        Where the workers keep up with the fastest load, one is paused, shorter than its session.
        """
        made, paused, deadline = self._controls.made, 0.0, time.monotonic() + _PATIENCE_S
        self.bursting = True
        self._controls.rate = float("inf")
        try:
            while not await self._far_behind():
                assert not self._sender.done, "the load has ended before the faults"
                assert time.monotonic() < deadline, "the workers keep up with any load"
                if self._controls.made - made > self._least_lag:
                    paused += await self._pause(worker)
            return round(paused, 2)
        finally:
            self.bursting = False
            self._controls.rate = SLOWEST

    async def _pause(self, worker: Worker) -> float:
        """Stop the worker until the group is far behind, at most for half of its session."""
        began = time.monotonic()
        worker.process.freeze()
        try:
            while time.monotonic() - began < SESSION_TIMEOUT_S / 2:
                if await self._far_behind():
                    break
        finally:
            worker.process.thaw()
        return time.monotonic() - began

    async def _far_behind(self) -> bool:
        return await self._cluster.lag() >= 1.8 * self._least_lag

    async def _meet_transaction(
        self, worker: Worker, partitions: set[int]
    ) -> tuple[int, OpenTransaction | None]:
        """Wait for an open transaction of the worker while the group is far behind."""
        deadline = time.monotonic() + _OPEN_S
        lag = await self._cluster.lag()
        while time.monotonic() < deadline:
            for _ in range(20):
                found = await self._cluster.open_transactions(partitions)
                if found:
                    return lag, found[-1]
            lag = await self._cluster.lag()
            if lag < 1.5 * self._least_lag:
                await self._build_lag(worker)
                lag = await self._cluster.lag()
        return lag, None

    async def freeze(self, worker: Worker) -> dict[str, Any]:
        """SIGSTOP until the group has put the worker out and others have its partitions."""
        partitions = await self._owned(worker)
        self._tell(f"freezing worker {worker.number}")
        at, began = self._fleet.seconds(), time.monotonic()
        exits = len(self._fleet.exits)
        worker.frozen = True
        worker.process.freeze()
        try:
            await until(self._put_out, _PATIENCE_S, "the group puts the frozen worker out")
            positions = await self._cluster.positions()
            await asyncio.sleep(max(0, began + SESSION_TIMEOUT_S + 2 - time.monotonic()))

            async def taken_over() -> bool:
                now = await self._cluster.positions()
                return all(
                    any(now[tp] > positions.get(tp, 0) for tp in now if tp.partition == partition)
                    for partition in partitions
                )

            await until(taken_over, _PATIENCE_S, f"others work on partitions {sorted(partitions)}")
            members = await self._cluster.members()
        finally:
            worker.process.thaw()
            worker.frozen = False
        lasted = round(time.monotonic() - began, 1)
        self._tell(f"thawed worker {worker.number} after {lasted} s")
        await asyncio.sleep(3)
        return {
            "kind": "freeze",
            "worker": worker.number,
            "at_seconds": at,
            "frozen_seconds": lasted,
            "members_meanwhile": members,
            "taken_over": sorted(partitions),
            "exited": [asdict(exited) for exited in self._fleet.exits[exits:]],
        }

    async def outage(self, _: Worker) -> dict[str, Any]:
        """SIGKILL to the broker, and its return some seconds later on the same data."""
        assert self._broker, "an outage needs a broker of our own"
        at, exits = self._fleet.seconds(), len(self._fleet.exits)
        await asyncio.to_thread(self._broker.kill)
        down = round(self._random.uniform(0, _OUTAGE_S), 1)
        self._tell(f"killed the broker; down for {down} s")
        await asyncio.sleep(down)
        await asyncio.to_thread(self._broker.start)
        await until(self._answers, _PATIENCE_S, "the broker answers")
        return {
            "kind": "outage",
            "worker": None,
            "at_seconds": at,
            "down_seconds": down,
            "exited": [asdict(exited) for exited in self._fleet.exits[exits:]],
        }

    async def _answers(self) -> bool:
        try:
            await self._cluster.lag()
        except (KafkaError, AssertionError):
            return False
        return True

    async def _owned(self, worker: Worker) -> set[int]:
        return await until(worker.partitions, _PATIENCE_S, f"worker {worker.number} works")

    async def stop(self, worker: Worker) -> dict[str, Any]:
        """SIGTERM, as in a rolling restart: it must leave in order."""
        at, began = self._fleet.seconds(), time.monotonic()
        worker.held = True
        code = await asyncio.to_thread(worker.process.end, _STOP_S)
        lasted = round(time.monotonic() - began, 1)
        self._tell(f"stopped worker {worker.number} in {lasted} s, code {code}")
        worker.process.start()
        worker.held = False
        return {
            "kind": "stop",
            "worker": worker.number,
            "at_seconds": at,
            "stopped_in_seconds": lasted,
            "code": code,
        }

    async def _put_out(self) -> bool:
        return await self._cluster.members() < len(self._fleet.workers)


def proof(fault: dict[str, Any]) -> str:
    """What a strike has hit, in a few words."""
    if fault["kind"] == "freeze":
        exits = len(fault["exited"])
        return f"partitions {fault['taken_over']} were taken over, and {exits} worker has left"
    if fault["kind"] == "stop":
        return "it had left in order"
    if fault["kind"] == "outage":
        return f"{len(fault['exited'])} workers had left"
    ending = fault["transaction"]
    where = f"{ending['partition']}/{ending['offset']}" if ending else "none"
    again = ", and killed again" if fault["killed_again_after_seconds"] else ""
    return f"open transaction {where}" + (f", then {ending['ended']}" if ending else "") + again
