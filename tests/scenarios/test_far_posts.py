"""A post that does far better or worse than usual is in the creator's score while it lives."""

from typing import Any

from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver
from tests.scenarios.life import DAY, HOUR, MINUTE, START, Life


def play(life: Life, *until: int, crash: bool = False) -> list[list[dict[str, Any]]]:
    """The `posts` of the latest score at each of these times."""
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=10 * MINUTE))
    items = sorted(life.items, key=lambda item: item[0])
    told = []
    for end in (START + at for at in until):
        begun = driver.now_ms
        driver.run([item for item in items if begun <= item[0] < end])
        while driver.now_ms < end:
            driver.tick(min(driver.now_ms + 10 * MINUTE, end))
        told.append(driver.latest["engagement-scores"][b"ada"]["posts"])
        if crash:
            driver.crash()
    return told


def known(seed: int) -> Life:
    """A week of usual posts."""
    life = Life(seed, 20_000)
    life.days(0, 7, 300.0)
    return life


def test_a_weak_post_is_shown_while_it_lives_and_not_for_ever() -> None:
    life = known(1)
    weak = life.post(7 * DAY + 12 * HOUR, 30.0, campaign_id="spring")
    # Nothing comes any more: every window is empty before the post is too old.
    life.items = [item for item in life.items if item[0] < START + 7 * DAY + 16 * HOUR]
    evening, days_later = play(life, 7 * DAY + 16 * HOUR, 10 * DAY)
    (post,) = evening
    assert (post["post_id"], post["campaign_id"]) == (weak, "spring")
    assert 3 * 60 <= post["age_minutes"] <= 4 * 60
    assert 0 < post["observed"] * 5 < post["expected"]
    assert post["score"] < -5
    assert days_later == []


def test_a_worker_that_comes_back_shows_the_same() -> None:
    life = known(2)
    life.post(7 * DAY + 9 * HOUR, 2_000.0)
    times = (7 * DAY + 11 * HOUR, 7 * DAY + 14 * HOUR, 10 * DAY)
    undisturbed = play(life, *times)
    assert [len(posts) for posts in undisturbed] == [1, 1, 0]
    assert undisturbed[1][0]["score"] > 3
    assert play(life, *times, crash=True) == undisturbed
