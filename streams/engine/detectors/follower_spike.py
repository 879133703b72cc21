"""Follower spike: followers come far faster than this creator's usually do.

Knows the sliding counts of net follows, and when they are an alert. Must not know how the usual
rate is learned (`follow_rate`).
"""

from operator import itemgetter

from msgspec import Struct, field

from schemas.alerts import Alert, Kind, PostEvidence, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.comparison import compared
from streams.engine.course import Course
from streams.engine.detectors import arrivals
from streams.engine.detectors.aftermath import Aftermath
from streams.engine.detectors.arrivals import Arrivals
from streams.engine.facts import PANE_MS, CreatorInfo
from streams.engine.follow_rate import FollowRate
from streams.engine.follow_rules import SpikeRules
from streams.engine.rules import Rules
from streams.engine.tails import upper_tail
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS

KIND: Kind = "follower_spike"
_NET = itemgetter(1)


class FollowerSpike(Struct, array_like=True):
    """Recent net follows, the usual rate and the episode of one creator.

    `recent` holds (end of pane, net follows), panes for two minutes, then minutes, for half an
    hour. While an episode is on, `got` counts since its start and `window_ms` is what fired.
    `aftermath` is of the last episode, until that is judged again.
    """

    rate: FollowRate = field(default_factory=FollowRate)
    recent: list[tuple[int, float]] = []
    got: Lean = 0
    window_ms: int = 0
    seen: Lean = 0
    expected: Lean = 0
    probability: Lean = 1
    episode: Episode = field(default_factory=Episode)
    arrivals: Arrivals = field(default_factory=Arrivals)
    aftermath: Aftermath | None = None

    def add(self, end_ms: int, net: float) -> None:
        """Take in the net follows of the pane that ended at `end_ms`."""
        self.recent.append((end_ms, float(net)))
        self.rate.got += net
        if self.episode.on:
            self.got += net
        elif self.aftermath is not None:
            self.aftermath.add(net, end_ms - PANE_MS, end_ms)

    def spread(
        self, amount: int, since_ms: int, end_ms: int, info: CreatorInfo, rules: SpikeRules
    ) -> None:
        """Take in growth that polling revealed, evenly over the time since the last poll."""
        span = max(end_ms - since_ms, PANE_MS)
        per_ms = amount / span
        start = max(since_ms, end_ms - 30 * MINUTE_MS)
        while start < end_ms:
            stop = min(start + MINUTE_MS, end_ms)
            self.recent.append((stop, per_ms * (stop - start)))
            start = stop
        self.recent.sort()
        self.rate.spread(per_ms, end_ms - span, end_ms, info.followers, rules)
        if self.episode.on:
            self.got += per_ms * min(span, end_ms - self.episode.started_ms)
        elif self.aftermath is not None:
            self.aftermath.add(amount, end_ms - span, end_ms)

    def review_ms(self, rules: SpikeRules) -> int | None:
        """When the last episode is judged again; None: it has been, or there was none."""
        return None if self.aftermath is None else self.aftermath.due_ms(rules)

    def update(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        """Judge the sliding windows that end at `end_ms`; what there is to tell, in order."""
        spike = rules.spike
        self.trim(end_ms, spike)
        if self.episode.on:
            return self._follow(end_ms, course, info, rules)
        due_ms = self.review_ms(spike)
        alerts = self._review(end_ms, info, spike) if due_ms and end_ms >= due_ms else []
        return alerts + self._look(end_ms, course, info, rules)

    def _look(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        """Whether a spike has begun."""
        spike = rules.spike
        floor = max(spike.min_follows, spike.min_share * (info.followers or 0))
        if end_ms < self.episode.until_ms:
            floor = max(floor, self.episode.peak * spike.cooldown_growth)
        if end_ms - self.rate.first_ms < spike.min_history_ms:
            return []
        if sum(map(_NET, self.recent)) < floor:
            return []
        for window in spike.windows_ms:
            seen = self._seen(end_ms, window)
            if seen >= floor and self._judge(end_ms, seen, window, info, rules):
                cause = arrivals.cause(end_ms, self.arrivals, course, info, rules)
                if cause == "organic_viral" and seen < spike.viral_growth * floor:
                    continue
                if self.aftermath is not None:
                    self.aftermath.net -= seen  # whoever comes now is none of those who stayed
                earlier = self._review(end_ms, info, spike)
                return [*earlier, self._fire(end_ms, window, cause, course, info, rules)]
        return []

    def _review(self, end_ms: int, info: CreatorInfo, rules: SpikeRules) -> list[Alert]:
        """The last word on the last episode, if that was not said yet."""
        last, self.aftermath = self.aftermath, None
        if last is None:
            return []
        return [last.judged(KIND, self.episode, end_ms, int(self.rate.hours), info, rules)]

    def _usual(self, at_ms: int, info: CreatorInfo, rules: Rules) -> float:
        """Net follows per hour that are usual at an instant."""
        return self.rate.at(at_ms, info.followers, rules.spike, rules.baseline)

    def _judge(
        self, end_ms: int, seen: float, window: int, info: CreatorInfo, rules: Rules
    ) -> bool:
        spike, rate = rules.spike, self._usual(end_ms - window // 2, info, rules)
        expected = rate * window / HOUR_MS
        if seen < spike.fire_ratio * max(expected, 1.0):
            return False
        probability = upper_tail(seen, expected, self.rate.shape(rate, spike))
        if probability > spike.fire_probability:
            return False
        self.window_ms, self.seen, self.expected = window, seen, expected
        self.probability = probability
        return True

    def _seen(self, end_ms: int, window: int) -> float:
        since = end_ms - window
        return sum([net for at, net in self.recent if at > since])

    def trim(self, end_ms: int, rules: SpikeRules) -> None:
        """Forget what no window needs any more, and tell panes apart for two minutes only.

        Not at each pane: half an hour in minutes and two minutes in panes make 40 entries.
        """
        recent = self.recent
        oldest = end_ms - rules.windows_ms[-1]
        if len(recent) > 52 or (recent and recent[0][0] <= oldest - 2 * MINUTE_MS):
            fine = end_ms - 2 * MINUTE_MS
            kept: dict[int, float] = {}
            for at, net in recent:
                if at > oldest:
                    key = at if at > fine else -(-at // MINUTE_MS) * MINUTE_MS
                    kept[key] = kept.get(key, 0.0) + net
            self.recent = list(kept.items())

    def _fire(
        self, end_ms: int, window: int, cause: str, course: Course, info: CreatorInfo, rules: Rules
    ) -> Alert:
        since = end_ms - window
        first = min(at for at, net in self.recent if at > since and net > 0)
        severity = self._severity(rules.spike)
        self.episode.open(max(first - PANE_MS, since), end_ms, severity, cause)
        self.got = self.episode.peak = self.seen
        return self._alert("firing", end_ms, course, info, rules)

    def _severity(self, rules: SpikeRules) -> Severity:
        ratio = self.seen / max(self.expected, 1.0)
        return "critical" if ratio >= rules.critical_ratio else "warning"

    def _follow(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        spike, episode = rules.spike, self.episode
        rate = self._usual(end_ms, info, rules)
        calm = spike.resolve_window_ms
        if end_ms - episode.started_ms >= calm:
            usual = rate * calm / HOUR_MS
            if self._seen(end_ms, calm) < max(spike.resolve_ratio * usual, spike.min_follows / 10):
                alert = self._alert("resolved", end_ms, course, info, rules)
                self.aftermath = Aftermath(episode.started_ms, end_ms, round(self.got))
                episode.close(end_ms + spike.cooldown_ms)
                self.recent = []
                return [alert]
        waited = end_ms - episode.told_ms
        grown = self.got >= spike.update_growth * episode.peak and waited >= MINUTE_MS
        if not grown and waited < spike.update_every_ms:
            return []
        for window in spike.windows_ms:
            seen = self._seen(end_ms, window)
            if seen > self.seen:
                self._judge(end_ms, seen, window, info, rules)
        episode.told_ms = end_ms
        episode.peak = max(episode.peak, self.got)
        episode.severity = self._severity(spike)
        episode.explanation = arrivals.cause(end_ms, self.arrivals, course, info, rules)
        return [self._alert("update", end_ms, course, info, rules)]

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who = alerting.name(info)
        rate = self._usual(now_ms, info, rules)
        started = self.episode.started_ms
        expected = rate * (now_ms - started) / HOUR_MS
        got = max(self.got, 0.0)
        ratio = got / max(expected, 0.01)
        lasted = alerting.span(max(now_ms - started, PANE_MS))
        usual = f"usually about {alerting.count(rate)} an hour"
        why = arrivals.told(self.episode.explanation, self.arrivals, rules.spike)
        share = self.arrivals.share(rules.spike)
        if status == "resolved":
            title = f"Follower spike of {who} is over"
            reason = (
                f"{who} gained {alerting.count(got)} followers in {lasted} from"
                f" {alerting.clock(started)} on, {usual}; new follows are back to that. {why}"
            )
        else:
            title = f"{who} gained {alerting.count(got)} followers in {lasted}"
            reason = (
                f"{who} gained {alerting.count(got)} followers in {lasted} since"
                f" {alerting.clock(started)}, {usual}; chance alone would do that"
                f" {alerting.chance(self.probability)}. {why}"
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="net_follows",
            observed=round(got, 1),
            expected=round(expected, 4),
            ratio=round(ratio, 2),
            probability=self.probability,
            samples=int(self.rate.hours),
            posts=_posts(now_ms, course, info, rules),
            profiles=None if share is None else round(self.arrivals.known),
            hollow_profiles=None if share is None else round(share, 4),
        )


def _posts(now_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[PostEvidence]:
    latest = sorted(course.posts, key=lambda p: p.at_ms, reverse=True)[:3]
    return [
        compared(
            p.post_id,
            now_ms - p.at_ms,
            p.got + p.held_got + p.fresh,
            course.levels.usual(p.media, info.followers, rules.baseline)[0] * (p.due + p.held_due),
        )
        for p in latest
        if now_ms - p.at_ms <= DAY_MS
    ]
