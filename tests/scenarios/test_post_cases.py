"""Posts that do well or badly: what must be told, and what must not."""

import math

import pytest

from tests.scenarios.life import DAY, HOUR, LIVES, MINUTE, START, Life, play, told

SEEDS = range(LIVES)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_posts_in_a_row_at_a_quarter_of_the_usual_are_a_drop(seed: int) -> None:
    life = Life(seed, 42_000)
    life.days(0, 10, 900)
    for number, got in enumerate((210, 260, 180)):
        life.post(10 * DAY + (8 + 5 * number) * HOUR, got)
    third = 10 * DAY + 18 * HOUR
    alerts = play(life, until=third + 5 * HOUR)
    assert told(alerts) == [("engagement_drop", "weak_posts")]
    evidence = alerts[-1]["evidence"]
    assert 0.15 < evidence["ratio"] < 0.4
    assert len(evidence["posts"]) == 3
    assert all(-7.0 < post["score"] < -2.5 for post in evidence["posts"])
    assert len(evidence["baseline"]) > 10
    assert max(evidence["baseline"][-3:]) < min(evidence["baseline"][:-3])


@pytest.mark.parametrize("seed", SEEDS)
def test_weak_posts_are_over_once_two_posts_do_as_usual(seed: int) -> None:
    life = Life(seed, 42_000)
    life.days(0, 10, 900)
    life.days(10, 12, 200)
    life.days(12, 14, 900)
    alerts = play(life, until=14 * DAY)
    assert told(alerts) == [("engagement_drop", "weak_posts")]
    assert told(alerts, "resolved") == [("engagement_drop", "weak_posts")]
    assert len({a["alert_id"] for a in alerts}) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_viral_post_calls_once_and_explains_the_followers_it_brings(seed: int) -> None:
    life = Life(seed, 26_000)
    life.days(0, 6, 600, hours=(9.0, 13.0, 19.0))
    life.stream("follows", 0, 8 * DAY, 6)
    start = 6 * DAY + 9 * HOUR
    life.post(start, 14_000, by_age=HOUR)
    life.burst("follows", start + HOUR, start + 3 * HOUR, 1_200)
    alerts = play(life, until=start + 5 * HOUR)
    assert told(alerts) == [("viral_post", "above_usual"), ("follower_spike", "organic_viral")]
    called = [a["kind"] for a in alerts if a["status"] == "firing" and a["notify"]]
    assert called == ["viral_post"]
    spike = next(a for a in alerts if a["kind"] == "follower_spike")
    assert spike["quiet"] == "explained"


@pytest.mark.parametrize("seed", SEEDS)
def test_one_post_a_little_below_the_usual_is_nothing(seed: int) -> None:
    life = Life(seed, 15_000)
    life.days(0, 8, 100)
    life.post(8 * DAY + 12 * HOUR, 34, by_age=HOUR)
    assert told(play(life, until=9 * DAY)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_day_after_a_viral_post_is_no_drop(seed: int) -> None:
    life = Life(seed, 26_000)
    life.days(0, 6, 600)
    life.post(6 * DAY + 9 * HOUR, 14_000, by_age=HOUR)
    life.days(7, 9, 600)
    alerts = play(life, until=9 * DAY)
    assert told(alerts) == [("viral_post", "above_usual")]
    assert told(alerts, "resolved") == [("viral_post", "above_usual")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_usual_quiet_sunday_and_a_change_of_campaign_are_nothing(seed: int) -> None:
    ada, bob = Life(seed, 30_000), Life(seed + 100, 30_000, creator="bob")
    for day in range(21):
        mine, theirs = ("spring", "summer") if day < 14 else ("summer", "spring")
        if day % 7 != 6:
            ada.days(day, day + 1, 300, campaign_id=mine)
        bob.days(day, day + 1, 280, campaign_id=theirs)
    assert told(play(ada, bob, until=21 * DAY)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_eight_percent_less_a_week_for_six_weeks_is_one_slow_drop(seed: int) -> None:
    life = Life(seed, 40_000)
    life.days(0, 35, 250)
    for day in range(35, 77):
        life.days(day, day + 1, 250 * 0.92 ** ((day - 35) / 7))
    alerts = play(life, until=77 * DAY)
    assert told(alerts) == [("engagement_drop", "slow_decline")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_holiday_week_and_a_week_without_posts_are_nothing(seed: int) -> None:
    life = Life(seed, 40_000)
    life.days(0, 30, 150, spread=0.4)
    life.days(30, 37, 100, spread=0.4)
    life.days(37, 45, 150, spread=0.4)
    life.days(52, 58, 150, spread=0.4)
    assert told(play(life, until=58 * DAY)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_all_live_posts_that_stop_at_once_are_a_drop_within_the_hour(seed: int) -> None:
    life = Life(seed, 40_000)
    life.days(0, 6, 1_500)
    stop = 6 * DAY + 13 * HOUR
    life.days(6, 7, 1_500, hours=(8.0, 10.0, 12.0), until=stop)
    alerts = play(life, until=stop + HOUR)
    assert [kind for kind, _ in told(alerts)] in (["engagement_drop"], ["silence"])


@pytest.mark.parametrize("seed", SEEDS)
def test_posts_that_get_nothing_at_all_any_more_are_silence_and_no_second_alert(seed: int) -> None:
    life = Life(seed, 40_000)
    life.days(0, 4, 9_000)
    stop = 4 * DAY + 13 * HOUR
    for hour in (8.0, 10.0, 12.0):
        life.post(4 * DAY + hour * HOUR, 9_000)
    # Time goes on with what another creator gets.
    other = Life(seed + 50, 9_000, creator="bob")
    other.days(0, 8, 60)
    life.items = [item for item in life.items if item[0] < START + stop]
    assert told(play(life, other, until=stop + 3 * HOUR)) == [("silence", "no_engagement")]


@pytest.mark.parametrize("seed", SEEDS)
def test_sparse_posts_of_uneven_worth_are_nothing(seed: int) -> None:
    life = Life(seed, 12_000)
    life.days(0, 28, 90, spread=0.7, hours=(8.0, 12.5, 16.0, 20.0))
    kinds = [kind for kind, _ in told(play(life, until=28 * DAY))]
    assert [kind for kind in kinds if kind != "viral_post"] == []


def test_what_is_told_of_weak_posts_survives_a_restart_in_the_middle() -> None:
    from streams.engine.shard import ShardConfig
    from tests.harness.driver import ShardDriver

    def tell(crash_every: float) -> list[dict[str, object]]:
        life = Life(1, 42_000)
        life.days(0, 8, 300)
        life.days(8, 10, 70)
        life.days(10, 11, 300)
        driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
        items = sorted(life.items, key=lambda item: item[0])
        edge = 0.0
        while edge < 12 * DAY:
            part = [i for i in items if edge <= i[0] - START < edge + crash_every]
            driver.run(part)
            if crash_every < math.inf:
                driver.crash()
            edge += crash_every
        return driver.published["alerts"]

    whole = tell(12 * DAY)
    assert next(a["status"] for a in whole) == "firing"
    assert tell(7 * HOUR + 3 * MINUTE) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_posts_in_the_quiet_hours_of_the_night_are_no_drop(seed: int) -> None:
    life = Life(seed, 42_000)
    life.days(0, 14, 400, spread=0.4)
    # Nobody reacts to what is posted at night until the morning.
    for number in range(4):
        life.post(14 * DAY + (1 + number) * HOUR, 180)
    life.days(14, 16, 400, spread=0.4)
    assert told(play(life, until=16 * DAY)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_times_the_followers_and_engagement_are_no_drop_before_or_after(seed: int) -> None:
    life = Life(seed, 20_000)
    life.days(0, 14, 200, spread=0.4)
    life.add("creators", 14 * DAY, handle="ada.makes", followers=200_000, tier="macro")
    life.days(14, 24, 600, spread=0.4)
    assert [kind for kind, _ in told(play(life, until=24 * DAY)) if kind != "viral_post"] == []


def polled(life: Life, every: float, until: float, reset: float = math.inf) -> Life:
    """The same account where totals are polled instead; from `reset` on they count anew."""
    seen = Life(0, 42_000, creator="eve", platform="instagram")
    likes: dict[str, int] = {}
    posts: dict[str, float] = {}
    items = sorted(life.items, key=lambda item: item[0])
    at, number, anew = 0.0, 0, False
    while at < until:
        at += every
        while number < len(items) and items[number][0] - START < at:
            when, topic, event = items[number]
            number += 1
            if topic == "posts":
                seen.add("posts", when - START, post_id=event["post_id"], media_type="image")
                posts[event["post_id"]] = when - START
                likes[event["post_id"]] = 0
                seen.add("counters", when - START + 1, post_id=event["post_id"], likes=0)
            elif topic in {"likes", "comments"}:
                likes[event["post_id"]] += 1
        if at >= reset and not anew:
            anew = True
            likes = dict.fromkeys(likes, 0)
        for post_id, born in posts.items():
            if at - born < 2 * DAY:
                seen.add("counters", at, post_id=post_id, likes=likes[post_id])
    return seen


@pytest.mark.parametrize("seed", SEEDS)
def test_weak_posts_are_told_where_totals_are_polled(seed: int) -> None:
    life = Life(seed, 42_000)
    life.days(0, 10, 900)
    for number, got in enumerate((210, 260, 180)):
        life.post(10 * DAY + (8 + 5 * number) * HOUR, got)
    third = 10 * DAY + 18 * HOUR
    alerts = play(polled(life, 10 * MINUTE, third + 5 * HOUR), until=third + 5 * HOUR)
    assert told(alerts) == [("engagement_drop", "weak_posts")]


@pytest.mark.parametrize("seed", SEEDS)
def test_polled_totals_that_count_anew_are_no_drop(seed: int) -> None:
    life = Life(seed, 42_000)
    life.days(0, 12, 400)
    seen = polled(life, 15 * MINUTE, 12 * DAY, reset=10 * DAY + 13 * HOUR)
    assert told(play(seen, until=12 * DAY)) == []
