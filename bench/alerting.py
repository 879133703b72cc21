"""Alerting: which part of a worker's time goes into judging, with 1 % of creators in trouble.

Knows the fleet (simulated creators and their copies), its events at the pace of real life, and
which calls are alert evaluation. Run as `python -m bench.alerting FILE` it measures the pure core
alone; a whole worker takes the same events from a real Kafka.
"""

import asyncio
import json
import os
import pickle
import sys
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from bench.core import TICK_MS, TICKS_PER_CHECKPOINT
from bench.fleet import Parts, Tables, blank_shard_record, by_creator
from bench.load import Stream
from bench.measure import cpu_seconds
from bench.restore import Writer, ready
from bench.rig import COMPILED, PARTITIONS, Rig, pinned, say
from schemas.partitioning import partition_for
from stack.procs import Process, pulse
from streams.build import parts
from streams.engine.desk import Desk
from streams.engine.detectors.arrivals import Arrivals
from streams.engine.detectors.engagement_drop import EngagementDrop
from streams.engine.detectors.follower_spike import FollowerSpike
from streams.engine.detectors.sentiment_crisis import SentimentCrisis
from streams.engine.detectors.slow_decline import SlowDecline
from streams.engine.detectors.suspicious_engagement import SuspiciousEngagement
from streams.engine.detectors.unfollow_wave import UnfollowWave
from streams.engine.detectors.viral_post import ViralPost
from streams.engine.detectors.weak_posts import WeakPosts
from streams.engine.layout import TABLE_OF
from streams.engine.rulebook import RuleBook
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from streams.engine.watch import Watch
from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, Timed, generate, truth
from tests.harness.driver import Raw, ShardDriver

SIMULATED = 64
"""Creators that are simulated; the others are copies of them."""
KNOWN, IN_INCIDENT = 10_000, 100
HISTORY_DAYS = 2
WARM_SECONDS = 30
"""Of the load, left out: the incidents that begin with it are told of meanwhile."""
APP = "bench-alerting"
SECRET = b"benchmark-secret-of-no-value"

Figures = dict[str, Any]
Calls = tuple[tuple[type, str], ...]
EVALUATION: Calls = (
    (EngagementDrop, "update"),
    *((FollowerSpike, name) for name in ("add", "spread", "trim", "update")),
    (UnfollowWave, "update"),
    *((ViralPost, name) for name in ("explains", "update")),
    (WeakPosts, "update"),
    (SlowDecline, "update"),
    *((SentimentCrisis, name) for name in ("rest", "update")),
    *((SuspiciousEngagement, name) for name in ("deadline", "due", "rest", "update")),
    (Arrivals, "add"),
    (RuleBook, "of"),
    (Desk, "advance"),
    (Desk, "publish"),
)
"""What a closed pane asks of detectors, rules and desk."""
DETECTION: Calls = ((Watch, "on_pane"), (RuleBook, "of"), (Desk, "advance"), (Desk, "publish"))
"""The same, and all that is learned for it: levels of posts, rhythms, follow rates."""


class Fleet(NamedTuple):
    """Stored creators by partition, and the events that follow: (time in ms, topic, key, value)."""

    tables: list[Tables]
    live: list[tuple[int, str, bytes, bytes]]
    start_ms: int
    creators: int
    in_incident: int


def fleet(
    live_ms: int,
    seconds: int,
    *,
    simulated: int = SIMULATED,
    known: int = KNOWN,
    in_incident: int = IN_INCIDENT,
    days: float = HISTORY_DAYS,
) -> Fleet:
    """Creators who have lived for some days until `live_ms`, and what they do for `seconds`.

    Three drops are under way, a spike comes within seconds; these and the others are copied until
    there are `known` in all, and about `in_incident` with an incident.
    """
    end_ms = live_ms + seconds * 1000
    start_ms = live_ms - int(days * DAY_MS)
    plan = Plan(seed=11, start_ms=start_ms, live_ms=live_ms, end_ms=end_ms, creators=simulated)
    hit = {incident.creator_id for incident in truth(plan)}
    often = in_incident // len(hit), (known - in_incident) // (simulated - len(hit))
    driver = ShardDriver(ShardConfig(partitions=1, actor_secret=SECRET, score_interval_ms=HOUR_MS))
    events = list(generate(plan))
    lived = bisect_left(events, live_ms, key=lambda item: item.at_ms)
    driver.run(events[:lived])
    config = ShardConfig(partitions=PARTITIONS, actor_secret=SECRET)
    tables: list[Tables] = []
    for _ in range(PARTITIONS):
        key, value = blank_shard_record(config)
        tables.append({"engagement": {key: value}, "sentiment": {}})
    made = 0
    for key, stored in by_creator(driver.tables[0]).items():
        name = key.decode()
        if name.startswith("platform:"):
            continue  # the home of what a partition tells of a platform
        for copy in range(often[name not in hit]):
            _store(tables, _named(name, copy), stored)
            made += 1
    live = [
        copied
        for item in events[lived:]
        for copied in _copies(item, often[str(item.event["creator_id"]) not in hit])
    ]
    return Fleet(tables, live, live_ms, made, often[0] * len(hit))


def _named(name: str, copy: int) -> str:
    return f"{name}~{copy}"


def _store(tables: list[Tables], name: str, stored: Parts) -> None:
    key = name.encode()
    for tag, value in stored.items():
        tables[partition_for(key, PARTITIONS)][TABLE_OF[tag]][tag + key] = value


def _copies(item: Timed, copies: int) -> Iterator[tuple[int, str, bytes, bytes]]:
    at_ms, topic, event = item
    for copy in range(copies):
        name = _named(str(event["creator_id"]), copy)
        renamed = {**event, "creator_id": name, "event_id": f"{event['event_id']}~{copy}"}
        if event.get("actor_id") == event["creator_id"]:
            renamed["actor_id"] = name
        yield at_ms, topic, name.encode(), msgspec.json.encode(renamed)


def _nothing() -> None:
    pass


class Stopwatch:
    """Seconds within some calls, less what watching costs; calls within calls count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._within = False

    @contextmanager
    def over(self, calls: Calls) -> Iterator[None]:
        """Watch these calls while the context lasts."""
        own = [(owner, name, owner.__dict__[name]) for owner, name in calls]
        try:
            for owner, name, called in own:
                setattr(owner, name, self._timed(called))
            yield
        finally:
            for owner, name, called in own:
                setattr(owner, name, called)

    def _timed(self, called: Callable[..., Any]) -> Callable[..., Any]:
        clock = time.perf_counter

        def timed(*given: Any, **named: Any) -> Any:
            if self._within:
                return called(*given, **named)
            self._within = True
            began = clock()
            try:
                return called(*given, **named)
            finally:
                self.seconds += clock() - began
                self.calls += 1
                self._within = False

        return timed

    def calibrated(self) -> tuple[float, float]:
        """Seconds that watching adds to a call: (within what it measures, in all)."""
        rounds, watch = 200_000, Stopwatch()
        watched = watch._timed(_nothing)
        first = time.perf_counter()
        for _ in range(rounds):
            _nothing()
        then = time.perf_counter()
        for _ in range(rounds):
            watched()
        bare, all_of_it = then - first, time.perf_counter() - then
        return (watch.seconds - bare) / rounds, (all_of_it - bare) / rounds


def core(made: Fleet, calls: Calls) -> Figures:
    """The core fed as by a live edge that is never behind: seconds in all, and within `calls`."""
    config = ShardConfig(partitions=PARTITIONS, actor_secret=SECRET)
    shards = [Shard.restore(p, config, tables) for p, tables in enumerate(made.tables)]
    ticks = list(_ticks(made))
    warm = WARM_SECONDS * 1000 // TICK_MS
    _live(shards, ticks[:warm])
    watch = Stopwatch()
    inside, around = watch.calibrated()
    with watch.over(calls):
        cpu, began = time.thread_time(), time.perf_counter()
        _live(shards, ticks[warm:])
        passed, cpu = time.perf_counter() - began, time.thread_time() - cpu
    judged = watch.seconds - watch.calls * inside
    all_of_it = passed - watch.calls * around
    lasted = (ticks[-1][0] - ticks[warm][0]) / 1000
    return {
        "share": round(judged / all_of_it, 4),
        "core_cpu_share": round(cpu * all_of_it / passed / lasted, 4),
        "judging_cpu_share": round(cpu * judged / passed / lasted, 5),
        "microseconds_per_call": round(judged / watch.calls * 1e6, 2),
        "firing": sum(1 for shard in shards for _ in shard.firing()),
    }


Step = tuple[int, list[list[Batch]]]
"""The end of a tick, and what each shard gets until then."""


def _ticks(made: Fleet) -> Iterator[Step]:
    positions: dict[tuple[int, str], int] = defaultdict(int)
    now_ms = made.start_ms
    waiting: dict[tuple[int, str], list[Raw]] = defaultdict(list)
    for at_ms, topic, key, value in made.live:
        while at_ms >= now_ms + TICK_MS:
            now_ms += TICK_MS
            yield now_ms, _batches(waiting)
            waiting.clear()
        place = partition_for(key, PARTITIONS), topic
        offset = positions[place]
        positions[place] = offset + 1
        waiting[place].append(Raw(offset, at_ms, key, value))


def _batches(waiting: dict[tuple[int, str], list[Raw]]) -> list[list[Batch]]:
    batches: list[list[Batch]] = [[] for _ in range(PARTITIONS)]
    for (partition, topic), raws in waiting.items():
        end = raws[-1].offset + 1
        batches[partition].append(Batch(topic, raws[0].offset, raws, end))
    return batches


def _live(shards: list[Shard], ticks: list[Step]) -> None:
    for number, (now_ms, batches) in enumerate(ticks, 1):
        for shard, arrived in zip(shards, batches, strict=True):
            for batch in arrived:
                hole = shard.apply(batch)
                assert hole is None, f"{batch.topic} was refused at {hole}"
            shard.advance(Tick(now_ms, frozenset()))
            if number % TICKS_PER_CHECKPOINT == 0:
                shard.take_snapshot()


async def alerting(workdir: Path, seconds: int, *, pure: bool) -> Figures:
    """What judging costs of the core alone, and of a whole worker under the same events."""
    say(f"alerting: simulating {SIMULATED} creators for {HISTORY_DAYS} days")
    live_ms = int(time.time() // 60) * 60_000
    made = await asyncio.to_thread(fleet, live_ms, seconds)
    say(f"alerting: {len(made.live) / seconds:,.0f} events/s of {made.creators:,} creators")
    path = workdir / "alerting.pickle"
    path.write_bytes(pickle.dumps(made))
    found: Figures = {
        "creators": made.creators,
        "in_incident": made.in_incident,
        "events_per_second": round(len(made.live) / seconds),
    }
    alone = await asyncio.to_thread(_alone, workdir, path, pure)
    found |= alone
    with Rig(workdir / "alerting", Stream(0, live_ms), pure=pure) as rig:
        busy = await _worker(rig, made, seconds)
    judging = alone["evaluation"]["judging_cpu_share"]
    return found | {
        "worker_cpu_share": round(busy, 4),
        "evaluation_of_worker": round(judging / busy, 4),
        "verified": alone["evaluation"]["firing"] >= made.in_incident // 2,
    }


def _alone(workdir: Path, path: Path, pure: bool) -> Figures:
    """The core in a process of its own, once for each meaning of judging."""
    env, here = dict(os.environ), str(Path(__file__).parents[1])
    if COMPILED.is_dir() and not pure:
        # Its package goes before the checkout, which has the benchmark.
        env |= {"PYTHONPATH": f"{COMPILED}{os.pathsep}{here}", "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "bench.alerting", str(path)]
    with pinned(Process(command, log=workdir / "alerting-core.log", env=env)) as process:
        if process.wait(600):
            raise RuntimeError(process.tail())
        told: Figures = json.loads(process.output().splitlines()[-1])
    return told


async def _worker(rig: Rig, made: Fleet, seconds: int) -> float:
    """CPU seconds a second of a worker that knows the fleet and gets its events as they happen."""
    env = rig.pulse_env(APP) | {"PULSE_ACTOR_SECRET": SECRET.decode()}
    rig.create_product_topics(env)
    producer = AIOKafkaProducer(bootstrap_servers=rig.bootstrap, linger_ms=5)
    await producer.start()
    try:
        writer = Writer(producer, APP)
        for partition, tables in enumerate(made.tables):
            for table, records in tables.items():
                for key, value in records.items():
                    await writer.write(table, partition, key, value)
        await writer.flush()
        worker = pinned(pulse("worker", log=rig.workdir / "alerting.log", env=env))
        with worker:
            await ready(env["PULSE_HTTP_PORT"], worker)
            say(f"alerting: a worker under the same events for {seconds} s")
            return await _busy(producer, made, worker.pid)
    finally:
        await producer.stop()


async def _busy(producer: AIOKafkaProducer, made: Fleet, pid: int) -> float:
    """Send each event when its time has come; the worker's CPU share once it is warm."""
    began, warm = time.monotonic(), (0.0, 0.0)
    for at_ms, topic, key, value in made.live:
        due = began + (at_ms - made.start_ms) / 1000
        if not warm[0] and due - began >= WARM_SECONDS:
            warm = time.monotonic(), cpu_seconds(pid)
        if (left := due - time.monotonic()) > 0:
            await asyncio.sleep(left)
        place = partition_for(key, PARTITIONS)
        await producer.send(topic, value, key=key, partition=place)
    return (cpu_seconds(pid) - warm[1]) / (time.monotonic() - warm[0])


if __name__ == "__main__":
    # A file that the parent process has just written.
    read: Fleet = pickle.loads(Path(sys.argv[1]).read_bytes())
    figures = {"evaluation": core(read, EVALUATION), "detection": core(read, DETECTION)}
    print(json.dumps(figures | {"core": parts()["core"]}))
