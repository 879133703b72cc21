"""Exposition: what a scrape of a worker with very many creators takes, and what it holds up.

No Kafka: a shard of that many creators with full baselines gets events in the worker's own loop,
which also serves its pages and looks at every creator as a worker does. Scrapes come from another
process. How long the loop is held up is measured with them, and without.
"""

import asyncio
import gc
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry

from bench.core import UNDRAINED, Step, steps
from bench.fleet import blank_shard_record, stored, templates
from bench.load import Stream
from streams.app import SURVEY_SECONDS
from streams.engine.shard import Shard, ShardConfig, Tick
from streams.outputs.catalogue import BUDGET
from streams.outputs.metrics import Metrics
from streams.outputs.observer import Observer
from streams.settings import Settings
from streams.web import Verdict, WebServer, application

CREATORS, SCRAPES = 100_000, 100
END_MS = 1_780_000_000_000
ACTIVE, EVENTS, PER_TICK, REST = 1_000, 400_000, 50, 0.002
TICKS_PER_SNAPSHOT, WARM_TICKS = 10, 200
"""Small ticks and snapshots, so that the load's own steps are short: what a scrape adds shows."""
MOST_SECONDS = 0.3
_SCRAPE = """
import sys, time, urllib.request
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    body = urllib.request.urlopen(sys.argv[1], timeout=30).read()
    print(time.perf_counter() - began, len(body), body.count(b"\\n") - body.count(b"\\n#"))
    time.sleep(0.1)
"""


class _Well:
    def alive(self) -> Verdict:
        return Verdict(True, [], {})

    ready = alive


class _Loop:
    """How long an event loop did not come back, as often as it is looked at."""

    def __init__(self) -> None:
        self.gaps: list[float] = []

    async def watch(self) -> None:
        """Look each millisecond, until cancelled."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.gaps.append(now - last - 0.001)
            last = now


def _shard() -> Shard:
    config = ShardConfig(partitions=1, most_live=CREATORS)
    tables: dict[str, dict[bytes, bytes]] = {"engagement": {}, "sentiment": {}}
    key, value = blank_shard_record(config)
    tables["engagement"][key] = value
    for table, key, value in stored(templates(), range(CREATORS)):
        tables[table][key] = value
    return Shard.restore(0, config, tables)


async def _load(shard: Shard, load: Iterator[Step], warm: asyncio.Event) -> None:
    for number, step in enumerate(load):
        for batch in step:
            shard.apply(batch)
        shard.advance(Tick(END_MS + 10 * number, UNDRAINED))
        if number % TICKS_PER_SNAPSHOT == 0:
            shard.take_snapshot()
        if number == WARM_TICKS:
            warm.set()
        await asyncio.sleep(REST)
    raise AssertionError("the load has ended before the scrapes: give it more events")


async def _look(observer: Observer) -> None:
    while True:
        await asyncio.to_thread(observer.survey)
        await asyncio.sleep(SURVEY_SECONDS)


async def exposition() -> dict[str, Any]:
    """The figures."""
    shard = _shard()
    observer = Observer(Settings().max_creator_series)
    observer.hooks.on_restored(0, shard, 0.1)
    metrics = Metrics(CollectorRegistry(), observer.read)
    server = WebServer(application(metrics.registry, _Well()), "127.0.0.1", 0)
    await server.start()
    gc.set_threshold(100_000, 20, 20)  # as the worker has it
    gc.collect()
    gc.freeze()
    stream = Stream(EVENTS, END_MS, creators=ACTIVE, hours=0.1, skew=1.0)
    warm = asyncio.Event()
    beside = [
        asyncio.create_task(_load(shard, steps(stream, PER_TICK), warm)),
        asyncio.create_task(_look(observer)),
    ]
    await asyncio.wait([beside[0], asyncio.create_task(warm.wait())], return_when="FIRST_COMPLETED")
    await asyncio.to_thread(observer.survey)
    without = await _watched(asyncio.sleep(SCRAPES * 0.13))
    scraping = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SCRAPE, f"{server.url}/metrics", str(SCRAPES)),
        stdout=asyncio.subprocess.PIPE,
    )
    with_them = await _watched(scraping.communicate())
    for task in beside:
        task.cancel()
    told = await asyncio.gather(*beside, return_exceptions=True)
    await server.stop()
    failed = [error for error in told if not isinstance(error, asyncio.CancelledError)]
    lines = [line.split() for line in with_them.answer[0].decode().splitlines()]
    times = sorted(float(line[0]) for line in lines)
    most = max(int(line[2]) for line in lines)
    return {
        "creators": shard.creators,
        "series": most,
        "budget": BUDGET,
        "kilobytes": round(int(lines[-1][1]) / 1_000),
        "scrape_ms": _told(times),
        "loop_held_up_ms": _told(with_them.gaps),
        "loop_held_up_ms_without_scrapes": _told(without.gaps),
        "verified": most < BUDGET
        and _told(times)["p99"] < MOST_SECONDS * 1_000
        and len(times) == SCRAPES
        and not failed,
    }


class _Watched:
    def __init__(self, gaps: list[float], answer: Any) -> None:
        self.gaps, self.answer = sorted(gaps), answer


async def _watched(work: Any) -> _Watched:
    loop = _Loop()
    watching = asyncio.create_task(loop.watch())
    answer = await work
    watching.cancel()
    return _Watched(loop.gaps, answer)


def _told(ordered: list[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)] * 1_000, 1)

    return {"p50": at(0.5), "p99": at(0.99), "max": at(1.0)}
