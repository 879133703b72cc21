"""Weak posts: the latest posts of a creator all did far worse than its posts do at that age.

Knows the run of weak posts and when it is an alert. Must not know how a post's level is learned
(`course`). What falls within a post's life is told by `engagement_drop`; both are the same kind of
alert, and only one is on.

Each post is compared once, at the age at which its level enters the baseline. The logarithms of
levels are about normal; their variance is known from so many posts, so the mean of a run follows
Student's t.
"""

import math

from msgspec import Struct, field

from schemas.alerts import Alert, Evidence, PostEvidence, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.course import Course, Matured
from streams.engine.detectors.engagement_drop import KIND
from streams.engine.facts import CreatorInfo
from streams.engine.rules import DAY_MS, MINUTE_MS, Rules
from streams.engine.tails import student_tail


class WeakPosts(Struct, array_like=True):
    """The run of weak posts: the logarithm of each one's share of the usual, the last one last.

    `variance` is that of the logarithm of levels, known from posts of this `weight`, both as the
    run began. `got`, `due` are sums over the run.
    """

    shares: list[float] = []
    variance: Lean = 0
    weight: Lean = 0
    got: Lean = 0
    due: Lean = 0
    since_ms: int = 0
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
        """Judge posts that have come of age; `free` unless another alert of the kind is on."""
        alerts: list[Alert] = []
        for post in matured:
            alerts += self._judge(now_ms, post, course, info, rules, free=free)
        episode = self.episode
        if episode.on and now_ms - episode.told_ms >= rules.weak.max_quiet_ms:
            alerts.append(self._resolve(now_ms, course, info, rules))
        return alerts

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
        weak = rules.weak
        if post.expected < weak.min_expected:
            return []
        share = math.log(max(post.got, 0.5) / post.expected)
        if self.episode.on:
            return self._follow(now_ms, post, share, course, info, rules)
        if share > math.log(weak.weak_ratio):
            self._forget()
            return []
        if not self.shares:
            self.variance, self.weight = post.variance, post.weight
            self.since_ms = post.at_ms
        self.shares = [*self.shares, share][-weak.longest_run :]
        self.got += post.got
        self.due += post.expected
        run = len(self.shares)
        if not free or run < weak.min_run or course.levels.count < weak.min_posts:
            return []
        if now_ms < self.episode.until_ms:
            return []
        mean = sum(self.shares) / run
        self.probability = self._tail(mean, run, course, rules)
        if mean > math.log(weak.fire_ratio) or self.probability > weak.fire_probability:
            return []
        severity: Severity = "critical" if mean <= math.log(weak.critical_ratio) else "warning"
        self.episode.open(self.since_ms, now_ms, severity, "weak_posts")
        self.episode.campaign_id = post.campaign_id
        return [self._alert("firing", now_ms, course, info, rules)]

    def _tail(self, mean: float, run: int, course: Course, rules: Rules) -> float:
        """Probability of so weak a run: levels vary, their mean is not known exactly, counts clump.

        `expected` is the mean of a log-normal, which lies above its median by half the variance.
        """
        known = rules.baseline.spread_prior_weight
        clump = course.noise.clumps(rules.baseline) * run / max(self.due, 1.0)
        spread = (self.variance + clump) * (1.0 / run + 1.0 / max(self.weight, 1.0))
        t = (mean + self.variance / 2.0) / math.sqrt(spread)
        return student_tail(t, self.weight + known)

    def _follow(
        self,
        now_ms: int,
        post: Matured,
        share: float,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> list[Alert]:
        weak, episode = rules.weak, self.episode
        if share >= math.log(weak.resolve_ratio):
            self.well += 1
            if self.well >= weak.resolve_posts:
                return [self._resolve(now_ms, course, info, rules)]
            return []
        self.well = 0
        self.shares = [*self.shares, share][-weak.longest_run :]
        self.got += post.got
        self.due += post.expected
        if now_ms - episode.told_ms < weak.update_every_ms:
            return []
        episode.told_ms = now_ms
        return [self._alert("update", now_ms, course, info, rules)]

    def _resolve(self, now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> Alert:
        alert = self._alert("resolved", now_ms, course, info, rules, now_ms)
        self.episode.close(now_ms + rules.weak.cooldown_ms)
        self._forget()
        return alert

    def _forget(self) -> None:
        self.shares = []
        self.variance = self.weight = self.got = self.due = self.since_ms = self.well = 0
        self.probability = 1

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
        ended_ms: int | None = None,
    ) -> Alert:
        who, run = alerting.name(info), len(self.shares)
        ratio, got, usual = self.got / self.due, alerting.count(self.got), alerting.count(self.due)
        since = alerting.clock(self.since_ms)
        each = ", ".join(f"{100.0 * math.exp(share):.0f} %" for share in self.shares[-5:])
        if status == "resolved":
            title = f"The posts of {who} do as usual again"
            reason = (
                f"Posts of {who} since {since} had got {got} engagements by the age of {_AGE},"
                f" where {usual} are usual; the latest ones do as usual."
            )
            if self.well < rules.weak.resolve_posts:
                title = f"No more posts of {who} to judge"
                reason = (
                    f"Posts of {who} since {since} had got {got} engagements by the age of {_AGE},"
                    f" where {usual} are usual; nothing was judged for"
                    f" {alerting.span(rules.weak.max_quiet_ms)}."
                )
        else:
            title = f"The last {run} posts of {who} got {100.0 * ratio:.0f} % of usual"
            reason = (
                f"The last {run} posts of {who}, since {since}, got {got} engagements by the age of"
                f" {_AGE}, where {usual} are usual by {course.levels.count} earlier posts ({each});"
                f" chance alone would do that {alerting.chance(self.probability)}."
            )
        evidence = Evidence(
            metric="engagements",
            observed=round(self.got, 1),
            expected=round(self.due, 2),
            ratio=round(ratio, 4),
            probability=self.probability,
            window_start=alerting.moment(self.since_ms),
            window_end=alerting.moment(now_ms),
            samples=course.levels.count,
            followers=info.followers,
            posts=[
                PostEvidence(
                    post_id=post.post_id,
                    age_minutes=round((now_ms - post.at_ms) / MINUTE_MS, 1),
                    observed=post.got,
                    expected=round(
                        course.levels.usual(post.media, info.followers, rules.baseline)[0]
                        * post.due,
                        1,
                    ),
                )
                for post in sorted(course.posts, key=lambda p: p.at_ms, reverse=True)
                if post.levelled and now_ms - post.at_ms <= 2 * DAY_MS
            ][:5],
        )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            evidence=evidence,
            ended_ms=ended_ms,
        )


_AGE = "4 hours"
