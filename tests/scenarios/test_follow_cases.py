"""Followers who come and go: what must be told, and what must not."""

import pytest

from tests.scenarios.life import DAY, HOUR, LIVES, MINUTE, Life, play, told

EMPTY = {"followers": 0, "following": 900, "posts": 0, "has_avatar": False}
REAL = {"followers": 310, "following": 280, "posts": 45, "has_avatar": True}
SEEDS = range(LIVES)
NIGHT = 5 * DAY + 3 * HOUR


def ordinary(seed: int, followers: int, an_hour: float) -> Life:
    life = Life(seed, followers)
    life.days(0, 5, 150)
    life.stream("follows", 0, 6 * DAY, an_hour)
    return life


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_by_the_thousand_without_a_post_are_a_spike_and_suspect(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    profiles = [EMPTY] * 21 + [REAL] * 4
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 1_950, profiles)
    alerts = play(life, until=NIGHT + 2 * HOUR)
    assert told(alerts) == [("follower_spike", "suspect")]
    assert told(alerts, "resolved") == [("follower_spike", "suspect")]
    firing = next(a for a in alerts if a["status"] == "firing")
    assert firing["evidence"]["hollow_profiles"] == pytest.approx(0.84, abs=0.1)
    assert (
        "profiles that are known are empty or new: the followers may be bought" in firing["reason"]
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_with_a_life_of_their_own_are_not_suspected(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 1_950, [REAL] * 9 + [EMPTY])
    assert told(play(life, until=NIGHT + HOUR)) == [("follower_spike", "unexplained")]


@pytest.mark.parametrize("seed", SEEDS)
def test_empty_profiles_are_suspect_though_a_post_is_out(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.post(NIGHT - HOUR, 150, campaign_id="spring")
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 1_950, [EMPTY] * 8 + [REAL] * 2)
    assert told(play(life, until=NIGHT + HOUR)) == [("follower_spike", "suspect")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_giveaway_of_a_campaign_explains_its_followers(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.post(NIGHT - HOUR, 150, campaign_id="spring")
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 1_200, [REAL])
    assert told(play(life, until=NIGHT + HOUR)) == [("follower_spike", "campaign")]


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_who_leave_by_the_hundred_are_a_wave(seed: int) -> None:
    life = Life(seed, 88_000)
    life.days(0, 6, 400)
    life.stream("follows", 0, 7 * DAY, 40)
    life.stream("follows", 0, 7 * DAY, 38, action="unfollow")
    start = 5 * DAY + 14 * HOUR
    life.burst("follows", start, start + 3 * HOUR, 1_100, action="unfollow")
    alerts = play(life, until=start + 6 * HOUR)
    assert told(alerts) == [("unfollow_wave", "after_post")]
    firing = next(a for a in alerts if a["status"] == "firing")
    assert firing["evidence"]["observed"] < 600, "it is told long before it is over"
    last = alerts[-1]
    assert last["status"] == "resolved"
    assert last["evidence"]["observed"] == pytest.approx(1_100, rel=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_bought_followers_who_leave_again_are_told_as_such(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.burst("follows", NIGHT, NIGHT + 20 * MINUTE, 1_500, [EMPTY])
    life.burst("follows", NIGHT + 3 * HOUR, NIGHT + 4 * HOUR, 900, action="unfollow")
    alerts = play(life, until=NIGHT + 8 * HOUR)
    assert told(alerts) == [("follower_spike", "suspect"), ("unfollow_wave", "after_spike")]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_poller_brings_after_six_hours_of_silence_is_nothing(seed: int) -> None:
    life = Life(seed, 26_000, platform="instagram")
    followers, at = 26_000.0, 0.0
    while at < 4 * DAY:
        if not 3 * DAY <= at < 3 * DAY + 6 * HOUR:
            life.add("counters", at, followers=int(followers))
        followers += life.dice.gauss(40 / 12, 4.0)
        at += 5 * MINUTE
    assert told(play(life, until=4 * DAY)) == []


def test_a_follower_count_that_starts_anew_is_no_wave() -> None:
    life = Life(1, 26_000, platform="instagram")
    for step in range(12 * 48):
        life.add("counters", step * 5 * MINUTE, followers=26_000 + step if step < 500 else step)
    assert told(play(life, until=3 * DAY)) == []


def test_a_creator_whose_followers_come_and_go_all_day_has_no_wave() -> None:
    life = Life(3, 60_000)
    life.days(0, 8, 300)
    for hour in range(8 * 24):
        mood = life.dice.lognormvariate(0.0, 0.6)
        begin = hour * HOUR
        life.stream("follows", begin, begin + HOUR, 20 * mood + 1)
        life.stream("follows", begin, begin + HOUR, 22 * mood + 1, action="unfollow")
    assert told(play(life, until=8 * DAY)) == []


def sent(life: Life, begin: float, end: float, count: int) -> None:
    """Followers of a queue that is worked off: one after another."""
    gap = (end - begin) / count
    for n in range(count):
        at = begin + gap * (n + life.dice.uniform(0.2, 0.8))
        life.add("follows", at, actor_id=f"sent-{begin}-{n}")


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_who_come_like_clockwork_are_suspect_though_a_post_is_out(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.post(NIGHT - HOUR, 150)
    sent(life, NIGHT, NIGHT + 40 * MINUTE, 830)
    alerts = play(life, until=NIGHT + 2 * HOUR)
    assert told(alerts, "resolved") == [("follower_spike", "suspect")]
    assert "as evenly as a machine sends them, about 2" in alerts[-1]["reason"]


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_who_come_by_chance_while_a_post_is_out_are_not(seed: int) -> None:
    life = ordinary(seed, 18_000, 5)
    life.post(NIGHT - HOUR, 150)
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 830)
    alerts = play(life, until=NIGHT + 2 * HOUR)
    assert told(alerts, "resolved") == [("follower_spike", "unexplained")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_of_a_polled_total_that_is_a_round_number_is_suspect(seed: int) -> None:
    life = Life(seed, 26_000, platform="instagram")
    life.days(0, 4, 150)
    followers, at = 26_000, 0.0
    while at < 4 * DAY:
        followers += (life.dice.random() < 0.3) + (2_500 if at == 3 * DAY else 0)
        life.add("counters", at, followers=followers)
        at += 5 * MINUTE
    life.post(3 * DAY - HOUR, 150)
    alerts = play(life, until=3 * DAY + 2 * HOUR)
    assert told(alerts) == [("follower_spike", "suspect")]
    assert "it is a round number: 2,500" in alerts[0]["reason"]


@pytest.mark.parametrize("seed", SEEDS)
def test_followers_who_drip_in_for_a_day_are_a_spike(seed: int) -> None:
    life = ordinary(seed, 18_000, 3)
    sent(life, NIGHT, NIGHT + 20 * HOUR, 900)
    alerts = play(life, until=NIGHT + 24 * HOUR)
    assert told(alerts) == [("follower_spike", "suspect")]
    assert told(alerts, "resolved") == [("follower_spike", "suspect")]
    assert alerts[-1]["evidence"]["observed"] == pytest.approx(900, rel=0.15)
    assert len(alerts) < 12


@pytest.mark.parametrize("seed", SEEDS)
def test_days_that_bring_twice_as_many_as_others_are_no_spike(seed: int) -> None:
    life = Life(seed, 18_000)
    life.days(0, 8, 150)
    for day in range(8):
        life.stream("follows", day * DAY, (day + 1) * DAY, 6.0 * life.dice.lognormvariate(0.0, 0.6))
    assert told(play(life, until=8 * DAY)) == []
