"""Episodes: what the records of alerts add up to, one for each id, and which of two runs are one.

Knows the life cycle of an alert. Must not know where records come from.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from schemas.alerts import Alert, Kind, Severity
from schemas.instants import to_ms
from streams.engine.alerting import SEVERITIES

DIGEST: Kind = "digest"


class Episode(Struct, kw_only=True):
    """One alert from its first record to its last; times in event time, epoch milliseconds.

    `began_ms` is where it is said to have begun, `told_ms` when that was told, `last_ms` the last
    word, but for what a later review says; `open` is whether it still fires at the end. `severity`
    is the highest it had, `reason` the first that was given, `called` whether it called anybody.
    """

    alert_id: str
    kind: Kind
    creator_id: str
    explanation: str
    severity: Severity
    reason: str
    began_ms: int
    told_ms: int
    last_ms: int
    open: bool = True
    called: bool = False
    records: int = 0

    def meets(self, other: "Episode") -> bool:
        """Whether both tell of the same: one creator and kind, at times that meet."""
        same = self.creator_id == other.creator_id and self.kind == other.kind
        return same and self.began_ms <= other.last_ms and other.began_ms <= self.last_ms


def episodes(alerts: Iterable[Alert]) -> list[Episode]:
    """The episodes of these records, which are in order of time; digests are none of them."""
    found: dict[str, Episode] = {}
    for alert in alerts:
        if alert.kind == DIGEST:
            continue
        at_ms = to_ms(alert.updated_at)
        episode = found.get(alert.alert_id)
        if episode is None:
            episode = found[alert.alert_id] = Episode(
                alert_id=alert.alert_id,
                kind=alert.kind,
                creator_id=alert.creator_id,
                explanation=alert.explanation,
                severity=alert.severity,
                reason=alert.reason,
                began_ms=to_ms(alert.started_at),
                told_ms=at_ms,
                last_ms=at_ms,
            )
        if alert.reviewed_at is None:
            episode.last_ms = at_ms
        episode.open = alert.status != "resolved"
        episode.called = episode.called or alert.notify
        episode.records += 1
        episode.severity = min(episode.severity, alert.severity, key=SEVERITIES.index)
    return list(found.values())


class Difference(Struct, kw_only=True):
    """Episodes of one kind in two runs: those of both (of the first run), and of one only."""

    kind: str
    both: list[Episode]
    only_first: list[Episode]
    only_second: list[Episode]


def differences(first: Sequence[Episode], second: Sequence[Episode]) -> list[Difference]:
    """What two runs over the same recording have in common, by kind; kinds of neither left out.

    An episode that one run tells in two parts meets both: it is not missing there.
    """
    rivals: dict[tuple[str, str], list[Episode]] = defaultdict(list)
    for episode in (*first, *second):
        rivals[episode.kind, episode.creator_id].append(episode)
    ours, theirs = {id(e) for e in first}, {id(e) for e in second}

    def met(episode: Episode, others: set[int]) -> bool:
        near = rivals[episode.kind, episode.creator_id]
        return any(id(other) in others and episode.meets(other) for other in near)

    return [
        Difference(
            kind=kind,
            both=[e for e in first if e.kind == kind and met(e, theirs)],
            only_first=[e for e in first if e.kind == kind and not met(e, theirs)],
            only_second=[e for e in second if e.kind == kind and not met(e, ours)],
        )
        for kind in sorted({e.kind for e in (*first, *second)})
    ]
