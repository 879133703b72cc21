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
from tests.faults.doctored import DOCTORS, unseen
from tests.faults.oracle import Expected
from tests.harness.kafka import KafkaServer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--creators", type=int, default=2_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=5, help="SIGKILLs over all workers")
    parser.add_argument("--freezes", type=int, default=1, help="SIGSTOPs of each worker")
    parser.add_argument("--stops", type=int, default=2, help="SIGTERMs over all workers")
    parser.add_argument("--outages", type=int, default=1, help="SIGKILLs of the broker")
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


def _run(arguments: argparse.Namespace, workdir: Path) -> int:
    with KafkaServer(workdir / "kafka") as kafka:
        plan = campaign.Plan(
            bootstrap=kafka.bootstrap,
            workdir=workdir,
            broker=kafka,
            seed=arguments.seed,
            events=arguments.events,
            creators=arguments.creators,
            partitions=arguments.partitions,
            workers=arguments.workers,
            frozen_workers=arguments.workers,
            kills=arguments.kills,
            freezes=arguments.freezes,
            stops=arguments.stops,
            outages=arguments.outages,
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
