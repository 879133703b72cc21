"""The tails are those of the distributions that they are named after."""

import math

import pytest

from streams.engine.tails import (
    both,
    chi_square_lower_tail,
    log_normal_tail,
    lower_tail,
    student_tail,
    upper_tail,
)


def exact(count: int, mean: float, shape: float) -> float:
    """P(N = count), from the definition."""
    p = shape / (shape + mean)
    log = math.lgamma(count + shape) - math.lgamma(shape) - math.lgamma(count + 1)
    return math.exp(log + shape * math.log(p) + count * math.log1p(-p))


@pytest.mark.parametrize(("mean", "shape"), [(0.2, 0.5), (4.0, 1.0), (40.0, 3.0), (300.0, 50.0)])
@pytest.mark.parametrize("count", [0, 1, 5, 60, 400])
def test_tails_are_sums_of_the_distribution(mean: float, shape: float, count: int) -> None:
    below = sum(exact(n, mean, shape) for n in range(count + 1))
    assert lower_tail(count, mean, shape) == pytest.approx(below, rel=1e-6, abs=1e-12)
    above = 1.0 - sum(exact(n, mean, shape) for n in range(count))
    assert upper_tail(count, mean, shape) == pytest.approx(above, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("count", "mean", "shape"), [(34, 33.0, 16.0), (290, 300.0, 50.0)])
def test_the_middle_of_a_distribution_is_as_exact_as_its_ends(
    count: int, mean: float, shape: float
) -> None:
    above = 1.0 - sum(exact(n, mean, shape) for n in range(count))
    assert upper_tail(count, mean, shape) == pytest.approx(above, rel=1e-6)


def test_a_large_shape_is_a_poisson_distribution() -> None:
    poisson = sum(math.exp(n * math.log(20.0) - 20.0 - math.lgamma(n + 1)) for n in range(6))
    assert lower_tail(5, 20.0, 1e9) == pytest.approx(poisson, rel=1e-3)


@pytest.mark.parametrize("count", [-1.0, 0.0, 1e9])
@pytest.mark.parametrize("mean", [0.0, 1e-9, 1e9])
@pytest.mark.parametrize("shape", [1e-6, 1.0, 1e12])
def test_the_extremes_are_finite_probabilities(count: float, mean: float, shape: float) -> None:
    for tail in (lower_tail, upper_tail):
        assert 0.0 <= tail(count, mean, shape) <= 1.0


def test_two_tails_together_are_surer_than_each_but_less_than_their_product() -> None:
    assert 1e-6 < both(1e-3, 1e-3) < 1e-3
    assert both(1.0, 1.0) == 1.0
    assert both(0.0, 0.5) == 0.0


@pytest.mark.parametrize(
    ("t", "degrees", "probability"),
    [(-12.706, 1.0, 0.025), (-2.228, 10.0, 0.025), (-3.169, 10.0, 0.005), (1.812, 10.0, 0.95)],
)
def test_students_tail_is_that_of_the_tables(t: float, degrees: float, probability: float) -> None:
    assert student_tail(t, degrees) == pytest.approx(probability, rel=2e-3)


def test_a_log_normal_tail_is_that_of_the_normal_once_its_variance_is_known() -> None:
    """Of exp(N(-s2 / 2, s2)) with s2 = ln(1.25), whose mean is 1 and whose variance is 0.25."""
    normal = 0.5 * math.erfc((-math.log(0.4) - math.log(1.25) / 2) / math.sqrt(2 * math.log(1.25)))
    assert log_normal_tail(0.4, 0.25, 1e6) == pytest.approx(normal, rel=1e-2)


def test_the_less_a_variance_is_known_the_less_a_small_share_says() -> None:
    tails = [log_normal_tail(0.1, 0.2, degrees) for degrees in (3.0, 10.0, 40.0)]
    assert tails[0] > 10 * tails[1] > 100 * tails[2] > 0.0


@pytest.mark.parametrize(("square", "degrees"), [(3.0, 6), (0.5, 4), (30.0, 28), (7.25, 30)])
def test_the_chi_square_tail_is_that_of_a_poisson_count(square: float, degrees: int) -> None:
    half, terms = square / 2.0, degrees // 2
    above = math.exp(-half) * sum(half**n / math.factorial(n) for n in range(terms))
    assert chi_square_lower_tail(square, degrees) == pytest.approx(1.0 - above, rel=1e-6)


def test_the_chi_square_tail_stays_a_probability_far_out() -> None:
    assert chi_square_lower_tail(0.0, 5) == 0.0
    assert chi_square_lower_tail(-1.0, 5) == 0.0
    assert chi_square_lower_tail(1e9, 5) == 1.0
    assert chi_square_lower_tail(1e-9, 400) == 0.0
