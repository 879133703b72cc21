"""Creators: what an event costs when many are known and few are active, and what an idle one takes.

Run as `python -m bench.creators KNOWN SKEW ACTIVE`: one process for each figure, so that each has a
heap of its own. It restores KNOWN creators with full baselines from stored records, feeds events of
the first ACTIVE of them through the pure core, and prints one line of JSON. Costs are also given in
iterations of the guard's reference loop, which runs in between: that compares between processes.
"""

import asyncio
import gc
import json
import os
import pickle
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bench.core import drive, steps
from bench.fleet import Parts, Tables, blank_shard_record, stored, templates
from bench.guard import Reference
from bench.load import Stream
from bench.measure import resident_bytes
from bench.rig import WORKER_CORE, say
from stack.procs import Process
from streams.engine.sentiment import Analyser, load_default
from streams.engine.shard import Shard, ShardConfig

KNOWN = (1_000, 10_000, 100_000, 1_000_000)
SKEWS = (0.0, 0.5, 1.0, 1.5)
ACTIVE = 1_000
PER_TICK = 6_000
"""A tenth of a second of a worker whose only shard this is."""
WARM, MEASURED = 30, 60
"""Steps, and a quarter of them where each event is of another creator."""
END_MS = 1_780_000_000_000
Figures = dict[str, Any]


def one(fleet: list[Parts], known: int, skew: float, active: int) -> Figures:
    """The figures for one number of known creators."""
    config = ShardConfig(partitions=1)
    cut = 4 if active > ACTIVE else 1
    warm = WARM // cut
    total = PER_TICK * (warm + MEASURED // cut)
    stream = Stream(total, END_MS, creators=active, hours=total / 80_000 / 60, skew=skew)
    analyser = load_default()  # which is there once, however many creators there are
    before = resident_bytes(_pid())
    shard, seconds = _restored(fleet, known, config, analyser)
    gc.collect()
    gc.freeze()
    held = resident_bytes(_pid()) - before
    load = steps(stream, PER_TICK)
    drive(shard, islice(load, warm), END_MS)
    measured = list(load)
    gc.collect()
    reference = Reference()
    costs = drive(shard, measured, END_MS + 100 * warm, between=reference.run)
    iteration = reference.seconds / reference.iterations
    assert shard.creators == known, shard.creators
    return {
        "known": known,
        "active": active,
        "skew": skew,
        "microseconds_per_event": round(costs.micro(costs.total), 2),
        "iterations_per_event": round(costs.total / costs.events / iteration, 2),
        "bytes_per_idle_creator": round(held / known),
        "restore_cpu_seconds": round(seconds, 2),
    }


def _restored(
    fleet: list[Parts], known: int, config: ShardConfig, analyser: Analyser
) -> tuple[Shard, float]:
    tables: Tables = {"engagement": {}, "sentiment": {}}
    key, value = blank_shard_record(config)
    tables["engagement"][key] = value
    for table, key, value in stored(fleet, range(known)):
        tables[table][key] = value
    began = time.thread_time()
    shard = Shard.restore(0, config, tables, analyser)
    return shard, time.thread_time() - began


def _pid() -> int:
    return os.getpid()


async def creators(workdir: Path, most: int) -> Figures:
    """Cost by number of known creators, cost by skew, and the uniform case, each by itself."""
    say("creators: simulating some with a full baseline")
    known = [n for n in KNOWN if n <= most]
    path = workdir / "fleet.pickle"
    path.write_bytes(pickle.dumps(templates()))
    runs: Iterator[tuple[str, int, float, int]] = iter(
        [("known", n, 1.0, ACTIVE) for n in known]
        + [("skew", ACTIVE, skew, ACTIVE) for skew in SKEWS]
        + [("uniform", max(known), 0.0, max(known))]
    )
    figures: Figures = {"known": [], "skew": [], "uniform": []}
    for kind, n, skew, active in runs:
        command = [
            sys.executable,
            "-m",
            "bench.creators",
            str(path),
            str(n),
            str(skew),
            str(active),
        ]
        log = workdir / f"creators-{kind}-{n}-{skew}.log"
        process = Process(["taskset", "-c", str(WORKER_CORE), *command], log=log)
        with process:
            if await asyncio.to_thread(process.wait, 300):
                raise RuntimeError(process.tail())
        figures[kind].append(json.loads(process.output().splitlines()[-1]))
        say(f"  {figures[kind][-1]}")
    return figures


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # as the worker has it
    # A file that the parent process has just written.
    made = pickle.loads(Path(sys.argv[1]).read_bytes())
    print(json.dumps(one(made, int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
