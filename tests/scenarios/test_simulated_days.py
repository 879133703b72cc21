"""Two simulated days and a live minute, through the pure core: incidents found, none made up.

The seeds follow from the commit, so that nobody can tune for them; those of the demo's plan are
fixed.
"""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple, get_args

import pytest

from stack.procs import REPOSITORY
from streams.engine.shard import ShardConfig
from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, generate, truth
from streams.sources.simulate.plan import IncidentKind
from tests.harness.driver import ShardDriver

MONDAY = 1_768_176_000_000
LIVE_SECONDS = 60
WITH_INCIDENTS, WITHOUT = 5, 2
DEMO_SEEDS = (1, 2)


class Run(NamedTuple):
    """What one seed injected and what the shipped rules made of it."""

    seed: int
    injected: set[tuple[str, str]]
    fired: list[dict[str, Any]]


def commit() -> int:
    """The hash of the commit under test, as a number."""
    command = ["git", "rev-parse", "HEAD"]
    return int(subprocess.check_output(command, cwd=REPOSITORY, text=True).strip(), 16)


def seeds(count: int, salt: int) -> list[int]:
    """Seeds that follow from the commit."""
    return [(commit() // (1 + salt) + 7_919 * number) % 2**31 for number in range(count)]


def simulate(seed: int, incidents: str) -> Run:
    """Play two days from a weekday and hour of the seed's choice, then a live minute."""
    start = MONDAY + seed % 7 * DAY_MS + seed % 24 * HOUR_MS
    live = start + 2 * DAY_MS
    plan = Plan(
        seed=seed,
        start_ms=start,
        live_ms=live,
        end_ms=live + LIVE_SECONDS * 1_000,
        incidents=incidents,  # type: ignore[arg-type]
    )
    # Scores are not looked at here, so that they need not be computed every second.
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR_MS))
    driver.run(generate(plan))
    driver.settle(30)
    fired = [alert for alert in driver.published["alerts"] if alert["status"] == "firing"]
    return Run(seed, {(i.creator_id, i.kind) for i in truth(plan)}, fired)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        yield workers


def missed(runs: list[Run], kind: str) -> list[int]:
    """The seeds in which no injected incident of a kind was found."""
    return [run.seed for run in runs if injected(run, kind) and not found(run, kind)]


def injected(run: Run, kind: str) -> set[str]:
    """The creators to whom it happened."""
    return {creator for creator, what in run.injected if what == kind}


def found(run: Run, kind: str) -> set[str]:
    """Those of them of whom it was told."""
    return injected(run, kind) & {a["creator_id"] for a in run.fired if a["kind"] == kind}


def made_up(runs: list[Run]) -> list[str]:
    """Firing alerts of creators to whom nothing happened."""
    return [
        f"seed {run.seed}: {alert['kind']} of {alert['creator_id']}: {alert['reason']}"
        for run in runs
        for alert in run.fired
        if alert["creator_id"] not in {creator for creator, _ in run.injected}
    ]


@pytest.mark.timeout(1800)
def test_both_kinds_of_incident_are_found_and_nobody_else_fires(
    pool: ProcessPoolExecutor,
) -> None:
    chosen = seeds(WITH_INCIDENTS, 0)
    runs = list(pool.map(simulate, chosen, ["default"] * len(chosen)))
    assert made_up(runs) == []
    assert missed(runs, "follower_spike") == []
    # Some drops begin hours after a post, where next to nothing is due: two in three are found.
    assert len(missed(runs, "engagement_drop")) <= 2
    drops = [
        (len(found(run, "engagement_drop")), len(injected(run, "engagement_drop"))) for run in runs
    ]
    assert sum(told for told, _ in drops) >= sum(made for _, made in drops) / 2


def test_nothing_fires_where_nothing_happened(pool: ProcessPoolExecutor) -> None:
    chosen = seeds(WITHOUT, 1)
    assert made_up(list(pool.map(simulate, chosen, ["none"] * len(chosen)))) == []


@pytest.mark.timeout(1800)
def test_the_plan_of_the_demo_shows_five_kinds_and_nothing_else(
    pool: ProcessPoolExecutor,
) -> None:
    runs = list(pool.map(simulate, DEMO_SEEDS, ["all"] * len(DEMO_SEEDS)))
    assert made_up(runs) == []
    for run in runs:
        kinds = {alert["kind"] for alert in run.fired}
        assert kinds >= set(get_args(IncidentKind)), f"seed {run.seed}"
