"""Windows: how well the mean judgement of consecutive comments follows a mood that moves slowly.

Knows how streams are drawn from labelled comments, and the correlation. Must not know who judged.

The sampler: the share of neutral comments is that of the data. Net sentiment (the share of positive
comments less that of negative ones) is a Gaussian random walk of `STEP` a comment, reflected at
plus and minus `SWING` times the share that is not neutral. Each comment is drawn, with replacement,
from those of a class that is drawn by the shares of that moment. A stream has `COMMENTS` comments
and is cut into windows of `WINDOW`; the figure is the mean over `STREAMS` streams with seeds of
their own.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 50
COMMENTS: Final = 5_000
STREAMS: Final = 20
STEP: Final = 0.02
SWING: Final = 0.75
_STILL: Final = 1e-12

Numbers = NDArray[np.float64]


class Following(NamedTuple):
    """Correlations over windows: the mean over streams, and the worst and the best stream."""

    mood: float
    """With the net sentiment that the comments were drawn by, of which a window is a sample."""
    lowest: float
    highest: float
    labels: float
    """With the net sentiment of the very comments in the window."""


def following(gold: Sequence[int], strengths: Sequence[float]) -> Following | None:
    """How well the mean strength of windows follows; classes and strengths are from -1 to 1.

    None where a class is missing: there is no stream to draw then.
    """
    labels = np.asarray(gold)
    judged = np.asarray(strengths, dtype=float)
    pools = [np.flatnonzero(labels == label) for label in (-1, 0, 1)]
    if not all(len(pool) for pool in pools):
        return None
    found = [_stream(labels, judged, pools, seed) for seed in range(STREAMS)]
    moods = [mood for mood, _ in found]
    return Following(
        float(np.mean(moods)), min(moods), max(moods), float(np.mean([own for _, own in found]))
    )


def _stream(
    labels: NDArray[np.int64], judged: Numbers, pools: list[NDArray[np.int64]], seed: int
) -> tuple[float, float]:
    dice = np.random.default_rng(seed)
    sided = 1.0 - len(pools[1]) / len(labels)
    net = _walk(dice, SWING * sided)
    draw = dice.random(COMMENTS)
    negative = (sided - net) / 2.0
    classes = np.where(draw < negative, 0, np.where(draw < sided, 2, 1))
    picked = np.empty(COMMENTS, dtype=np.int64)
    for place, pool in enumerate(pools):
        here = classes == place
        picked[here] = pool[dice.integers(0, len(pool), int(here.sum()))]
    told = _means(judged[picked])
    return _correlation(told, _means(net)), _correlation(told, _means(labels[picked]))


def _walk(dice: np.random.Generator, bound: float) -> Numbers:
    """A random walk between plus and minus `bound`, from anywhere, thrown back at both."""
    free = dice.uniform(-bound, bound) + np.cumsum(dice.normal(0.0, STEP, COMMENTS))
    folded = np.abs((free + bound) % (4.0 * bound) - 2.0 * bound)
    return np.asarray(bound - folded, dtype=float)


def _means(values: NDArray[np.float64] | NDArray[np.int64]) -> Numbers:
    return np.asarray(values.reshape(-1, WINDOW).mean(axis=1), dtype=float)


def _correlation(told: Numbers, true: Numbers) -> float:
    """0 where one of the two never moves."""
    if min(np.ptp(told), np.ptp(true)) < _STILL:
        return 0.0
    return float(np.corrcoef(told, true)[0, 1])
