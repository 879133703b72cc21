"""Figures of agreement, by hand; and intervals that hold what they should."""

import numpy as np
import pytest

from streams.sentiment import measure

GOLD = [-1, -1, 0, 0, 0, 0, 1, 1]
GIVEN = [-1, 0, 0, 0, 0, 1, 1, -1]


def test_rows_are_what_people_say_and_columns_what_was_given():
    assert measure.confusion(GOLD, GIVEN).tolist() == [[1, 1, 0], [0, 3, 1], [1, 0, 1]]


def test_macro_recall_is_the_mean_over_classes_whatever_their_share():
    figure = measure.macro_recall(measure.confusion(GOLD, GIVEN))
    assert figure.value == pytest.approx((1 / 2 + 3 / 4 + 1 / 2) / 3)
    assert figure.low < figure.value < figure.high


def test_macro_f1_is_the_mean_over_classes():
    figure = measure.macro_f1(measure.confusion(GOLD, GIVEN))
    assert figure.value == pytest.approx((2 / 4 + 6 / 8 + 2 / 4) / 3)


def test_a_class_that_does_not_occur_does_not_count():
    assert measure.macro_recall(measure.confusion([1, 1], [1, 1])).value == 1.0


def test_one_class_has_precision_recall_f1_and_support():
    row = measure.by_class(measure.confusion(GOLD, GIVEN))["positive"]
    assert row == (1 / 2, 1 / 2, 1 / 2, 2)


def test_more_comments_make_a_narrower_interval():
    few = measure.macro_recall(measure.confusion(GOLD * 10, GIVEN * 10))
    many = measure.macro_recall(measure.confusion(GOLD * 1000, GIVEN * 1000))
    assert many.high - many.low < (few.high - few.low) / 5


def test_the_gain_over_another_is_paired_and_its_sign_tells_who_is_better():
    dice = np.random.default_rng(1)
    gold = dice.integers(-1, 2, size=900).tolist()
    better = [g if dice.random() < 0.8 else 0 for g in gold]
    worse = [g if dice.random() < 0.5 else 0 for g in gold]
    gain = measure.gain(gold, better, worse)
    assert gain.low > 0.0
    assert gain.value == pytest.approx(
        measure.macro_recall(measure.confusion(gold, better)).value
        - measure.macro_recall(measure.confusion(gold, worse)).value
    )
    same = measure.gain(gold, better, better)
    assert same == (0.0, 0.0, 0.0)


def test_calibration_is_peoples_mean_class_by_strength():
    bins = measure.calibration([-1, 1, 1, 0], [-1.0, 0.95, 1.0, 0.0])
    assert [(round(b.low, 1), b.comments, b.mean_label) for b in bins] == [
        (-1.0, 1, -1.0),
        (0.0, 1, 0.0),
        (0.8, 2, 1.0),
    ]
