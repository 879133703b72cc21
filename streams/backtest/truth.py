"""Truth: what is known to have happened, and how well alerts tell of it.

Knows the file that `pulse simulate --truth` writes, and how recall, precision and delay follow.
Must not know how alerts came about.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from schemas.instants import to_ms
from streams.backtest.episodes import Episode

_ALSO = {"engagement_drop": ("engagement_drop", "silence")}
"""Kinds of alerts that tell of an incident, where they are more than its own."""


class Incident(Struct, frozen=True, kw_only=True):
    """Something that happened to a creator within [starts_at, ends_at)."""

    creator_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    size: float | None = None

    @property
    def begin_ms(self) -> int:
        """Epoch milliseconds of the start."""
        return to_ms(self.starts_at)

    @property
    def end_ms(self) -> int:
        """Epoch milliseconds of the end."""
        return to_ms(self.ends_at)

    def __post_init__(self) -> None:
        for moment in (self.starts_at, self.ends_at):
            if moment.tzinfo is None:
                raise ValueError(f"Expected a time with an offset, got {moment.isoformat()}")
        if self.ends_at < self.starts_at:
            raise ValueError("Expected an end that is not before the start")


class _Document(Struct):
    incidents: list[Incident]


class BadTruth(Exception):
    """A truth file cannot be used."""


def load(path: Path) -> list[Incident]:
    """The incidents in a truth file, in order of their start. Raises BadTruth, OSError."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Document).incidents
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadTruth(
            f"{path} is not a truth file such as `pulse simulate --truth` writes: {error}"
        ) from error
    return sorted(found, key=lambda incident: incident.begin_ms)


class KindScore(Struct, kw_only=True):
    """How well alerts tell of incidents of one kind.

    Of `incidents` so many were `found` by an alert; of `alerts` so many were `right`. Recall is
    found / incidents, precision right / alerts, in [0, 1]; None where nothing is to be divided.
    Delays are seconds from an incident's start to its first alert, by nearest rank.
    """

    kind: str
    incidents: int
    found: int
    alerts: int
    right: int
    recall: float | None
    precision: float | None
    delay_p50: float | None
    delay_p90: float | None
    missed: list[Incident]
    wrong: list[Episode]


def score(
    incidents: Sequence[Incident],
    episodes: Iterable[Episode],
    span_ms: tuple[int, int],
    grace_ms: int,
) -> list[KindScore]:
    """Scores by kind of the incidents that began within the recording.

    An alert tells of an incident if it is of the same creator and kind (a `silence` also tells of
    an `engagement_drop`) and came within [start, end + grace]. Several may tell of one.
    """
    known = list(episodes)
    reached = [i for i in incidents if span_ms[0] <= i.begin_ms <= span_ms[1]]
    return [
        _of_kind(
            kind,
            [i for i in reached if i.kind == kind],
            [e for e in known if e.kind in _ALSO.get(kind, (kind,))],
            grace_ms,
        )
        for kind in sorted({i.kind for i in incidents})
    ]


def _of_kind(
    kind: str, incidents: list[Incident], episodes: list[Episode], grace_ms: int
) -> KindScore:
    right: set[str] = set()
    delays, missed = [], []
    for incident in incidents:
        told = [e for e in episodes if _tells(e, incident, grace_ms)]
        right.update(e.alert_id for e in told)
        if told:
            delays.append((min(e.told_ms for e in told) - incident.begin_ms) / 1000)
        else:
            missed.append(incident)
    return KindScore(
        kind=kind,
        incidents=len(incidents),
        found=len(delays),
        alerts=len(episodes),
        right=len(right),
        recall=len(delays) / len(incidents) if incidents else None,
        precision=len(right) / len(episodes) if episodes else None,
        delay_p50=quantile(delays, 0.5),
        delay_p90=quantile(delays, 0.9),
        missed=missed,
        wrong=[e for e in episodes if e.alert_id not in right],
    )


def _tells(episode: Episode, incident: Incident, grace_ms: int) -> bool:
    return (
        episode.creator_id == incident.creator_id
        and incident.begin_ms <= episode.told_ms <= incident.end_ms + grace_ms
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The least of `values` that at least `share` of them (0-1] do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
