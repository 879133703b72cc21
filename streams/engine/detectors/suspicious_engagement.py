"""Suspicious engagement: what a creator gets is not what an audience gives.

Knows three signs, when each is told, and in which words: the same people first below every post
(`circle`), comments that could stand below any post, accounts without a profile (`shares`). Must
not know how a text or a profile is judged.
"""

import math
from collections.abc import Iterable
from typing import Any, Final, Literal

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Kind, Metric, PostEvidence, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode
from streams.engine.comparison import compared
from streams.engine.course import Course
from streams.engine.detectors.circle import Circle, Pod
from streams.engine.detectors.shares import MOST_QUOTED, Share, Stretch
from streams.engine.facts import PANE_MS, Act, CreatorInfo, Heard, PaneFacts, Remark
from streams.engine.rules import Rules
from streams.engine.suspicion_rules import PodRules, ShareRules
from streams.engine.units import MINUTE_MS

KIND: Kind = "suspicious_engagement"
POD: Final = "pod"
HOLLOW: Final = "hollow_burst"
STOCK: Final = "stock_comments"
Sign = Literal["hollow_burst", "stock_comments"]
_NOTHING = PaneFacts()
_MIN_LEVELS = 3
"""Posts whose worth is known, before a circle is compared with it."""


class SuspiciousEngagement(Struct, array_like=True):
    """The three signs of one creator, and the episode that the first of them opens.

    While a pod is on, `pod` is as it was last seen, at `pod_ms`, `misses` posts ago, and `quoted`
    has comments of its members. `ended_ms` is when the last episode ended.
    """

    circle: Circle = field(default_factory=Circle)
    stock: Share = field(default_factory=Share)
    hollow: Share = field(default_factory=Share)
    episode: Episode = field(default_factory=Episode)
    ended_ms: int = 0
    pod: Pod | None = None
    pod_ms: int = 0
    misses: int = 0
    quoted: list[Remark] = []

    def due(self, end_ms: int, rules: Rules) -> bool:
        """Whether there is something to do though nothing has come."""
        if self.episode.started_ms:
            return True
        early = self.circle.open
        return early is not None and end_ms >= early.due_ms(rules.pod)

    def deadline(self, end_ms: int, rules: Rules) -> int | None:
        """When to look again at the latest, though nothing comes; None: never.

        After `end_ms`, if `update` was called at that moment where it was `due`.
        """
        early = self.circle.open
        due_ms = None if early is None else early.due_ms(rules.pod)
        if self.episode.started_ms:
            look = end_ms + MINUTE_MS
            if self.episode.explanation == POD:
                look = max(self.pod_ms + rules.pod.max_quiet_ms, look)
            due_ms = look if due_ms is None else min(due_ms, look)
        return None if due_ms is None else -(-due_ms // PANE_MS) * PANE_MS

    def update(
        self, end_ms: int, facts: PaneFacts | None, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        """Take in one pane, or that only time has passed; what there is to tell."""
        facts = facts or _NOTHING
        alerts: list[Alert] = []
        on = self.episode.explanation if self.episode.started_ms else None
        if self.circle.open is not None or facts.published or on == POD:
            alerts = self._look_for_pod(end_ms, facts, course, info, rules)
        # Of one kind there is one episode: what cannot be told meanwhile is not looked at.
        if on == HOLLOW or (facts.guests and not self.episode.started_ms):
            alerts += self._share(HOLLOW, end_ms, facts.guests, facts, course, info, rules)
        if on == STOCK or (facts.talk and not self.episode.started_ms):
            alerts += self._share(STOCK, end_ms, facts.talk, facts, course, info, rules)
        return alerts

    def rest(self, now_ms: int, rules: Rules) -> None:
        """No post lives any more: keep what is usual, and neither sketches nor old suspicions."""
        if not self._on(POD):
            self.circle = Circle()
        if not self._on(HOLLOW):
            self.hollow.rest(now_ms, rules.hollow)
        if not self._on(STOCK):
            self.stock.rest(now_ms, rules.stock)

    def _on(self, explanation: str) -> bool:
        return self.episode.on and self.episode.explanation == explanation

    def _of(self, sign: Sign, rules: Rules) -> tuple[Share, ShareRules]:
        """The share of a sign, and its limits."""
        return (self.stock, rules.stock) if sign == STOCK else (self.hollow, rules.hollow)

    def _free(self, now_ms: int) -> bool:
        return not self.episode.on and now_ms >= self.episode.until_ms

    def _open(self, since_ms: int, now_ms: int, severity: Severity, explanation: Cause) -> None:
        # Never before the last one ended: two signs of the same moment would share an id.
        self.episode.open(max(since_ms, self.ended_ms), now_ms, severity, explanation)
        for sign, share in ((STOCK, self.stock), (HOLLOW, self.hollow)):
            if sign != explanation:
                share.stretch = None

    def _close(self, now_ms: int, cooldown_ms: int) -> None:
        self.episode.close(now_ms + cooldown_ms)
        self.ended_ms = now_ms

    def _look_for_pod(
        self, now_ms: int, facts: PaneFacts, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        alerts: list[Alert] = []
        over, said = self.circle.finish(now_ms, rules.pod)
        if over or self._on(POD):
            alerts = self._judge_circle(now_ms, over, said, course, info, rules)
        self.circle.take(now_ms, facts, rules.pod)
        if facts.heard and self.circle.suspects:
            self._quote(facts)
        if self.quoted and not self.circle.suspects and not self._on(POD):
            self.quoted = []
        return alerts

    def _judge_circle(
        self, now_ms: int, over: bool, said: bool, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        limits, on = rules.pod, self._on(POD)
        if on and now_ms - self.pod_ms >= limits.max_quiet_ms:
            return [self._end_pod(now_ms, info, rules)]
        # Where hardly anybody is early there is no pod any more, though there may have been one.
        if not (said or (over and on)) or not (on or self._free(now_ms)):
            return []
        pod = self.circle.pod(limits, self.stock.usual.share(rules.stock)) if said else None
        if pod is None or not (on or _has_audience(pod, course, limits)):
            self.misses += on
            missed = self.misses >= limits.resolve_posts
            return [self._end_pod(now_ms, info, rules)] if missed else []
        self.pod, self.pod_ms, self.misses = pod, now_ms, 0
        severity: Severity = "warning" if pod.share >= limits.warning_share else "info"
        if not on:
            self._open(pod.posts[-1].at_ms, now_ms, severity, POD)
            return [self._pod_alert("firing", now_ms, info, limits)]
        if now_ms - self.episode.told_ms < limits.update_every_ms:
            return []
        self.episode.told_ms, self.episode.severity = now_ms, severity
        return [self._pod_alert("update", now_ms, info, limits)]

    def _end_pod(self, now_ms: int, info: CreatorInfo, rules: Rules) -> Alert:
        alert = self._pod_alert("resolved", now_ms, info, rules.pod)
        self._close(now_ms, rules.pod.cooldown_ms)
        self.circle, self.pod, self.pod_ms, self.misses = Circle(), None, 0, 0
        self.quoted = []
        return alert

    def _quote(self, facts: PaneFacts) -> None:
        """Keep words of suspects below the post whose first half hour runs."""
        opened = self.circle.open
        for heard in facts.heard:
            if opened is None or facts.post_of(heard[1]) != opened.post_id:
                continue
            if self.circle.suspected(heard[0]):
                self.quoted = [*self.quoted, _remark(heard, facts)][-MOST_QUOTED:]

    def _share(
        self,
        sign: Sign,
        now_ms: int,
        acts: list[Act],
        facts: PaneFacts,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> list[Alert]:
        share, limits = self._of(sign, rules)
        quotes: list[Remark] = []
        if sign == STOCK and facts.heard:
            quotes = [_remark(heard, facts) for heard in facts.heard if heard[1] & 1]
        if not self._on(sign):
            if not share.update(now_ms, acts, facts, quotes, limits) or not self._free(now_ms):
                return []
            share.begin()
            stretch = _suspected(share)
            self._open(stretch.since_ms, now_ms, _severity(stretch, limits), sign)
            status: Status = "firing"
        elif share.follow(now_ms, acts, facts, quotes, limits):
            status = "resolved"
        elif now_ms - self.episode.told_ms >= limits.update_every_ms:
            share.confirm(limits)
            self.episode.told_ms = now_ms
            self.episode.severity = _severity(_suspected(share), limits)
            status = "update"
        else:
            return []
        alert = self._share_alert(sign, status, now_ms, course, info, rules)
        if status == "resolved":
            self._close(now_ms, limits.cooldown_ms)
            share.stretch = None
        return [alert]

    def _pod_alert(self, status: Status, now_ms: int, info: CreatorInfo, limits: PodRules) -> Alert:
        pod, who = self.pod, alerting.name(info)
        assert pod is not None
        times, since_ms = len(pod.posts), pod.posts[0].at_ms
        people = f"{'' if pod.size == pod.members else 'about '}{pod.size} people"
        what = (
            f"{people} were {100.0 * pod.share:.0f} % of those who commented first on {times} of"
            f" {limits.posts} posts"
        )
        if status == "resolved":
            title = f"Other people comment first on the posts of {who} again"
            reason = (
                f"The same {what} of {who} from {alerting.clock(since_ms)} on; below the latest"
                " posts they are not, or nothing was posted."
            )
        else:
            title = f"The same {people} comment first on each post of {who}"
            words = f", {100.0 * pod.stock:.0f} % in stock words" if pod.stock >= 0.5 else ""
            chance = alerting.chance(pod.probability)
            reason = (
                f"Since {alerting.clock(since_ms)} the same {what} of {who},"
                f" {100.0 * pod.prompt:.0f} % within {alerting.span(limits.lockstep_ms)}{words}."
                f" Of regulars {100.0 * pod.usual:.0f} % would be there so often; chance would"
                f" bring so many, so soon or in such words, {chance}. They may comment by"
                " appointment."
            )
        observed, early = sum(p.members for p in pod.posts), sum(p.early for p in pod.posts)
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            since_ms=since_ms,
            title=title,
            reason=reason,
            metric="early_comments",
            observed=observed,
            expected=round(pod.usual * early, 2),
            ratio=round(pod.share / pod.usual, 2),
            probability=pod.probability,
            samples=times,
            authors=pod.size,
            posts=[
                PostEvidence(
                    post_id=post.post_id,
                    age_minutes=round((now_ms - post.at_ms) / MINUTE_MS, 1),
                    observed=post.members,
                    expected=round(pod.usual * post.early, 1),
                )
                for post in pod.posts
            ],
            comments=alerting.quoted(self.quoted),
        )

    def _share_alert(
        self,
        sign: Sign,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        share, limits = self._of(sign, rules)
        stretch, who = _suspected(share), alerting.name(info)
        usual, percent = share.usual.share(limits), 100.0 * stretch.share
        what = _WHAT[sign]
        since = alerting.clock(stretch.since_ms)
        said = (
            f"{percent:.0f} % of {what.acts} by {stretch.total:,} accounts, one of each, {what.are}"
        )
        if status == "resolved":
            title = f"{what.title_acts} of {who} are as usual again"
            lasted = alerting.span(now_ms - stretch.since_ms)
            reason = (
                f"From {since} on, for {lasted}, {said}, usually {100.0 * usual:.0f} %; those of"
                " the last hour are not."
            )
        else:
            title = f"{percent:.0f} % of the {what.acts} of {who} {what.are}"
            reason = (
                f"Since {since} {said}, usually {100.0 * usual:.0f} % do; posts differ, but chance"
                f" alone would do that {alerting.chance(stretch.probability)}. {what.meaning}"
            )
        evidence: dict[str, Any] = {"comments": alerting.quoted(stretch.quoted)}
        if sign == HOLLOW:
            evidence = {"profiles": stretch.total, "hollow_profiles": round(stretch.share, 4)}
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            since_ms=stretch.since_ms,
            title=title,
            reason=reason,
            metric=what.metric,
            observed=stretch.hits,
            expected=round(usual * stretch.total, 2),
            ratio=round(stretch.share / usual, 2),
            probability=stretch.probability,
            samples=int(share.usual.total),
            authors=stretch.total,
            posts=list(_posts(now_ms, stretch, usual, course)),
            **evidence,
        )


class _What(Struct, frozen=True, kw_only=True):
    """How a sign is told."""

    metric: Metric
    acts: str
    title_acts: str
    are: str
    meaning: str


_WHAT = {
    STOCK: _What(
        metric="stock_comments",
        acts="comments",
        title_acts="Comments",
        are="say nothing of the post",
        meaning="Emoji and stock words alone are what bought comments and pods are made of.",
    ),
    HOLLOW: _What(
        metric="hollow_engagements",
        acts="likes and comments whose account is known",
        title_acts="Likes and comments",
        are="come from empty or new accounts",
        meaning="The engagement may be bought.",
    ),
}


def _remark(heard: Heard, facts: PaneFacts) -> Remark:
    _, mark, comment_id, text, score = heard
    return comment_id, facts.post_of(mark) or "", text, score


def _has_audience(pod: Pod, course: Course, limits: PodRules) -> bool:
    """Whether posts usually get much more than the circle alone can give."""
    levels = course.levels
    return levels.count >= _MIN_LEVELS and math.exp(levels.mean) >= limits.min_audience * pod.size


def _suspected(share: Share) -> Stretch:
    stretch = share.stretch
    assert stretch is not None
    return stretch


def _severity(stretch: Stretch, limits: ShareRules) -> Severity:
    return "warning" if stretch.share >= limits.warning_share else "info"


def _posts(now_ms: int, stretch: Stretch, usual: float, course: Course) -> Iterable[PostEvidence]:
    for post_id, (n, hits) in stretch.posts.items():
        post = course.find(post_id)
        if post is not None:
            yield compared(post_id, now_ms - post.at_ms, hits, usual * n)
