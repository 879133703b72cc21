"""The campaign: faults upon working processes while the load goes on, then the verdict.

Knows the order of faults, when each may strike, and when all have recovered. Must not know how a
fault is made, how events are made, or how results are judged.
"""

import asyncio
import itertools
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from stack.kafka import KafkaServer
from stack.ports import free_port
from stack.procs import Process, pulse
from tests.faults import brokers, changelogs, moments, network, outputs, strikes
from tests.faults.availability import Availability
from tests.faults.cluster import Cluster
from tests.faults.fleet import Fleet, Worker
from tests.faults.oracle import Expected
from tests.faults.plan import Plan
from tests.faults.proxy import Proxy
from tests.faults.replayed import Comparison, Replayed, compare
from tests.faults.scene import SESSION_TIMEOUT_S, Fault, Scene, Strike
from tests.faults.sender import Order, Sender
from tests.faults.verdict import Found, Verdict, judge
from tests.harness.topics import create_topics

JOURNAL = "faults-journal"
SLOWEST = 300.0
"""Events per second, at least."""
UNAVAILABLE_S = 30.0
"""No partition may stand still for longer, beyond the fault itself."""
LOSE_EVERY_S = 20.0
_FASTEST = 6_000.0
_IN_FULL_LOAD = ("kill", "kill_in_transaction")
_BURST_EVENTS = 30_000
"""What is kept back for each of these."""
_ATTEMPTS = 3
"""How often a fault comes until it bites: what it asks of the load may be over too soon."""
_FAULT_S = 20.0
"""How long a fault takes with its recovery, before any has been seen."""
_RECOVERED_LAG = 6_000
_WARM_UP_S = 4
_SENT_ON_S = 3
"""Several checkpoints."""
_QUIET_S = 12
"""Nothing more may be written for so long, past any transaction's timeout, before outputs count."""

STRIKES: dict[str, Strike] = {
    "kill": strikes.kill,
    "kill_in_transaction": moments.in_transaction,
    "kill_in_restore": moments.in_restore,
    "kill_in_revocation": moments.in_revocation,
    "kill_in_rebalance": moments.in_rebalance,
    "stop": strikes.stop,
    "freeze": strikes.freeze,
    "join": strikes.join,
    "broker_kill": brokers.kill,
    "broker_stop": brokers.stop,
    "slow_network": network.slow,
    "connection_cut": network.cut,
    "full_buffer": network.full_buffer,
    "changelog_cut": changelogs.cut,
    "memory": strikes.memory,
    "disk_full": brokers.full_disk,
    "oversize": brokers.oversize,
}


class Campaign:
    """One run. `report` is complete when `run` returns."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.faults: list[Fault] = []
        self.failure = ""
        self._say = say
        self._expected = plan.workdir / "expected.json"
        ports = {f"WORKER{at}": (free_port(), free_port()) for at in range(plan.workers + 1)}
        self.broker = KafkaServer(plan.workdir / "kafka", by_proxy=ports)
        self._settings = {
            "PULSE_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "PULSE_PARTITIONS": str(plan.partitions),
            "PULSE_TOPIC_PREFIX": plan.prefix,
            "PULSE_APP_ID": plan.app_id,
            "PULSE_SESSION_TIMEOUT": str(SESSION_TIMEOUT_S),
            "PULSE_HEARTBEAT_INTERVAL": "1.5",
            "PULSE_ALLOWED_LATENESS": str(plan.lateness_s),
            "FAULTS_JOURNAL": plan.prefix + JOURNAL,
            **plan.env,
        }
        inside = self._settings | {"FAULTS_LOSE_S": str(LOSE_EVERY_S)}
        if plan.without:
            inside |= {"FAULTS_WITHOUT": plan.without}
        self._proxies = [Proxy(proxy, listener) for listener, proxy in ports.values()]
        self.fleet = Fleet(
            [Worker(at, plan.workdir, proxy, inside) for at, proxy in enumerate(self._proxies)]
        )
        self._sender = Sender(
            Order(
                self.broker.bootstrap,
                plan.prefix,
                plan.seed,
                plan.events,
                plan.creators,
                plan.partitions,
                plan.behind_ms,
                plan.history_hours,
                plan.incidents,
                plan.tamper,
                self._expected,
            )
        )
        self._cluster = Cluster(self.broker.bootstrap, plan.app_id, plan.prefix, plan.partitions)
        self._availability = Availability(self._cluster, plan.partitions)
        self._scene = Scene(
            plan=plan,
            settings=self._settings,
            broker=self.broker,
            cluster=self._cluster,
            fleet=self.fleet,
            controls=self._sender.controls,
            chance=random.Random(plan.seed),
            availability=self._availability,
            tell=self._tell,
        )
        self._to_come = list(plan.kinds)
        self._turns: dict[str, Iterator[int]] = {}
        self._spent: list[float] = []
        self._longest = 0.0

    async def run(self) -> dict[str, Any]:
        """Everything, from the broker to the report, which is returned."""
        codes: list[int | None] = []
        self.plan.workdir.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.broker.start)
        try:
            await self._create_topics()
            async with self._cluster:
                try:
                    await self._disturb()
                    codes = await self.fleet.stop()
                except AssertionError as error:
                    # A worker that hangs is a finding: what it waits for goes to its log.
                    self.failure = str(error)[:2_000] or repr(error)
                    self._say(traceback.format_exc())
                    for worker in self.fleet.all:
                        if worker.process.started:
                            worker.process.signal(signal.SIGUSR1)
                    await asyncio.sleep(1)
                finally:
                    self._sender.stop()
                    await self.fleet.stop()
            return await self._report(codes)
        finally:
            for proxy in self._proxies:
                await proxy.stop()
            await asyncio.to_thread(self.broker.stop)

    async def _create_topics(self) -> None:
        log = self.plan.workdir / "topics.log"
        create = pulse("topics", "create", log=log, env=self._settings)
        create.start()
        assert await asyncio.to_thread(create.wait, 60) == 0, create.tail()
        await create_topics(
            self.broker.bootstrap,
            {self.plan.prefix + JOURNAL: self.plan.partitions},
            {"max.message.bytes": "4194304"},
        )

    async def _disturb(self) -> None:
        for proxy in self._proxies:
            await proxy.start()
        self._sender.start()
        self.fleet.start()
        await self._warm_up()
        beside = [
            asyncio.create_task(self._pace()),
            asyncio.create_task(self._availability.watch()),
        ]
        try:
            while self._to_come:
                kind = self._to_come[0]
                await self._fault(kind, self.fleet.workers[self._turn(kind)])
                del self._to_come[0]
        finally:
            for task in beside:
                task.cancel()
            self._longest = self._availability.longest()
        await self._drain()

    def _turn(self, kind: str) -> int:
        """Whose turn it is: each kind goes round the workers, from one that chance names."""
        workers = self.plan.workers
        turns = self._turns.setdefault(kind, itertools.count(self._scene.chance.randrange(workers)))
        return next(turns) % workers

    def _tell(self, what: str) -> None:
        made, events = self._sender.controls.made, self.plan.events
        self._say(f"{self.fleet.seconds():6.1f} s  {made:>9,} of {events:,} events  {what}")

    async def _pace(self) -> None:
        """Spread the events over the faults that are left, so that load and faults end together."""
        while True:
            if not self._scene.bursting:
                each = sum(self._spent) / len(self._spent) if self._spent else _FAULT_S
                bursts = sum(_BURST_EVENTS for kind in self._to_come if kind in _IN_FULL_LOAD)
                left = max(0, self.plan.events - bursts - self._sender.controls.made)
                rate = left / (each * (len(self._to_come) + 1))
                self._sender.controls.rate = min(_FASTEST, max(SLOWEST, rate))
            await asyncio.sleep(0.2)

    async def _warm_up(self) -> None:
        """Wait until history is told and every partition is worked on, as late events need it."""
        controls, until = self._sender.controls, self._scene.until

        def told() -> bool:
            assert not self._sender.done
            return controls.told

        await until(told, "history is sent")
        await until(self._settled, "all workers have partitions")
        controls.rate = SLOWEST
        self._tell("all partitions are worked on")
        await asyncio.sleep(_WARM_UP_S)
        await until(self._recovered, "history is worked off")
        controls.late = True

    async def _fault(self, kind: str, worker: Worker) -> None:
        await asyncio.sleep(self._scene.chance.uniform(*self.plan.pause_s))
        for attempt in range(1, _ATTEMPTS + 1):
            began = time.monotonic()
            fault = await STRIKES[kind](self._scene, worker)
            if fault.bit or attempt == _ATTEMPTS:
                break
            self._tell(f"{kind} did not bite, and comes again: {fault.proof}")
            await self._scene.until(self._recovered, f"recovery from {kind} at {worker.number}")
        struck = time.monotonic()
        await self._scene.until(self._recovered, f"recovery from {kind} at {worker.number}")
        ended = time.monotonic()
        fault.recovered_seconds = round(ended - struck, 1)
        fault.unavailable_seconds = self._availability.within(began, ended)
        fault.load_on = not self._sender.done
        self._spent.append(ended - began + sum(self.plan.pause_s) / 2)
        self.faults.append(fault)
        self._tell(f"{len(self.faults)}. {kind}: {fault.proof}")

    async def _settled(self) -> bool:
        return await self.fleet.settled(self.plan.partitions)

    async def _recovered(self) -> bool:
        return await self._settled() and await self._cluster.lag() < _RECOVERED_LAG

    async def _drain(self) -> None:
        """Send what is left, and wait until nothing more is written."""
        self._tell("no more faults; sending the rest")
        self._sender.controls.rate = 4 * _FASTEST
        until, controls = self._scene.until, self._sender.controls
        controls.ending = True
        await until(lambda: self._sender.done or controls.rest, "all events are sent", 240)
        self._tell("all is sent; draining")
        await until(self._caught_up, "the inbound topics are read to their ends")
        controls.close = True
        await until(lambda: self._sender.done, "the last events are sent")
        written, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET_S:
            now = await self._written()
            if now != written:
                written, since = now, time.monotonic()
            await asyncio.sleep(1)
        self._tell("nothing more is written")

    async def _caught_up(self) -> bool:
        """Whether all is read, and was a while ago: what is sent on must be at home, too."""
        # A marker at the end of a partition is no record, and may stay ahead of the position.
        few = len(self._cluster.inbound)
        if await self._cluster.lag() > few:
            return False
        await asyncio.sleep(_SENT_ON_S)
        return await self._cluster.lag() <= few

    async def _written(self) -> int:
        plan = self.plan
        names = ("engagement-windows", "late-events", "dead-letters", "alerts")
        return sum(
            [
                await outputs.count(self.broker.bootstrap, plan.prefix, plan.partitions, name)
                for name in names
            ]
        )

    async def _judge(self) -> tuple[Verdict, Comparison]:
        plan = self.plan
        expected = await asyncio.to_thread(Expected.load, self._expected)
        creators = expected.day()
        found = await outputs.read(self.broker.bootstrap, plan.prefix, plan.partitions, creators)
        await asyncio.to_thread(save, found, plan.workdir / "found.json")
        verdict = await asyncio.to_thread(judge, expected, found)
        return verdict, compare(await self._replay(), found)

    async def _replay(self) -> Replayed:
        out = self.plan.workdir / "replayed.json"
        replay = Process(
            [sys.executable, "-m", "tests.faults.inside.replay", str(out)],
            log=self.plan.workdir / "replay.log",
            env={**dict(pulse("-", log=out).env), **self._settings},
        )
        replay.start()
        self._say("replaying the journal through an undisturbed core")
        code = await asyncio.to_thread(replay.wait, 420)
        assert code == 0, replay.tail()
        return Replayed(**orjson.loads(out.read_bytes()))

    async def _report(self, codes: list[int | None]) -> dict[str, Any]:
        verdict, comparison = Verdict(), Comparison()
        if not self.failure:
            verdict, comparison = await self._judge()
        shortfalls = self._shortfalls()
        losses = Counter(note["deed"] for one in self.fleet.all for note in one.arms.notes())
        sent = self._expected.with_name("sent.json")
        return {
            "right": verdict.right and comparison.right and not shortfalls,
            "faults": dict(Counter(fault.kind for fault in self.faults)),
            **{name: value for name, value in asdict(verdict).items() if name != "examples"},
            **{name: value for name, value in asdict(comparison).items() if name != "examples"},
            "worker_exits": len(self.fleet.exits),
            "longest_unavailable_seconds": self._longest,
            "examples": verdict.examples + comparison.examples,
            "shortfalls": shortfalls,
            "batches_lost_on_purpose": dict(losses),
            "sent": orjson.loads(sent.read_bytes()) if sent.exists() else {},
            "seed": self.plan.seed,
            "without": self.plan.without,
            "seconds": self.fleet.seconds(),
            "final_exit_codes": codes,
            "exit_codes": dict(Counter(str(exited.code) for exited in self.fleet.exits)),
            "log": [asdict(fault) for fault in self.faults],
            "exits": [asdict(exited) for exited in self.fleet.exits],
        }

    def _shortfalls(self) -> list[str]:
        """The promises of the campaign itself that were not kept: weak faults prove little."""
        found = [self.failure] if self.failure else []
        found += [
            f"the fault {fault.kind} at {fault.at_seconds} s did not bite: {fault.proof}"
            for fault in self.faults
            if not fault.bit
        ]
        if self._longest >= UNAVAILABLE_S:
            found.append(f"a partition stood still for {self._longest} s beyond the fault itself")
        if not all(fault.load_on for fault in self.faults):
            found.append("the load ended before the faults")
        return found


async def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run one campaign and return its report."""
    return await Campaign(plan, say).run()


def save(found: Found, path: Path) -> None:
    """Keep what was found, for a self-test or a closer look."""
    path.write_bytes(orjson.dumps(asdict(found)))


def load(path: Path) -> Found:
    """Read what `save` has written."""
    return Found(**orjson.loads(path.read_bytes()))
