"""Creators that nothing comes from rest as bytes, and wake as if they had never slept."""

from typing import Any

import pytest

from streams.engine.shard import ShardConfig, Snapshot
from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, generate
from tests.harness.driver import ShardDriver

START = 1_768_176_000_000
MINUTE = 60_000


def like(number: int, at: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "creator_id": f"x:{number}",
        "platform": "x",
        "occurred_at": at,
        "post_id": "p",
        "actor_id": "a",
    }


def driver(most_live: int) -> ShardDriver:
    return ShardDriver(ShardConfig(partitions=1, most_live=most_live))


def test_a_flood_of_new_creators_holds_few_objects_and_loses_none() -> None:
    run = driver(100)
    for number in range(3_000):
        run.send("likes", like(number, START), START)
        if number % 100 == 99:
            run.checkpoint()
    shard = run.shards[0]
    assert len(list(shard.live_creators())) <= 300
    assert shard.creators == 3_000
    run.tick(START + 1_000)
    run.tick(START + 3 * MINUTE)
    run.tick(START + 4 * MINUTE)
    windows = [window["creator_id"] for window in run.published["engagement-windows"]]
    assert len(windows) == len(set(windows)) == 3_000


def test_who_has_changed_since_the_last_checkpoint_does_not_rest() -> None:
    run = driver(1)
    for number in range(50):
        run.send("likes", like(number, START), START)
    assert len(list(run.shards[0].live_creators())) == 50


def test_the_last_live_creator_may_rest_for_the_next_one() -> None:
    run = driver(1)
    for number in (1, 2):
        run.send("likes", like(number, START), START)
    run.send("creators", None, START, key=b"x:2")
    run.checkpoint()
    run.send("likes", like(3, START), START)
    assert [creator.creator_id for creator in run.shards[0].live_creators()] == ["x:3"]


def lived(most_live: int) -> tuple[ShardDriver, Snapshot]:
    """A day and three hours of eight creators, and what is to be stored in the end."""
    plan = Plan(seed=11, start_ms=START, end_ms=START + DAY_MS + 3 * HOUR_MS, creators=8)
    run = driver(most_live)
    run.run(generate(plan), step_ms=30_000)
    run.settle(120)
    return run, run.shards[0].take_snapshot()


@pytest.fixture(scope="module")
def always() -> tuple[ShardDriver, Snapshot]:
    return lived(1_000)


@pytest.mark.parametrize("most_live", [1, 7])
def test_results_do_not_depend_on_who_rests(
    always: tuple[ShardDriver, Snapshot], most_live: int
) -> None:
    (seldom, stored), (awake, wanted) = lived(most_live), always
    assert seldom.published["alerts"] == awake.published["alerts"]
    assert seldom.published["engagement-windows"] == awake.published["engagement-windows"]
    assert seldom.latest == awake.latest
    assert stored == wanted
