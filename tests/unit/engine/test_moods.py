"""A window's mood leans on the creator's usual one as far as its comments say little."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scores import Mood
from streams.engine.counts import COMPOUND, NEGATIVE, NEUTRAL, POSITIVE, one
from streams.engine.detectors.sentiment_crisis import Usual
from streams.engine.moods import Prior, mark_of, mood, prior_of, rounded
from streams.engine.rules import CrisisRules

HALF = 0.5e-4 + 1e-12
"""By so much a number with four decimals may be off."""
GLAD = Prior(positive=0.5, negative=0.1, weight=30.0)


def judged(positive: int = 0, neutral: int = 0, negative: int = 0) -> int:
    return (
        one(POSITIVE, positive)
        + one(NEUTRAL, neutral)
        + one(NEGATIVE, negative)
        + one(COMPOUND, 500 * (positive - negative))
    )


def told(mood: Mood) -> tuple[float, float, float]:
    """Low, likely and high; all are there."""
    assert mood.net_low is not None
    assert mood.net_likely is not None
    assert mood.net_high is not None
    return mood.net_low, mood.net_likely, mood.net_high


def test_without_comments_there_is_nothing_to_say() -> None:
    assert mood(0, GLAD) == Mood()


def test_three_angry_comments_hardly_move_what_is_likely() -> None:
    seen = mood(judged(negative=3), GLAD)

    assert seen.net == -1.0
    glad, angry = GLAD.weight * GLAD.positive, GLAD.weight * GLAD.negative + 3
    assert seen.net_likely == round((glad - angry) / (GLAD.weight + 3), 4)


def test_three_thousand_angry_comments_are_believed() -> None:
    low, likely, high = told(mood(judged(negative=3_000), GLAD))

    assert likely == pytest.approx(-1.0, abs=0.02)
    assert high - low < 0.02


def test_as_many_comments_as_the_usual_weighs_meet_it_halfway() -> None:
    seen = mood(judged(positive=30), Prior(0.2, 0.2, 30.0))

    assert seen.net_likely == pytest.approx(0.5)


@given(
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.floats(0.01, 0.49),
    st.floats(0.01, 0.49),
    st.floats(1.0, 1_000.0),
)
def test_what_is_likely_lies_between_the_seen_and_the_usual_and_in_its_bounds(
    positive: int, neutral: int, negative: int, usual: float, bad: float, weight: float
) -> None:
    seen = mood(judged(positive, neutral, negative), Prior(usual, bad, weight))
    if not seen.comments:
        return
    low, likely, high = told(seen)
    assert seen.net is not None

    assert -1.0 <= low <= likely <= high <= 1.0
    nearer, further = sorted((seen.net, usual - bad))
    assert nearer - HALF <= likely <= further + HALF


@given(st.integers(0, 999), st.integers(0, 999), st.integers(1, 999), st.floats(-1.0, 1.0))
def test_a_share_has_four_decimals_and_is_the_nearest_that_has(
    positive: int, neutral: int, negative: int, share: float
) -> None:
    assert abs(rounded(share) - share) <= HALF
    seen = mood(judged(positive, neutral, negative), GLAD)
    for number in (rounded(share), seen.mean, seen.net, *told(seen)):
        assert number == float(f"{number:.4f}")


def test_in_95_of_100_windows_the_truth_lies_in_the_bounds() -> None:
    draw = random.Random(7)
    inside = windows = 0
    for _ in range(1_000):
        shares = [draw.gammavariate(GLAD.weight * share, 1.0) for share in (0.5, 0.4, 0.1)]
        whole = sum(shares)
        comments = draw.choices((POSITIVE, NEUTRAL, NEGATIVE), shares, k=draw.randint(5, 80))
        low, _, high = told(mood(sum(one(comment) for comment in comments), GLAD))
        inside += low <= (shares[0] - shares[2]) / whole <= high
        windows += 1

    assert 0.93 < inside / windows < 0.97


def test_the_usual_is_the_creators_own_once_it_is_known() -> None:
    mark, rules = mark_of("lexicon-1"), CrisisRules()
    usual = Usual(judge=mark, total=2_000.0, negative=100.0, positive=1_500.0)

    prior = prior_of(usual, mark, rules)

    assert prior.positive == pytest.approx(0.75, abs=0.01)
    assert prior.negative == pytest.approx(0.05, abs=0.01)


def test_the_usual_of_another_analyser_counts_for_nothing() -> None:
    rules = CrisisRules()
    usual = Usual(judge=mark_of("lexicon-1"), total=2_000.0, negative=1_900.0)

    prior = prior_of(usual, mark_of("lexicon-2"), rules)

    assert (prior.positive, prior.negative) == pytest.approx(
        (rules.prior_positive, rules.prior_negative)
    )
