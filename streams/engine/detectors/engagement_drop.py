"""Engagement drop: the live posts of a creator together stop getting what they should.

Knows the running comparison of engagement with its expectation, and when the gap is an alert. Must
not know where the expectation comes from (`course`).

The steps of `course` feed a one-sided CUSUM of "as usual" against "a third of usual". Where it
leaves zero a suspicion starts: from then on levels are held fast and observed and expected are
summed. It becomes an alert only if a first stretch of evidence is convincing (pending), a second
one, no shorter than `confirm_ms`, agrees, the whole is both large and improbable (firing), and the
posts are also below what this creator's posts usually get at their age.
"""

import math
from typing import Final

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Kind, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.comparison import compared
from streams.engine.course import Course, Step
from streams.engine.facts import CreatorInfo
from streams.engine.rules import DropRules, Rules
from streams.engine.tails import both, log_normal_tail, lower_tail
from streams.engine.units import HOUR_MS

KIND: Kind = "engagement_drop"


class EngagementDrop(Struct, array_like=True):
    """The suspicion and the episode of one creator; all sums are since `since_ms`.

    `aged` is the sum of what was expected, each part times the standard deviation that drift gives
    it for its distance from `since_ms`, in units of one noise block's.
    """

    cusum: Lean = 0
    since_ms: int = 0
    got: Lean = 0
    due: Lean = 0
    new_got: Lean = 0
    new_due: Lean = 0
    usual: Lean = 0
    pending_ms: int = 0
    pending_got: Lean = 0
    pending_due: Lean = 0
    recent_got: Lean = 0
    recent_due: Lean = 0
    well_ms: int = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)
    aged: Lean = 0

    @property
    def kind(self) -> Kind:
        """What the latest episode is called: `silence` where nothing at all had come."""
        return "silence" if self.episode.explanation == _NOTHING else KIND

    @property
    def suspicious(self) -> bool:
        """Whether levels must be held fast."""
        return self.since_ms > 0

    def update(
        self, step: Step, course: Course, info: CreatorInfo, rules: Rules, *, free: bool
    ) -> list[Alert]:
        """Take in one step of the course; what there is to tell, in order.

        `free` unless another detector's alert of the same kind is on.
        """
        drop = rules.drop
        if not self.suspicious:
            self._watch(step, course, drop)
            return []
        self._add(step, rules)
        if self.episode.on:
            return self._follow(step, course, info, rules)
        self.cusum += _gain(step, drop)
        if self.cusum <= 0.0 or self._refuted(step.to_ms, drop):
            self._drop_suspicion(course, rules)
            return []
        if self._convincing(step, course, info, rules) and free:
            return self._fire(step, course, info, rules)
        return []

    def _watch(self, step: Step, course: Course, rules: DropRules) -> None:
        gain = _gain(step, rules)
        if gain > 0.0 and course.levels.count >= rules.min_posts:
            self.since_ms = step.to_ms
            self.cusum = gain

    def _refuted(self, now_ms: int, rules: DropRules) -> bool:
        """Whether a suspicion has to be given up: new posts do well, or it leads nowhere."""
        if self.new_due >= rules.refute_expected and self.new_got >= (
            rules.refute_ratio * self.new_due
        ):
            return True
        outdone = self.new_due > self.due and not self.pending_ms
        limit = rules.max_outdone_ms if outdone else rules.max_hold_ms
        return now_ms - self.since_ms > limit

    def _add(self, step: Step, rules: Rules) -> None:
        blocks = (step.to_ms - self.since_ms) / rules.baseline.noise_block_ms
        self.aged += (step.due + step.new_due) * math.sqrt(max(blocks, 1.0))
        self.got += step.got
        self.due += step.due
        self.new_got += step.new_got
        self.new_due += step.new_due
        self.usual += step.usual

    def _drop_suspicion(self, course: Course, rules: Rules) -> None:
        episode = self.episode
        course.release(self.since_ms, rules.baseline)
        for name, default in zip(self.__struct_fields__, self.__struct_defaults__, strict=True):
            if name != "episode":
                setattr(self, name, default)
        self.episode = episode

    def _convincing(self, step: Step, course: Course, info: CreatorInfo, rules: Rules) -> bool:
        drop = rules.drop
        seen, expected = self.got + self.new_got, self.due + self.new_due
        if expected < drop.pending_expected or seen > drop.pending_ratio * expected:
            if seen > drop.confirm_ratio * expected:
                self.pending_ms = 0
            return False
        probability = self._tail(course, info.followers, rules)
        if not self.pending_ms:
            if probability <= drop.pending_probability:
                self.pending_ms = step.to_ms
                self.pending_got, self.pending_due = seen, expected
            return False
        got, due = seen - self.pending_got, expected - self.pending_due
        self.probability = probability
        return (
            step.to_ms - self.pending_ms >= drop.confirm_ms
            and due >= drop.confirm_expected
            and got <= drop.confirm_ratio * due
            and expected >= drop.min_expected
            and seen <= drop.fire_ratio * expected
            and seen <= drop.usual_ratio * self.usual
            and self.got <= drop.known_ratio * self.due
            and self.due >= drop.min_known
            and probability <= drop.limit(self.due)
            and step.to_ms >= self.episode.until_ms
        )

    def _tail(self, course: Course, followers: int | None, rules: Rules) -> float:
        """Probability of so little: known and new posts apart, then taken together.

        Rates of known posts vary as Gamma does, the worth of new posts is log-normal.
        """
        clump = course.noise.clumps(rules.baseline)
        # Levels were right when the suspicion began: what was expected soon after it errs little.
        away = self.aged / max(self.due + self.new_due, 1e-9)
        drift = course.noise.drifts(rules.baseline) * away * away
        doubt, new_doubt = course.doubt(followers, rules)
        tails = []
        if self.due >= 1.0:
            got = max(self.got, 0.0) / clump
            tails.append(lower_tail(got, self.due / clump, 1.0 / (drift + doubt)))
        if self.new_due >= 1.0:
            spread = drift + new_doubt + clump / self.new_due
            share = (max(self.new_got, 0.0) + clump / 2.0) / self.new_due
            tails.append(log_normal_tail(share, spread, course.levels.degrees(rules.baseline)))
        return both(*tails) if len(tails) == 2 else min(tails, default=1.0)

    def _fire(self, step: Step, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        seen = self.got + self.new_got
        hit = [p for p in course.posts if p.held_due > 0.0]
        expected = self.due + self.new_due
        silent = seen <= 0 and expected >= rules.drop.silence_expected
        explanation: Cause = _NOTHING if silent else _spread(len(hit))
        self.episode.open(self.since_ms, step.to_ms, self._severity(rules.drop), explanation)
        latest = max(hit, key=lambda p: p.at_ms, default=None)
        self.episode.campaign_id = latest.campaign_id if latest else None
        self.recent_got, self.recent_due = self.got, self.due
        course.trial = None  # it was no noise
        return [self._alert("firing", step.to_ms, course, info, rules)]

    def _severity(self, rules: DropRules) -> Severity:
        ratio = (self.got + self.new_got) / max(self.due + self.new_due, 1e-9)
        return "critical" if ratio <= rules.critical_ratio else "warning"

    def _follow(self, step: Step, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        drop = rules.drop
        now = step.to_ms
        keep = 2.0 ** (-(now - step.from_ms) / drop.resolve_half_life_ms)
        self.recent_got = self.recent_got * keep + step.got + step.new_got
        self.recent_due = self.recent_due * keep + step.due + step.new_due
        enough = self.recent_due >= drop.resolve_expected
        if enough and self.recent_got >= drop.resolve_ratio * self.recent_due:
            self.well_ms = self.well_ms or now
            if now - self.well_ms >= drop.resolve_after_ms:
                return [self._resolve(self.well_ms, now, course, info, rules)]
        elif enough:
            self.well_ms = 0
        if now - self.episode.started_ms >= drop.max_episode_ms:
            return [self._resolve(now, now, course, info, rules)]
        if now - self.episode.told_ms < drop.update_every_ms:
            return []
        self.episode.told_ms = now
        self.episode.severity = self._severity(drop)
        self.probability = min(self.probability, self._tail(course, info.followers, rules))
        return [self._alert("update", now, course, info, rules)]

    def _resolve(
        self, ended_ms: int, now_ms: int, course: Course, info: CreatorInfo, rules: Rules
    ) -> Alert:
        alert = self._alert("resolved", now_ms, course, info, rules, ended_ms)
        self.episode.close(now_ms + rules.drop.cooldown_ms)
        self._drop_suspicion(course, rules)
        course.disregard()
        return alert

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
        ended_ms: int | None = None,
    ) -> Alert:
        seen, expected = self.got + self.new_got, self.due + self.new_due
        ratio = seen / expected
        who = alerting.name(info)
        posts = sorted(
            (p for p in course.posts if p.held_due > 0.0), key=lambda p: p.at_ms, reverse=True
        )[:5]
        since = alerting.clock(self.since_ms)
        share = f"{100.0 * ratio:.0f} %"
        if status == "resolved":
            title = f"Engagement of {who} is back"
            lasted = ((ended_ms or now_ms) - self.since_ms) / HOUR_MS
            reason = (
                f"The posts of {who} get what they should again; from {since} on, for {lasted:.1f}"
                f" hours, they got {alerting.count(seen)} engagements of about"
                f" {alerting.count(expected)} expected ({share})."
            )
        else:
            title = f"Engagement of {who} fell to {share} of usual"
            if seen <= 0:
                title = f"The posts of {who} get nothing any more"
            reason = (
                f"Since {since} the {len(posts)} latest posts of {who} got {alerting.count(seen)}"
                f" engagements where about {alerting.count(expected)} were expected from their"
                f" course so far and from {course.levels.count} earlier posts at the same age"
                f" ({share}); chance alone would do that {alerting.chance(self.probability)}."
            )
        return alerting.build(
            self.kind,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            since_ms=self.since_ms,
            ended_ms=ended_ms,
            metric="engagements",
            observed=seen,
            expected=round(expected, 2),
            ratio=round(ratio, 4),
            probability=self.probability,
            samples=course.levels.count,
            posts=[
                compared(
                    p.post_id,
                    now_ms - p.at_ms,
                    p.got + p.held_got,
                    course.levels.usual(p.media, info.followers, rules.baseline)[0]
                    * (p.due + p.held_due),
                )
                for p in posts
            ],
            baseline=course.levels.picture(),
        )


_NOTHING: Final = "no_engagement"


def _gain(step: Step, rules: DropRules) -> float:
    """What a step says for a fall rather than for "as usual": a log likelihood ratio."""
    got, due = step.got + step.new_got, step.due + step.new_due
    return got * math.log(rules.alternative) + due * (1.0 - rules.alternative)


def _spread(posts: int) -> Cause:
    return "across_posts" if posts > 1 else "single_post"
