"""`python -m bench.detection`: how good the detectors are, on lives that no rule was tuned on.

Makes lives of creators, with and without incidents, shows them to the detectors' core without
Kafka, and compares what is told with what was done. The exit status is 1 where a target is missed.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from bench.detection.cases import CASES, make
from bench.detection.life import DAY, MINUTE, WEEK
from bench.detection.play import play
from bench.detection.truth import Incident, Told, Verdict, judge, poisson_interval, quantile, wilson
from streams.engine.rules import Rules

SEED = 9_041_977
UNJUDGED = DAY
EXAMPLES = """examples:
  make bench-detection
  make bench-detection DETECTION_ARGS="--report detection.json"
  make bench-detection DETECTION_ARGS="--scale 0.1"         a tenth, in seconds
"""
Result = tuple[str, int, Verdict, list[Told]]


def _one(job: tuple[int, int, int]) -> Result:
    place, seed, number = job
    life, truth = make(CASES[place][0], seed, number)
    told = play(life, Rules())
    return truth.case, life.end, judge(truth, told), told


def run(seed: int, scale: float, processes: int) -> list[Result]:
    """The verdicts on all lives; progress goes to stderr."""
    jobs = [
        (place, seed, number)
        for place, (_, count) in enumerate(CASES)
        for number in range(max(1, round(count * scale)))
    ]
    jobs.sort(key=lambda job: job[2])
    began, results = time.monotonic(), []
    with Pool(processes) as pool:
        for result in pool.imap_unordered(_one, jobs, chunksize=4):
            results.append(result)
            if len(results) % 50 == 0:
                spent = time.monotonic() - began
                left = spent / len(results) * (len(jobs) - len(results))
                print(f"{len(results)}/{len(jobs)} lives, {left:.0f} s to go", file=sys.stderr)
    return results


def _share(hits: int, tries: int) -> dict[str, Any]:
    low, high = wilson(hits, tries)
    share = hits / tries if tries else None
    return {"hits": hits, "of": tries, "share": share, "low": low, "high": high}


def figures(results: list[Result]) -> dict[str, Any]:
    """False alerts, recall and delay by row, precision."""
    days = sum((end - UNJUDGED) / DAY for _, end, _, _ in results)
    false = [(case, alert) for case, _, verdict, _ in results for alert in verdict.false]
    found = [pair for _, _, verdict, _ in results for pair in verdict.found]
    rows: dict[str, list[tuple[Incident, Told | None]]] = defaultdict(list)
    for incident, first in found:
        rows[incident.row].append((incident, first))
        if incident.promised:
            rows[f"{incident.row}, promised"].append((incident, first))
        if "," in incident.row or incident.promised:
            rows[f"{incident.row}, size {incident.size:.1f}"].append((incident, first))
        if incident.promised and incident.cause:
            rows[f"{incident.row}, {incident.cause}"].append((incident, first))
    recall = {}
    for row, pairs in sorted(rows.items()):
        delays = [(t.at - i.begin) / MINUTE for i, t in pairs if t is not None]
        recall[row] = _share(len(delays), len(pairs)) | {
            "delay_p50": quantile(delays, 0.5),
            "delay_p90": quantile(delays, 0.9),
        }
    rate = len(false) / days
    told = _share(sum(t is not None for _, t in found), len(found))
    right = 0.01 * told["share"]
    suspects = [t for _, t in found if t is not None and t.explanation == "suspect"]
    bought = sum(i.cause == "suspect" for i, t in found if t and t.explanation == "suspect")
    wrong = sum(t.explanation == "suspect" for _, t in false)
    by_kind: dict[str, int] = defaultdict(int)
    for case, alert in false:
        by_kind[f"{alert.kind} {alert.explanation} ({case})"] += 1
    return {
        "lives": len(results),
        "creator_weeks": round(sum(end for _, end, _, _ in results) / WEEK),
        "judged_days": round(days),
        "false_per_day": rate,
        "false_interval": poisson_interval(len(false), days),
        "false_by_kind": dict(by_kind),
        "precision": right / (right + rate) if right else 0.0,
        "recall": recall,
        "suspect": _share(bought, len(suspects) + wrong),
    }


def targets(found: dict[str, Any]) -> list[tuple[str, float, bool]]:
    """(what is aimed at, what was measured, whether it is met)."""
    recall = found["recall"]
    drops = recall.get("drop, three posts, promised", {}).get("share") or 0.0
    spikes = recall.get("follower spike, promised", {}).get("share") or 0.0
    suspect = found["suspect"]["share"] or 0.0
    rate, precision = found["false_per_day"], found["precision"]
    return [
        ("false alerts per creator-day <= 0.002", rate, rate <= 0.002),
        ("precision at 0.01 incidents a day >= 80 %", precision, precision >= 0.8),
        ("recall of drops >= 80 % over three posts >= 95 %", drops, drops >= 0.95),
        ("recall of follower spikes >= 95 %", spikes, spikes >= 0.95),
        ("precision of `suspect` >= 95 %", suspect, suspect >= 0.95),
    ]


def main() -> int:
    """Measure, print and report."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.detection",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the lives, default 1")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    arguments = parser.parse_args()
    found = figures(run(arguments.seed, arguments.scale, arguments.processes))
    for row, share in found["recall"].items():
        delays = [found["recall"][row][name] for name in ("delay_p50", "delay_p90")]
        spans = "".join(f"{'-' if d is None else f'{d:.0f} min':>12}" for d in delays)
        told = f"{share['hits']:>4} of {share['of']:<4} {100 * share['share']:>5.0f} %"
        print(f"  {row:44}{told} [{100 * share['low']:.0f}-{100 * share['high']:.0f}]{spans}")
    for what, count in sorted(found["false_by_kind"].items()):
        print(f"  false: {count:>4} {what}")
    print(f"  {found['creator_weeks']:,} creator-weeks, {found['judged_days']:,} judged days")
    missed = 0
    for what, value, met in targets(found):
        missed += not met
        print(f"{'met   ' if met else 'MISSED'} {what}: {value:.4f}")
    if arguments.report:
        arguments.report.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
