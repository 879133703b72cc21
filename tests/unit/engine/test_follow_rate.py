"""The follow rate: what is usual in an hour, at that hour of the day."""

import math

import pytest

from streams.engine.follow_rate import FollowRate
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS

RULES = Rules()
SPIKE, BASE = RULES.spike, RULES.baseline
FOLLOWERS = 20_000


def roll(rate: FollowRate, now_ms: int) -> None:
    rate.roll(now_ms, FOLLOWERS, SPIKE, BASE)


def steady(days: int, per_hour: float = 6.0) -> FollowRate:
    rate = FollowRate()
    for hour in range(24 * days):
        roll(rate, hour * HOUR_MS + 1)
        rate.got += per_hour
    return rate


def by_day_and_night(days: int, day: float, night: float) -> FollowRate:
    """So many an hour from six o'clock on, and before."""
    rate = FollowRate()
    for hour in range(24 * days):
        roll(rate, hour * HOUR_MS + 1)
        rate.got += night if hour % 24 < 6 else day
    roll(rate, days * DAY_MS + 1)
    return rate


def test_it_settles_at_what_is_usual() -> None:
    assert steady(5).mean(FOLLOWERS, SPIKE) == pytest.approx(6.0, rel=0.1)


def test_the_rate_of_a_busy_creator_is_learned_within_a_day() -> None:
    assert steady(1, 240.0).mean(FOLLOWERS, SPIKE) > 150.0


def test_one_mad_hour_hardly_moves_it() -> None:
    rate = FollowRate()
    for hour in range(24 * 5):
        roll(rate, hour * HOUR_MS + 1)
        rate.got += 5_000.0 if hour == 100 else 6.0
    assert rate.mean(FOLLOWERS, SPIKE) < 7.0


def test_hours_without_any_follow_count_as_none() -> None:
    busy = steady(2, 10.0)
    before = busy.mean(FOLLOWERS, SPIKE)
    roll(busy, 9 * DAY_MS)
    after = busy.mean(FOLLOWERS, SPIKE)
    assert after < before / 2
    assert math.isfinite(busy.shape(after, SPIKE))


def test_it_knows_which_hours_are_busy() -> None:
    rate = by_day_and_night(8, 60.0, 6.0)
    night = rate.at(8 * DAY_MS + 3 * HOUR_MS, FOLLOWERS, SPIKE, BASE)
    noon = rate.at(8 * DAY_MS + 14 * HOUR_MS, FOLLOWERS, SPIKE, BASE)
    assert night < 15.0
    assert noon == pytest.approx(60.0, rel=0.15)


def test_a_known_rhythm_is_no_dispersion() -> None:
    rate = by_day_and_night(8, 60.0, 6.0)
    assert rate.shape(60.0, SPIKE) > 4.0


def test_before_a_day_is_over_little_is_sure() -> None:
    young, grown = FollowRate(), FollowRate()
    for hour in range(40):
        for rate in (young, grown) if hour < 8 else (grown,):
            roll(rate, hour * HOUR_MS + 1)
            rate.got += 6.0
    assert young.shape(6.0, SPIKE) < 1.0
    assert young.shape(6.0, SPIKE) < grown.shape(6.0, SPIKE) / 2


@pytest.mark.parametrize("every", [1, 3, 6, 24])
def test_polled_growth_belongs_to_the_hours_in_which_it_may_have_come(every: int) -> None:
    rate = FollowRate()
    for hour in range(24 * 8):
        roll(rate, hour * HOUR_MS + 1)
        if hour % every == 0 and hour:
            now = hour * HOUR_MS + 1
            rate.spread(6.0 / HOUR_MS, now - every * HOUR_MS, now, FOLLOWERS, SPIKE, BASE)
    usual = [rate.at(8 * DAY_MS + h * HOUR_MS, FOLLOWERS, SPIKE, BASE) for h in range(24)]
    assert max(usual) < 1.6 * min(usual)


def test_a_burst_between_two_polls_is_not_what_is_usual_from_then_on() -> None:
    rate = steady(3)
    now = 3 * DAY_MS + 1
    roll(rate, now)
    before = rate.mean(FOLLOWERS, SPIKE)
    rate.spread(5_000.0 / HOUR_MS, now - HOUR_MS, now, FOLLOWERS, SPIKE, BASE)
    assert rate.mean(FOLLOWERS, SPIKE) < 2.0 * before
    assert rate.at(now - HOUR_MS // 2, FOLLOWERS, SPIKE, BASE) < 4.0 * before
