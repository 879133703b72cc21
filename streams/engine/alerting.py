"""Alerting: the life of one episode, from firing through updates to resolved.

Knows ids, life cycle and cooldown of an episode and how an alert is put together. Must not know
why an episode starts or ends.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.alerts import (
    Alert,
    Cause,
    CommentEvidence,
    Evidence,
    Kind,
    Metric,
    Severity,
    Status,
)
from schemas.instants import from_ms
from streams.engine.facts import CreatorInfo, Remark

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""The most urgent first."""

Lean = int | float
"""A number that is mostly 0 or 1 in a state that is stored: as an int that takes one byte, as a
float nine."""


class Episode(Struct, array_like=True):
    """One run of one kind of alert for one creator; `started_ms` 0 means that none is on.

    `told_ms` is when the last record was written. After the end `until_ms` is when the cooldown
    ends and `peak` how large the episode was.
    """

    started_ms: int = 0
    told_ms: int = 0
    severity: Severity = "info"
    explanation: str = ""
    campaign_id: str | None = None
    peak: Lean = 0
    until_ms: int = 0

    @property
    def on(self) -> bool:
        """Whether the alert is firing."""
        return self.started_ms > 0

    def open(self, started_ms: int, now_ms: int, severity: Severity, explanation: Cause) -> None:
        """Begin, in no campaign so far; the id is settled from here on."""
        self.campaign_id = None
        self.started_ms = started_ms
        self.told_ms = now_ms
        self.severity = severity
        self.explanation = explanation

    def close(self, until_ms: int) -> None:
        """End, and cool down until `until_ms`."""
        self.started_ms = 0
        self.until_ms = until_ms


def alert_id(creator_id: str, kind: Kind, started_ms: int) -> str:
    """The one id of an episode, the same after a restart and in a replay."""
    return f"{kind}:{started_ms}:{creator_id}"


def name(info: CreatorInfo) -> str:
    """How alerts call a creator."""
    return f"@{info.handle.lstrip('@')}" if info.handle else info.creator_id


def clock(ms: int) -> str:
    """A moment as alerts write it: minutes, UTC."""
    return f"{moment(ms):%d %b %H:%M} UTC"


def moment(ms: int) -> datetime:
    """A moment for a record."""
    return from_ms(ms)


def count(number: float) -> str:
    """A count as alerts write it: whole, with thousands marked; below ten to one decimal."""
    return f"{number:,.0f}" if number >= 9.95 or number == int(number) else f"{number:.1f}"


def span(ms: float) -> str:
    """A length of time as alerts write it."""
    for unit, name in ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes")):
        if ms >= 2 * unit:
            return f"{ms / unit:.0f} {name}"
    return f"{ms / 1_000:.0f} seconds"


def chance(probability: float) -> str:
    """A tail probability in words."""
    if probability < 1e-9:
        return "less than once in a billion times"
    return f"about once in {count(float(f'{1.0 / probability:.1g}'))} times"


def quoted(remarks: Iterable[Remark]) -> list[CommentEvidence]:
    """Comments as evidence has them: one line each, no characters that act unseen."""
    return [
        CommentEvidence(
            comment_id=comment_id, post_id=post_id, text=_plain(text), compound=score / 100
        )
        for comment_id, post_id, text, score in remarks
    ]


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def build(
    kind: Kind,
    status: Status,
    episode: Episode,
    info: CreatorInfo,
    now_ms: int,
    *,
    title: str,
    reason: str,
    metric: Metric,
    probability: float,
    since_ms: int | None = None,
    ended_ms: int | None = None,
    **evidence: Any,
) -> Alert:
    """The record of one step in an episode's life.

    `metric`, `probability` (published to three digits) and `evidence` are fields of `Evidence`; its
    window begins at `since_ms` (None: with the episode) and ends now. An episode that is resolved
    ended at `ended_ms` (None: now).
    """
    if status == "resolved" and ended_ms is None:
        ended_ms = now_ms
    return Alert(
        alert_id=alert_id(info.creator_id, kind, episode.started_ms),
        creator_id=info.creator_id,
        platform=info.platform,
        campaign_id=episode.campaign_id,
        kind=kind,
        status=status,
        severity=episode.severity,
        started_at=moment(episode.started_ms),
        updated_at=moment(now_ms),
        ended_at=None if ended_ms is None else moment(ended_ms),
        title=title,
        reason=reason,
        explanation=episode.explanation,
        evidence=Evidence(
            window_start=moment(episode.started_ms if since_ms is None else since_ms),
            window_end=moment(now_ms),
            followers=info.followers,
            metric=metric,
            probability=float(f"{probability:.3g}"),
            **evidence,
        ),
    )
