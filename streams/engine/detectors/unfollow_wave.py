"""Unfollow wave: followers leave far faster than this creator's usually do.

Knows the usual rate of net losses, the running comparison with it, and when the gap is an alert.
Must not know why they leave.

A one-sided CUSUM weighs "as usual" against several times that. Where it leaves zero a suspicion
starts, from which on losses and expectation are summed: so a wave of minutes and one of hours are
found alike, without a window.
"""

import math

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Kind, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.facts import CreatorInfo
from streams.engine.follow_rules import WaveRules
from streams.engine.rules import Rules
from streams.engine.tails import upper_tail
from streams.engine.units import HOUR_MS, MINUTE_MS

KIND: Kind = "unfollow_wave"


class LossRate(Struct, array_like=True):
    """Net losses of followers an hour: discounted sums over the hours that ended before `hour_ms`.

    `got` are those of the current hour. Hours in which followers were gained count as zero.
    """

    hour_ms: int = 0
    got: Lean = 0
    total: Lean = 0
    hours: Lean = 0

    def rate(self, followers: int | None, rules: WaveRules) -> float:
        """Expected net losses an hour, > 0."""
        prior = max(rules.prior_rate_floor, rules.prior_rate_share * (followers or 0))
        known = rules.prior_hours
        return (self.total + known * prior) / (self.hours + known)

    def roll(self, now_ms: int, followers: int | None, rules: WaveRules) -> None:
        """Close the hours that ended by `now_ms`; those without any loss count as zero."""
        if not self.hour_ms:
            self.hour_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
            return
        if now_ms < self.hour_ms:
            return
        keep = 2.0 ** (-HOUR_MS / rules.half_life_ms)
        got = min(self.got, rules.learn_ceiling * self.rate(followers, rules) + 5.0)
        idle = min((now_ms - self.hour_ms) // HOUR_MS, 30 * 24)
        faded = keep**idle
        self.total = (self.total * keep + max(got, 0.0)) * faded
        self.hours = (self.hours * keep + 1.0) * faded + (1.0 - faded) / (1.0 - keep)
        self.got = 0
        self.hour_ms = (now_ms // HOUR_MS + 1) * HOUR_MS


class UnfollowWave(Struct, array_like=True):
    """The suspicion and the episode of one creator; `got` and `due` are since `since_ms`.

    `recent_got`, `recent_due` are the same with a short memory, while an episode is on.
    """

    rate: LossRate = field(default_factory=LossRate)
    last_ms: int = 0
    since_ms: int = 0
    cusum: Lean = 0
    got: Lean = 0
    due: Lean = 0
    recent_got: Lean = 0
    recent_due: Lean = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)

    def update(
        self, end_ms: int, net: float, from_ms: int, cause: Cause, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        """Take in that `net` followers came within (from_ms, end_ms]; what there is to tell.

        `cause` is the class of cause if there is an alert now. Once there is a suspicion, the time
        since the last call counts, in which nobody came or left.
        """
        wave, loss = rules.wave, -net
        self.rate.roll(end_ms, info.followers, wave)
        self.rate.got += loss
        if self.since_ms:
            from_ms = self.last_ms
        elif loss <= 0.0:
            return []
        self.last_ms = end_ms
        rate = self.rate.rate(info.followers, wave)
        due = rate * max(end_ms - from_ms, 0) / HOUR_MS
        if self.episode.on:
            self.got += loss
            self.due += due
            self._fade(end_ms - from_ms, loss, due, wave)
            return self._follow(end_ms, info, rules)
        self.cusum += loss * math.log(wave.alternative) - due * (wave.alternative - 1.0)
        if self.cusum <= 0.0 or (self.since_ms and end_ms - self.since_ms > wave.max_hold_ms):
            self._forget()
            return []
        self.since_ms = self.since_ms or from_ms
        self.got += loss
        self.due += due
        if not self._convincing(end_ms, rate, info, wave):
            return []
        self.episode.open(self.since_ms, end_ms, self._severity(info, wave), cause)
        self.episode.peak = self.got
        self.recent_got, self.recent_due = self.got, self.due
        return [self._alert("firing", end_ms, info, rules)]

    def _convincing(self, end_ms: int, rate: float, info: CreatorInfo, rules: WaveRules) -> bool:
        least = max(rules.min_losses, rules.min_share * (info.followers or 0))
        if end_ms < self.episode.until_ms:
            least = max(least, self.episode.peak * rules.cooldown_growth)
        if self.got < least or self.got < rules.fire_ratio * max(self.due, 1.0):
            return False
        if self.rate.hours * HOUR_MS < rules.min_history_ms:
            return False
        self.probability = upper_tail(self.got, max(self.due, rate / 60.0), rules.shape)
        return self.probability <= rules.fire_probability

    def _severity(self, info: CreatorInfo, rules: WaveRules) -> Severity:
        share = self.got / max(info.followers or 0, 1)
        return "critical" if info.followers and share >= rules.critical_share else "warning"

    def _fade(self, span_ms: int, loss: float, due: float, rules: WaveRules) -> None:
        keep = 2.0 ** (-span_ms / rules.resolve_half_life_ms)
        self.recent_got = self.recent_got * keep + loss
        self.recent_due = self.recent_due * keep + due

    def _follow(self, now_ms: int, info: CreatorInfo, rules: Rules) -> list[Alert]:
        wave, episode = rules.wave, self.episode
        calm = max(wave.resolve_ratio * self.recent_due, wave.min_losses / 10.0)
        if self.recent_got <= calm:
            alert = self._alert("resolved", now_ms, info, rules)
            episode.close(now_ms + wave.cooldown_ms)
            self._forget()
            return [alert]
        waited = now_ms - episode.told_ms
        grown = self.got >= wave.update_growth * episode.peak and waited >= MINUTE_MS
        if not grown and waited < wave.update_every_ms:
            return []
        episode.told_ms = now_ms
        episode.peak = max(episode.peak, self.got)
        episode.severity = self._severity(info, wave)
        return [self._alert("update", now_ms, info, rules)]

    def _forget(self) -> None:
        self.since_ms = self.last_ms = 0
        self.cusum = self.got = self.due = self.recent_got = self.recent_due = 0
        self.probability = 1

    def _alert(
        self,
        status: Status,
        now_ms: int,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who, started = alerting.name(info), self.episode.started_ms
        rate = self.rate.rate(info.followers, rules.wave)
        lost, lasted = alerting.count(max(self.got, 0.0)), alerting.span(now_ms - started)
        usual = f"usually about {alerting.count(rate)} an hour at most"
        if status == "resolved":
            title = f"Unfollow wave of {who} is over"
            reason = (
                f"{who} lost {lost} followers in {lasted} from {alerting.clock(started)} on,"
                f" {usual}; losses are back to that."
            )
        else:
            title = f"{who} lost {lost} followers in {lasted}"
            of = f" (of {info.followers:,})" if info.followers else ""
            reason = (
                f"{who} lost {lost} more followers than came{of} in {lasted} since"
                f" {alerting.clock(started)}, {usual}; chance alone would do that"
                f" {alerting.chance(self.probability)}. {_REASONS[self.episode.explanation]}"
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="net_unfollows",
            observed=round(max(self.got, 0.0), 1),
            expected=round(self.due, 4),
            ratio=round(max(self.got, 0.0) / max(self.due, 0.01), 2),
            probability=self.probability,
            samples=int(self.rate.hours),
        )


_REASONS = {
    "after_spike": "Many had come in a spike shortly before: such followers often leave again.",
    "after_post": "A post of the last hours may be why.",
    "unexplained": "What caused it is not clear from posts.",
}
