"""`python -m bench`: what the whole path costs, beside what users would pick instead, in one run.

Everything reads the same mixed events of 1,000 creators with Zipf skew and 500,000 actors over
1.25 hours of event time, four partitions, from a backlog on a real Kafka; slow peers read the first
part of it. Each runs alone on one core, with the broker and this program on another. Rates are
events per second, and per CPU second of all its threads. What is measured is also checked: a
result that does not add up is `verified: no`, and the exit status is 1.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import throughput
from bench.load import recent
from bench.profile import shares
from bench.rig import Rig, say
from bench.tables import contenders

PARTS = {
    "floor": "aiokafka fetch and the same decode, nothing else",
    "ours": "our worker as shipped",
    "faust": "idiomatic Faust, one tumbling minute",
}
EXAMPLES = """examples:
  make bench                                              everything, at its defaults
  make bench BENCH_ARGS="--only floor,ours"               how far we are from the floor
  make bench BENCH_ARGS="--only ours --profile out.txt"   where the time goes
  make bench BENCH_ARGS="--report bench.json"             the figures as JSON, too
"""


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """All measurements that were asked for; the report."""
    report: dict[str, Any] = {"results": []}
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder:
        stream = recent(arguments.events)
        measures = {
            "floor": throughput.floor,
            "ours": lambda rig: throughput.ours(rig, arguments.profile),
            "faust": lambda rig: throughput.idiomatic(rig, arguments.faust_events),
        }
        with Rig(Path(folder), stream) as rig:
            for part, measure in measures.items():
                if part in arguments.only:
                    report["results"].append(await measure(rig))
                    say(f"  {report['results'][-1]}")
    if arguments.profile:
        report["profile"] = shares(arguments.profile)
    return report


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="parts:\n"
        + "".join(f"  {name:14}{does}\n" for name, does in PARTS.items())
        + "\n"
        + EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", help="the parts to run, by commas (default: all)")
    parser.add_argument(
        "--events", type=int, default=6_000_000, help="events in the stream (default: 6,000,000)"
    )
    parser.add_argument("--faust-events", type=int, default=60_000, help="of these, for Faust")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="write our worker's folded stacks (py-spy)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",") if arguments.only else list(PARTS)
    if unknown := sorted(set(arguments.only) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return arguments


def main() -> int:
    """Parse, run, print the tables, write the report."""
    arguments = parse()
    # A new topic's leader is not there at once: the client tries again, and says so each time.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    report = asyncio.run(run(arguments))
    for part, share in report.get("profile", {}).items():
        print(f"{part:48}{share:>8.1%}")
    print(contenders(report["results"]))
    if arguments.report:
        arguments.report.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(row["verified"] for row in report["results"]) else 1


if __name__ == "__main__":
    sys.exit(main())
