"""Signals that somebody has counted: what must be told, and how seldom what must not.

The generators share nothing with the model: rates are log-normal and hang together.
"""

import math
import random
from collections.abc import Callable, Iterator

import pytest

from streams.engine.series import Judged, Series

BIN, DAY = 300, 288
START = 1_768_176_000
"""A Monday, 00:00 UTC."""
SEEDS = range(70, 73)


def chance_count(dice: random.Random, rate: float) -> int:
    """A Poisson count."""
    if rate > 200:
        return max(0, round(dice.gauss(rate, math.sqrt(rate))))
    count, left = 0, math.exp(-rate)
    product = dice.random()
    while product >= left:
        count, product = count + 1, product * dice.random()
    return count


def rhythmic(seed: int, level: float, days: int) -> Iterator[int]:
    """A day's rhythm, weekends at 60 %, and gamma rates (variance 0.05)."""
    dice = random.Random(seed)
    for n in range(days * DAY):
        rate = level * math.exp(0.8 * math.sin(2 * math.pi * n / DAY))
        rate *= 0.6 if n // DAY % 7 >= 5 else 1.0
        yield chance_count(dice, rate * dice.gammavariate(20.0, 0.05))


def bursty(seed: int, level: float, days: int) -> Iterator[int]:
    """A day's rhythm and log-normal rates (spread 0.5) with an autocorrelation of 0.7."""
    dice = random.Random(seed)
    mood = 0.0
    for n in range(days * DAY):
        mood = 0.7 * mood + math.sqrt(1 - 0.49) * dice.gauss(0, 0.5)
        rate = level * math.exp(0.6 * math.sin(2 * math.pi * n / DAY) + mood)
        yield chance_count(dice, rate * dice.gammavariate(20.0, 0.05))


def judged(counts: Iterator[int]) -> list[Judged]:
    series = Series(BIN)
    return [series.step(START + n * BIN, count) for n, count in enumerate(counts)]


def changed(counts: Iterator[int], day: int, by: Callable[[int], float]) -> Iterator[int]:
    """Counts times a factor from a day on."""
    for n, count in enumerate(counts):
        yield round(count * by(n - day * DAY)) if n >= day * DAY else count


def told_after(found: list[Judged], day: int) -> int | None:
    """How many bins after the start of a day the first unusual one came."""
    late = (n for n, one in enumerate(found[day * DAY :]) if one.state in {"high", "low"})
    return next(late, None)


@pytest.mark.parametrize("level", [2, 20, 200])
def test_bursty_signals_have_few_episodes(level: int) -> None:
    episodes, days = 0, 0
    for seed in SEEDS:
        last = -DAY
        for n, one in enumerate(judged(bursty(seed, level, 21))):
            if one.score >= 0.6 and n >= 3 * DAY:
                episodes += n - last > 12
                last = n
        days += 18
    assert episodes / days < 0.12


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("level", "factor", "day", "within"),
    [
        (20, 0.0, 9, 12),
        (200, 0.0, 9, 1),
        (20, 3.0, 9, 12),
        (200, 1.6, 9, 100),
        (200, 1.6, 24, 15),
        (200, 0.6, 24, 24),
        (20, 0.6, 24, 36),
    ],
)
def test_a_change_is_told_soon(level: int, factor: float, day: int, within: int, seed: int) -> None:
    found = judged(changed(rhythmic(seed, level, day + 1), day, lambda _: factor))
    after = told_after(found, day)
    assert after is not None
    assert after < within


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_new_level_is_the_usual_one_a_day_later(factor: float) -> None:
    found = judged(changed(rhythmic(75, 50, 27), 24, lambda _: factor))
    unusual = [one.state in {"high", "low"} for one in found]
    assert any(unusual[24 * DAY : 25 * DAY])
    assert sum(unusual[25 * DAY + DAY // 4 :]) < DAY // 24


@pytest.mark.parametrize("level", [0.5, 50])
def test_small_probabilities_are_about_as_rare_as_they_say(level: float) -> None:
    found = [one for seed in SEEDS for one in judged(rhythmic(seed, level, 35))[21 * DAY :]]
    for p in (0.1, 0.01, 0.001):
        assert sum(one.p <= p for one in found) / len(found) < 5 * p
