"""Weak posts: the latest posts of a creator all did far worse than its posts do at that age.

Knows the run of weak posts and when it is an alert. Must not know how a post's level is learned
(`course`). What falls within a post's life is told by `engagement_drop`; both are the same kind of
alert, and only one is on.

Each post is compared once, at the age at which its level enters the baseline. The logarithms of
levels are about normal; their variance is known from so many posts, so the mean of a run follows
Student's t. Weak posts wait outside the baseline until the run has ended: else the third would be
compared with the first two.
"""

import math

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.baselines import REFERENCE_AGE_MS
from streams.engine.comparison import compared
from streams.engine.course import Course, Matured
from streams.engine.detectors.engagement_drop import KIND
from streams.engine.facts import CreatorInfo
from streams.engine.rules import Rules, WeakRules
from streams.engine.tails import student_tail


class WeakPost(Struct, array_like=True):
    """One post of a run: what it got until the reference age, what was usual, and its level."""

    post_id: str
    at_ms: int
    media: str
    got: int
    usual: int
    level: float

    def share(self, few: float) -> float:
        """The logarithm of what it got over what was usual; `few` more or less say nothing."""
        return math.log((self.got + few) / (self.usual + few))


class WeakPosts(Struct, array_like=True):
    """The weak posts since the last one that was none, the latest last; at most `longest_run`.

    `well` counts the posts that do well again while an episode is on.
    """

    run: list[WeakPost] = []
    well: int = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)

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
        """Judge posts that have come of age, and let them into the baseline when that is due.

        `free` unless another alert of the kind is on.
        """
        alerts: list[Alert] = []
        for post in matured:
            if post.usual < rules.weak.min_expected or post.typed < rules.weak.min_typed:
                course.learn(post.media, post.level, rules.baseline)
            else:
                alerts += self._judge(now_ms, post, course, info, rules, free=free)
        episode = self.episode
        if episode.on and not episode.told_ms:
            episode.told_ms = now_ms
            alerts.append(self._alert("update", now_ms, course, info, rules))
        last_ms = self.run[-1].at_ms + REFERENCE_AGE_MS if self.run else 0
        if episode.on and now_ms - last_ms >= rules.weak.max_quiet_ms:
            alerts.append(self._resolve(now_ms, course, info, rules))
            self._let_in(course, rules, len(self.run))
        return alerts

    def forget(self) -> None:
        """Another alert tells of these posts."""
        self.run = []

    def _judge(
        self,
        now_ms: int,
        post: Matured,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
        *,
        free: bool,
    ) -> list[Alert]:
        weak, known = rules.weak, course.levels.count
        entry = WeakPost(
            post.post_id, post.at_ms, post.media, post.got, round(post.usual), post.level
        )
        if self.episode.on:
            return self._follow(now_ms, entry, course, info, rules)
        if known < weak.min_posts or entry.share(weak.few) > math.log(weak.weak_ratio):
            self._let_in(course, rules, len(self.run))
            course.learn(post.media, post.level, rules.baseline)
            return []
        self.run = [*self.run, entry]
        self._let_in(course, rules, len(self.run) - weak.longest_run)
        if not free or now_ms < self.episode.until_ms:
            return []
        length, probability = self._weakest(post, rules)
        if not length:
            return []
        self._let_in(course, rules, len(self.run) - length)
        self.probability, self.well = probability, 0
        explanation: Cause = "weak_posts" if length > 1 else "single_post"
        self.episode.open(self.run[0].at_ms, now_ms, self._severity(weak), explanation)
        self.episode.campaign_id = post.campaign_id
        return [self._alert("firing", now_ms, course, info, rules)]

    def _weakest(self, post: Matured, rules: Rules) -> tuple[int, float]:
        """Of the latest posts, how many are together least likely, and how likely; (0, 1): none."""
        weak, best, least = rules.weak, 0, 1.0
        known = post.weight + rules.baseline.spread_prior_weight
        variance = post.variance * known / (known - 1.0)
        total = 0.0
        for length, entry in enumerate(reversed(self.run), 1):
            total += entry.share(weak.few)
            if total > length * math.log(weak.fire_ratio):
                continue
            spread = variance * (1.0 / length + 1.0 / max(post.weight, 1.0))
            probability = student_tail(total / length / math.sqrt(spread), known - 1.0)
            limit = weak.fire_probability[min(length, len(weak.fire_probability)) - 1]
            if probability <= limit and probability < least:
                best, least = length, probability
        return best, least

    def _severity(self, rules: WeakRules) -> Severity:
        mean = sum(entry.share(rules.few) for entry in self.run) / len(self.run)
        return "critical" if mean <= math.log(rules.critical_ratio) else "warning"

    def _follow(
        self, now_ms: int, entry: WeakPost, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        weak, episode = rules.weak, self.episode
        if entry.share(weak.few) >= math.log(weak.resolve_ratio):
            course.learn(entry.media, entry.level, rules.baseline)
            self.well += 1
            if self.well < weak.resolve_posts:
                return []
            alert = self._resolve(now_ms, course, info, rules)
            self.run = []
            return [alert]
        self.well = 0
        self.run = [*self.run, entry]
        # What lasts longer than a run becomes the usual.
        self._let_in(course, rules, len(self.run) - weak.longest_run)
        if now_ms - episode.told_ms < weak.update_every_ms:
            return []
        episode.told_ms, episode.explanation = now_ms, "weak_posts"
        episode.severity = self._severity(weak)
        return [self._alert("update", now_ms, course, info, rules)]

    def _let_in(self, course: Course, rules: Rules, count: int) -> None:
        """Take the first so many posts of the run into the baseline."""
        for entry in self.run[: max(count, 0)]:
            course.learn(entry.media, entry.level, rules.baseline)
        self.run = self.run[max(count, 0) :]

    def _resolve(self, now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> Alert:
        alert = self._alert("resolved", now_ms, course, info, rules)
        self.episode.close(now_ms + rules.weak.cooldown_ms)
        self.well, self.probability = 0, 1
        return alert

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who, length = alerting.name(info), len(self.run)
        got = sum(entry.got for entry in self.run)
        usual = sum(entry.usual for entry in self.run)
        share = f"{100.0 * got / usual:.0f} %"
        many = "last post" if length == 1 else f"last {length} posts"
        since = alerting.clock(self.run[0].at_ms)
        numbers = f"got {alerting.count(got)} engagements by the age of {_AGE}"
        if status == "resolved":
            title = f"The posts of {who} do as usual again"
            reason = (
                f"Weak posts of {who} since {since} {numbers}, where {alerting.count(usual)} are"
                f" usual ({share}); the latest ones do as usual."
            )
            if self.well < rules.weak.resolve_posts:
                title = f"No more posts of {who} to judge"
                reason = (
                    f"Weak posts of {who} since {since} {numbers}, where {alerting.count(usual)}"
                    f" are usual ({share}); no weak post came for"
                    f" {alerting.span(rules.weak.max_quiet_ms)}."
                )
        else:
            each = ", ".join(alerting.count(entry.got) for entry in self.run)
            title = f"The {many} of {who} got {share} of usual"
            reason = (
                f"The {many} of {who}, since {since}, {numbers} ({each}), where"
                f" {alerting.count(usual)} are usual by {course.levels.count} earlier posts"
                f" ({share}); chance alone would do that {alerting.chance(self.probability)}."
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            since_ms=self.run[0].at_ms,
            metric="engagements",
            observed=got,
            expected=usual,
            ratio=round(got / usual, 4),
            probability=self.probability,
            samples=course.levels.count,
            posts=[
                compared(entry.post_id, REFERENCE_AGE_MS, entry.got, entry.usual)
                for entry in reversed(self.run)
            ],
            baseline=[*course.levels.picture(), *(round(e.level, 1) for e in self.run)],
        )


_AGE = alerting.span(REFERENCE_AGE_MS)
