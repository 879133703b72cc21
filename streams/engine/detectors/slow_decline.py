"""Slow decline: over weeks, a creator's posts get less and less.

Knows a slow and a fast mean of the levels of posts, and when the distance between them is an alert.
Must not know what falls within days (`weak_posts`) or hours (`engagement_drop`); all are the same
kind of alert, and only one is on.
"""

import math

from msgspec import Struct, field

from schemas.alerts import Alert, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.course import Course, Matured
from streams.engine.detectors.engagement_drop import KIND
from streams.engine.facts import CreatorInfo
from streams.engine.rules import Rules, SlowRules


class SlowDecline(Struct, array_like=True):
    """Discounted sums of log levels and of weights, slow and fast, as of `last_ms`.

    `since_ms` is when the fast mean fell behind, 0 while it has not; `fired_ms` when the latest
    episode was first told of.
    """

    first_ms: int = 0
    last_ms: int = 0
    slow: Lean = 0
    slow_weight: Lean = 0
    fast: Lean = 0
    fast_weight: Lean = 0
    since_ms: int = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)
    fired_ms: int = 0

    def update(
        self,
        now_ms: int,
        matured: list[Matured],
        course: Course,
        info: CreatorInfo,
        rules: Rules,
        *,
        free: bool,
    ) -> list[Alert]:
        """Take in posts that have come of age; `free` unless another alert of the kind is on.

        One that comes on ends this one: it is more urgent, and only one may be on.
        """
        slow = rules.slow
        for post in matured:
            if post.level >= slow.min_level:
                self._learn(now_ms, math.log(post.level) - post.offset, slow)
        episode = self.episode
        if not matured and not episode.on:
            return []
        behind = self.behind
        if episode.on:
            if (
                not free
                or behind > slow.resolve_distance
                or now_ms - self.last_ms >= slow.max_quiet_ms
                or now_ms - self.fired_ms >= slow.max_episode_ms
            ):
                return [self._resolve(now_ms, course, info, rules)]
            if not episode.told_ms or (
                matured and now_ms - episode.told_ms >= slow.update_every_ms
            ):
                episode.told_ms = now_ms
                return [self._alert("update", now_ms, course, info, rules)]
            return []
        if behind > (slow.refute_distance if self.since_ms else slow.suspect_distance):
            self.since_ms = 0
            return []
        self.since_ms = self.since_ms or now_ms
        if not free or not self._convincing(now_ms, matured, slow):
            return []
        self.fired_ms = now_ms
        episode.open(self.since_ms, now_ms, "warning", "slow_decline")
        return [self._alert("firing", now_ms, course, info, rules)]

    @property
    def behind(self) -> float:
        """The logarithm of the fast mean over the slow one; 0 before there are any."""
        if not self.fast_weight:
            return 0.0
        return self.fast / self.fast_weight - self.slow / self.slow_weight

    def _learn(self, now_ms: int, x: float, rules: SlowRules) -> None:
        self.first_ms = self.first_ms or now_ms
        span = now_ms - (self.last_ms or now_ms)
        self.last_ms = now_ms
        keep = 2.0 ** (-span / rules.slow_half_life_ms)
        self.slow, self.slow_weight = self.slow * keep + x, self.slow_weight * keep + 1.0
        keep = 2.0 ** (-span / rules.fast_half_life_ms)
        self.fast, self.fast_weight = self.fast * keep + x, self.fast_weight * keep + 1.0

    def _convincing(self, now_ms: int, matured: list[Matured], rules: SlowRules) -> bool:
        if (
            now_ms - self.first_ms < rules.min_history_ms
            or now_ms - self.since_ms < rules.confirm_ms
            or now_ms < self.episode.until_ms
            or self.behind > rules.fire_distance
            or self.fast_weight < rules.min_weight
        ):
            return False
        # A discounted mean over weights w varies with less than 1 / w of one post's variance.
        spread = matured[-1].variance * (1.0 / self.fast_weight + 1.0 / self.slow_weight)
        self.probability = 0.5 * math.erfc(-self.behind / math.sqrt(2.0 * spread))
        return self.probability <= rules.fire_probability

    def _resolve(self, now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> Alert:
        alert = self._alert("resolved", now_ms, course, info, rules)
        self.episode.close(now_ms + rules.slow.cooldown_ms)
        self.since_ms = 0
        # From here on the level of today is what is usual.
        self.slow = self.fast / self.fast_weight * self.slow_weight
        return alert

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who, since = alerting.name(info), alerting.clock(self.episode.started_ms)
        usual, lately = (
            math.exp(total / max(weight, 1.0))
            for total, weight in ((self.slow, self.slow_weight), (self.fast, self.fast_weight))
        )
        share = math.exp(self.behind)
        if status == "resolved":
            title = f"The posts of {who} no longer get less and less"
            if self.behind <= rules.slow.resolve_distance:
                title = f"What the posts of {who} get now counts as usual"
            reason = (
                f"From about {since} on posts of {who} got less and less than in the months before;"
                f" now they get {alerting.count(lately)} engagements within 4 hours, which counts"
                " as usual from here on."
            )
        else:
            title = f"The posts of {who} get less and less: {100.0 * share:.0f} % of before"
            reason = (
                f"A post of {who} gets about {alerting.count(lately)} engagements within 4 hours"
                f" lately, where it got {alerting.count(usual)} over the last months"
                f" ({100.0 * share:.0f} %); it has been falling since about {since}, and chance"
                f" alone would do that {alerting.chance(self.probability)}."
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="engagements_per_post",
            observed=round(lately, 1),
            expected=round(usual, 1),
            ratio=round(share, 4),
            probability=self.probability,
            samples=course.levels.count,
            baseline=course.levels.picture(),
        )
