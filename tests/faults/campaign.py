"""The campaign: faults upon working processes while the load goes on, then the verdict.

Knows the order of faults, when each may strike, and the proof that it has. Must not know how
events are made or judged.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.faults import outputs
from tests.faults.cluster import Cluster, OpenTransaction
from tests.faults.fleet import Fleet, Worker
from tests.faults.oracle import Expected
from tests.faults.sender import Order, Sender
from tests.faults.verdict import Found, Verdict, judge
from tests.harness.procs import pulse
from tests.harness.waiting import until

SESSION_TIMEOUT_S = 6
BEHIND_MS = 10 * 60_000
"""Event time runs this far behind the wall clock, so that a last event can end every minute."""
CALM_BEFORE_S = 4
"""How long before a fault no more events in time are misrouted: less than the lateness."""
WARM_UP_S = 6
RECOVERED_LAG = 4_000
QUIET_S = 12
"""Nothing more may be written for so long, past any transaction's timeout, before outputs count."""
_PATIENCE_S = 180
_FASTEST, _SLOWEST = 6_000.0, 300.0
_FAULT_S = 20.0
"""How long a fault takes with its recovery, before any has been seen."""
_OPEN_S = 5.0
_BURST = 3
"""Events that a kill takes, as a multiple of the lag that it is to meet."""


@dataclass(frozen=True)
class Plan:
    """What a campaign is to do. `freezes` is for each worker."""

    bootstrap: str
    workdir: Path
    seed: int = 1
    events: int = 1_000_000
    creators: int = 2_000
    partitions: int = 4
    workers: int = 2
    kills: int = 5
    freezes: int = 1
    least_lag: int = 10_000
    prefix: str = ""
    app_id: str = "creator-pulse"
    env: Mapping[str, str] = field(default_factory=dict)


class Campaign:
    """One run. `report` is complete when `run` returns."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.faults: list[dict[str, Any]] = []
        self.verdict = Verdict()
        self._say = say
        self._random = random.Random(plan.seed)
        self._began = time.monotonic()
        self._expected = plan.workdir / "expected.json"
        self._env = {
            "PULSE_BOOTSTRAP_SERVERS": plan.bootstrap,
            "PULSE_PARTITIONS": str(plan.partitions),
            "PULSE_TOPIC_PREFIX": plan.prefix,
            "PULSE_APP_ID": plan.app_id,
            "PULSE_SESSION_TIMEOUT": str(SESSION_TIMEOUT_S),
            "PULSE_HEARTBEAT_INTERVAL": "1.5",
            **plan.env,
        }
        self.fleet = Fleet(plan.workers, plan.workdir, self._env)
        self._sender = Sender(
            Order(
                plan.bootstrap,
                plan.prefix,
                plan.seed,
                plan.events,
                plan.creators,
                plan.partitions,
                BEHIND_MS,
                self._expected,
            )
        )
        self._controls = self._sender.controls
        self._cluster = Cluster(plan.bootstrap, plan.app_id, plan.prefix, plan.partitions)
        self._to_come = self._order()
        self._bursting = False
        self._load_ended_s: float | None = None

    async def run(self) -> dict[str, Any]:
        """Everything, from the topics to the report, which is returned."""
        create = pulse("topics", "create", log=self.plan.workdir / "topics.log", env=self._env)
        create.start()
        assert await asyncio.to_thread(create.wait, 60) == 0, create.tail()
        async with self._cluster:
            self._sender.start()
            pacing = asyncio.create_task(self._pace())
            try:
                self.fleet.start()
                await self._strike()
                pacing.cancel()
                await self._drain()
                codes = await self.fleet.stop()
            finally:
                pacing.cancel()
                self._sender.stop()
                await self.fleet.stop()
        await self._judge()
        return self._report(codes)

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 1)

    def _tell(self, what: str) -> None:
        made = self._controls.made
        self._say(f"{self._now():6.1f} s  {made:>9,} of {self.plan.events:,} events  {what}")

    async def _pace(self) -> None:
        """Spread the events over the faults that are left, so that load and faults end together."""
        while True:
            if not self._bursting:
                self._controls.rate = self._base_rate()
            await asyncio.sleep(0.2)

    def _base_rate(self) -> float:
        kills = sum(kind == "kill" for kind, _ in self._to_come)
        spent = [fault["seconds"] for fault in self.faults]
        each = sum(spent) / len(spent) if spent else _FAULT_S
        left = self.plan.events - self._controls.made - kills * _BURST * self.plan.least_lag
        return min(_FASTEST, max(_SLOWEST, left / (each * (len(self._to_come) + 1))))

    async def _strike(self) -> None:
        await self._until(self._all_settled, "all workers have partitions")
        await self._until(self._all_committed, "every partition has a committed position")
        self._tell("all partitions are worked on")
        await asyncio.sleep(WARM_UP_S)
        self._controls.late = True
        while self._to_come:
            kind, number = self._to_come[0]
            await self._fault(kind, self.fleet.workers[number])
            del self._to_come[0]
            if not self._to_come and self._kills_short():
                self._to_come.append(("kill", self._random.randrange(self.plan.workers)))

    def _order(self) -> list[tuple[str, int]]:
        """Kills and freezes in turn over the workers, mixed by the seed."""
        workers = range(self.plan.workers)
        kills = [("kill", number % self.plan.workers) for number in range(self.plan.kills)]
        freezes = [("freeze", number) for number in workers for _ in range(self.plan.freezes)]
        faults = kills + freezes
        self._random.shuffle(faults)
        return faults

    def _kills_short(self) -> bool:
        """Whether fewer than half of the kills hit an open transaction: then there are more."""
        kills = [fault for fault in self.faults if fault["kind"] == "kill"]
        hits = sum(fault["open_transaction"] for fault in kills)
        return bool(kills) and 2 * hits < len(kills) and len(kills) < 2 * self.plan.kills + 2

    async def _fault(self, kind: str, worker: Worker) -> None:
        self._controls.calm = True
        await asyncio.sleep(self._random.uniform(1, 3))
        self._controls.calm = False
        await asyncio.sleep(CALM_BEFORE_S)
        began = time.monotonic()
        fault = await (self._kill(worker) if kind == "kill" else self._freeze(worker))
        await self._until(self._recovered, f"recovery from the {kind} of worker {worker.number}")
        fault["recovered_seconds"] = round(time.monotonic() - began, 1)
        fault["seconds"] = fault["recovered_seconds"] + CALM_BEFORE_S + 2
        fault["load_on"] = not self._sender.done
        self.faults.append(fault)
        self._tell(f"recovered in {fault['recovered_seconds']} s: {_proof(fault)}")

    async def _kill(self, worker: Worker) -> dict[str, Any]:
        """SIGKILL while far behind and, if it can be met, in the middle of a transaction."""
        partitions = await worker.partitions()
        paused = await self._build_lag(worker)
        lag, transaction = await self._meet_transaction(worker, partitions)
        worker.held = True
        at = self._now()
        pid = worker.process.pid
        await asyncio.to_thread(worker.process.kill)
        behind, own = await self._cluster.lag(), await self._cluster.lag(partitions)
        down = self._random.choice([0.0, 0.0, 2.0, SESSION_TIMEOUT_S + 3.0])
        self._tell(f"killed worker {worker.number}, {behind:,} records behind; down for {down} s")
        await asyncio.sleep(down)
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
        }

    async def _build_lag(self, worker: Worker) -> float:
        """Send as fast as it goes until the group is far behind; how long the worker was paused.

        Where the workers keep up with the fastest load, one is paused, shorter than its session.
        """
        made, self._bursting = self._controls.made, True
        self._controls.rate = float("inf")
        try:
            while self._controls.made - made < self.plan.least_lag:
                if await self._far_behind():
                    return 0.0
                assert not self._sender.done, "the load has ended before the faults"
            began = time.monotonic()
            worker.process.freeze()
            try:
                await until(self._far_behind, SESSION_TIMEOUT_S / 2, "the group is far behind")
            finally:
                worker.process.thaw()
            return round(time.monotonic() - began, 2)
        finally:
            self._bursting = False
            self._controls.rate = _SLOWEST

    async def _far_behind(self) -> bool:
        return await self._cluster.lag() >= 1.3 * self.plan.least_lag

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
            if lag < 1.1 * self.plan.least_lag:
                await self._build_lag(worker)
                lag = await self._cluster.lag()
        return lag, None

    async def _freeze(self, worker: Worker) -> dict[str, Any]:
        """SIGSTOP until the group has put the worker out and others have its partitions."""
        partitions = await worker.partitions()
        positions = await self._cluster.positions()
        self._tell(f"freezing worker {worker.number}")
        at, began = self._now(), time.monotonic()
        exits = len(self.fleet.exits)
        worker.frozen = True
        worker.process.freeze()
        try:
            await self._until(self._put_out, "the group puts the frozen worker out")
            await asyncio.sleep(max(0, began + SESSION_TIMEOUT_S + 2 - time.monotonic()))

            async def taken_over() -> bool:
                now = await self._cluster.positions()
                return all(
                    any(now[tp] > positions.get(tp, 0) for tp in now if tp.partition == partition)
                    for partition in partitions
                )

            await self._until(taken_over, f"others work on partitions {sorted(partitions)}")
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
            "exited": [asdict(exited) for exited in self.fleet.exits[exits:]],
        }

    async def _put_out(self) -> bool:
        return await self._cluster.members() < self.plan.workers

    async def _all_settled(self) -> bool:
        return await self.fleet.settled(self.plan.partitions)

    async def _all_committed(self) -> bool:
        positions = await self._cluster.positions()
        return {tp.partition for tp in positions} == set(range(self.plan.partitions))

    async def _recovered(self) -> bool:
        return await self._all_settled() and await self._cluster.lag() < RECOVERED_LAG

    async def _drained(self) -> bool:
        return self._sender.done and await self._cluster.lag() == 0

    async def _drain(self) -> None:
        """Send what is left, and wait until nothing more is written."""
        self._load_ended_s = self._now()
        self._tell("no more faults; sending the rest")
        self._controls.rate = 4 * _FASTEST
        await self._until(lambda: self._sender.done, "all events are sent")
        self._tell("all is sent; draining")
        await self._until(self._caught_up, "the inbound topics are read to their ends")
        written, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            now = await self._written()
            if now != written:
                written, since = now, time.monotonic()
            await asyncio.sleep(1)
        self._tell("nothing more is written")

    async def _caught_up(self) -> bool:
        # A marker at the end of a partition is no record, and may stay ahead of the position.
        return await self._cluster.lag() <= len(self._cluster.inbound)

    async def _written(self) -> int:
        plan = self.plan
        return sum(
            [
                await outputs.count(plan.bootstrap, plan.prefix, plan.partitions, topic)
                for topic in ("engagement-windows", "late-events", "dead-letters")
            ]
        )

    async def _judge(self) -> None:
        plan = self.plan
        expected = await asyncio.to_thread(Expected.load, self._expected)
        found = await outputs.read(plan.bootstrap, plan.prefix, plan.partitions, expected.day())
        await asyncio.to_thread(save, found, plan.workdir / "found.json")
        self.verdict = await asyncio.to_thread(judge, expected, found)

    async def _until(self, condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
        def told() -> str:
            logs = "\n".join(
                f"-- worker {worker.number}\n{worker.process.tail()}"
                for worker in self.fleet.workers
            )
            return f"{what}\n{logs}"

        await until(condition, _PATIENCE_S, told)

    def shortfalls(self) -> list[str]:
        """The promises of the campaign itself that were not kept: weak faults prove little."""
        plan = self.plan
        kills = [fault for fault in self.faults if fault["kind"] == "kill"]
        freezes = [fault for fault in self.faults if fault["kind"] == "freeze"]
        found = []
        if len(kills) < plan.kills:
            found.append(f"{len(kills)} kills instead of {plan.kills}")
        if len(freezes) < plan.freezes * plan.workers:
            found.append(f"{len(freezes)} freezes instead of {plan.freezes * plan.workers}")
        found += [
            f"the kill at {fault['at_seconds']} s met a lag of {fault['lag']}"
            for fault in kills
            if fault["lag"] < plan.least_lag
        ]
        hits = sum(fault["open_transaction"] for fault in kills)
        if 2 * hits < len(kills):
            found.append(f"{hits} of {len(kills)} kills hit an open transaction")
        found += [
            f"the freeze at {fault['at_seconds']} s was not noticed by the group"
            for fault in freezes
            if fault["members_meanwhile"] >= plan.workers
        ]
        if not all(fault["load_on"] for fault in self.faults):
            found.append("the load ended before the faults")
        return found

    def _report(self, codes: list[int | None]) -> dict[str, Any]:
        return {
            "right": self.verdict.right and not self.shortfalls(),
            **asdict(self.verdict),
            "shortfalls": self.shortfalls(),
            "sent": orjson.loads(self._expected.with_name("sent.json").read_bytes()),
            "faults": self.faults,
            "worker_exits": [asdict(exited) for exited in self.fleet.exits],
            "final_exit_codes": codes,
            "load_seconds": self._load_ended_s,
            "seconds": self._now(),
            "seed": self.plan.seed,
            "partitions": self.plan.partitions,
        }


def _proof(fault: dict[str, Any]) -> str:
    if fault["kind"] == "freeze":
        exits = len(fault["exited"])
        return f"partitions {fault['taken_over']} were taken over, and {exits} worker has left"
    ending = fault["transaction"]
    where = f"{ending['partition']}/{ending['offset']}" if ending else "none"
    return f"open transaction {where}" + (f", then {ending['ended']}" if ending else "")


async def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run one campaign and return its report."""
    return await Campaign(plan, say).run()


def save(found: Found, path: Path) -> None:
    """Keep what was found, for a self-test or a closer look."""
    path.write_bytes(orjson.dumps(asdict(found)))


def load(path: Path) -> Found:
    """Read what `save` has written."""
    return Found(**orjson.loads(path.read_bytes()))
