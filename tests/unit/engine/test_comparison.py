"""How a post compares with its peers is CrowdTangle's score, in each of its branches."""

import pytest

from streams.engine.comparison import compared, score


@pytest.mark.parametrize(
    ("got", "expected", "told"),
    [
        (900, 300.0, 3.0),
        (300, 300.0, 1.0),
        (100, 300.0, -3.0),
        (0, 200.0, -400.0),
        (9, 2.0, 0.9),
        (10, 2.0, 5.0),
        (1, 2.0, -2.0),
        (-3, 200.0, -400.0),
    ],
)
def test_the_score_tells_how_many_times_above_or_below(
    got: float, expected: float, told: float
) -> None:
    assert score(got, expected) == told


@pytest.mark.parametrize("got", [0, 1, 10**9])
@pytest.mark.parametrize("expected", [0.0, 1e-12, 1e9])
def test_the_score_is_never_infinite(got: float, expected: float) -> None:
    assert abs(score(got, expected)) < 1e11


def test_a_post_is_shown_with_its_age_in_minutes() -> None:
    post = compared("p1", 90_000, 30, 60.04)
    assert (post.age_minutes, post.observed, post.expected, post.score) == (1.5, 30, 60.0, -2.0)
