"""`python -m bench`: the full path on a real Kafka, beside idiomatic Faust, in one run.

Both read the same kind of backlog: mixed events of 1,000 creators with Zipf skew and 500,000
actors over more than an hour of event time, four partitions. Ours runs as shipped (exactly once,
all windows sliding, outputs and state in transactions); the peer counts one tumbling minute at
least once. Each runs alone on one core, the broker on the other. Rates are events per second, and
per CPU second of the worker (all its threads). `--profile FILE` samples the worker with py-spy
and adds where its time went.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from bench.load import MIX, preload
from bench.measure import Progress, cpu_seconds, follow, latest_values
from bench.profile import shares
from tests.harness.kafka import KafkaServer
from tests.harness.ports import free_port
from tests.harness.procs import Process, pulse
from tests.harness.topics import create_topics

PARTITIONS = 4
TOPICS = [name for name, _ in MIX]


def _pinned(process: Process, core: int) -> Process:
    process.command = ["taskset", "-c", str(core), *process.command]
    return process


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def ours(
    kafka: KafkaServer, workdir: Path, events: int, profile: Path | None
) -> dict[str, Any]:
    """Our worker over `events`; rates, CPU and whether the outputs add up."""
    env = {
        "PULSE_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "PULSE_PARTITIONS": str(PARTITIONS),
        "PULSE_APP_ID": "bench",
        "PULSE_HTTP_PORT": str(free_port()),
        "PULSE_ACTOR_SECRET": "benchmark-secret-of-no-value",
    }
    with pulse("topics", "create", log=workdir / "topics.log", env=env) as setup:
        if setup.wait(120):
            raise RuntimeError(setup.tail())
    say(f"ours: writing {events:,} events")
    sent = await preload(kafka.bootstrap, PARTITIONS, events)
    worker = _pinned(pulse("worker", log=workdir / "worker.log", env=env), 1)
    with worker:
        if profile:
            _sample(worker, profile, workdir)
        progress = await follow(kafka.bootstrap, "bench", TOPICS, worker, events, timeout=480)
        started = time.monotonic()
        while True:
            scores = await latest_values(kafka.bootstrap, "engagement-scores")
            counted = sum(orjson.loads(v)["windows"]["24h"]["events"] for v in scores.values())
            if counted == events or time.monotonic() - started > 60:
                break
            await asyncio.sleep(1)
        cpu = cpu_seconds(worker.pid)
    letters = await latest_values(kafka.bootstrap, "dead-letters")
    return _result("creator-pulse", progress, events, cpu) | {
        "verified": counted == events and not letters,
        "counted": counted,
        "sent": dict(sent),
    }


def _sample(worker: Process, profile: Path, workdir: Path) -> None:
    """Let py-spy watch the worker until it ends; folded stacks go to `profile`."""
    command = ["py-spy", "record", "--pid", str(worker.pid), "--format", "raw", "--gil"]
    command[0] = str(Path(sys.executable).with_name("py-spy"))
    Process([*command, "--output", profile], log=workdir / "py-spy.log").start()


async def idiomatic(kafka: KafkaServer, workdir: Path, events: int) -> dict[str, Any]:
    """Idiomatic Faust over `events`."""
    topics = {f"peer-{name}": PARTITIONS for name in TOPICS}
    changelog = "idiomatic-counts-changelog"
    await create_topics(kafka.bootstrap, topics | {changelog: PARTITIONS})
    say(f"idiomatic Faust: writing {events:,} events")
    await preload(kafka.bootstrap, PARTITIONS, events, prefix="peer-")
    env = {
        "BENCH_BOOTSTRAP": kafka.bootstrap,
        "BENCH_PARTITIONS": str(PARTITIONS),
        "BENCH_TOPICS": ",".join(topics),
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "faust", "-A", "bench.idiomatic", "worker", "-l", "warn"]
    peer = _pinned(Process(command, log=workdir / "peer.log", env=env), 1)
    with peer:
        progress = await follow(kafka.bootstrap, "idiomatic", topics, peer, events, timeout=480)
        await asyncio.sleep(4)  # its producer buffer is flushed when it likes, not with the commit
        cpu = cpu_seconds(peer.pid)
    counted = sum(map(int, (await latest_values(kafka.bootstrap, changelog)).values()))
    return _result("idiomatic Faust", progress, events, cpu) | {
        "verified": counted == events,
        "counted": counted,
    }


def _result(name: str, progress: Progress, events: int, cpu: float) -> dict[str, Any]:
    wall_rate, cpu_rate = progress.between(0.05, 1.0)
    return {
        "name": name,
        "events": events,
        "events_per_second": round(wall_rate),
        "events_per_cpu_second": round(cpu_rate),
        "cpu_seconds": round(cpu, 2),
    }


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """All measurements; the report."""
    results = []
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder:
        workdir = Path(folder)
        with KafkaServer(workdir / "kafka") as kafka:
            results.append(await ours(kafka, workdir, arguments.events, arguments.profile))
            say(f"  {results[-1]}")
            if arguments.peer_events:
                results.append(await idiomatic(kafka, workdir, arguments.peer_events))
                say(f"  {results[-1]}")
    report: dict[str, Any] = {"results": results}
    if len(results) > 1:
        mine, peer = results
        report["ratio"] = {
            key: round(mine[key] / peer[key], 1)
            for key in ("events_per_second", "events_per_cpu_second")
        }
    return report


def main() -> int:
    """Parse, run, print a table, write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events for creator-pulse")
    parser.add_argument(
        "--peer-events", type=int, default=40_000, help="events for the peer; 0: none"
    )
    parser.add_argument("--profile", type=Path, help="write the worker's folded stacks (py-spy)")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    report = asyncio.run(run(arguments))
    if arguments.profile:
        report["profile"] = shares(arguments.profile)
        for part, share in report["profile"].items():
            print(f"{part:48}{share:>8.1%}")
    print(f"{'':18}{'events':>10}{'events/s':>12}{'per CPU s':>12}  verified")
    for row in report["results"]:
        print(
            f"{row['name']:18}{row['events']:>10,}{row['events_per_second']:>12,}"
            f"{row['events_per_cpu_second']:>12,}  {row['verified']}"
        )
    if "ratio" in report:
        ratio = report["ratio"]
        print(f"ratio{ratio['events_per_second']:>35}{ratio['events_per_cpu_second']:>12}")
    if arguments.report:
        arguments.report.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(row["verified"] for row in report["results"]) else 1


if __name__ == "__main__":
    sys.exit(main())
