"""Comparison: how one post does against the creator's others at the same age, as alerts show it.

Knows CrowdTangle's over- and underperforming score and the record of one post. Must not know what
is concluded from it, or where the expectation comes from.
"""

from typing import Final

from schemas.alerts import PostEvidence
from streams.engine.units import MINUTE_MS

MINIMUM: Final = 10.0
"""Below so many engagements CrowdTangle held back with praise."""


def score(got: float, expected: float) -> float:
    """CrowdTangle's score: how many times the benchmark a post has, or (negative) falls below it.

    From 1 on `got` / `expected`; down from -1 the inverse; -2 x `expected` for a post without any
    engagement; in (0, 1) where a low benchmark is beaten, but `MINIMUM` not reached. The published
    rule (its help centre, until 2024) has the mean of the middle half of a hundred posts for
    `expected`; the geometric mean of log-normal posts lies within a few per cent of that.
    """
    expected = max(expected, 0.1)
    if got <= 0.0:
        return round(-2.0 * expected, 2)
    if got < expected:
        return round(-expected / got, 2)
    if got < MINIMUM:
        return round(got / MINIMUM, 2)
    return round(got / expected, 2)


def compared(post_id: str, age_ms: float, got: int, expected: float) -> PostEvidence:
    """The record of one post that got so many engagements until that age."""
    return PostEvidence(
        post_id=post_id,
        age_minutes=round(age_ms / MINUTE_MS, 1),
        observed=got,
        expected=round(expected, 1),
        score=score(got, expected),
    )
