"""Watch: everything that detection remembers of one creator.

Knows the order of things: facts of a closed pane go into the course of posts and the follow
counts, then each detector looks. Must not know how a pane was counted or where alerts go.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.alerts import Alert, Cause, Kind
from schemas.instants import to_ms
from streams.engine.alerting import Episode
from streams.engine.course import Course, next_look
from streams.engine.detectors.engagement_drop import EngagementDrop
from streams.engine.detectors.follower_spike import FollowerSpike
from streams.engine.detectors.sentiment_crisis import SentimentCrisis
from streams.engine.detectors.slow_decline import SlowDecline
from streams.engine.detectors.source_outage import SourceOutage
from streams.engine.detectors.suspicious_engagement import SuspiciousEngagement
from streams.engine.detectors.unfollow_wave import UnfollowWave
from streams.engine.detectors.viral_post import ViralPost
from streams.engine.detectors.weak_posts import WeakPosts
from streams.engine.facts import PANE_MS, CreatorInfo, PaneFacts
from streams.engine.loud import Loud
from streams.engine.orders import Orders
from streams.engine.outliers import Outlier, outliers
from streams.engine.rules import Rules
from streams.engine.units import MINUTE_MS

_DEFAULT = Rules()
_ENGAGEMENT = frozenset(("likes", "comments", "shares", "saves"))


class Watch(Struct, array_like=True):
    """All detection state of one creator: plain data, bounded; a fresh one is `Watch()`.

    `told` holds the last record of each alert that is firing, as published, by alert id.
    `outage` is of a platform's home only, which is no creator.
    `look_ms` is when the course is next compared with its expectation, None while no post lives.
    `outliers` is another list whenever there is something new to show.
    """

    since_ms: int = 0
    look_ms: int | None = None
    next_deadline_ms: int | None = None
    course: Course = field(default_factory=Course)
    drop: EngagementDrop = field(default_factory=EngagementDrop)
    spike: FollowerSpike = field(default_factory=FollowerSpike)
    orders: Orders = {}
    wave: UnfollowWave = field(default_factory=UnfollowWave)
    viral: ViralPost = field(default_factory=ViralPost)
    weak: WeakPosts = field(default_factory=WeakPosts)
    slow: SlowDecline = field(default_factory=SlowDecline)
    crisis: SentimentCrisis = field(default_factory=SentimentCrisis)
    told: dict[str, bytes] = {}
    outage: SourceOutage | None = None
    suspicious: SuspiciousEngagement = field(default_factory=SuspiciousEngagement)
    loud: Loud = field(default_factory=Loud)
    outliers: list[Outlier] = []

    def on_pane(
        self, end_ms: int, facts: PaneFacts | None, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        """Take in one closed pane (None: only time has passed) and say what there is to tell.

        `end_ms` strictly ascends from call to call; a pane that is left out had no activity.
        """
        if not self.since_ms:
            self.since_ms = end_ms
        alerts: list[Alert] = []
        follows, net, net_from = False, 0, end_ms
        if facts is not None:
            if facts.published or facts.deleted:
                self._publish(end_ms, facts, rules)
            by_post = facts.by_post
            for post in self.course.posts:
                if post.post_id in by_post:
                    post.fresh += by_post[post.post_id]
                    if post.fresh >= rules.viral.hurry_count:
                        self._hurry(end_ms, rules)
            follows, net, net_from = self._count(end_ms, facts, info, rules)
        if self.look_ms is not None and end_ms >= self.look_ms:
            alerts = self._skip(end_ms) if info.dark else self._look(end_ms, info, rules)
        spike, wave, crisis = self.spike, self.wave, self.crisis
        if follows or spike.episode.started_ms or spike.due(end_ms, rules.spike):
            alerts += self._explained(end_ms, spike.update(end_ms, self.course, info, rules))
        if net or wave.episode.started_ms:
            # Where nobody leaves or is suspected to, there is no alert to give a cause for.
            suspected = net < 0 or wave.since_ms
            cause = self._wave_cause(end_ms, rules) if suspected else "unexplained"
            alerts += wave.update(end_ms, net, net_from, cause, info, rules)
        if facts is not None and facts.voices:
            alerts += crisis.update(end_ms, facts.voices, facts.angry, facts.judge, info, rules)
        elif crisis.episode.started_ms:
            alerts += crisis.update(end_ms, [], [], 0, info, rules)
        if (
            facts is not None and (facts.talk or facts.guests or facts.published or facts.deleted)
        ) or self.suspicious.due(end_ms, rules):
            alerts += self.suspicious.update(end_ms, facts, self.course, info, rules)
        self.loud.rest(end_ms)
        self.next_deadline_ms = self._deadline(end_ms, rules)
        return alerts

    def score(self, now_ms: int, rules: Rules = _DEFAULT) -> tuple[float | None, int]:
        """How a creator does now against its own baseline, with the number of posts behind that.

        With r = (got + 5) / (usual + 5), where `got` is the engagement of live posts and `usual`
        what the creator's posts usually get at their age and hour, both discounted with a
        half-life of 40 minutes, and t = n / (n + 4) for n posts in the baseline:
        score = 100 r^t / (1 + r^t). 50 is as usual, 75 about three times usual; few posts and few
        engagements pull towards 50. None until 3 posts are known. In (0, 100).
        """
        return self.course.score(now_ms, rules.baseline), self.course.levels.count

    @property
    def campaign_id(self) -> str | None:
        """The campaign of the latest live post."""
        latest = max(self.course.posts, key=lambda post: post.at_ms, default=None)
        return None if latest is None else latest.campaign_id

    def episodes(self) -> tuple[tuple[Kind, Episode], ...]:
        """The latest episodes with their kinds; of one kind at most one is on."""
        return (
            (self.drop.kind, self.drop.episode),
            ("follower_spike", self.spike.episode),
            ("unfollow_wave", self.wave.episode),
            ("viral_post", self.viral.episode),
            ("sentiment_crisis", self.crisis.episode),
            ("suspicious_engagement", self.suspicious.episode),
            ("engagement_drop", self.weak.episode),
            ("engagement_drop", self.slow.episode),
            *(() if self.outage is None else (("source_outage", self.outage.episode),)),
        )

    def active(self) -> list[Kind]:
        """Kinds of alerts that are firing now."""
        return list(dict.fromkeys(kind for kind, episode in self.episodes() if episode.on))

    def settled(self, alert: Alert) -> None:
        """Keep what was said of an episode that has just ended, if it is told of once more."""
        aftermath = self.spike.aftermath
        if alert.kind != "follower_spike" or aftermath is None:
            return
        aftermath.called, aftermath.feedback = alert.called, alert.feedback
        if alert.acknowledged_at is not None:
            aftermath.acknowledged_ms = to_ms(alert.acknowledged_at)
            aftermath.acknowledged_by = alert.acknowledged_by

    def _hurry(self, end_ms: int, rules: Rules) -> None:
        """Look as soon as a step may be made."""
        if self.look_ms is not None:
            soon = max(end_ms, self.course.stepped_ms + rules.drop.step_ms)
            self.look_ms = min(self.look_ms, soon)

    def _explained(self, end_ms: int, alerts: list[Alert]) -> list[Alert]:
        """Followers whom a viral post brings are on record; that post has called already."""
        if not self.viral.explains(end_ms):
            return alerts
        return [
            replace(alert, notify=False, quiet="explained")
            if alert.explanation == "organic_viral"
            else alert
            for alert in alerts
        ]

    def _publish(self, end_ms: int, facts: PaneFacts, rules: Rules) -> None:
        base = rules.baseline
        for published in facts.published:
            post_id, at_ms, media, campaign = published
            if end_ms - at_ms >= base.post_life_ms:
                continue
            if self.course.publish(post_id, at_ms, media or "", campaign, base):
                look = end_ms + rules.drop.step_ms
                self.look_ms = look if self.look_ms is None else min(self.look_ms, look)
                self.course.stepped_ms = self.course.stepped_ms or end_ms
        for post_id in facts.deleted:
            self.course.forget(post_id)
            if any(post.post_id == post_id for post in self.outliers):
                self.outliers = [post for post in self.outliers if post.post_id != post_id]

    def _count(
        self, end_ms: int, facts: PaneFacts, info: CreatorInfo, rules: Rules
    ) -> tuple[bool, int, int]:
        """Whether followers came, how many net of those who left, and since when."""
        spike = self.spike
        spike.roll(end_ms, info, rules)
        if facts.profiles:
            spike.meet(end_ms, facts, rules.spike)
        net = facts.follows - facts.unfollows
        if net:
            spike.add(end_ms, net)
            if net < 0:
                spike.trim(end_ms, rules.spike)
        changed, net_from = net > 0, end_ms - PANE_MS
        if facts.spreads:
            growth: dict[str, tuple[int, int]] = {}
            for post_id, (metric, amount, since_ms) in facts.spreads:
                if metric == "followers":
                    spike.spread(amount, since_ms, end_ms, info, rules)
                    changed = True
                    net, net_from = net + amount, min(net_from, since_ms)
                elif post_id and metric in _ENGAGEMENT:
                    sum_, since = growth.get(post_id, (0, end_ms))
                    growth[post_id] = (sum_ + amount, min(since, since_ms))
            for post_id, (amount, since_ms) in growth.items():
                self.course.poll(post_id, amount, since_ms, end_ms)
            if growth:
                self._hurry(end_ms, rules)
        return changed, net, net_from

    def _wave_cause(self, end_ms: int, rules: Rules) -> Cause:
        """The class of cause of followers who leave now."""
        spike = self.spike.episode
        if spike.on or end_ms < spike.until_ms:
            return "after_spike"
        since = end_ms - rules.wave.recent_post_ms
        return "after_post" if any(p.at_ms > since for p in self.course.posts) else "unexplained"

    def _look(self, end_ms: int, info: CreatorInfo, rules: Rules) -> list[Alert]:
        course, drop = self.course, self.drop
        held = drop.episode.on
        grown = end_ms - self.since_ms >= rules.drop.min_history_ms
        step = course.step(
            end_ms, info.followers, rules, held=drop.suspicious, taught=not held, grown=grown
        )
        alerts: list[Alert] = []
        weak, slow = self.weak, self.slow
        if grown:
            alerts = drop.update(step, course, info, rules, free=not weak.episode.on)
        if drop.episode.on and not weak.episode.on:
            weak.forget()
        matured = course.mature(end_ms, not drop.episode.on, rules)
        alerts += self.viral.update(end_ms, course, info, rules)
        if matured or weak.episode.on:
            free = not drop.episode.on
            alerts += weak.update(end_ms, matured, course, info, rules, free=free)
        if matured or slow.episode.on:
            free = not drop.episode.on and not weak.episode.on
            # What is more urgent takes the place of a slow decline: it ends first.
            alerts = slow.update(end_ms, matured, course, info, rules, free=free) + alerts
        if not course.posts:
            # The last of them has grown old: what is kept from here on may be kept for long.
            self.spike.trim(end_ms, rules.spike)
            self.crisis.rest(end_ms, rules)
            self.suspicious.rest(end_ms, rules)
        found = outliers(course, end_ms, rules)
        if found or self.outliers:
            self.outliers = found
        look = next_look(step, rules.drop)
        on = drop.episode.on or weak.episode.on or slow.episode.on or self.viral.episode.on
        if look is None and (course.posts or on):
            look = end_ms + rules.drop.max_step_ms
        self.look_ms = None if look is None else -(-look // PANE_MS) * PANE_MS
        return alerts

    def _skip(self, end_ms: int) -> list[Alert]:
        """Nobody can tell how posts do while their platform as a whole gives hardly anything."""
        self.course.skip(end_ms)
        self.look_ms = end_ms + MINUTE_MS
        return []

    def _deadline(self, end_ms: int, rules: Rules) -> int | None:
        spike, due = self.spike, self.look_ms
        again = self.suspicious.deadline(end_ms, rules)
        if again is not None and (due is None or again < due):
            due = again
        if spike.aftermath is not None:
            again = spike.aftermath.due_ms(rules.spike)
            if due is None or again < due:
                due = again
        again = self.loud.due_ms()
        if again is not None and (due is None or again < due):
            due = again
        on = spike.episode.started_ms or self.wave.episode.started_ms
        if on or self.crisis.episode.started_ms:
            again = end_ms + MINUTE_MS
            if due is None or again < due:
                due = again
        return due
