"""`python -m bench`: what the whole path costs, beside what users would pick instead, in one run.

Everything reads the same mixed events of 1,000 creators with Zipf skew and 500,000 actors over
1.25 hours of event time, four partitions, from a backlog on a real Kafka; slow peers read the first
part of it. Each runs alone on one core, with the broker and this program on another. Rates are
events per second, and per CPU second of all its threads. What is measured is also checked: a
result that does not add up is `verified: NO`, and the exit status is 1.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench import (
    alerting,
    creators,
    exposition,
    latency,
    restore,
    sentiment,
    throughput,
    windowed,
    workers,
)
from bench.load import recent
from bench.profile import shares
from bench.rig import Rig, say
from bench.tables import OURS, contenders, figures

PARTS = {
    "floor": "aiokafka fetch and the same decode, nothing else",
    "ours": "our worker as shipped",
    "kafka-streams": "Kafka Streams, tumbling minutes",
    "kafka-streams-sliding": "Kafka Streams, with 5 min hopping by 10 s beside them",
    "quix": "Quix Streams, tumbling minutes",
    "quix-sliding": "Quix Streams, with 5 min hopping by 10 s beside them",
    "faust": "idiomatic Faust, one tumbling minute",
    "latency": "event to score, and the worker's pages, at half of our rate",
    "workers": "two workers where one was: CPU, and the silence while one joins",
    "creators": "cost per event with 1,000 to 1,000,000 creators known, and by skew; no Kafka",
    "alerting": "what judging costs a worker: 10,000 creators at the pace of life, 1 % in incident",
    "restore": "takeover of a million creators after ten minutes of load",
    "sentiment": "comments judged by a second of CPU, and cost by length; no Kafka",
    "metrics": "a scrape of a worker with 100,000 creators, and what it holds up; no Kafka",
}
EXAMPLES = """examples:
  make bench                                              everything, at its defaults
  make bench BENCH_ARGS="--only floor,ours"               how far we are from the floor
  make bench BENCH_ARGS="--only ours --profile out.txt"   where the time goes
  make bench BENCH_ARGS="--only latency --rate 20000"     at a rate of one's choice
  make bench BENCH_ARGS="--report bench.json"             the figures as JSON, too
"""
Report = dict[str, Any]
Contender = Callable[[Rig], Awaitable[dict[str, Any]]]


def _contenders(told: argparse.Namespace) -> dict[str, Contender]:
    return {
        "floor": throughput.floor,
        "ours": lambda rig: throughput.ours(rig, told.profile),
        "kafka-streams": lambda rig: windowed.kafka_streams(rig, told.events, "tumbling"),
        "kafka-streams-sliding": lambda rig: windowed.kafka_streams(
            rig, told.kafka_streams_events, "sliding"
        ),
        "quix": lambda rig: windowed.quix(rig, told.quix_events, "tumbling"),
        "quix-sliding": lambda rig: windowed.quix(rig, told.quix_sliding_events, "sliding"),
        "faust": lambda rig: throughput.idiomatic(rig, told.faust_events),
    }


def _half_rate(told: argparse.Namespace, report: Report) -> int:
    if told.rate:
        return int(told.rate)
    rates = [row["events_per_second"] for row in report["results"] if row["name"] == OURS]
    return rates[0] // 2 if rates else 20_000


async def run(told: argparse.Namespace, report: Report) -> None:
    """All measurements that were asked for, into `report` as they come."""

    def keep(part: str, found: Any) -> None:
        report[part] = found
        say(f"  {found}")
        _write(told, report)

    windowed.set_up(told.parts)
    stream = recent(told.events)
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder:
        workdir = Path(folder)
        if told.parts & {*_contenders(told), "latency"}:
            with Rig(workdir / "rig", stream, pure=told.pure) as rig:
                for part, measure in _contenders(told).items():
                    if part in told.parts:
                        report["results"].append(await measure(rig))
                        say(f"  {report['results'][-1]}")
                        _write(told, report)
                if "latency" in told.parts:
                    rate = _half_rate(told, report)
                    keep("latency", await latency.latency(rig, rate, told.seconds))
        if "workers" in told.parts:
            warm = recent(min(told.events, workers.WARM_EVENTS))
            with Rig(workdir / "workers", warm, pure=told.pure) as rig:
                keep("workers", await workers.workers(rig, _half_rate(told, report)))
        if "creators" in told.parts:
            keep("creators", await creators.creators(workdir, told.known))
        if "metrics" in told.parts:
            keep("metrics", await exposition.exposition())
        if "alerting" in told.parts:
            keep("alerting", await alerting.alerting(workdir, told.live_seconds, pure=told.pure))
        if "restore" in told.parts:
            keep("restore", await restore.restore(workdir / "restore", told.known))
        if "sentiment" in told.parts:
            keep("sentiment", sentiment.sentiment())
    if told.profile:
        report["profile"] = shares(told.profile)


def _write(told: argparse.Namespace, report: Report) -> None:
    if told.report:
        told.report.write_text(json.dumps(report, indent=2) + "\n")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="parts:\n"
        + "".join(f"  {name:24}{does}\n" for name, does in PARTS.items())
        + "\n"
        + EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", help="the parts to run, by commas (default: all)")
    for option, default, what in (
        ("--events", 6_000_000, "events in the stream"),
        ("--kafka-streams-events", 500_000, "of these, for Kafka Streams with sliding windows"),
        ("--quix-events", 500_000, "of these, for Quix Streams with tumbling windows"),
        ("--quix-sliding-events", 30_000, "of these, for Quix Streams with sliding windows"),
        ("--faust-events", 60_000, "of these, for idiomatic Faust"),
        ("--seconds", 60, "of live load, for the latency"),
        ("--live-seconds", 180, "of life, for alerting, the first 30 left out"),
        ("--known", 1_000_000, "creators, at most, for creators and restore"),
    ):
        parser.add_argument(
            option, type=int, default=default, metavar="N", help=f"{what} (default: {default:,})"
        )
    parser.add_argument(
        "--rate",
        type=int,
        metavar="N",
        help="events/s for latency and workers (default: half of ours in this run, or 20,000)",
    )
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="write our worker's folded stacks (py-spy)"
    )
    parser.add_argument(
        "--pure", action="store_true", help="run the core as it is written, not compiled"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    told = parser.parse_args()
    told.parts = set(told.only.split(",")) if told.only else set(PARTS)
    if unknown := sorted(told.parts - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return told


def verified(report: Report) -> bool:
    """Whether everything that was measured also added up."""
    checked = [*report["results"], *(v for v in report.values() if isinstance(v, dict))]
    return all(found.get("verified", True) for found in checked)


def main() -> int:
    """Parse, run, print the tables, write the report."""
    told = parse()
    report: Report = {"results": []}
    # A new topic's leader is not there at once: the client tries again, and says so each time.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    try:
        asyncio.run(run(told, report))
    finally:
        if report["results"]:
            print(contenders(report["results"]))
        for part in (
            "latency",
            "workers",
            "creators",
            "alerting",
            "metrics",
            "restore",
            "sentiment",
        ):
            if part in report:
                print(f"\n{part}: {PARTS[part]}\n{figures(report[part])}")
    for part, share in report.get("profile", {}).items():
        print(f"{part:48}{share:>8.1%}")
    _write(told, report)
    return 0 if verified(report) else 1


if __name__ == "__main__":
    sys.exit(main())
