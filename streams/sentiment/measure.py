"""Measure: how well classes that were given agree with those that people gave.

Knows counts and chance. Must not know who judged, or what a text says.

All figures are of a table of counts, so that an interval is one draw of such tables: a bootstrap
over comments is a multinomial draw over the cells that they fall into.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CLASSES: Final = ("negative", "neutral", "positive")
DRAWS: Final = 4_000
_SEED: Final = 20_140_601
_INTERVAL: Final = (2.5, 97.5)
Counts = NDArray[np.int64]
Figures = NDArray[np.float64]


class Figure(NamedTuple):
    """A figure and its 95 % interval by bootstrap over comments."""

    value: float
    low: float
    high: float


class ClassFigures(NamedTuple):
    """One class: how much of what is said to be of it is, and how much of it was found."""

    precision: float
    recall: float
    f1: float
    support: int


class CalibrationBin(NamedTuple):
    """Comments whose strength lies in `[low, high)`; the last bin holds its upper edge, too."""

    low: float
    high: float
    comments: int
    mean_label: float
    """Mean of people's classes as -1, 0 and 1; the nearer to the strength, the better."""


def confusion(gold: Sequence[int], given: Sequence[int]) -> Counts:
    """Comments by people's class (rows) and the given one (columns), each from -1 to 1."""
    cells = (np.asarray(gold) + 1) * 3 + np.asarray(given) + 1
    return np.bincount(cells, minlength=9).reshape(3, 3).astype(np.int64)


def _ratio(part: Figures, whole: Figures) -> Figures:
    """0 where there is nothing to be a part of."""
    return np.where(whole > 0, part / np.maximum(whole, 1.0), 0.0)


def _macro_recall(tables: Figures) -> Figures:
    """Of tables in the last two axes: mean recall of the classes that occur."""
    support = tables.sum(axis=-1)
    recall = _ratio(np.diagonal(tables, axis1=-2, axis2=-1).astype(float), support)
    return _ratio(recall.sum(axis=-1), (support > 0).sum(axis=-1).astype(float))


def _macro_f1(tables: Figures) -> Figures:
    hits = np.diagonal(tables, axis1=-2, axis2=-1).astype(float)
    named = tables.sum(axis=-1) + tables.sum(axis=-2)
    f1 = _ratio(2.0 * hits, named.astype(float))
    occurring = (tables.sum(axis=-1) > 0).sum(axis=-1).astype(float)
    return _ratio(f1.sum(axis=-1), occurring)


def _drawn(cells: Counts) -> Figures:
    """Tables as other samples of as many comments would have given them."""
    total = int(cells.sum())
    flat = cells.reshape(-1)
    draws = np.random.default_rng(_SEED).multinomial(total, flat / total, size=DRAWS)
    return draws.reshape((DRAWS, *cells.shape)).astype(float)


def _figure(value: float, draws: Figures) -> Figure:
    low, high = np.percentile(draws, _INTERVAL)
    return Figure(float(value), float(low), float(high))


def macro_recall(table: Counts) -> Figure:
    """Mean of the recalls of the classes that occur: a class counts whatever its share."""
    return _figure(float(_macro_recall(table.astype(float))), _macro_recall(_drawn(table)))


def macro_f1(table: Counts) -> Figure:
    """Mean of the F1 of the classes that occur."""
    return _figure(float(_macro_f1(table.astype(float))), _macro_f1(_drawn(table)))


def gain(gold: Sequence[int], ours: Sequence[int], theirs: Sequence[int]) -> Figure:
    """Macro recall of ours less that of theirs, over the same comments in each draw."""
    cells = (np.asarray(gold) + 1) * 9 + (np.asarray(ours) + 1) * 3 + np.asarray(theirs) + 1
    cube = np.bincount(cells, minlength=27).reshape(3, 3, 3).astype(np.int64)

    def difference(cubes: Figures) -> Figures:
        return _macro_recall(cubes.sum(axis=-1)) - _macro_recall(cubes.sum(axis=-2))

    return _figure(float(difference(cube.astype(float))), difference(_drawn(cube)))


def by_class(table: Counts) -> dict[str, ClassFigures]:
    """Precision, recall, F1 and support of each class."""
    found = {}
    for place, name in enumerate(CLASSES):
        hits, support = int(table[place, place]), int(table[place].sum())
        named = int(table[:, place].sum())
        found[name] = ClassFigures(
            hits / named if named else 0.0,
            hits / support if support else 0.0,
            2 * hits / (named + support) if named + support else 0.0,
            support,
        )
    return found


def calibration(
    gold: Sequence[int], strengths: Sequence[float], bins: int = 10
) -> list[CalibrationBin]:
    """People's mean class by strength, in bins of one width from -1 to 1; empty ones left out."""
    edges = np.linspace(-1.0, 1.0, bins + 1)
    places = np.clip(np.searchsorted(edges, strengths, side="right") - 1, 0, bins - 1)
    labels = np.asarray(gold, dtype=float)
    return [
        CalibrationBin(
            float(edges[place]),
            float(edges[place + 1]),
            int((places == place).sum()),
            float(labels[places == place].mean()),
        )
        for place in range(bins)
        if (places == place).any()
    ]
