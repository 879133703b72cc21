"""Tails: how likely a count as small, or as large, would be if all were as usual.

Knows the negative binomial, the log-normal, the Beta, Student's and the chi-square distribution.
Must not know what is counted.
"""

import math
from typing import Final

_TINY: Final = 1e-300
_STEPS: Final = 500
_MAX_SHAPE: Final = 1e6


def lower_tail(count: float, mean: float, shape: float) -> float:
    """P(N <= count) for a negative binomial N with this mean and variance mean + mean^2 / shape.

    `count` may be fractional (it then interpolates); a mean of zero gives 1. In [0, 1], finite.
    """
    if count < 0:
        return 0.0
    if mean <= 0:
        return 1.0
    shape = min(shape, _MAX_SHAPE)
    return _beta_inc(shape, count + 1.0, shape / (shape + mean))


def upper_tail(count: float, mean: float, shape: float) -> float:
    """P(N >= count), the same distribution. In [0, 1], finite."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    shape = min(shape, _MAX_SHAPE)
    return _beta_inc(count, shape, mean / (shape + mean))


def log_normal_tail(share: float, variance: float, degrees: float) -> float:
    """P(X <= share) for a log-normal X with mean 1 and this variance (> 0); share > 0.

    The variance is itself known from some values only, with so many degrees of freedom (> 0).
    """
    spread = math.log1p(variance)
    return student_tail((math.log(share) + spread / 2.0) / math.sqrt(spread), degrees)


def student_tail(t: float, degrees: float) -> float:
    """P(T <= t) for Student's t with so many degrees of freedom (> 0). In [0, 1]."""
    beyond = 0.5 * _beta_inc(degrees / 2.0, 0.5, degrees / (degrees + t * t))
    return beyond if t <= 0.0 else 1.0 - beyond


def beta_upper_tail(share: float, mean: float, spread: float) -> float:
    """P(X >= share) for a Beta X with this mean and variance mean (1 - mean) spread.

    All in (0, 1); of `n` draws with probability `mean` the share has a `spread` of 1 / n.
    """
    weight = 1.0 / spread - 1.0
    share = min(max(share, 0.0), 1.0)
    return _beta_inc((1.0 - mean) * weight, mean * weight, 1.0 - share)


def chi_square_lower_tail(square: float, degrees: float) -> float:
    """P(X <= square) for a chi-square X with so many degrees of freedom (> 0). In [0, 1].

    The series of the incomplete gamma function (Abramowitz and Stegun 6.5.29).
    """
    if square <= 0.0:
        return 0.0
    a, x = degrees / 2.0, square / 2.0
    if x > a + 40.0 * math.sqrt(a) + 40.0:
        return 1.0
    term = total = 1.0
    n = a
    while term > total * 1e-12:
        n += 1.0
        term *= x / n
        total += term
    return min(math.exp(a * math.log(x) - x - math.lgamma(a + 1.0)) * total, 1.0)


def both(first: float, second: float) -> float:
    """Fisher's probability of two independent tail probabilities taken together."""
    product = first * second
    return product * (1.0 - math.log(product)) if product > 0.0 else 0.0


def _beta_inc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    front = math.exp(log_front) if log_front > -740.0 else 0.0
    if x < (a + 1.0) / (a + b + 2.0):
        return min(front * _fraction(a, b, x) / a, 1.0)
    return max(1.0 - front * _fraction(b, a, 1.0 - x) / b, 0.0)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b), evaluated by Lentz's method."""
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + step / c
            c = c if abs(c) > _TINY else _TINY
            value *= d * c
        if abs(d * c - 1.0) < 1e-9:
            break
    return value
