"""The audience: when people look, how fast a post fades, who reacts, and in which clusters.

Knows the distributions behind arrivals. Must not know kinds of events or incidents.
"""

from math import pi

import numpy as np
from numpy.typing import NDArray

from streams.sources.simulate.plan import DAY_MS, HOUR_MS, MINUTE_MS
from streams.sources.simulate.roster import Creator

Times = NDArray[np.int64]

HORIZON_MS = 2 * DAY_MS
"""Age at which the last reaction to a post has come."""
CLUSTER_MEAN = 1.28
"""Arrivals for each one that came on its own account."""

_STEP_MS = 5 * MINUTE_MS
_NORM = 1.10


def attention(creator: Creator, from_ms: int, span_ms: int) -> tuple[Times, NDArray[np.float64]]:
    """A grid of times from `from_ms` on, and the attention (ms of an average hour) up to each."""
    grid = np.arange(from_ms, from_ms + span_ms + _STEP_MS, _STEP_MS, dtype=np.int64)
    hour = ((grid + creator.offset_ms) % DAY_MS) / HOUR_MS
    shape = 0.6 * np.cos((hour - 19.5) * (pi / 12)) + 0.2 * np.cos((hour - 13.0) * (pi / 6))
    for period, phase, size in creator.drift:
        shape += size * np.sin(grid / HOUR_MS * (2 * pi / period) + phase)
    weight = np.exp(shape) / _NORM
    return grid, np.concatenate(([0.0], np.cumsum(weight[:-1] * _STEP_MS)))


def fading(rng: np.random.Generator, creator: Creator, at_ms: int, mean: float) -> Times:
    """Times of about `mean` reactions to something of `at_ms`: fading by age, paced by rhythm."""
    count = int(rng.poisson(mean / CLUSTER_MEAN))
    age = (rng.random(count) ** (-1 / creator.fade_power) - 1) * creator.fade_minutes * MINUTE_MS
    grid, seen = attention(creator, at_ms, HORIZON_MS)
    age = age[age < seen[-1]]
    return excited(rng, np.interp(age, seen, grid).astype(np.int64))


def share_within(creator: Creator, at_ms: int, start_ms: int, end_ms: int) -> float:
    """The usual share (0-1) of the reactions to a post of `at_ms` that come in [start, end)."""
    grid, seen = attention(creator, at_ms, HORIZON_MS)
    ages = np.interp([max(start_ms, at_ms), max(end_ms, at_ms)], grid, seen)
    before, after = (1 + ages / (creator.fade_minutes * MINUTE_MS)) ** -creator.fade_power
    return float(before - after)


def steady(rng: np.random.Generator, creator: Creator, from_ms: int, mean: float) -> Times:
    """Times of about `mean` arrivals within the day from `from_ms`, paced by rhythm."""
    count = int(rng.poisson(mean / CLUSTER_MEAN))
    grid, seen = attention(creator, from_ms, DAY_MS)
    return excited(rng, np.interp(rng.random(count) * seen[-1], seen, grid).astype(np.int64))


def excited(rng: np.random.Generator, times: Times) -> Times:
    """`times` and the arrivals that they set off: few set off any, some of those many."""
    generations = [times]
    for _ in range(2):
        parents = generations[-1][rng.random(len(generations[-1])) < 0.12]
        sizes = 1 + np.minimum(rng.pareto(1.9, len(parents)) * 1.2, 25).astype(np.int64)
        origin = np.repeat(parents, sizes)
        delay = rng.exponential(45_000, len(origin)) * rng.lognormal(0.0, 0.8, len(origin))
        generations.append(origin + delay.astype(np.int64))
    return np.concatenate(generations)


def members(rng: np.random.Generator, creator: Creator, count: int) -> NDArray[np.int64]:
    """Numbers of the accounts behind `count` reactions to one post: a loyal core, then others.

    Creators with neighbouring numbers share an audience. Hardly any account comes up twice.
    """
    pool = max(60, creator.followers // 4)
    picks = (pool * rng.random(count) ** 2.5).astype(np.int64)
    _, first = np.unique(picks, return_index=True)
    again = np.ones(count, dtype=bool)
    again[first] = False
    picks[again] = pool + rng.integers(0, 40 * pool, int(again.sum()))
    return creator.number // 3 * 1_000_000 + picks


def strangers(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Numbers of `count` accounts that nobody has met before."""
    return rng.integers(1 << 40, 1 << 44, count)
