"""Campaign: many cases and all floods, in two processes, and what came of them.

Knows how work is dealt out and added up. Must not know what a case or a flood does.
"""

import gc
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from tests.fuzz import cases, floods, player, shrinking, stories

CASES = 100
"""Cases that a process plays before it makes room for a new one."""
GROWTH_LIMIT = 192 << 20
"""Bytes by which a process may grow while it plays them."""
PROCESSES = 2
SLOW_NS = 2_000_000


class Part(msgspec.Struct, kw_only=True):
    """What one process found."""

    name: str
    inputs: int = 0
    failures: list[str] = []
    spread: dict[int, int] = {}
    worst: dict[str, tuple[int, str]] = {}
    grown: int = 0
    seconds: float = 0.0
    flood: dict[str, Any] | None = None


def play_cases(seed: int, first: int, keep: Path) -> Part:
    """Play `CASES` cases from number `first` on; failing ones are kept as files in `keep`."""
    part = Part(name=f"cases {first} to {first + CASES - 1}")
    costs: list[player.Costs] = []
    began, before = time.process_time(), _rss()
    # The collector's pauses grow with all that is alive, and would be blamed on the input at hand.
    gc.disable()
    gc.freeze()
    for number in range(first, first + CASES):
        case = stories.make(seed, number)
        part.inputs += case.inputs()
        try:
            costs.append(_measured(case))
        except (Exception, player.Hang) as error:
            part.failures.append(_keep(case, error, keep))
        gc.collect()
    gc.unfreeze()
    gc.enable()
    part.grown = _rss() - before
    if part.grown > GROWTH_LIMIT:
        part.failures.append(f"{part.name}: memory grew by {part.grown >> 20} MiB")
    for cost in costs:
        for took, inputs in cost.spread.items():
            part.spread[took] = part.spread.get(took, 0) + inputs
        part.worst = _worse(part.worst, cost.worst)
    part.seconds = time.process_time() - began
    return part


def _measured(case: cases.Case) -> player.Costs:
    """What a case costs. A step that seems slow is looked at twice more: it may be the machine."""
    costs = player.Costs()
    player.play(costs, case)
    if max(took for took, _ in costs.worst.values()) > SLOW_NS:
        for _ in range(2):
            again = player.Costs()
            player.play(again, case)
            costs.worst = {
                kind: min(worst, again.worst[kind]) for kind, worst in costs.worst.items()
            }
    return costs


def _worse(one: player.Worst, other: player.Worst) -> player.Worst:
    return {
        kind: max(one.get(kind, (0, "")), other.get(kind, (0, ""))) for kind in one.keys() | other
    }


def play_flood(name: str, inputs: int) -> Part:
    """Play one flood."""
    part = Part(name=f"flood of {name}")
    began = time.process_time()
    try:
        part.flood = floods.run(name, inputs)
        part.inputs = part.flood["inputs"]
    except Exception as error:
        again = f'python -m tests.fuzz --flood "{name}" --inputs {inputs}'
        part.failures.append(f"{part.name}: {_told(error)}\n  again: {again}")
    part.seconds = time.process_time() - began
    return part


def replay(path: Path) -> None:
    """Play a kept case; raises what goes wrong."""
    player.play(player.Costs(), cases.from_bytes(path.read_bytes()))


def run(
    inputs: int, flood: int, seed: int, names: list[str], keep: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Play the named floods of `flood` events, and cases until there were `inputs`; the report."""
    began = time.monotonic()
    parts: list[Part] = []
    played = 0
    context = get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, max_tasks_per_child=1) as pool:
        todo = _work(seed, inputs, flood, names, keep)
        running: dict[Future[Part], str] = {}
        dealt = True
        while dealt or running:
            while dealt and len(running) < PROCESSES:
                task = todo(played)
                dealt = task is not None
                if task is not None:
                    running[pool.submit(task[0], *task[1:])] = str(task)
            done, _ = wait(running, timeout=30, return_when=FIRST_COMPLETED)
            for future in done:
                task_told = running.pop(future)
                part = _result(future, task_told)
                parts.append(part)
                played += part.inputs if part.flood is None else 0
                say(_line(part, played, inputs, time.monotonic() - began))
            if not done:
                say(f"{time.monotonic() - began:5.0f} s  still at " + "; ".join(running.values()))
    return _report(parts, played, seed, time.monotonic() - began)


def _work(
    seed: int, inputs: int, flood: int, names: list[str], keep: Path
) -> Callable[[int], tuple[Any, ...] | None]:
    waiting: Iterator[str] = iter(names)
    first = 0

    def next_task(played: int) -> tuple[Any, ...] | None:
        nonlocal first
        # The floods last longest, so they begin first.
        for name in waiting:
            return play_flood, name, flood
        if played >= inputs:
            return None
        first += CASES
        return play_cases, seed, first - CASES, keep

    return next_task


def _result(future: "Future[Part]", task: str) -> Part:
    try:
        return future.result()
    except BrokenProcessPool:
        return Part(name=task, failures=[f"{task}: the process died"])


def _report(parts: list[Part], played: int, seed: int, seconds: float) -> dict[str, Any]:
    spread: Counter[int] = Counter()
    worst: player.Worst = {}
    for part in parts:
        spread.update(part.spread)
        worst = _worse(worst, part.worst)
    median = _median(spread)
    failures = [failure for part in parts for failure in part.failures]
    of_inputs = max(
        (worst[kind] for kind in ("decode", "apply", "damage") if kind in worst), default=(0, "")
    )
    return {
        "seed": seed,
        "inputs": played,
        "flood_inputs": sum(part.inputs for part in parts if part.flood is not None),
        "crashes": len(failures),
        "failures": failures,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(sum(part.seconds for part in parts), 1),
        "median_microseconds_per_input": median,
        "worst_input": {
            "milliseconds": round(of_inputs[0] / 1e6, 2),
            "times_the_median": round(of_inputs[0] / 1e3 / max(median, 1)),
            "what": of_inputs[1],
        },
        "worst_step_milliseconds": {
            kind: {"milliseconds": round(took / 1e6, 2), "what": told}
            for kind, (took, told) in sorted(worst.items())
        },
        "memory_grown_bytes": max((part.grown for part in parts), default=0),
        "floods": {
            part.name.removeprefix("flood of "): part.flood
            for part in parts
            if part.flood is not None
        },
    }


def _median(spread: "Counter[int]") -> int:
    left = spread.total() / 2
    for took in sorted(spread):
        left -= spread[took]
        if left <= 0:
            return took
    return 0


def _line(part: Part, played: int, inputs: int, seconds: float) -> str:
    line = f"{seconds:5.0f} s  {played:>9,} of {inputs:,} inputs"
    if part.flood is not None:
        told = part.flood
        line += (
            f"  {part.name}: {part.inputs:,} events, {told['microseconds_per_input']} us each, "
            f"+{told['memory_grown_bytes'] >> 10:,} KiB"
        )
    for failure in part.failures:
        line += f"\nFAILED {failure}"
    return line


def _keep(case: cases.Case, error: BaseException, keep: Path) -> str:
    small = shrinking.shrink(case, error)
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"case-{case.seed}-{case.number}.fuzz"
    path.write_bytes(cases.to_bytes(small))
    return (
        f"case {case.number} ({case.kind}): {_told(error)}\n"
        f"  again: python -m tests.fuzz --replay {path}"
    )


def _told(error: BaseException) -> str:
    where = traceback.extract_tb(error.__traceback__)
    place = f"{Path(where[-1].filename).name}:{where[-1].lineno}" if where else "?"
    notes = "; ".join(getattr(error, "__notes__", ()))
    return f"{type(error).__name__} at {place}: {str(error)[:500]} ({notes})"


def _rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
