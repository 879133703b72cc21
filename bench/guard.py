"""`python -m bench.guard`: has the hot path become slower?

Drives the pure core (apply with decode, advance, take_snapshot) over prepared batches, in turns
with a fixed loop of plain Python, and compares the two by CPU time. How many times the loop's
iteration an event costs is nearly the same on a busy machine as on an idle one. It does so for a
backlog and for live events, where checkpoints and scores are spread over few of them. The figures
are compared with those in bench/guard.json; below 0.8x of either speed the exit status is 1.
No Kafka, no network, about a minute.
"""

import argparse
import gc
import json
import platform
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.core import TICK_MS, Costs, Step, decoding, drive, steps
from bench.load import Stream
from streams.engine.sentiment import load_default
from streams.engine.shard import Shard, ShardConfig

RECORD = Path(__file__).with_name("guard.json")
LIMIT = 0.8
END_MS = 1_780_000_000_000
STREAM = Stream(total=160_000, end_ms=END_MS, creators=250, hours=0.2)
"""A quarter of the creators of `make bench`, 13,000 events a minute."""
AHEAD = 100_000
"""Events by which other topics run ahead of the likes: some minutes, as in a backlog."""
LIVE_MS, LIVE_PER_TICK = 30_000, 1_250
"""Event time of the live load, at the pace of the clock; a quarter of 50,000 events/s."""
LIVE = Stream(
    total=LIVE_MS // TICK_MS * LIVE_PER_TICK,
    end_ms=END_MS,
    creators=250,
    hours=LIVE_MS / 3_600_000,
)
ROUNDS, TRIES = 4, 3
EXAMPLES = """examples:
  make bench-guard                              compare with the recorded figure
  make bench-guard GUARD_ARGS=--record          write it anew, after a change that is meant
  make bench-guard GUARD_ARGS="--json out.json" the figures as JSON, too
"""


class _Cell:
    __slots__ = ("last", "seen", "total")

    def __init__(self) -> None:
        self.total = 0
        self.last = -1
        self.seen: dict[int, int] = {}

    def add(self, at: int, amount: int) -> None:
        """Count."""
        if at != self.last:
            self.last = at
            self.seen[at] = self.seen.get(at, 0) + 1
        self.total += amount


class Reference:
    """A fixed loop of plain Python, and the CPU seconds it took. All records rest on it: leave it.

    It runs for a moment after each step of the core, so that both meet the same neighbours on the
    machine.
    """

    ITERATIONS = 4_000
    CELLS = 2_000

    def __init__(self) -> None:
        self._cells = {f"cell-{n}": _Cell() for n in range(self.CELLS)}
        self._names = list(self._cells)
        self._state = 12_345
        self.seconds = 0.0
        self.iterations = 0

    def run(self) -> None:
        """Run a moment more."""
        cells, names, state = self._cells, self._names, self._state
        began = time.thread_time()
        for n in range(self.ITERATIONS):
            state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            cells[names[(state >> 8) % 2_000]].add(n & 15, state & 7)
        self.seconds += time.thread_time() - began
        self.iterations += self.ITERATIONS
        self._state = state


class Round(NamedTuple):
    """One run over the load."""

    costs: Costs
    reference: float
    """CPU seconds of an iteration."""
    decode: float
    """CPU seconds of decoding all events."""

    @property
    def speed(self) -> float:
        """Events in the time of an iteration."""
        return self.reference / (self.costs.total / self.costs.events)


def measure(rounds: int) -> dict[str, Any]:
    """Medians over `rounds` runs: of the backlog, and in `live` those of live events."""
    backlog, live = list(steps(STREAM, ahead=AHEAD)), list(steps(LIVE, LIVE_PER_TICK))
    return {
        **_medians(STREAM, backlog, END_MS, rounds),
        "live": _medians(LIVE, live, END_MS - LIVE_MS, rounds),
        "python": platform.python_version(),
    }


def _medians(stream: Stream, load: list[Step], now_ms: int, rounds: int) -> dict[str, Any]:
    analyser = load_default()
    gc.collect()
    gc.freeze()
    runs = []
    for _ in range(rounds):
        gc.collect()
        reference = Reference()
        costs = drive(
            Shard(0, ShardConfig(partitions=1), analyser), load, now_ms, between=reference.run
        )
        runs.append(Round(costs, reference.seconds / reference.iterations, decoding(load)))
    speeds = [run.speed for run in runs]
    return {
        "speed": round(median(speeds), 4),
        "spread": round((max(speeds) - min(speeds)) / median(speeds), 3),
        "events_per_cpu_second": round(median(r.costs.events / r.costs.total for r in runs)),
        "reference_ns": round(median(r.reference for r in runs) * 1e9, 1),
        "microseconds_per_event": {
            "decode": round(median(r.decode for r in runs) / stream.total * 1e6, 3),
            "apply, with decode": round(median(r.costs.micro(r.costs.apply) for r in runs), 3),
            "advance": round(median(r.costs.micro(r.costs.advance) for r in runs), 3),
            "snapshot": round(median(r.costs.micro(r.costs.snapshot) for r in runs), 3),
        },
    }


def show(figures: dict[str, Any]) -> None:
    """Print the cost of each part."""
    for name, told in (("a backlog", figures), ("live events", figures["live"])):
        print(f"{name}:")
        for part, micro in told["microseconds_per_event"].items():
            print(f"  {part:24}{micro:>8.2f} us/event")
        print(
            f"  {told['events_per_cpu_second']:,} events per CPU second; one event costs"
            f" {1 / told['speed']:.1f} iterations of the reference loop"
        )


def faster(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Of two measurements the better figures, for the backlog and for live events each."""
    live = max(one["live"], other["live"], key=_speed)
    return {**max(one, other, key=_speed), "live": live}


def _speed(told: dict[str, Any]) -> float:
    return float(told["speed"])


def of_recorded(figures: dict[str, Any], recorded: dict[str, Any]) -> float:
    """The speed as a multiple of the recorded one; of the two loads, that of the slower."""
    live = _speed(figures["live"]) / _speed(recorded["live"])
    return min(_speed(figures) / _speed(recorded), live)


def compare(recorded: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """(fast enough, the best figures of up to `TRIES` measurements)."""
    best = measure(ROUNDS)
    for _ in range(1, TRIES):
        if (ratio := of_recorded(best, recorded)) >= LIMIT:
            break
        print(f"  {ratio:.2f}x: measuring again", file=sys.stderr)
        best = faster(best, measure(ROUNDS))
    return of_recorded(best, recorded) >= LIMIT, best


def main() -> int:
    """Measure, and compare or record."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.guard",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--record", action="store_true", help="write the figure to bench/guard.json"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    arguments = parser.parse_args()
    gc.set_threshold(100_000, 20, 20)  # as the worker has it
    if arguments.record:
        figures = measure(3 * ROUNDS)
        RECORD.write_text(json.dumps(figures, indent=2) + "\n")
        print(f"recorded in {RECORD.name}:")
        show(figures)
        return 0
    recorded = json.loads(RECORD.read_text())
    fine, figures = compare(recorded)
    ratio = of_recorded(figures, recorded)
    figures["of_recorded"] = round(ratio, 3)
    show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if fine:
        print(f"ok: {ratio:.2f}x of the recorded speed (fails below {LIMIT}x)")
        return 0
    print(
        f"too slow: the hot path has {ratio:.2f}x of the recorded speed, expected at least {LIMIT}x"
        f" (best of {TRIES}).\nFind what became slower: `make bench BENCH_ARGS='--only ours"
        " --profile stacks.txt'`.\nIf the cost is meant, record it: `make bench-guard"
        " GUARD_ARGS=--record`, and say why in the commit.",
        file=sys.stderr,
    )
    if recorded["python"] != figures["python"]:
        print(
            f"The figure was recorded with Python {recorded['python']}, this is"
            f" {figures['python']}: the two may differ for that alone.",
            file=sys.stderr,
        )
    return 1


if __name__ == "__main__":
    sys.exit(main())
