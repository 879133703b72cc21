"""Latency: from an event on its topic to the score that counts it, and what the probes answer.

Knows how to tell which score is the first that counts an event: the n-th like of a creator, in the
order of its partition, is in the first score whose sum of likes is n more than before the load.
"""

import asyncio
import time
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer

from bench.live import finished, live
from bench.load import TOPICS
from bench.measure import cpu_seconds, follow, from_now_on, latest_values
from bench.rig import Rig, pinned, say
from stack.procs import pulse
from stack.waiting import await_condition

SETTLE_SECONDS = 10
"""Of the load, left out: the worker comes from a standstill."""
PROBE_SECONDS = 0.25
TIMEOUT = 480.0
Figures = dict[str, Any]


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max; values in any order, at least one."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    last = len(ordered) - 1
    return {
        name: round(ordered[min(int(share * len(ordered)), last)], 1) for name, share in at.items()
    }


def delays(
    appended: dict[bytes, list[int]], seen: dict[bytes, list[tuple[float, int]]]
) -> tuple[list[tuple[int, float]], int]:
    """((append time, ms until it was seen) of each event, how many never were).

    `appended` are append times in ms by creator, in the order of the log; `seen` are (time in ms,
    how many of these events are counted by then) by creator, in the order they were read.
    """
    found: list[tuple[int, float]] = []
    missing = 0
    for creator, times in appended.items():
        done = 0
        for at, counted in seen.get(creator, ()):
            found.extend((t, at - t) for t in times[done : max(counted, 0)])
            done = max(done, counted)
        missing += len(times) - min(done, len(times))
    return found, missing


async def latency(rig: Rig, rate: int, seconds: int) -> Figures:
    """A warm worker under `rate` events/s for `seconds`; delays in ms."""
    events = await rig.backlog()
    env = rig.pulse_env()
    worker = pinned(pulse("worker", log=rig.workdir / "worker-live.log", env=env))
    with worker:
        say("latency: letting the worker catch up")
        # Where another part of this run has read the backlog, nothing but its start is waited for.
        await asyncio.to_thread(
            await_condition, lambda: _answers(env["PULSE_HTTP_PORT"]), 60, "the worker is ready"
        )
        await follow(rig.bootstrap, "bench", TOPICS, worker, events, TIMEOUT)
        before = await _settled(rig, events)
        load, stream = live(rig, rate, seconds)
        say(f"latency: {rate:,} events/s for {seconds} s")
        async with _reading(rig, "engagement-scores") as scores, _tail(rig, "likes") as likes:
            with load:
                async with _probing(env["PULSE_HTTP_PORT"]) as probes:
                    spent, began = cpu_seconds(worker.pid), time.monotonic()
                    told = await finished(load, seconds + 60)
                    busy = (cpu_seconds(worker.pid) - spent) / (time.monotonic() - began)
            total = events + stream.total
            await follow(rig.bootstrap, "bench", TOPICS, worker, total, 60)
            await asyncio.sleep(2)
            seen = {
                key: [(at, n - before.get(key, 0)) for at, n in told]
                for key, told in scores.items()
            }
            appended = await likes()
    started = stream.end_ms - seconds * 1000 + SETTLE_SECONDS * 1000
    found, missing = delays(appended, seen)
    waited = [delay for at, delay in found if at >= started]
    return {
        "rate": rate,
        "seconds": seconds,
        "likes": sum(map(len, appended.values())),
        "uncounted": missing,
        "event_to_score_ms": spread(waited),
        "probes_ms": {path: spread(times) for path, times in probes.items()},
        "worker_cpu_share": round(busy, 3),
        "producer_behind_ms": told["behind_ms"],
        "verified": not missing and told["sent"] == stream.total,
    }


async def _settled(rig: Rig, events: int) -> dict[bytes, int]:
    """Likes in the last score of each creator, once the backlog is in the scores."""
    while True:
        scores = await latest_values(rig.bootstrap, "engagement-scores")
        sums = {key: orjson.loads(value)["windows"]["24h"] for key, value in scores.items()}
        if sum(window["events"] for window in sums.values()) >= events:
            return {key: window["likes"] for key, window in sums.items()}
        await asyncio.sleep(1)


@asynccontextmanager
async def _reading(rig: Rig, topic: str) -> AsyncIterator[dict[bytes, list[tuple[float, int]]]]:
    """Reads scores as they become visible: (time in ms, likes) by creator."""
    seen: dict[bytes, list[tuple[float, int]]] = defaultdict(list)

    async def read(consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            now = time.time() * 1000
            for records in fetched.values():
                for record in records:
                    likes = orjson.loads(record.value)["windows"]["24h"]["likes"]
                    seen[record.key].append((now, likes))

    async with from_now_on(rig.bootstrap, topic) as consumer:
        task = asyncio.ensure_future(read(consumer))
        try:
            yield seen
        finally:
            task.cancel()


@asynccontextmanager
async def _tail(
    rig: Rig, topic: str
) -> AsyncIterator[Callable[[], Awaitable[dict[bytes, list[int]]]]]:
    """What is appended to a topic from now on: when called, its append times in ms by key."""
    async with from_now_on(rig.bootstrap, topic) as consumer:

        async def read() -> dict[bytes, list[int]]:
            times: dict[bytes, list[int]] = defaultdict(list)
            parts = list(consumer.assignment())
            ends = await consumer.end_offsets(parts)
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        times[record.key].append(record.timestamp)
            return times

        yield read


def _answers(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@asynccontextmanager
async def _probing(port: str) -> AsyncIterator[dict[str, list[float]]]:
    """Asks the worker's pages all the time: milliseconds until each answer, by path."""
    times: dict[str, list[float]] = {"/metrics": [], "/healthz": []}

    async def ask(session: aiohttp.ClientSession, path: str) -> None:
        while True:
            began = time.monotonic()
            async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                await answer.read()
                answer.raise_for_status()
            times[path].append((time.monotonic() - began) * 1000)
            await asyncio.sleep(PROBE_SECONDS)

    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.ensure_future(ask(session, path)) for path in times]
        try:
            yield times
        finally:
            for task in tasks:
                task.cancel()
            failed = await asyncio.gather(*tasks, return_exceptions=True)
            for error in failed:
                if not isinstance(error, asyncio.CancelledError):
                    raise RuntimeError("a page did not answer") from error
