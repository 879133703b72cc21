"""Report: what a backtest came to, as lines for people and as a document for programs.

Knows how results are told. Must not know how they came about.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from schemas.alerts import Alert
from schemas.instants import from_ms
from streams import words
from streams.backtest.episodes import Difference, Episode
from streams.backtest.play import Played
from streams.backtest.truth import Incident, KindScore
from streams.engine.units import DAY_MS
from streams.printable import printable
from streams.sources import run as sources

_KIND_WIDTH = 1 + max(map(len, words.KINDS.values()))


class Run(Struct, kw_only=True):
    """One play of a recording under one set of rules; `digest` names their contents."""

    rules: str
    digest: str
    played: Played
    episodes: list[Episode]
    scores: list[KindScore] = []


def creator_days(first_ms: Mapping[str, int], last_ms: int) -> float:
    """For how many days creators were watched: each from its first event to the end of all."""
    return sum(max(0, last_ms - first) for first in first_ms.values()) / DAY_MS


def kind_name(kind: str) -> str:
    """A kind of alert or incident in words."""
    return printable(words.of(words.KINDS, kind))


def _cell(kind: str) -> str:
    return f"{kind_name(kind):<{_KIND_WIDTH}}"


def alert_line(alert: Alert) -> str:
    """One record of an alert."""
    return (
        f"{alert.updated_at:%Y-%m-%d %H:%M:%S}  {_cell(alert.kind)} {alert.severity:<8}"
        f"  {alert.status:<8}  {printable(alert.creator_id) or '-'}  {printable(alert.reason)}"
    )


def episode_line(episode: Episode) -> str:
    """One episode: when it was told, of whom, how long it lasted, and why."""
    lasted = timedelta(seconds=(episode.last_ms - episode.began_ms) // 1000)
    end = "still firing" if episode.open else f"lasted {lasted}"
    return (
        f"{from_ms(episode.told_ms):%Y-%m-%d %H:%M:%S}  {_cell(episode.kind)}"
        f" {episode.severity:<8}  {printable(episode.creator_id)}  {end}"
        f"  {printable(episode.reason)}"
    )


def kinds_table(run: Run, days: float) -> Iterator[str]:
    """Alerts by kind, and how many of them a creator has in a day."""
    yield f"{'kind':<{_KIND_WIDTH}}{'alerts':>8}{'called':>8}{'open':>6}{'per creator-day':>18}"
    for kind, row in by_kind(run, days).items():
        rate = "-" if row["per_creator_day"] is None else f"{row['per_creator_day']:.4f}"
        yield f"{_cell(kind)}{row['alerts']:>8,}{row['called']:>8,}{row['open']:>6,}{rate:>18}"


def by_kind(run: Run, days: float) -> dict[str, dict[str, Any]]:
    """Numbers of each kind that came up, and of `all`."""
    kinds = sorted({episode.kind for episode in run.episodes})
    found = {}
    for kind in (*kinds, "all"):
        own = [e for e in run.episodes if kind in {"all", e.kind}]
        found[kind] = {
            "alerts": len(own),
            "called": sum(e.called for e in own),
            "open": sum(e.open for e in own),
            "by_explanation": dict(Counter(e.explanation for e in own)),
            "per_creator_day": round(len(own) / days, 6) if days > 0 else None,
        }
    return found


def scores_table(scores: Sequence[KindScore]) -> Iterator[str]:
    """How well the alerts told of the truth, by kind of incident."""
    yield (
        f"{'truth':<{_KIND_WIDTH}}{'found':>12}{'recall':>8}{'right':>12}{'precision':>11}"
        f"{'delay p50':>12}{'p90':>10}"
    )
    for score in scores:
        yield (
            f"{_cell(score.kind)}{f'{score.found} of {score.incidents}':>12}"
            f"{_part(score.recall):>8}"
            f"{f'{score.right} of {score.alerts}':>12}{_part(score.precision):>11}"
            f"{_span(score.delay_p50):>12}{_span(score.delay_p90):>10}"
        )


def missed_lines(scores: Sequence[KindScore]) -> Iterator[str]:
    """Incidents that no alert tells of."""
    for score in scores:
        for incident in score.missed:
            yield f"missed: {incident_line(incident)}"


def incident_line(incident: Incident) -> str:
    """One incident."""
    size = "" if incident.size is None else f", size {incident.size:g}"
    return (
        f"{kind_name(incident.kind)} of {printable(incident.creator_id)}"
        f" {from_ms(incident.begin_ms):%Y-%m-%d %H:%M:%S}"
        f" to {from_ms(incident.end_ms):%Y-%m-%d %H:%M:%S}{size}"
    )


def headline(first: Run, second: Run) -> str:
    """The comparison of two runs in one sentence, as `12 fewer alerts, 2 more missed`."""
    change = len(second.episodes) - len(first.episodes)
    parts = [_change(change, "alerts") if change else "as many alerts"]
    if first.scores:
        missed = sum(len(s.missed) for s in second.scores) - sum(
            len(s.missed) for s in first.scores
        )
        wrong = sum(len(s.wrong) for s in second.scores) - sum(len(s.wrong) for s in first.scores)
        parts.append(_change(missed, "missed") if missed else "as many missed")
        parts.append(_change(wrong, "false") if wrong else "as many false")
    return f"{second.rules} against {first.rules}: {', '.join(parts)}"


def differences_lines(found: Sequence[Difference], first: str, second: str) -> Iterator[str]:
    """What two runs have in common by kind, and the episodes that only one of them has."""
    yield f"{'kind':<{_KIND_WIDTH}}{'both':>8}{'only first':>12}{'only second':>13}"
    for one in found:
        yield (
            f"{_cell(one.kind)}{len(one.both):>8,}{len(one.only_first):>12,}"
            f"{len(one.only_second):>13,}"
        )
    for name, side in ((first, "only_first"), (second, "only_second")):
        episodes = [episode for one in found for episode in getattr(one, side)]
        if episodes:
            yield ""
            yield f"only with {name}:"
            for episode in sorted(episodes, key=lambda e: e.told_ms):
                yield f"  {episode_line(episode)}"


def run_document(run: Run, days: float) -> dict[str, Any]:
    """One run for programs."""
    played = run.played
    events = max(1, played.events)
    return {
        "rules": run.rules,
        "rules_digest": run.digest,
        "complete": played.complete,
        "events": played.events,
        "late_events": played.late,
        "dead_letters": dict(played.dead),
        "seconds": round(played.seconds, 3),
        "cpu_seconds": round(played.cpu_seconds, 3),
        "events_per_second": round(played.events / max(played.seconds, 1e-9), 1),
        "cpu_microseconds_per_event": round(played.cpu_seconds * 1e6 / events, 2),
        "kinds": by_kind(run, days),
        "episodes": [episode_document(episode) for episode in run.episodes],
        "truth": [_score_document(score) for score in run.scores],
    }


def episode_document(episode: Episode) -> dict[str, Any]:
    """One episode for programs; times as RFC 3339."""
    return {
        "alert_id": episode.alert_id,
        "kind": episode.kind,
        "creator_id": episode.creator_id,
        "explanation": episode.explanation,
        "severity": episode.severity,
        "started_at": sources.stamp(episode.began_ms),
        "told_at": sources.stamp(episode.told_ms),
        "ended_at": None if episode.open else sources.stamp(episode.last_ms),
        "called": episode.called,
        "records": episode.records,
        "reason": episode.reason,
    }


def differences_document(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """What two runs have in common, for programs."""
    return [
        {
            "kind": one.kind,
            "both": len(one.both),
            "only_first": [episode.alert_id for episode in one.only_first],
            "only_second": [episode.alert_id for episode in one.only_second],
        }
        for one in found
    ]


def _score_document(score: KindScore) -> dict[str, Any]:
    return {
        "kind": score.kind,
        "incidents": score.incidents,
        "found": score.found,
        "alerts": score.alerts,
        "right": score.right,
        "recall": score.recall,
        "precision": score.precision,
        "delay_seconds_p50": score.delay_p50,
        "delay_seconds_p90": score.delay_p90,
        "missed": [
            {
                "creator_id": incident.creator_id,
                "starts_at": sources.stamp(incident.begin_ms),
                "ends_at": sources.stamp(incident.end_ms),
                "size": incident.size,
            }
            for incident in score.missed
        ],
        "wrong": [episode.alert_id for episode in score.wrong],
    }


def _change(by: int, what: str) -> str:
    return f"{abs(by):,} {'more' if by > 0 else 'fewer'} {what}"


def _part(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else str(timedelta(seconds=round(seconds)))
