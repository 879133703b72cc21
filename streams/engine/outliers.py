"""Outliers: the live posts of a creator that are far from what is usual at their age.

Knows how far is far, and which posts are worth showing. Must not know alerts, nor when somebody
looks.
"""

import math
from typing import Final

from msgspec import Struct

from schemas.scores import PostOutlier
from streams.engine.comparison import compared
from streams.engine.course import Course
from streams.engine.rules import Rules

MOST: Final = 3
"""Posts of one creator that are shown at a time."""


class Outlier(Struct, array_like=True):
    """One post as it was when it was last looked at: `got` where `usual` are usual."""

    post_id: str
    campaign_id: str | None
    age_ms: int
    got: int
    usual: float

    def published(self) -> PostOutlier:
        """In the words of the contract."""
        post = compared(self.post_id, self.age_ms, self.got, self.usual)
        return PostOutlier(
            post_id=post.post_id,
            campaign_id=self.campaign_id,
            age_minutes=post.age_minutes,
            observed=post.observed,
            expected=post.expected,
            score=post.score or 0.0,
        )


def outliers(course: Course, now_ms: int, rules: Rules) -> list[Outlier]:
    """The posts that are far from usual after a step of the course, at most `MOST`, furthest first.

    What is usual is the geometric mean of the creator's posts of that type (see `comparison`). What
    a suspicion holds back is the post's own, too.
    """
    levels, base, far = course.levels, rules.baseline, rules.outlier
    if levels.count < far.min_posts:
        return []
    means: dict[str, float] = {}
    found: list[tuple[float, Outlier]] = []
    for post in course.posts:
        age = now_ms - post.at_ms
        if age < far.min_age_ms:
            continue
        mean = means.get(post.media)
        if mean is None:
            mean = means[post.media] = math.exp(levels.mean + levels.offset(post.media, base))
        # More likes may be taken back than were seen given: that is as none.
        got, usual = max(post.got + post.held_got, 0), mean * (post.due + post.held_due)
        if max(usual, got / far.ratio) < far.min_expected:
            continue
        if far.ratio * got <= usual or got >= far.ratio * usual:
            distance = abs(math.log((got + 1.0) / (usual + 1.0)))
            found.append((distance, Outlier(post.post_id, post.campaign_id, age, got, usual)))
    found.sort(key=lambda one: (-one[0], one[1].post_id))
    return [outlier for _, outlier in found[:MOST]]
