"""Sentiment crisis: far more of a creator's comments are negative than usually are.

Knows the usual shares of negative and positive comments, the running comparison with them, and when
the gap is an alert. Must not know how a text is judged.

A one-sided CUSUM weighs "as usual" against a share well above it, comment by comment. Where it
leaves zero a suspicion starts; from then on comments are summed, each author's at most twice. Posts
differ in what is said of them, so the share of a stretch is taken to vary like a Beta distribution.
"""

from operator import itemgetter

from msgspec import Struct, field

from schemas.alerts import Alert, Cause, Kind, Severity, Status
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.detectors import shares
from streams.engine.detectors.authors import NOBODY, admit
from streams.engine.facts import CreatorInfo, Remark, Voice
from streams.engine.rules import CrisisRules, Rules

KIND: Kind = "sentiment_crisis"


class Usual(Struct, array_like=True):
    """Discounted sums of comments as of `last_ms`, judged by the analyser with the mark `judge`."""

    last_ms: int = 0
    judge: int = 0
    total: Lean = 0
    negative: Lean = 0
    positive: Lean = 0

    def learn(self, now_ms: int, total: int, negative: int, positive: int, rules: Rules) -> None:
        """Take in comments that are nothing special."""
        keep = 2.0 ** (-max(now_ms - self.last_ms, 0) / rules.crisis.half_life_ms)
        self.last_ms = now_ms
        self.total = self.total * keep + total
        self.negative = self.negative * keep + negative
        self.positive = self.positive * keep + positive

    def shares(self, rules: CrisisRules) -> tuple[float, float]:
        """The usual shares of negative and of positive comments, both in (0, 1)."""
        known = rules.prior_comments
        total = self.total + known
        return (
            (self.negative + known * rules.prior_negative) / total,
            (self.positive + known * rules.prior_positive) / total,
        )


class Stretch(Struct, array_like=True):
    """The comments of a suspicion since `since_ms`; `worst` are the most telling, worst first.

    `once`, `twice` are bitmaps of authors by their hash: who spoke, and who spoke again. The recent
    sums are the same with a short memory, while an episode is on.
    """

    since_ms: int
    last_ms: int
    cusum: float = 0.0
    total: int = 0
    negative: int = 0
    positive: int = 0
    authors: int = 0
    once: bytes = NOBODY
    twice: bytes = NOBODY
    worst: list[Remark] = []
    recent_total: float = 0.0
    recent_negative: float = 0.0
    probability: float = 1.0


class SentimentCrisis(Struct, array_like=True):
    """The usual, the suspicion and the episode of one creator."""

    usual: Usual = field(default_factory=Usual)
    stretch: Stretch | None = None
    episode: Episode = field(default_factory=Episode)

    def update(
        self,
        end_ms: int,
        voices: list[Voice],
        angry: list[Remark],
        judge: int,
        info: CreatorInfo,
        rules: Rules,
    ) -> list[Alert]:
        """Take in the comments of one pane, none where only time has passed; what is to be told."""
        crisis, usual = rules.crisis, self.usual
        if voices and usual.judge != judge:
            return self._start_over(end_ms, voices, judge, info, rules)
        stretch = self.stretch
        if stretch is not None and not self.episode.on and self._stale(end_ms, crisis):
            self._release(end_ms, rules)
            stretch = None
        if stretch is None:
            if not _telling(voices, usual, crisis):
                usual.learn(end_ms, *_counted(voices), rules)
                return []
            stretch = self.stretch = Stretch(end_ms, end_ms)
        total, negative = _hear(stretch, voices)
        if angry:
            stretch.worst = sorted([*stretch.worst, *angry], key=_JUDGED)[:_MOST_QUOTED]
        if self.episode.on:
            # The sketch of a large wave is full, but what comes is no less: here one comment of
            # each author and pane counts.
            total, negative, _ = _counted(list(dict(voices).items()))
            return self._follow(end_ms, total, negative, info, rules)
        stretch.last_ms = end_ms
        stretch.cusum += _gain(total, negative, usual, crisis)
        if stretch.cusum <= 0.0:
            self._release(end_ms, rules)
            return []
        if not self._convincing(end_ms, crisis):
            return []
        explanation = self._explanation(crisis)
        self.episode.open(stretch.since_ms, end_ms, self._severity(crisis), explanation)
        stretch.recent_total, stretch.recent_negative = stretch.total, stretch.negative
        return [self._alert("firing", end_ms, info, rules)]

    def _start_over(
        self, end_ms: int, voices: list[Voice], judge: int, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        """Forget the usual: another analyser has another opinion of the same comments.

        So neither a rise nor an end would say anything of people: a crisis that is on is told to be
        over, for this reason, and what comes next is learned first.
        """
        told = []
        if self.episode.on:
            told = [self._alert("resolved", end_ms, info, rules, rejudged=True)]
            self.episode.close(end_ms + rules.crisis.cooldown_ms)
        self.stretch, self.usual = None, Usual(end_ms, judge)
        self.usual.learn(end_ms, *_counted(voices), rules)
        return told

    def rest(self, now_ms: int, rules: Rules) -> None:
        """Nothing may come for long: keep no suspicion that is over."""
        if self.stretch is not None and not self.episode.on and self._stale(now_ms, rules.crisis):
            self._release(now_ms, rules)

    def _stale(self, now_ms: int, rules: CrisisRules) -> bool:
        stretch = self.stretch
        assert stretch is not None
        return (
            now_ms - stretch.last_ms > rules.max_pause_ms
            or now_ms - stretch.since_ms > rules.max_hold_ms
        )

    def _release(self, now_ms: int, rules: Rules) -> None:
        """A suspicion that came to nothing: what was held back is usual, too."""
        stretch, self.stretch = self.stretch, None
        if stretch is not None:
            self.usual.learn(now_ms, stretch.total, stretch.negative, stretch.positive, rules)

    def _convincing(self, now_ms: int, rules: CrisisRules) -> bool:
        stretch = self.stretch
        assert stretch is not None
        if (
            stretch.total < rules.min_comments
            or stretch.authors < rules.min_authors
            or self.usual.total < rules.min_known
            or now_ms - stretch.since_ms < rules.confirm_ms
            or now_ms < self.episode.until_ms
        ):
            return False
        share, (usual, _) = stretch.negative / stretch.total, self.usual.shares(rules)
        if share < usual + rules.fire_points or share < rules.fire_ratio * usual:
            return False
        stretch.probability = self._tail(rules)
        return stretch.probability <= rules.fire_probability

    def _tail(self, rules: CrisisRules) -> float:
        stretch = self.stretch
        assert stretch is not None
        (usual, _), known = self.usual.shares(rules), self.usual.total + rules.prior_comments
        return shares.tail(stretch.total, stretch.negative, usual, known, rules.between_posts)

    def _explanation(self, rules: CrisisRules) -> Cause:
        stretch = self.stretch
        assert stretch is not None
        negative, positive = self.usual.shares(rules)
        turned = stretch.negative > stretch.positive and positive > negative
        return "inversion" if turned else "negative_wave"

    def _severity(self, rules: CrisisRules) -> Severity:
        stretch = self.stretch
        assert stretch is not None
        share = stretch.negative / max(stretch.total, 1)
        return "critical" if share >= rules.critical_share else "warning"

    def _follow(
        self, now_ms: int, total: int, negative: int, info: CreatorInfo, rules: Rules
    ) -> list[Alert]:
        stretch, crisis, episode = self.stretch, rules.crisis, self.episode
        assert stretch is not None
        keep = 2.0 ** (-(now_ms - stretch.last_ms) / crisis.resolve_half_life_ms)
        stretch.last_ms = now_ms
        stretch.recent_total = stretch.recent_total * keep + total
        stretch.recent_negative = stretch.recent_negative * keep + negative
        usual, _ = self.usual.shares(crisis)
        calm = usual + crisis.resolve_points
        if (
            stretch.recent_total < crisis.resolve_comments
            or stretch.recent_negative <= calm * stretch.recent_total
        ):
            alert = self._alert("resolved", now_ms, info, rules)
            episode.close(now_ms + crisis.cooldown_ms)
            self.stretch = None
            return [alert]
        if now_ms - episode.told_ms < crisis.update_every_ms:
            return []
        episode.told_ms = now_ms
        episode.severity = self._severity(crisis)
        stretch.probability = min(stretch.probability, self._tail(crisis))
        return [self._alert("update", now_ms, info, rules)]

    def _alert(
        self,
        status: Status,
        now_ms: int,
        info: CreatorInfo,
        rules: Rules,
        *,
        rejudged: bool = False,
    ) -> Alert:
        stretch, who = self.stretch, alerting.name(info)
        assert stretch is not None
        usual, _ = self.usual.shares(rules.crisis)
        total, negative = stretch.total, stretch.negative
        share, since = negative / max(total, 1), alerting.clock(self.episode.started_ms)
        lasted = alerting.span(now_ms - self.episode.started_ms)
        said = f"{100.0 * share:.0f} % of {total:,} comments by {stretch.authors:,} people"
        if rejudged:
            title = f"Comments of {who} are judged by another model now"
            reason = (
                f"From {since} on, for {lasted}, {said} were negative, usually"
                f" {100.0 * usual:.0f} %; what is usual by the new model has to be learned first."
            )
        elif status == "resolved":
            title = f"Comments of {who} are as usual again"
            reason = (
                f"From {since} on, for {lasted}, {said} were negative, usually"
                f" {100.0 * usual:.0f} %; those of the last hour are not."
            )
        else:
            title = f"{100.0 * share:.0f} % of the comments of {who} are negative"
            reason = (
                f"Since {since} {said} to {who} are negative, usually {100.0 * usual:.0f} % of"
                f" them are; posts differ, but chance alone would do that"
                f" {alerting.chance(stretch.probability)}. {_REASONS[self.episode.explanation]}"
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="negative_comments",
            observed=negative,
            expected=round(usual * total, 2),
            ratio=round(share / usual, 2),
            probability=stretch.probability,
            samples=int(self.usual.total),
            authors=stretch.authors,
            comments=alerting.quoted(stretch.worst),
        )


_MOST_QUOTED = 5
_JUDGED = itemgetter(3)
"""How a remark was judged."""
_REASONS = {
    "inversion": "More are negative than positive, which is usually the other way round.",
    "negative_wave": "Positive ones still come, too.",
}


def _counted(voices: list[Voice]) -> tuple[int, int, int]:
    """How many comments, and how many of them are negative and positive."""
    labels = [label for _, label in voices]
    return len(labels), labels.count(-1), labels.count(1)


def _gain(total: int, negative: int, usual: Usual, rules: CrisisRules) -> float:
    share, _ = usual.shares(rules)
    return shares.gain(total, negative, share, min(share + rules.alternative_points, 0.9))


def _telling(voices: list[Voice], usual: Usual, rules: CrisisRules) -> bool:
    total, negative, _ = _counted(voices)
    return negative > 0 and _gain(total, negative, usual, rules) > 0.0


def _hear(stretch: Stretch, voices: list[Voice]) -> tuple[int, int]:
    """Add comments to a stretch, two of each author at most; how many count, and are negative."""
    if not voices:
        return 0, 0
    stretch.once, stretch.twice, kept, fresh = admit(stretch.once, stretch.twice, voices)
    stretch.authors += fresh
    total, negative, positive = _counted(kept)
    stretch.total += total
    stretch.negative += negative
    stretch.positive += positive
    return total, negative
