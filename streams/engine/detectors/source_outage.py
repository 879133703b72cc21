"""Source outage: hardly anything comes of a whole platform any more, wherever one looks.

Knows what each partition last said of the platform, and when they agree. Must not know how a
partition judges, or what becomes of the alerts of the platform's creators.
"""

from msgspec import Struct, field

from schemas.alerts import Alert, Kind, Status
from schemas.instants import to_ms
from schemas.signals import FleetSignal
from streams.engine import alerting
from streams.engine.alerting import Episode
from streams.engine.facts import CreatorInfo
from streams.engine.rules import HOUR_MS, MINUTE_MS, OutageRules

KIND: Kind = "source_outage"
_FRESH_MS = 15 * MINUTE_MS
"""A partition says each minute that it sees little, and when that is over: one that has stopped
speaking meanwhile is at most so far behind the others, or gone."""
_KNOWN_MS = 13 * HOUR_MS
"""Partitions that have not said anything for so long are not counted: they speak up each 6 h."""

Report = tuple[int, float, float, int]
"""When it was said, what came, what was expected, and since when that is low (0: it is not)."""


class SourceOutage(Struct, array_like=True):
    """What the partitions said last, and the episode."""

    reports: dict[int, Report] = {}
    episode: Episode = field(default_factory=Episode)

    def update(self, signal: FleetSignal, info: CreatorInfo, rules: OutageRules) -> list[Alert]:
        """Take in what one partition says; what there is to tell."""
        now_ms = to_ms(signal.occurred_at)
        low_ms = 0 if signal.low_since is None else to_ms(signal.low_since)
        before = self.reports.get(signal.partition)
        if before is not None and before[0] >= now_ms:
            return []
        self.reports[signal.partition] = (now_ms, signal.got, signal.expected, low_ms)
        known = {n: r for n, r in self.reports.items() if r[0] > now_ms - _KNOWN_MS}
        self.reports = known
        low = [r for r in known.values() if r[3] and r[0] > now_ms - _FRESH_MS]
        usual = sum(report[2] for report in known.values())
        share = sum(report[2] for report in low) / usual if usual else 0.0
        episode = self.episode
        if not episode.on:
            since_ms = min((report[3] for report in low), default=now_ms)
            if share < rules.fire_share or now_ms - since_ms < rules.confirm_ms:
                return []
            episode.open(since_ms, now_ms, "critical", "source")
            return [self._alert("firing", now_ms, low, info)]
        if share < rules.resolve_share:
            calm = [report for report in known.values() if not report[3]]
            alert = self._alert("resolved", now_ms, calm, info)
            episode.close(now_ms)
            return [alert]
        if now_ms - episode.told_ms < rules.update_every_ms:
            return []
        episode.told_ms = now_ms
        return [self._alert("update", now_ms, low, info)]

    def _alert(
        self,
        status: Status,
        now_ms: int,
        reports: list[Report],
        info: CreatorInfo,
    ) -> Alert:
        started, platform = self.episode.started_ms, info.platform or "unknown"
        got = sum(report[1] for report in reports)
        usual = sum(report[2] for report in reports)
        since, got_, usual_ = alerting.clock(started), alerting.count(got), alerting.count(usual)
        if status == "resolved":
            title = f"Events of {platform} arrive again"
            reason = (
                f"From {since} on, for {alerting.span(now_ms - started)}, hardly any events of"
                f" {platform} arrived; now there are {got_} a minute where {usual_} are usual. What"
                " its creators got in between may be missing."
            )
        else:
            title = f"Hardly any events of {platform} arrive"
            reason = (
                f"Since {since} {platform} gives only {got_} events a minute where {usual_} are"
                " usual, over all its creators at once: its feed has failed, not they. Drops"
                " and silence of its creators are not judged until it is back."
            )
        return alerting.build(
            KIND,
            status,
            self.episode,
            info,
            now_ms,
            title=title,
            reason=reason,
            metric="events_per_minute",
            observed=round(got, 1),
            expected=round(usual, 1),
            ratio=round(got / usual, 3) if usual else 0.0,
            probability=0.0,
            samples=len(reports),
        )
