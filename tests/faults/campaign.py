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
from tests.faults.cluster import Cluster
from tests.faults.fleet import Fleet, Worker
from tests.faults.load import Tamper
from tests.faults.oracle import Expected
from tests.faults.sender import Order, Sender
from tests.faults.strikes import SESSION_TIMEOUT_S, SLOWEST, Strikes, proof
from tests.faults.verdict import Found, Verdict, judge
from tests.harness.kafka import KafkaServer
from tests.harness.procs import pulse
from tests.harness.waiting import until

MINUTE_CLOSES_S = 75
"""After so long without events, elapsed time alone has closed the last minute."""
CALM_BEFORE_S = 4
"""How long before a fault no more events in time are misrouted: less than the lateness."""
WARM_UP_S = 6
RECOVERED_LAG = 4_000
QUIET_S = 12
"""Nothing more may be written for so long, past any transaction's timeout, before outputs count."""
_PATIENCE_S = 90
_FASTEST = 6_000.0
_FAULT_S = 20.0
"""How long a fault takes with its recovery, before any has been seen."""
_BURST = 4
"""Events that a kill takes, as a multiple of the lag that it is to meet."""


@dataclass(frozen=True)
class Plan:
    """What a campaign is to do. `freezes` is for each of the first `frozen_workers`.

    Where event time runs `behind_ms` the wall clock, a last event ends every minute; where it does
    not, the minutes end as time passes, which takes a minute longer.
    """

    bootstrap: str
    workdir: Path
    broker: KafkaServer | None = None
    """The broker, where it may be killed."""
    seed: int = 1
    events: int = 1_000_000
    creators: int = 2_000
    partitions: int = 4
    workers: int = 2
    kills: int = 5
    freezes: int = 1
    frozen_workers: int = 2
    stops: int = 0
    outages: int = 0
    least_lag: int = 10_000
    behind_ms: int = 0
    tamper: Tamper | None = None
    prefix: str = ""
    app_id: str = "creator-pulse"
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_freezes(self) -> int:
        """Over all workers."""
        return self.freezes * self.frozen_workers


class Campaign:
    """One run. `report` is complete when `run` returns."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.faults: list[dict[str, Any]] = []
        self.verdict = Verdict()
        self._say = say
        self._random = random.Random(plan.seed)
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
                plan.behind_ms,
                plan.tamper,
                self._expected,
            )
        )
        self._controls = self._sender.controls
        self._cluster = Cluster(plan.bootstrap, plan.app_id, plan.prefix, plan.partitions)
        self._strikes = Strikes(
            self._cluster,
            self.fleet,
            self._sender,
            self._random,
            broker=plan.broker,
            least_lag=plan.least_lag,
            tell=self._tell,
        )
        self._to_come = self._order()
        self._load_ended_s: float | None = None

    async def run(self) -> dict[str, Any]:
        """Everything, from the topics to the report, which is returned."""
        create = pulse("topics", "create", log=self.plan.workdir / "topics.log", env=self._env)
        create.start()
        assert await asyncio.to_thread(create.wait, 60) == 0, create.tail()
        async with self._cluster:
            self._sender.start()
            self._controls.rate = SLOWEST
            pacing = None
            try:
                self.fleet.start()
                await self._warm_up()
                pacing = asyncio.create_task(self._pace())
                await self._strike()
                pacing.cancel()
                await self._drain()
                codes = await self.fleet.stop()
            finally:
                if pacing:
                    pacing.cancel()
                self._sender.stop()
                await self.fleet.stop()
        await self._judge()
        return self._report(codes)

    def _tell(self, what: str) -> None:
        made, events = self._controls.made, self.plan.events
        self._say(f"{self.fleet.seconds():6.1f} s  {made:>9,} of {events:,} events  {what}")

    async def _pace(self) -> None:
        """Spread the events over the faults that are left, so that load and faults end together."""
        while True:
            if not self._strikes.bursting:
                self._controls.rate = self._base_rate()
            await asyncio.sleep(0.2)

    def _base_rate(self) -> float:
        kills = sum(kind == "kill" for kind, _ in self._to_come)
        spent = [fault["seconds"] for fault in self.faults]
        each = sum(spent) / len(spent) if spent else _FAULT_S
        left = self.plan.events - self._controls.made - kills * _BURST * self.plan.least_lag
        return min(_FASTEST, max(SLOWEST, left / (each * (len(self._to_come) + 1))))

    async def _warm_up(self) -> None:
        """Wait until every partition is worked on and has a watermark, as late events need it."""
        await self._until(self._all_settled, "all workers have partitions")
        await self._until(self._all_committed, "every partition has a committed position")
        self._tell("all partitions are worked on")
        await asyncio.sleep(WARM_UP_S)
        self._controls.late = True

    async def _strike(self) -> None:
        while self._to_come:
            kind, number = self._to_come[0]
            await self._fault(kind, self.fleet.workers[number])
            del self._to_come[0]
            if not self._to_come and self._kills_short():
                self._to_come.append(("kill", self._random.randrange(self.plan.workers)))

    def _order(self) -> list[tuple[str, int]]:
        """Kills, freezes and stops in turn over the workers, mixed by the seed."""
        plan = self.plan
        kills = [("kill", number % plan.workers) for number in range(plan.kills)]
        freezes = [("freeze", number % plan.frozen_workers) for number in range(plan.all_freezes)]
        stops = [("stop", number % plan.workers) for number in range(plan.stops)]
        faults = kills + freezes + stops + [("outage", 0)] * plan.outages
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
        strikes = self._strikes
        strike = {
            "kill": strikes.kill,
            "freeze": strikes.freeze,
            "stop": strikes.stop,
            "outage": strikes.outage,
        }[kind]
        fault = await strike(worker)
        await self._until(self._recovered, f"recovery from the {kind} at worker {worker.number}")
        fault["recovered_seconds"] = round(time.monotonic() - began, 1)
        fault["seconds"] = fault["recovered_seconds"] + CALM_BEFORE_S + 2
        fault["load_on"] = not self._sender.done
        self.faults.append(fault)
        self._tell(f"recovered in {fault['recovered_seconds']} s: {proof(fault)}")

    async def _all_settled(self) -> bool:
        return await self.fleet.settled(self.plan.partitions)

    async def _all_committed(self) -> bool:
        positions = await self._cluster.positions()
        return {tp.partition for tp in positions} == set(range(self.plan.partitions))

    async def _recovered(self) -> bool:
        return await self._all_settled() and await self._cluster.lag() < RECOVERED_LAG

    async def _drain(self) -> None:
        """Send what is left, and wait until nothing more is written."""
        self._load_ended_s = self.fleet.seconds()
        self._tell("no more faults; sending the rest")
        self._controls.rate = 4 * _FASTEST
        await self._until(lambda: self._sender.done, "all events are sent")
        self._tell("all is sent; draining")
        await self._until(self._caught_up, "the inbound topics are read to their ends")
        if not self.plan.behind_ms:
            self._tell("waiting for the last minute to close")
            await asyncio.sleep(MINUTE_CLOSES_S)
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
        if len(freezes) < plan.all_freezes:
            found.append(f"{len(freezes)} freezes instead of {plan.all_freezes}")
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
        found += [
            f"the worker stopped at {fault['at_seconds']} s left with code {fault['code']}"
            for fault in self.faults
            if fault["kind"] == "stop" and fault["code"] != 0
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
            "seconds": self.fleet.seconds(),
            "seed": self.plan.seed,
            "partitions": self.plan.partitions,
        }


async def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run one campaign and return its report."""
    return await Campaign(plan, say).run()


def save(found: Found, path: Path) -> None:
    """Keep what was found, for a self-test or a closer look."""
    path.write_bytes(orjson.dumps(asdict(found)))


def load(path: Path) -> Found:
    """Read what `save` has written."""
    return Found(**orjson.loads(path.read_bytes()))
