"""The sampler of windows: what follows the mood correlates with it, and what does not does not."""

import random

import numpy as np
import pytest

from streams.sentiment import windows
from streams.sentiment.windows import following

DICE = random.Random(5)
GOLD = DICE.choices([-1, 0, 1], [0.25, 0.35, 0.4], k=2_000)


def test_a_perfect_judge_tells_each_window_and_the_mood_but_for_chance() -> None:
    found = following(GOLD, [float(label) for label in GOLD])
    assert found is not None
    assert found.labels == pytest.approx(1.0)
    assert 0.85 < found.mood < 0.98
    assert found.lowest <= found.mood <= found.highest


def test_a_judge_that_guesses_tells_nothing_and_a_contrary_one_the_contrary() -> None:
    guessed = following(GOLD, [DICE.uniform(-1, 1) for _ in GOLD])
    contrary = following(GOLD, [-float(label) for label in GOLD])
    assert guessed is not None
    assert contrary is not None
    assert abs(guessed.mood) < 0.2
    assert contrary.mood < -0.85


def test_the_more_is_wrong_the_less_is_followed() -> None:
    def with_errors(share: float) -> float:
        dice = random.Random(1)
        found = following(
            GOLD, [g if dice.random() > share else dice.choice([-1, 0, 1]) for g in GOLD]
        )
        assert found is not None
        return found.mood

    assert with_errors(0.0) > with_errors(0.5) > with_errors(0.85) > 0.2


def test_a_constant_judgement_follows_nothing() -> None:
    assert following(GOLD, [0.1] * len(GOLD)) == (0.0, 0.0, 0.0, 0.0)


def test_without_one_of_the_classes_there_is_no_stream() -> None:
    assert following([1, 1, 0], [1.0, 1.0, 0.0]) is None


def test_the_same_comments_give_the_same_figure() -> None:
    assert following(GOLD, GOLD) == following(GOLD, GOLD)


def test_the_mood_moves_slowly_and_within_its_bounds() -> None:
    walk = windows._walk(np.random.default_rng(3), 0.5)
    assert np.abs(walk).max() <= 0.5
    assert np.abs(np.diff(walk)).max() < 6 * windows.STEP
    assert walk.max() - walk.min() > 0.8
