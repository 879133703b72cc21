"""The week: which days are quiet, and that chance alone makes no rhythm."""

import itertools
import random

import pytest

from streams.engine.baselines import Rhythm
from streams.engine.follow_rate import FollowRate
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS
from streams.engine.week import Week
from tests.unit.engine.crowd import START_MS, Creator, Drop, Panes, days, rhythm, run

RULES = Rules()
SPIKE, BASE = RULES.spike, RULES.baseline
WEEK_MS = 7 * DAY_MS
SUNDAY = START_MS // DAY_MS % 7
"""The day of the week, as days are numbered since the epoch, that is quiet in these tests."""
CREATOR = Creator(level=500.0, spread=0.4, post_hours=(9.0, 14.0, 19.0), follows_per_hour=0.0)


def is_quiet(ms: int, dawn: float = 3.0) -> bool:
    return int((ms / HOUR_MS - dawn) // 24) % 7 == SUNDAY


def lived(weeks: int, seed: int, quiet: float, dawn: float = 3.0) -> Rhythm:
    """A rhythm that has seen so many weeks of hours, on one day with only a share."""
    dice, seen = random.Random(seed), Rhythm()
    for hour in range(24 * 7 * weeks):
        at = START_MS + hour * HOUR_MS
        due = 40.0 * rhythm(at + int((3.0 - dawn) * HOUR_MS))
        mood = dice.lognormvariate(0.0, 0.25)
        got = due * mood * (quiet if is_quiet(at, dawn) else 1.0)
        seen.close(at // HOUR_MS, got, 22.0, BASE)
    return seen


def at_noon(seen: Rhythm, day: int) -> float:
    return seen.at(START_MS + day * DAY_MS + 15 * HOUR_MS, BASE)


@pytest.mark.parametrize("dawn", [3.0, 11.0, 19.0])
def test_a_quiet_day_is_expected_after_some_weeks_wherever_the_creator_lives(dawn: float) -> None:
    seen = lived(8, 1, 0.25, dawn)
    assert abs((seen.week.dawn - dawn + 12) % 24 - 12) <= 2
    noon = START_MS + 8 * WEEK_MS + int((dawn + 12) * HOUR_MS)
    quiet, loud = seen.at(noon, BASE), seen.at(noon + DAY_MS, BASE)
    assert quiet / loud == pytest.approx(0.25, abs=0.12)


def test_the_other_days_are_expected_to_bring_more_than_the_mean() -> None:
    factors = lived(8, 2, 0.25).week.factors
    assert min(factors) == factors[SUNDAY]
    assert sum(factors) / 7 == pytest.approx(100.0, abs=2.0)


def test_nothing_is_known_of_days_before_three_weeks() -> None:
    assert not lived(3, 3, 0.25).week.factors
    assert lived(6, 3, 0.25).week.factors


@pytest.mark.parametrize("seed", range(6))
def test_days_that_differ_by_chance_only_are_hardly_told_apart(seed: int) -> None:
    dice, seen = random.Random(seed), Rhythm()
    for day in range(70):
        mood = dice.lognormvariate(0.0, 0.4)
        for hour in range(24):
            at = START_MS + day * DAY_MS + hour * HOUR_MS
            seen.close(at // HOUR_MS, 30.0 * rhythm(at) * mood, 16.0, BASE)
    factors = seen.week.factors or [100]
    assert min(factors) > 60
    assert max(factors) < 150


def test_a_day_turns_into_the_next_one_without_a_step() -> None:
    week = Week(dawn=3, factors=[20, 120, 110, 115, 105, 115, 115])
    minutes = [week.at(START_MS + minute * 60_000) for minute in range(7 * 1_440)]
    steps = [abs(b - a) for a, b in itertools.pairwise(minutes)]
    assert max(steps) < 0.01


def test_what_came_while_an_alert_was_on_teaches_the_week_only() -> None:
    seen = lived(2, 4, 1.0)
    hours, days_ = list(seen.num), list(seen.week.means)
    for hour in range(30):
        at = START_MS + 2 * WEEK_MS + hour * HOUR_MS
        seen.learn(at, 1.0, 22.0, BASE, taught=False)
    assert seen.num == hours
    assert seen.week.means != days_


def test_follows_of_a_day_that_brings_few_are_expected_to_be_few() -> None:
    dice, rate = random.Random(5), FollowRate()
    for hour in range(24 * 7 * 8):
        at = START_MS + hour * HOUR_MS
        rate.roll(at + 1, 20_000, SPIKE, BASE)
        rate.got += dice.gauss(30.0, 4.0) * rhythm(at) * (0.2 if is_quiet(at) else 1.0)
    noon = START_MS + 8 * WEEK_MS + 15 * HOUR_MS
    quiet = rate.at(noon, 20_000, SPIKE, BASE)
    loud = rate.at(noon + 2 * DAY_MS, 20_000, SPIKE, BASE)
    assert quiet < 10.0
    assert loud == pytest.approx(30.0, rel=0.2)


def with_quiet_days(panes: Panes, seed: int, left: float) -> Panes:
    """Of each quiet day only a share of what comes is left."""
    dice = random.Random(seed)
    for end_ms, facts in panes.items():
        if is_quiet(end_ms - 1):
            facts.by_post = {
                post: kept
                for post, n in facts.by_post.items()
                if (kept := sum(dice.random() < left for _ in range(n)))
            }
    return panes


@pytest.mark.parametrize("seed", range(3))
def test_a_quiet_day_that_comes_each_week_raises_no_drop_once_it_is_known(seed: int) -> None:
    panes = with_quiet_days(days(seed, CREATOR, 71), seed, 0.25)
    said = run(panes, CREATOR.info, START_MS + 71 * DAY_MS)
    assert said.watch.course.rhythm.week.factors[SUNDAY] < 60
    late = START_MS + 5 * WEEK_MS
    told = [*said.of("engagement_drop", "firing"), *said.of("silence", "firing")]
    assert [a for a in told if a.updated_at.timestamp() * 1_000 > late] == []


@pytest.mark.parametrize("seed", range(3))
def test_a_drop_on_a_loud_day_is_seen_though_another_day_is_quiet(seed: int) -> None:
    begin = START_MS + 8 * WEEK_MS + 3 * DAY_MS + 15 * HOUR_MS
    drop = Drop(begin, begin + 10 * HOUR_MS, 0.05)
    panes = with_quiet_days(days(seed, CREATOR, 60.5, drop), seed, 0.25)
    said = run(panes, CREATOR.info, drop.end_ms)
    told = [*said.of("engagement_drop", "firing"), *said.of("silence", "firing")]
    assert any(a.updated_at.timestamp() * 1_000 >= begin for a in told)
