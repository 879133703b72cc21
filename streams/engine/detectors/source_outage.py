"""Source outage: hardly anything comes of a whole platform any more, wherever one looks.

Knows what each partition last said of the platform, and when they agree. Must not know how a
partition judges, or what becomes of the alerts of the platform's creators.
"""

from typing import NamedTuple

from msgspec import Struct, field

from schemas.alerts import Alert, Kind, Status
from schemas.instants import to_ms
from schemas.signals import FleetSignal
from streams.engine import alerting
from streams.engine.alerting import Episode
from streams.engine.facts import CreatorInfo
from streams.engine.rules import OutageRules
from streams.engine.units import HOUR_MS, MINUTE_MS

KIND: Kind = "source_outage"
_FRESH_MS = 15 * MINUTE_MS
"""A partition says each minute that it sees little, and when that is over: one that has stopped
speaking meanwhile is at most so far behind the others, or gone, and counts for no new outage."""
_KNOWN_MS = 13 * HOUR_MS
"""Partitions that have not said anything for so long are not counted: they speak up each 6 h."""


class Report(NamedTuple):
    """What a partition said last, at `at_ms`: `got` came where `expected` is usual.

    Its latest low stretch is [`low_ms`, `until_ms`), `until_ms` 0 while it lasts and `low_ms` 0
    before any; `low_got` came in its last minute.
    """

    at_ms: int
    got: float
    expected: float
    low_ms: int = 0
    until_ms: int = 0
    low_got: float = 0.0

    def next(self, at_ms: int, signal: FleetSignal) -> "Report":
        """The report after another signal of the same partition."""
        if signal.low_since is not None:
            low_ms = to_ms(signal.low_since)
            return Report(at_ms, signal.got, signal.expected, low_ms, 0, signal.got)
        until_ms = self.until_ms or (at_ms if self.low_ms else 0)
        return self._replace(
            at_ms=at_ms, got=signal.got, expected=signal.expected, until_ms=until_ms
        )

    def low_at(self, at_ms: int) -> bool:
        """Whether little came then: partitions that are ahead of others may be past it."""
        if not 0 < self.low_ms <= at_ms:
            return False
        return at_ms < self.until_ms if self.until_ms else self.at_ms > at_ms - _FRESH_MS

    def lasts_at(self, at_ms: int) -> bool:
        """Whether it has not said that its stretch was over by then, however far it is behind."""
        return self.low_ms > 0 and (self.until_ms == 0 or at_ms < self.until_ms)


_NOTHING = Report(0, 0.0, 0.0)


def _share(some: list[Report], of: list[Report]) -> float:
    """The part of what is usual that some partitions have."""
    usual = sum(report.expected for report in of)
    return sum(report.expected for report in some) / usual if usual else 0.0


class SourceOutage(Struct, array_like=True):
    """What the partitions said last, and the episode."""

    reports: dict[int, Report] = {}
    episode: Episode = field(default_factory=Episode)

    def update(self, signal: FleetSignal, info: CreatorInfo, rules: OutageRules) -> list[Alert]:
        """Take in what one partition says; what there is to tell."""
        now_ms = to_ms(signal.occurred_at)
        before = self.reports.get(signal.partition, _NOTHING)
        if before.at_ms >= now_ms:
            return []
        self.reports[signal.partition] = before.next(now_ms, signal)
        self.reports = {n: r for n, r in self.reports.items() if r.at_ms > now_ms - _KNOWN_MS}
        episode = self.episode
        if not episode.on:
            reports = list(self.reports.values())
            low = [report for report in reports if report.low_at(now_ms)]
            since_ms = min((report.low_ms for report in low), default=now_ms)
            if _share(low, reports) < rules.fire_share or now_ms - since_ms < rules.confirm_ms:
                return []
            if since_ms < episode.until_ms:
                return []  # of the one that was told: this partition is only behind
            episode.open(since_ms, now_ms, "critical", "source")
            return [self._alert("firing", low, now_ms, info)]
        if now_ms <= episode.started_ms:
            return []  # this partition is behind: it has not come to the outage yet
        # Nor does it end because some that are in it are behind.
        reports = [r for r in self.reports.values() if r.at_ms > episode.started_ms]
        low = [report for report in reports if report.lasts_at(now_ms)]
        if _share(low, reports) < rules.resolve_share:
            now_ms = max(now_ms, episode.told_ms)
            over = [report for report in reports if report not in low]
            alert = self._alert("resolved", over, now_ms, info)
            episode.close(now_ms)
            return [alert]
        if now_ms - episode.told_ms < rules.update_every_ms:
            return []
        episode.told_ms = now_ms
        return [self._alert("update", low, now_ms, info)]

    def _alert(
        self, status: Status, reports: list[Report], now_ms: int, info: CreatorInfo
    ) -> Alert:
        started, platform = self.episode.started_ms, info.platform or "unknown"
        over = status == "resolved"
        got = sum(report.got if over else report.low_got for report in reports)
        usual = sum(report.expected for report in reports)
        since, got_, usual_ = alerting.clock(started), alerting.count(got), alerting.count(usual)
        if over:
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
