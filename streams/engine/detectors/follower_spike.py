"""Follower spike: followers come far faster than this creator's usually do.

Knows the sliding counts of net follows, and when they are an alert. Must not know how the usual
rate is learned (`follow_rate`), how hours are compared with it (`trickle`), or what speaks of
followers who are bought (`arrivals`, `delivery`).
"""

from operator import itemgetter

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Kind, PostEvidence, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.comparison import compared
from streams.engine.course import Course
from streams.engine.detectors import arrivals
from streams.engine.detectors.aftermath import Aftermath
from streams.engine.detectors.arrivals import Arrivals
from streams.engine.detectors.delivery import Delivery, fine_from
from streams.engine.detectors.trickle import Trickle
from streams.engine.facts import PANE_MS, CreatorInfo, PaneFacts
from streams.engine.follow_rate import FollowRate
from streams.engine.follow_rules import SpikeRules
from streams.engine.rules import Rules
from streams.engine.tails import upper_tail
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS

KIND: Kind = "follower_spike"
_NET = itemgetter(1)


class FollowerSpike(Struct, array_like=True):
    """Recent net follows, the usual rate and the episode of one creator.

    `recent` holds (end of pane, net follows), panes for some minutes, then minutes, for half an
    hour. While an episode is on, `got` counts since its start and `window_ms` is what fired.
    `aftermath` is of the last episode, until that is judged again. An episode with a window longer
    than those of the rules is a trickle.
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
    delivery: Delivery = field(default_factory=Delivery)
    trickle: Trickle | None = None

    def roll(self, now_ms: int, info: CreatorInfo, rules: Rules) -> None:
        """Close the hours that ended by `now_ms`."""
        rate, spike = self.rate, rules.spike
        if now_ms < rate.hour_ms:
            return
        hour_ms = rate.hour_ms - HOUR_MS
        # What belongs to an episode was told of.
        over_ms = self.episode.until_ms - spike.cooldown_ms
        free = self._slow(spike) or (not self.episode.on and hour_ms >= over_ms)
        if free and rate.hour_ms and (rate.got > 0.0 or self.trickle is not None):
            due = self._usual(hour_ms + HOUR_MS // 2, info, rules)
            idle = (now_ms - rate.hour_ms) // HOUR_MS
            trickle = self.trickle or Trickle(hour_ms, rate.strayed())
            self.trickle = trickle if trickle.take(hour_ms, rate.got, due, idle, spike) else None
        rate.roll(now_ms, info.followers, spike, rules.baseline)

    def meet(self, end_ms: int, facts: PaneFacts, rules: SpikeRules) -> None:
        """Take in the profiles of the new followers of one pane."""
        self.arrivals.add(end_ms, facts, rules)
        if self.trickle is not None:
            self.trickle.meet(facts)

    def add(self, end_ms: int, net: float) -> None:
        """Take in the net follows of the pane that ended at `end_ms`."""
        self.recent.append((end_ms, float(net)))
        self.rate.got += net
        if self.episode.on:
            self.got += net
        elif self.aftermath is not None:
            self.aftermath.add(net, end_ms - PANE_MS, end_ms)

    def spread(
        self, amount: int, since_ms: int, end_ms: int, info: CreatorInfo, rules: Rules
    ) -> None:
        """Take in growth that polling revealed, evenly over the time since the last poll."""
        spike = rules.spike
        span = max(end_ms - since_ms, PANE_MS)
        rate = self._usual(end_ms - span // 2, info, rules)
        usual, shape = rate * span / HOUR_MS, self.rate.shape(rate, spike)
        self.delivery.polled(end_ms, amount, usual, shape, self.episode.on, rules.delivery)
        per_ms = amount / span
        start = max(since_ms, end_ms - 30 * MINUTE_MS)
        while start < end_ms:
            stop = min(start + MINUTE_MS, end_ms)
            self.recent.append((stop, per_ms * (stop - start)))
            start = stop
        self.recent.sort()
        self.rate.spread(per_ms, end_ms - span, end_ms, info.followers, spike, rules.baseline)
        if self.episode.on:
            self.got += per_ms * min(span, end_ms - self.episode.started_ms)
        elif self.aftermath is not None:
            self.aftermath.add(amount, end_ms - span, end_ms)

    def due(self, end_ms: int, rules: SpikeRules) -> bool:
        """Whether the last episode is to be judged again: it was not, and its time has come."""
        return self.aftermath is not None and end_ms >= self.aftermath.due_ms(rules)

    def update(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        """Judge the sliding windows that end at `end_ms`; what there is to tell, in order."""
        spike = rules.spike
        self.trim(end_ms, spike)
        if self.episode.on:
            return self._follow(end_ms, course, info, rules)
        alerts = self._review(end_ms, info, spike) if self.due(end_ms, spike) else []
        return alerts + self._look(end_ms, course, info, rules)

    def _look(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        """Whether a spike has begun."""
        spike = rules.spike
        floor = max(spike.min_follows, spike.min_share * (info.followers or 0))
        if end_ms < self.episode.until_ms:
            floor = max(floor, self.episode.peak * spike.cooldown_growth)
        if end_ms - self.rate.first_ms < spike.min_history_ms:
            return []
        whole = sum(map(_NET, self.recent))
        if whole < floor:
            return self._look_back(end_ms, floor, course, info, rules)
        for window in spike.windows_ms:
            seen = self._seen(end_ms, window)
            if seen >= floor and self._judge(end_ms, seen, window, info, rules):
                longest = spike.windows_ms[-1]
                usual = self._usual(end_ms - longest // 2, info, rules) * (longest - window)
                self.delivery.before = whole - seen - usual / HOUR_MS
                cause = self._cause(end_ms, course, info, rules)
                if cause == "organic_viral" and seen < spike.viral_growth * floor:
                    continue
                since = end_ms - window
                first = min(at for at, net in self.recent if at > since and net > 0)
                began = max(first - PANE_MS, since)
                return self._fire(end_ms, began, cause, course, info, rules)
        return self._look_back(end_ms, floor, course, info, rules)

    def _look_back(
        self, end_ms: int, floor: float, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        """Whether followers have come for hours, if not within minutes."""
        spike, trickle = rules.spike, self.trickle
        if trickle is None or end_ms < self.episode.until_ms:
            return []
        if end_ms - self.rate.first_ms < spike.trickle_min_history_ms:
            return []
        if not trickle.convincing(floor, spike):
            return []
        self.window_ms = max(end_ms - trickle.since_ms, spike.windows_ms[-1] + 1)
        self.seen, self.expected, self.delivery.before = trickle.got, trickle.due, 0
        self.probability = trickle.probability
        cause = self._cause(end_ms, course, info, rules)
        return self._fire(end_ms, trickle.since_ms, cause, course, info, rules)

    def _long(self, rules: SpikeRules) -> bool:
        """Whether what was last judged took longer than any sliding window: that is a trickle."""
        return self.window_ms > rules.windows_ms[-1]

    def _slow(self, rules: SpikeRules) -> bool:
        return self.episode.on and self._long(rules)

    def _share(self, rules: SpikeRules) -> float | None:
        """The share of hollow profiles; None where too few are known."""
        share = None if self.trickle is None else self.trickle.share(rules)
        return self.arrivals.share(rules) if share is None else share

    def _profiles(self, rules: SpikeRules) -> int:
        trickle = self.trickle
        if trickle is not None and trickle.share(rules) is not None:
            return trickle.known
        return round(self.arrivals.known)

    def _cause(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> Cause:
        """The class of cause, by what is known now."""
        spike, delivery = rules.spike, self.delivery
        if self._long(spike):
            pace = 0 if self.trickle is None else self.trickle.pace(rules.delivery)
            delivery.pace, delivery.slow = pace or delivery.pace, True
        else:
            delivery.look(end_ms, self.recent, spike.windows_ms[-1], rules.delivery)
        return arrivals.cause(end_ms, self._share(spike), delivery, course, info, rules)

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
        """Forget what no window needs any more, and tell panes of the last minutes apart only.

        Not at each pane: half an hour in minutes and up to three of them in panes make 46 entries.
        """
        if end_ms - self.rate.hour_ms > rules.trickle_min_hours * HOUR_MS:
            self.trickle = None  # nobody has come for hours
        recent = self.recent
        oldest = end_ms - rules.windows_ms[-1]
        if len(recent) > 52 or (recent and recent[0][0] <= oldest - 2 * MINUTE_MS):
            fine = fine_from(end_ms)
            kept: dict[int, float] = {}
            for at, net in recent:
                if at > oldest:
                    key = at if at > fine else -(-at // MINUTE_MS) * MINUTE_MS
                    kept[key] = kept.get(key, 0.0) + net
            self.recent = list(kept.items())

    def _fire(
        self, end_ms: int, began: int, cause: Cause, course: Course, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        if self.aftermath is not None:
            self.aftermath.net -= self.seen  # whoever comes now is none of those who stayed
        earlier = self._review(end_ms, info, rules.spike)
        self.episode.open(began, end_ms, self._severity(rules.spike), cause)
        self.got = self.episode.peak = self.seen
        if not self._slow(rules.spike):
            self.trickle = None
        return [*earlier, self._alert("firing", end_ms, course, info, rules)]

    def _severity(self, rules: SpikeRules) -> Severity:
        ratio = self.seen / max(self.expected, 1.0)
        return "critical" if ratio >= rules.critical_ratio else "warning"

    def _follow(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> list[Alert]:
        spike, episode = rules.spike, self.episode
        rate = self._usual(end_ms, info, rules)
        slow = self._slow(spike)
        calm = spike.windows_ms[-1] if slow else spike.resolve_window_ms
        if end_ms - episode.started_ms >= calm:
            few = spike.trickle_calm if slow else spike.min_follows / 10
            usual = rate * calm / HOUR_MS
            if self._seen(end_ms, calm) < max(spike.resolve_ratio * usual, few):
                return [self._resolve(end_ms, course, info, rules)]
        waited = end_ms - episode.told_ms
        grown = self.got >= spike.update_growth * episode.peak and waited >= MINUTE_MS
        if not grown and waited < (spike.trickle_update_ms if slow else spike.update_every_ms):
            return []
        for window in spike.windows_ms:
            seen = self._seen(end_ms, window)
            if seen > self.seen:
                self._judge(end_ms, seen, window, info, rules)
        if slow and not self._slow(spike):
            self.trickle = None
        episode.told_ms = end_ms
        episode.peak = max(episode.peak, self.got)
        episode.severity = self._severity(spike)
        episode.explanation = self._cause(end_ms, course, info, rules)
        return [self._alert("update", end_ms, course, info, rules)]

    def _resolve(self, end_ms: int, course: Course, info: CreatorInfo, rules: Rules) -> Alert:
        """The end of an episode: only now it is known how many came in all."""
        episode, spike, delivery = self.episode, rules.spike, self.delivery
        if episode.explanation in ("unexplained", "campaign", "suspect"):
            usual, rate = self._expected(end_ms, info, rules)
            if delivery.polled_ms < episode.started_ms:
                total = self.got + delivery.before
                delivery.whole(total, usual, self.rate.shape(rate, spike), rules.delivery)
            if episode.explanation != "suspect":
                episode.explanation = self._cause(end_ms, course, info, rules)
        alert = self._alert("resolved", end_ms, course, info, rules)
        self.aftermath = Aftermath(episode.started_ms, end_ms, round(self.got))
        episode.close(end_ms + spike.cooldown_ms)
        self.recent = []
        delivery.forget()
        self.trickle = None
        return alert

    def _expected(self, now_ms: int, info: CreatorInfo, rules: Rules) -> tuple[float, float]:
        """Net follows that are usual since the episode began, and an hour."""
        started, spike = self.episode.started_ms, rules.spike
        if self._slow(spike):
            rate = self.rate.mean(info.followers, spike)
        else:
            rate = self._usual(now_ms, info, rules)
        return rate * (now_ms - started) / HOUR_MS, rate

    def _alert(
        self,
        status: Status,
        now_ms: int,
        course: Course,
        info: CreatorInfo,
        rules: Rules,
    ) -> Alert:
        who = alerting.name(info)
        started = self.episode.started_ms
        expected, rate = self._expected(now_ms, info, rules)
        got = max(self.got, 0.0)
        ratio = got / max(expected, 0.01)
        lasted = alerting.span(max(now_ms - started, PANE_MS))
        usual = f"usually about {alerting.count(rate)} an hour"
        share, spike = self._share(rules.spike), rules.spike
        why = arrivals.told(self.episode.explanation, share, self.delivery, spike)
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
            profiles=None if share is None else self._profiles(spike),
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
