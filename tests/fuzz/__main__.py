"""`python -m tests.fuzz`: throw hostile input at the decoders and the shard.

Plays made-up cases until there were as many inputs as wanted, and floods of that many valid events
each. Exit code 0 only if nothing failed. The same seed makes the same cases.
"""

import argparse
import sys
from pathlib import Path

import orjson

from tests.fuzz import campaign, floods, reached


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="write the report here, as JSON")
    parser.add_argument(
        "--keep", type=Path, default=Path(".fuzz"), help="keep failing cases in this directory"
    )
    parser.add_argument("--only", choices=["cases", "floods"], help="half of the work")
    parser.add_argument("--flood", choices=list(floods.FLOODS), help="only this flood")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="only this kept case")
    parser.add_argument(
        "--reached", action="store_true", help="play 100 cases and tell which lines never ran"
    )
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    if arguments.replay:
        campaign.replay(arguments.replay)
        _say("nothing went wrong")
        return 0
    if arguments.reached:
        _say("\n".join(reached.told(reached.measure(arguments.seed, 100))))
        return 0
    if arguments.flood:
        part = campaign.play_flood(arguments.flood, arguments.inputs)
        _say(
            "\n".join(part.failures)
            or orjson.dumps(part.flood, option=orjson.OPT_INDENT_2).decode()
        )
        return 1 if part.failures else 0
    names = [] if arguments.only == "cases" else list(floods.FLOODS)
    wanted = 0 if arguments.only == "floods" else arguments.inputs
    report = campaign.run(wanted, arguments.inputs, arguments.seed, names, arguments.keep, _say)
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments.report:
        arguments.report.write_bytes(text)
    worst = report["worst_input"]
    _say(
        f"{report['inputs']:,} inputs and {report['flood_inputs']:,} events of floods, "
        f"{report['crashes']} failed; median {report['median_microseconds_per_input']} us, worst "
        f"input {worst['milliseconds']} ms: {worst['what']}"
    )
    return 1 if report["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())
