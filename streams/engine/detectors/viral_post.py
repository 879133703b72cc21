"""Viral post: a live post gets far more than the creator's posts of its type at the same age.

Knows how far above the usual a post is, and when that is an alert. Must not know what follows from
it for other alerts (`watch`).
"""

import math

from msgspec import Struct, field

from schemas.alerts import Alert, Kind, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.comparison import compared
from streams.engine.course import Course, LivePost
from streams.engine.facts import CreatorInfo
from streams.engine.rules import Rules, ViralRules
from streams.engine.tails import student_tail
from streams.engine.units import HOUR_MS

KIND: Kind = "viral_post"


class ViralPost(Struct, array_like=True):
    """The latest post of the latest episode, with what it had got when that was last told."""

    post_id: str = ""
    told_got: int = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)

    def explains(self, now_ms: int) -> bool:
        """Whether new followers are no news: a viral post was told of, and is or was just on."""
        return self.episode.on or now_ms < self.episode.until_ms

    def update(self, now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        """Look at the live posts after a step of the course; what there is to tell.

        Each post is told of once: a second one that goes viral meanwhile is an update.
        """
        post = self._find(course, info, rules)
        episode = self.episode
        if post is None:
            return self._follow(now_ms, course, info, rules) if episode.on else []
        post.viral = True
        got = post.got + post.held_got
        usual, self.probability = _compare(post, course, info, rules)
        self.post_id, self.told_got = post.post_id, got
        severity = _severity(got / usual, rules.viral)
        if episode.on:
            episode.told_ms = now_ms
            episode.severity = min(episode.severity, severity, key=alerting.SEVERITIES.index)
            return [self._alert("update", now_ms, post, course, info, rules)]
        # Never before the last one ended: two posts of the same moment would share an id.
        started_ms = max(post.at_ms, episode.until_ms - rules.viral.explains_ms)
        episode.open(started_ms, now_ms, severity, "above_usual")
        episode.campaign_id = post.campaign_id
        return [self._alert("firing", now_ms, post, course, info, rules)]

    def _find(self, course: Course, info: CreatorInfo, rules: Rules) -> LivePost | None:
        """A post that is far above the usual and was not told of."""
        viral = rules.viral
        if course.levels.count < viral.min_posts:
            return None
        means: dict[str, float] = {}
        for post in course.posts:
            got = post.got + post.held_got
            if got < viral.min_count or post.viral:
                continue
            media = post.media
            if media not in means:
                means[media] = course.levels.usual(media, info.followers, rules.baseline)[0]
            if got < viral.fire_ratio * means[media] * (post.due + post.held_due):
                continue  # nearly always: the rest costs more
            usual, probability = _compare(post, course, info, rules)
            if got >= viral.fire_ratio * usual and probability <= viral.probability:
                return post
        return None

    def _follow(self, now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        viral, episode = rules.viral, self.episode
        post = course.find(self.post_id)
        if post is None or now_ms - post.at_ms >= rules.baseline.post_life_ms - HOUR_MS:
            return [self._resolve(now_ms, post, course, info, rules)]
        mean, _ = course.levels.usual(post.media, info.followers, rules.baseline)
        lately = post.near_got / post.near_due if post.near_due > 0.0 else mean
        age, share = now_ms - post.at_ms, course.curve.share
        calm = lately * share(age, age + HOUR_MS) < viral.resolve_ratio * mean * share(0, HOUR_MS)
        if calm and episode.told_ms and now_ms - episode.told_ms >= viral.calm_ms:
            return [self._resolve(now_ms, post, course, info, rules)]
        got = post.got + post.held_got
        grown = got >= viral.update_growth * self.told_got
        if episode.told_ms and not (grown and now_ms - episode.told_ms >= viral.update_every_ms):
            return []
        usual, self.probability = _compare(post, course, info, rules)
        self.told_got, episode.told_ms = got, now_ms
        episode.severity = min(
            episode.severity, _severity(got / usual, viral), key=alerting.SEVERITIES.index
        )
        return [self._alert("update", now_ms, post, course, info, rules)]

    def _resolve(
        self,
        now_ms: int,
        post: LivePost | None,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        alert = self._alert("resolved", now_ms, post, course, info, rules)
        self.episode.close(now_ms + rules.viral.explains_ms)
        return alert

    def _alert(
        self,
        status: Status,
        now_ms: int,
        post: LivePost | None,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who = alerting.name(info)
        at_ms = self.episode.started_ms if post is None else post.at_ms
        got, usual = self.told_got, 0.0
        posts = []
        if post is not None:
            got = post.got + post.held_got
            usual, _ = _compare(post, course, info, rules)
            posts = [compared(post.post_id, now_ms - at_ms, got, usual)]
        times = got / usual if usual > 0.0 else 1.0
        age_text = alerting.span(now_ms - at_ms)
        if status == "resolved":
            title = f"The viral post of {who} has run its course"
            reason = (
                f"A post of {who} from {alerting.clock(at_ms)} got {alerting.count(got)}"
                f" engagements within {age_text}; what comes now is no more than a usual post gets"
                " when it is new."
            )
        else:
            title = f"A post of {who} gets {alerting.count(times)} times the usual"
            reason = (
                f"A post of {who} from {alerting.clock(at_ms)} has {alerting.count(got)}"
                f" engagements after {age_text}, where {course.levels.count} earlier posts had"
                f" about {alerting.count(usual)} at that age; of posts like these, so much comes"
                f" {alerting.chance(self.probability)}."
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="engagements",
            observed=got,
            expected=round(usual, 2),
            ratio=round(times, 2),
            probability=self.probability,
            samples=course.levels.count,
            posts=posts,
            baseline=course.levels.picture(),
        )


def _compare(
    post: LivePost, course: Course, info: CreatorInfo, rules: Rules
) -> tuple[float, float]:
    """What is usual for a post by now (> 0), and the probability of at least what it has.

    The worth of posts is log-normal, with a variance that is known from so many posts: Student's t.
    How a post starts says little of its level, and what it gets comes in clumps.
    """
    base = rules.baseline
    mean, shape = course.levels.usual(post.media, info.followers, base)
    due = post.due + post.held_due
    usual = max(mean * due, rules.viral.least_usual)
    spread = 1.0 / shape + base.start_doubt / max(due, 1e-3) + course.noise.clumps(base) / usual
    variance = math.log1p(spread)
    share = max(post.got + post.held_got, 0.5) / usual
    t = (math.log(share) + variance / 2.0) / math.sqrt(variance)
    return usual, student_tail(-t, course.levels.degrees(base))


def _severity(times: float, rules: ViralRules) -> Severity:
    return "warning" if times >= rules.warning_ratio else "info"
