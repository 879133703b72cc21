"""Trainer: weights out of labelled comments, and how well they do on comments they have not seen.

Knows the learning: multinomial logistic regression with an L2 penalty, classes of equal weight in
it whatever their share, calibrated by cross-validation. Must not know files or terminals. What is
learned depends on the comments, their order and the seed alone.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from streams.engine.sentiment import Analyser
from streams.engine.sentiment.model import ZERO, Three
from streams.engine.sentiment.modelfile import Header
from streams.engine.sentiment.traits import BUCKETS, REVISION, signals, walk
from streams.sentiment.labelled import Comment

FOLDS: Final = 5
_PIECES: Final = 0.5
"""What a piece of a word weighs beside a word: there are many more of them."""
_PENALTY: Final = 0.5
_SIGNAL_PENALTY: Final = 0.3
"""There are few signals, and they are trusted: the penalty only keeps the answer unique."""
_MOST_STEPS: Final = 40
"""More of them fit the comments better, and unseen ones no better."""
_FEWEST: Final = 2
"""A trait of fewer comments is not learned."""
_STEPS: Final = 127

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


class Figures(NamedTuple):
    """How each comment is judged by a model that has not seen it, and by the lexicon alone."""

    labels: list[int]
    strengths: list[float]
    chances: Numbers
    """Probabilities by comment (rows) and class."""
    below: list[int]
    below_strengths: list[float]


class Learned(NamedTuple):
    """A model, ready to be written, and its figures."""

    header: Header
    table: bytes
    figures: Figures


class _Fit(NamedTuple):
    constant: Numbers
    signals: Numbers
    weights: Numbers

    def scores(self, data: "_Data") -> Numbers:
        """Scores by comment and class, not yet calibrated."""
        return np.asarray(data.traits @ self.weights + data.signals @ self.signals + self.constant)


class _Data(NamedTuple):
    """Comments as numbers: a row each."""

    traits: Any
    """Sparse; its columns are the buckets that occur."""
    signals: Numbers
    classes: Places
    """0 negative, 1 neutral, 2 positive."""

    def some(self, rows: Places) -> "_Data":
        return _Data(self.traits[rows], self.signals[rows], self.classes[rows])


def learn(
    comments: Sequence[Comment], below: Analyser, seed: int, tell: Callable[[str], None]
) -> Learned:
    """Learn from comments, `FOLDS` of each class at the least; progress goes to `tell`."""
    verdicts = [below.judge(comment.text, comment.language) for comment in comments]
    classes = np.array([comment.label + 1 for comment in comments])
    bent = [
        signals(verdict.compound, comment.text)
        for comment, verdict in zip(comments, verdicts, strict=True)
    ]
    traits, buckets = _traits([comment.text for comment in comments])
    data = _Data(traits, np.array(bent), classes)

    scores = np.zeros((len(comments), 3))
    folds = _folds(comments, seed)
    for fold in range(FOLDS):
        unseen = np.flatnonzero(folds == fold)
        fit = _fit(data.some(np.flatnonzero(folds != fold)))
        scores[unseen] = fit.scores(data.some(unseen))
        hits = scores[unseen].argmax(axis=1) == classes[unseen]
        found = [hits[classes[unseen] == place] for place in range(3)]
        recall = float(np.mean([hit.mean() for hit in found if len(hit)]))
        tell(f"part {fold + 1} of {FOLDS}: macro recall {recall:.3f} on comments not learned from")

    tell("all comments")
    fit = _fit(data)
    sharpness, offset = _calibration(scores, classes)
    usual = np.bincount(classes, minlength=3) / len(classes)
    chances = _softmax(sharpness * scores + offset)
    step = float(np.abs(fit.weights).max(initial=0.0)) / _STEPS or 1.0
    header = Header(
        digest="",
        revision=REVISION,
        below=below.version,
        comments=len(comments),
        usual=_three(usual),
        word_step=_short(step),
        piece_step=_short(step * _PIECES),
        constant=_three(fit.constant),
        signals=[_three(row) for row in fit.signals],
        sharpness=_short(sharpness),
        offset=_three(offset),
    )
    strengths = chances[:, 2] - chances[:, 0]
    figures = Figures(
        _decided(chances, usual, strengths),
        strengths.tolist(),
        chances,
        [int(verdict.label) for verdict in verdicts],
        [verdict.compound for verdict in verdicts],
    )
    return Learned(header, _table(fit.weights, buckets, step), figures)


def _traits(texts: Sequence[str]) -> tuple[Any, Places]:
    """Rows of traits as `TrainedAnalyser` weighs them, and the bucket of each column."""
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        words, pieces = walk(text)
        for found, worth in ((words, 1.0), (pieces, _PIECES)):
            columns += found
            values += [worth / math.sqrt(len(found))] * len(found) if found else []
        starts.append(len(columns))
    buckets, places = np.unique(np.array(columns, dtype=np.int64), return_inverse=True)
    matrix = csr_matrix((values, places, starts), shape=(len(texts), len(buckets)))
    matrix.sum_duplicates()
    common = np.flatnonzero(np.bincount(matrix.indices, minlength=len(buckets)) >= _FEWEST)
    return matrix[:, common], buckets[common]


def _folds(comments: Sequence[Comment], seed: int) -> Places:
    """The part of each comment: classes are spread evenly, and like texts stay together."""
    dice = np.random.default_rng(seed)
    home: dict[str, int] = {}
    folds = np.zeros(len(comments), dtype=np.int64)
    dealt = {-1: 0, 0: 0, 1: 0}
    for place in dice.permutation(len(comments)):
        text, label = comments[place].text, int(comments[place].label)
        if text not in home:
            home[text] = dealt[label] % FOLDS
            dealt[label] += 1
        folds[place] = home[text]
    return folds


def _fit(data: _Data) -> _Fit:
    rows, columns = data.traits.shape
    width = data.signals.shape[1]
    turned = data.traits.T.tocsr()
    hits = np.eye(3)[data.classes]
    share = np.bincount(data.classes, minlength=3)
    weight = (rows / (3.0 * np.maximum(share, 1)))[data.classes][:, None]
    split = 3 + 3 * width

    def parted(flat: Numbers) -> _Fit:
        return _Fit(flat[:3], flat[3:split].reshape(width, 3), flat[split:].reshape(columns, 3))

    def loss(flat: Numbers) -> tuple[float, Numbers]:
        fit = parted(flat)
        chances = _softmax(fit.scores(data))
        right = np.maximum((chances * hits).sum(axis=1, keepdims=True), 1e-300)
        total = -(weight * np.log(right)).sum()
        total += 0.5 * _PENALTY * (fit.weights**2).sum()
        total += 0.5 * _SIGNAL_PENALTY * (fit.signals**2).sum()
        error = weight * (chances - hits)
        slopes = (
            error.sum(axis=0),
            (data.signals.T @ error + _SIGNAL_PENALTY * fit.signals).ravel(),
            (turned @ error + _PENALTY * fit.weights).ravel(),
        )
        return float(total), np.concatenate(slopes)

    options = {"maxiter": _MOST_STEPS, "ftol": 1e-6}
    found = minimize(
        loss, np.zeros(split + 3 * columns), jac=True, method="L-BFGS-B", options=options
    )
    return parted(found.x)


def _calibration(scores: Numbers, classes: Places) -> tuple[float, Numbers]:
    """The sharpness and the offsets under which unseen comments are likeliest."""
    rows = np.arange(len(classes))

    def surprise(flat: Numbers) -> float:
        chances = _softmax(flat[0] * scores + flat[1:])
        return float(-np.log(np.maximum(chances[rows, classes], 1e-300)).mean())

    start = np.array([1.0, *np.log(np.bincount(classes, minlength=3) / len(classes))])
    found = minimize(surprise, start, method="L-BFGS-B", bounds=[(0.05, 5.0), *[(-20.0, 20.0)] * 3])
    return float(found.x[0]), np.asarray(found.x[1:])


def _decided(chances: Numbers, usual: Numbers, strengths: Numbers) -> list[int]:
    """Classes as `TrainedAnalyser.judge` decides them."""
    given = (chances / usual).argmax(axis=1) - 1
    given[given * strengths < 0.0] = 0
    return [int(label) for label in given]


def _table(weights: Numbers, buckets: Places, step: float) -> bytes:
    table = np.full((BUCKETS, 3), ZERO, dtype=np.uint8)
    table[buckets] = np.rint(weights / step).astype(np.int64) + ZERO
    return table.tobytes()


def _softmax(scores: Numbers) -> Numbers:
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _short(number: float) -> float:
    """As many digits as matter, so that a last bit of another processor does not show."""
    return float(f"{number:.6g}")


def _three(numbers: Numbers) -> Three:
    first, second, third = (_short(float(number)) for number in numbers)
    return first, second, third
