"""Workers: what two spend where one did, and how long the stream stands still when one joins.

Knows how to watch a group under a steady load: one worker, then a second one, then both. The same
load throughout, since a checkpoint costs by the clock and not by the event. The one is measured on
its own core, and on the broker's, too: there an event costs more, whoever reads it, and one of two
workers is there.
"""

import asyncio
import time
from collections import defaultdict
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from bench.live import finished, live
from bench.load import TOPICS
from bench.measure import consumed, cpu_seconds, follow, from_now_on, latest_values
from bench.rig import BROKER_CORE, WORKER_CORE, Rig, move, pinned, say
from stack.procs import Process, pulse

WARM_SECONDS, JOIN_SECONDS, PHASE_SECONDS = 10, 20, 40
WARM_EVENTS = 300_000
APP = "bench"
Figures = dict[str, Any]


async def workers(rig: Rig, rate: int) -> Figures:
    """CPU per event with one worker and with two; the longest silence of a partition's scores."""
    events = await rig.backlog()
    first, second = (
        pulse("worker", log=rig.workdir / f"worker-{n}.log", env=rig.pulse_env(APP)) for n in (1, 2)
    )
    seconds = WARM_SECONDS + JOIN_SECONDS + 3 * PHASE_SECONDS + 5
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.bootstrap)
    await admin.start()
    try:
        with ExitStack() as running:
            running.enter_context(pinned(first))
            joining = pinned(second, BROKER_CORE)
            await follow(rig.bootstrap, APP, TOPICS, first, events, 400)
            load, stream = live(rig, rate, seconds)
            say(f"workers: {rate:,} events/s for {seconds} s")
            async with from_now_on(rig.bootstrap, "engagement-scores") as scores:
                arrivals = _Arrivals(scores)
                with load:
                    await asyncio.sleep(WARM_SECONDS)
                    apart = await _phase(admin, [first])
                    say(f"  one worker, on its own core: {apart * 1e6:.2f} us/event")
                    move(first, BROKER_CORE)
                    beside = await _phase(admin, [first])
                    say(f"  one worker, on the broker's: {beside * 1e6:.2f} us/event")
                    move(first, WORKER_CORE)
                    joined = time.monotonic()
                    running.enter_context(joining)
                    await asyncio.sleep(JOIN_SECONDS)
                    settled = time.monotonic()
                    together = await _phase(admin, [first, joining])
                    say(f"  two workers: {together * 1e6:.2f} us/event")
                    told = await finished(load, 120)
                total = events + stream.total
                await follow(rig.bootstrap, APP, TOPICS, [first, joining], total, 60)
                arrivals.stop()
            counted = await _counted(rig, total)
    finally:
        await admin.close()
    return {
        "rate": rate,
        "one_us_per_event": round(apart * 1e6, 2),
        "one_beside_us_per_event": round(beside * 1e6, 2),
        "two_us_per_event": round(together * 1e6, 2),
        "two_over_one": round(together / apart, 3),
        "two_over_mean_of_both_cores": round(2 * together / (apart + beside), 3),
        "silence_seconds_before": round(arrivals.longest(0.0, joined), 2),
        "silence_seconds_while_joining": round(arrivals.longest(joined, settled), 2),
        "producer_behind_ms": told["behind_ms"],
        "verified": counted == total,
    }


async def _phase(admin: AIOKafkaAdminClient, running: list[Process]) -> float:
    """CPU seconds per event over a phase."""
    topics = set(TOPICS)
    before = await consumed(admin, APP, topics), sum(cpu_seconds(w.pid) for w in running)
    await asyncio.sleep(PHASE_SECONDS)
    after = await consumed(admin, APP, topics), sum(cpu_seconds(w.pid) for w in running)
    return (after[1] - before[1]) / max(after[0] - before[0], 1)


async def _counted(rig: Rig, total: int) -> int:
    """Events in the last scores, once they are all there or half a minute has passed."""
    for _ in range(30):
        scores = await latest_values(rig.bootstrap, "engagement-scores")
        counted: int = sum(orjson.loads(v)["windows"]["24h"]["events"] for v in scores.values())
        if counted == total:
            break
        await asyncio.sleep(1)
    return counted


class _Arrivals:
    """When records of each partition became visible, in seconds of the monotonic clock."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._times: dict[int, list[float]] = defaultdict(list)
        self._task = asyncio.ensure_future(self._read(consumer))

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            now = time.monotonic()
            for tp in fetched:
                self._times[tp.partition].append(now)

    def stop(self) -> None:
        self._task.cancel()

    def longest(self, since: float, until: float) -> float:
        """The longest time without a record of some partition that ended in [since, until)."""
        gaps = [0.0]
        for times in self._times.values():
            gaps += [b - a for a, b in pairwise(times) if since <= b < until]
        return max(gaps)
