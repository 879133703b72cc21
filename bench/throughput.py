"""Throughput: the full path, the floor below it and the peers beside it, over the same events.

Knows how each is started, followed and checked. One runs at a time, alone on its core.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench.load import TOPICS, per_pane
from bench.measure import Progress, committed, cpu_seconds, follow, latest_values
from bench.rig import PARTITIONS, Rig, pinned, say
from stack.procs import Process, pulse
from tests.harness.topics import create_topics

Row = dict[str, Any]
TIMEOUT = 500.0


def row(name: str, does: str, progress: Progress, events: int, cpu: float) -> Row:
    """The figures of one run."""
    wall_rate, cpu_rate = progress.rates()
    return {
        "name": name,
        "does": does,
        "events": events,
        "events_per_second": round(wall_rate),
        "events_per_cpu_second": round(cpu_rate),
        "seconds": round(progress.seconds, 1),
        "cpu_seconds": round(cpu, 2),
    }


async def floor(rig: Rig) -> Row:
    """Fetch and decode of all events, nothing else."""
    events = await rig.backlog()
    say("floor: reading and decoding")
    command = [sys.executable, "-m", "bench.peers.floor"]
    log = rig.workdir / "floor.log"
    process = pinned(Process(command, log=log, env=rig.peer_env(events)))
    with process:
        code = await asyncio.to_thread(process.wait, TIMEOUT)
    if code:
        raise RuntimeError(process.tail())
    told = json.loads(process.output().splitlines()[-1])
    return {
        "name": "floor",
        "does": "aiokafka fetch and the same decode, nothing else",
        "events": events,
        "events_per_second": round(told["measured"] / told["seconds"]),
        "events_per_cpu_second": round(told["measured"] / told["cpu_seconds"]),
        "seconds": round(told["seconds"], 1),
        "cpu_seconds": round(told["cpu_seconds"], 2),
        "verified": told["read"] == events and not told["faulty_batches"],
    }


async def ours(rig: Rig, profile: Path | None = None) -> Row:
    """Our worker as shipped over all events."""
    events = await rig.backlog()
    say("creator-pulse: starting a worker")
    worker = pinned(pulse("worker", log=rig.workdir / "worker.log", env=rig.pulse_env()))
    with worker:
        if profile:
            _sample(worker, profile, rig.workdir)
        progress = await follow(rig.bootstrap, "bench", TOPICS, worker, events, TIMEOUT)
        cpu = cpu_seconds(worker.pid)
        counted = await _scored(rig, events)
    wrong = await _wrong_minutes(rig, events)
    letters = await latest_values(rig.bootstrap, "dead-letters")
    core = "compiled" if rig.compiled else "in Python"
    does = f"exactly once; all windows sliding, sentiment, detection, state, outputs; core {core}"
    return row("creator-pulse", does, progress, events, cpu) | {
        "verified": counted == events and not wrong and not letters,
        "counted": counted,
        "wrong_minutes": wrong,
    }


async def _scored(rig: Rig, events: int) -> int:
    """Events in the last scores, once they are all there or a minute has passed."""
    started = time.monotonic()
    while True:
        scores = await latest_values(rig.bootstrap, "engagement-scores")
        counted: int = sum(orjson.loads(v)["windows"]["24h"]["events"] for v in scores.values())
        if counted == events or time.monotonic() - started > 60:
            return counted
        await asyncio.sleep(1)


async def _wrong_minutes(rig: Rig, events: int) -> int:
    """Closed minutes whose final records and late events do not add up to what was sent."""
    found: Counter[int] = Counter()
    latest: dict[int, int] = {}
    async for record in committed(rig.bootstrap, "engagement-windows"):
        window = orjson.loads(record.value)
        minute = _minute(window["window_start"])
        found[minute] += window["events"]
        latest[record.partition] = max(minute, latest.get(record.partition, minute))
    async for record in committed(rig.bootstrap, "late-events"):
        found[orjson.loads(record.value)["event"]["occurred_at"] // 60_000] += 1
    sent: Counter[int] = Counter()
    for (_rank, minute), n in per_pane(rig.stream, 60_000, events).items():
        sent[minute] += n
    # Each partition closes its minutes by itself.
    closed = min(latest.values())
    return sum(found[minute] != sent[minute] for minute in sent if minute <= closed)


def _minute(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp()) // 60


def _sample(worker: Process, profile: Path, workdir: Path) -> None:
    """Let py-spy watch the worker until it ends; folded stacks go to `profile`."""
    py_spy = str(Path(sys.executable).with_name("py-spy"))
    command = [py_spy, "record", "--pid", str(worker.pid), "--format", "raw", "--gil"]
    Process([*command, "--output", profile], log=workdir / "py-spy.log").start()


async def idiomatic(rig: Rig, upto: int) -> Row:
    """Idiomatic Faust over the first events."""
    events = await rig.backlog(upto)
    changelog = "idiomatic-counts-changelog"
    await create_topics(rig.bootstrap, {changelog: PARTITIONS})
    say("idiomatic Faust: starting a worker")
    command = [sys.executable, "-m", "faust", "-A", "bench.peers.idiomatic", "worker", "-l", "warn"]
    peer = pinned(Process(command, log=rig.workdir / "faust.log", env=rig.peer_env(events)))
    topics = rig.topics(events)
    with peer:
        progress = await follow(rig.bootstrap, "idiomatic", topics, peer, events, TIMEOUT)
        cpu = cpu_seconds(peer.pid)
        await asyncio.sleep(4)  # its producer buffer is flushed when it likes, not with the commit
    counted = sum(map(int, (await latest_values(rig.bootstrap, changelog)).values()))
    does = "at least once; one tumbling minute"
    return row("idiomatic Faust", does, progress, events, cpu) | {
        "verified": counted == events,
        "counted": counted,
    }
