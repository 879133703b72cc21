"""`python -m bench.detection`: how good the detectors are, on lives that no rule was tuned on.

Makes lives of creators, with and without incidents, shows them to the detectors' core without
Kafka, and compares what is told with what was done. The exit status is 1 where a target is missed.
"""

import argparse
import json
import sys
import time
from multiprocessing import Pool
from pathlib import Path

from bench.detection.cases import CASES, make
from bench.detection.figures import OURS, Result, figures, targets
from bench.detection.misses import refused
from bench.detection.outage import judged
from bench.detection.play import play
from bench.detection.rivals import RULES, alerts
from bench.detection.table import lines
from bench.detection.truth import judge
from streams.engine.rules import Rules

SEED = 9_041_977
COHORT = 300
"""Creators of the platform that goes dark."""
LOOKED_INTO = 3
"""Of every so many lives whose incident was missed, one is looked into."""
EXAMPLES = """examples:
  make bench-detection
  make bench-detection DETECTION_ARGS="--report detection.json"
  make bench-detection DETECTION_ARGS="--scale 0.1"         a tenth, in seconds
"""
OUTAGE = -1
Job = tuple[int, int, int]


def _one(job: Job) -> list[Result]:
    place, seed, number = job
    if place == OUTAGE:
        return [
            Result(case, end, {OURS: verdict}, []) for case, end, verdict in judged(seed, number)
        ]
    life, truth = make(CASES[place][0], seed, number)
    verdicts = {OURS: judge(truth, play(life, Rules()))}
    for name, rule in RULES.items():
        verdicts[name] = judge(truth, alerts(life, rule))
    reasons = [
        (incident.row, refused(life, incident))
        for incident, first in verdicts[OURS].found
        if first is None and incident.promised and number % LOOKED_INTO == 0
    ]
    return [Result(truth.case, life.end, verdicts, reasons)]


def run(seed: int, scale: float, processes: int) -> list[Result]:
    """The verdicts on all lives; progress goes to stderr."""
    jobs = [
        (place, seed, number)
        for place, (_, count) in enumerate(CASES)
        for number in range(max(1, round(count * scale)))
    ]
    jobs.sort(key=lambda job: job[2])
    jobs.insert(0, (OUTAGE, seed, COHORT))
    began, results, done = time.monotonic(), [], 0
    with Pool(processes) as pool:
        for found in pool.imap_unordered(_one, jobs):
            results += found
            done += 1
            if done % 50 == 0:
                left = (time.monotonic() - began) / done * (len(jobs) - done)
                print(f"{done}/{len(jobs)} lives, {left:.0f} s to go", file=sys.stderr)
    return results


def main() -> int:
    """Measure, print and report."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.detection",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the lives (default 1)")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    arguments = parser.parse_args()
    found = figures(run(arguments.seed, arguments.scale, arguments.processes))
    print("\n".join(lines(found)))
    missed = 0
    for what, value, met in targets(found):
        missed += not met
        print(f"{'met   ' if met else 'MISSED'} {what}: {value:.4f}")
    if arguments.report:
        arguments.report.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
