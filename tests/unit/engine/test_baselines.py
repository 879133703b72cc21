"""Baselines learn what is usual for one creator, and forget it slowly."""

import math

import pytest

from streams.engine.baselines import (
    REFERENCE_AGE_MS,
    Curve,
    Levels,
    Rhythm,
    effective,
    stage_of,
)
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS

RULES = Rules()
BASE = RULES.baseline


def test_an_unlearned_curve_is_the_published_prior() -> None:
    curve = Curve()
    assert curve.share(0, REFERENCE_AGE_MS) == pytest.approx(1.0, rel=0.02)
    shares = {5: 0.188, 15: 0.370, 60: 0.543, 1440: 0.781}
    whole = curve.share(0, 60 * MINUTE_MS) / shares[60]
    for minutes, share in shares.items():
        assert curve.share(0, minutes * MINUTE_MS) / whole == pytest.approx(share, rel=0.03)


def test_shares_add_up_however_an_interval_is_cut() -> None:
    curve = learned(half_life_ms=2 * HOUR_MS, posts=30)
    cut = sum(curve.share(m * MINUTE_MS, (m + 2) * MINUTE_MS) for m in range(0, 600, 2))
    assert curve.share(0, 600 * MINUTE_MS) == pytest.approx(cut, rel=0.05)


def test_a_curve_follows_posts_that_fade_in_their_own_way() -> None:
    half = 2 * HOUR_MS
    curve = learned(half, posts=30)
    for start, end in ((HOUR_MS // 2, HOUR_MS), (HOUR_MS, 2 * HOUR_MS), (4 * HOUR_MS, 8 * HOUR_MS)):
        true = (2 ** (-start / half) - 2 ** (-end / half)) / (1 - 2 ** (-REFERENCE_AGE_MS / half))
        assert curve.share(start, end) == pytest.approx(true, rel=0.15)


def learned(half_life_ms: int, posts: int) -> Curve:
    """A curve that has seen posts whose engagement halves every `half_life_ms`."""
    curve = Curve()
    for _ in range(posts):
        before = 0.0
        age = 0
        while age < DAY_MS:
            age += MINUTE_MS
            if stage_of(age + MINUTE_MS) != stage_of(age):
                got = 1.0 - 2.0 ** (-age / half_life_ms)
                curve.learn(stage_of(age), before, got - before)
                before = got
        curve.refresh(BASE)
    return curve


def test_levels_shrink_a_rare_type_to_the_creator_and_widen_while_posts_are_few() -> None:
    levels = Levels()
    assert levels.usual("image", 10_000, BASE)[0] == pytest.approx(100.0)
    levels.learn("image", 400.0, BASE)
    few = levels.usual("image", 10_000, BASE)
    for _ in range(30):
        levels.learn("image", 400.0, BASE)
    levels.learn("video", 4_000.0, BASE)
    mean, shape = levels.usual("image", 10_000, BASE)
    assert 380 < mean < 520
    assert shape > few[1], "more posts make surer"
    assert mean < levels.usual("video", 10_000, BASE)[0] < 4_000


def test_a_discounted_mean_is_as_sure_as_so_many_observations() -> None:
    keep, weight, squares = math.exp(-1.0 / 40.0), 0.0, 0.0
    for number in range(1, 400):
        weight, squares = weight * keep + 1.0, squares * keep * keep + 1.0
        assert effective(weight, 40.0) == pytest.approx(weight * weight / squares, rel=1e-6)
        assert weight <= effective(weight, 40.0) <= number + 1e-6


def test_the_latest_levels_are_kept_one_by_one() -> None:
    levels = Levels()
    for number in range(1, 31):
        levels.learn("image", number * 10.4, BASE)
    assert levels.picture() == [218, 229, 239, 250, 260, 270, 281, 291, 302, 312]


def test_the_rhythm_finds_the_quiet_hours() -> None:
    rhythm = Rhythm()
    for hour in range(24 * 7):
        quiet = hour % 24 < 6
        rhythm.learn(hour * HOUR_MS, 10.0 if quiet else 100.0, 80.0, BASE)
    week = 7 * DAY_MS
    assert rhythm.at(week + 3 * HOUR_MS, BASE) < 0.75
    assert rhythm.at(week + 15 * HOUR_MS, BASE) > 1.05
