"""`python -m tests.faults`: run the exactness campaign, or show that its verdict can fail.

Exit code 0 only if every count is exact and every fault has bitten.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import orjson

from tests.faults import campaign
from tests.faults.campaign import STRIKES
from tests.faults.doctored import DOCTORS, unseen
from tests.faults.oracle import Expected
from tests.faults.plan import KINDS, Plan, chosen, schedule

_EVENTS = 1_000_000
_EVENTS_EACH = 12_500
"""Enough for the load to go on through all faults, with the bursts in which workers are killed."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--events",
        type=int,
        help=f"default: {_EVENTS:,}, or {_EVENTS_EACH:,} for each fault where that is more",
    )
    parser.add_argument("--creators", type=int, default=2_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2, help="a spare one comes and goes")
    parser.add_argument(
        "--faults", type=int, default=len(KINDS), help="how many, of all kinds alike"
    )
    parser.add_argument(
        "--kinds", metavar="KIND=N,...", help=f"these faults instead; {', '.join(STRIKES)}"
    )
    parser.add_argument("--incidents", type=int, default=8, help="spikes and drops in the load")
    parser.add_argument("--broker-down", type=float, default=60.0, help="seconds of a broker_stop")
    parser.add_argument(
        "--without",
        choices=["chain", "fencing", "transaction", "send-futures", "read-committed"],
        help="switch this mechanism off in the workers, to see the run fail",
    )
    parser.add_argument("--report", type=Path, help="write the report here, as JSON")
    parser.add_argument(
        "--keep", type=Path, help="keep logs, expectation and findings in this directory"
    )
    parser.add_argument(
        "--tamper",
        choices=["remove", "double"],
        help="withhold one event, or send one twice under two names, to see the run fail",
    )
    parser.add_argument(
        "--self-test",
        type=Path,
        metavar="DIR",
        help="run nothing: doctor the findings kept in DIR, and fail unless each is seen",
    )
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


def _self_test(kept: Path) -> int:
    expected, found = Expected.load(kept / "expected.json"), campaign.load(kept / "found.json")
    missed = unseen(expected, found)
    for name in missed:
        _say(f"not seen: {name}")
    _say(f"{len(DOCTORS) - len(missed)} of {len(DOCTORS)} doctored results are seen to be wrong")
    return 1 if missed else 0


def _kinds(arguments: argparse.Namespace) -> list[str]:
    if not arguments.kinds:
        return schedule(arguments.seed, arguments.faults)
    counts = {}
    for part in arguments.kinds.split(","):
        kind, _, number = part.partition("=")
        counts[kind] = int(number or 1)
    return chosen(arguments.seed, counts)


def _run(arguments: argparse.Namespace, workdir: Path) -> int:
    kinds = _kinds(arguments)
    plan = Plan(
        workdir=workdir,
        kinds=kinds,
        seed=arguments.seed,
        events=arguments.events or max(_EVENTS, _EVENTS_EACH * len(kinds)),
        creators=arguments.creators,
        partitions=arguments.partitions,
        workers=arguments.workers,
        incidents=arguments.incidents,
        broker_down_s=arguments.broker_down,
        without=arguments.without,
        tamper=arguments.tamper,
    )
    report = asyncio.run(campaign.run(plan, _say))
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments.report:
        arguments.report.write_bytes(text)
    _say(text.decode())
    return 0 if report["right"] and not _self_test(workdir) else 1


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    if arguments.self_test:
        return _self_test(arguments.self_test)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return _run(arguments, arguments.keep)
    with tempfile.TemporaryDirectory(prefix="faults-") as workdir:
        return _run(arguments, Path(workdir))


if __name__ == "__main__":
    sys.exit(main())
