"""Aftermath: what has become, a day later, of the followers that came in a spike.

Knows what is counted meanwhile, and how it is judged and told. Must not know what a spike is.
"""

from msgspec import Struct
from msgspec.structs import replace

from schemas.alerts import Alert, Feedback, Kind
from streams.engine import alerting
from streams.engine.alerting import Episode, Lean
from streams.engine.facts import CreatorInfo
from streams.engine.follow_rules import SpikeRules


class Aftermath(Struct, array_like=True):
    """What came (`gained`) in the episode from `started_ms` to `ended_ms`, and net since then.

    The rest is what had been said of the episode when it ended.
    """

    started_ms: int
    ended_ms: int
    gained: Lean
    net: Lean = 0
    called: bool = False
    acknowledged_ms: int = 0
    acknowledged_by: str | None = None
    feedback: Feedback | None = None

    def due_ms(self, rules: SpikeRules) -> int:
        """When it is judged at the latest."""
        return self.ended_ms + rules.review_after_ms

    def add(self, net: float, since_ms: int, end_ms: int) -> None:
        """Take in net follows that came evenly within [since_ms, end_ms)."""
        self.net += net * (end_ms - max(since_ms, self.ended_ms)) / (end_ms - since_ms)

    def judged(
        self,
        kind: Kind,
        episode: Episode,
        now_ms: int,
        samples: int,
        info: CreatorInfo,
        rules: SpikeRules,
    ) -> Alert:
        """The last word on the episode, whose severity and class of cause `episode` still has.

        It becomes `suspect` where most have left again; that they stay proves nothing.
        """
        gained = max(self.gained, 0.0)
        kept = max(0.0, min(gained + self.net, gained))
        left = kept < rules.review_share * gained
        told = Episode(
            started_ms=self.started_ms,
            severity=episode.severity,
            explanation="suspect" if left else episode.explanation,
            campaign_id=episode.campaign_id,
        )
        who, waited = alerting.name(info), alerting.span(now_ms - self.ended_ms)
        came = (
            f"Of {alerting.count(round(gained))} followers that {who} gained from"
            f" {alerting.clock(self.started_ms)} on,"
        )
        if kept < gained:
            reason = (
                f"{came} {alerting.count(round(kept))} are left {waited} after the spike's end,"
                f" {100.0 * kept / gained:.0f} %: {alerting.count(round(-self.net))} more have left"
                " than came since then."
            )
        else:
            reason = (
                f"{came} all are left {waited} after the spike's end: since then no more have left"
                " than came."
            )
        if left:
            reason += " Followers who leave so soon may have been bought."
        alert = alerting.build(
            kind,
            "resolved",
            told,
            info,
            now_ms,
            since_ms=self.ended_ms,
            ended_ms=self.ended_ms,
            title=f"{alerting.count(round(kept))} of {alerting.count(round(gained))} followers of"
            f" {who} have stayed after the spike",
            reason=reason,
            metric="kept_follows",
            observed=round(kept, 1),
            expected=round(gained, 1),
            ratio=round(kept / gained, 2) if gained else 1.0,
            probability=1.0,
            samples=samples,
        )
        acknowledged = self.acknowledged_ms
        return replace(
            alert,
            reviewed_at=alerting.moment(now_ms),
            called=self.called,
            acknowledged_at=alerting.moment(acknowledged) if acknowledged else None,
            acknowledged_by=self.acknowledged_by,
            feedback=self.feedback,
        )
