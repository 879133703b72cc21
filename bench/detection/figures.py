"""Figures: recall, precision, delay and false alerts, out of the verdicts on all lives.

Knows what is summed up, with intervals of 95 %, and the targets. Must not know how verdicts came
about.
"""

from collections import Counter, defaultdict
from typing import Any, NamedTuple

from bench.detection.life import DAY, MINUTE, WEEK
from bench.detection.truth import Incident, Told, Verdict, poisson_interval, quantile, wilson

OURS = "creator-pulse"
UNJUDGED_DAYS = {OURS: 1}
"""Days of a life in which nothing is judged; of the rivals the first seven."""
INCIDENTS_A_DAY = 0.01
SIZED = ("drop, three posts", "drop, three posts, uneven", "drop, live posts", "follower spike")
Pair = tuple[Incident, Told | None]


class Result(NamedTuple):
    """The verdicts on one life of `end` ms by who raised the alerts; why incidents were missed."""

    case: str
    end: int
    verdicts: dict[str, Verdict]
    refused: list[tuple[str, list[str]]]


def share(hits: int, tries: int) -> dict[str, Any]:
    """A share with its interval; None of none."""
    low, high = wilson(hits, tries)
    return {
        "hits": hits,
        "of": tries,
        "share": hits / tries if tries else None,
        "low": low,
        "high": high,
    }


def figures(results: list[Result]) -> dict[str, Any]:
    """All figures, by who raised the alerts."""
    names = {name for result in results for name in result.verdicts}
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    missed: Counter[str] = Counter()
    for result in results:
        for row, conditions in result.refused:
            reasons[row].update(conditions)
            missed[row] += 1
    return {
        "lives": len(results),
        "creator_weeks": round(sum(result.end for result in results) / WEEK),
        "systems": {name: _of(name, results) for name in sorted(names)},
        "looked_into": dict(missed),
        "refused": {row: dict(counted.most_common()) for row, counted in reasons.items()},
    }


def _of(name: str, results: list[Result]) -> dict[str, Any]:
    mine = [(r.case, r.end, r.verdicts[name]) for r in results if name in r.verdicts]
    start = UNJUDGED_DAYS.get(name, 7)
    days = sum(max(end / DAY - start, 0) for _, end, _ in mine)
    false = [(case, alert) for case, _, verdict in mine for alert in verdict.false]
    found = [pair for _, _, verdict in mine for pair in verdict.found]
    rate = len(false) / days
    told = share(sum(t is not None for _, t in found), len(found))
    grave = [(i, t) for i, t in found if not _slight(i)]
    seen = share(sum(t is not None for _, t in grave), len(grave))
    suspects = [i.cause == "suspect" for i, t in found if t and t.explanation == "suspect"]
    wrong = sum(alert.explanation == "suspect" for _, alert in false)
    return {
        "judged_days": round(days),
        "false": len(false),
        "false_per_day": rate,
        "false_interval": poisson_interval(len(false), days),
        "false_by_kind": dict(
            Counter(f"{t.kind} {t.explanation} ({case})" for case, t in false).most_common()
        ),
        "precision_all": _precision(told["share"], rate),
        "precision": _precision(seen["share"], rate),
        "recall": {row: _row(pairs) for row, pairs in sorted(_rows(found).items())},
        "suspect": share(sum(suspects), len(suspects) + wrong),
    }


def _slight(incident: Incident) -> bool:
    """One that is too small, or cannot be seen in the data: no harm where it is not told of."""
    drop = incident.row.startswith("drop,") and incident.size < 0.795
    return drop or "misread" in incident.row


def _precision(recall: float | None, false_per_day: float) -> float:
    """The share of alerts that are right, if so many incidents happen a creator-day."""
    right = INCIDENTS_A_DAY * (recall or 0.0)
    return right / (right + false_per_day) if right else 0.0


def _rows(found: list[Pair]) -> dict[str, list[Pair]]:
    rows: dict[str, list[Pair]] = defaultdict(list)
    for pair in found:
        incident = pair[0]
        rows[incident.row].append(pair)
        if incident.promised:
            rows[f"{incident.row}, promised"].append(pair)
            if incident.cause:
                rows[f"{incident.row}, {incident.cause}"].append(pair)
        if incident.mark:
            rows[f"{incident.row}, {incident.mark}"].append(pair)
        if incident.row == "follower spike":
            rows[f"{incident.row}, {incident.size:.0f} times"].append(pair)
        elif incident.row in SIZED:
            percent = 10 * int(10 * incident.size + 1e-6)
            rows[f"{incident.row}, {percent} % and more"].append(pair)
    return rows


def _row(pairs: list[Pair]) -> dict[str, Any]:
    delays = [(t.at - i.begin) / MINUTE for i, t in pairs if t is not None]
    causes = [t.explanation == i.cause for i, t in pairs if t is not None and i.cause]
    return share(len(delays), len(pairs)) | {
        "delay_p50_minutes": quantile(delays, 0.5),
        "delay_p90_minutes": quantile(delays, 0.9),
        "right_cause": share(sum(causes), len(causes)) if causes else None,
    }


def targets(found: dict[str, Any]) -> list[tuple[str, float, bool]]:
    """(what is aimed at, what was measured, whether it is met)."""
    ours = found["systems"][OURS]
    recall = ours["recall"]
    drops = recall.get("drop, three posts, promised", {}).get("share") or 0.0
    spikes = recall.get("follower spike, promised", {}).get("share") or 0.0
    suspect = ours["suspect"]["share"] or 0.0
    rate, precision = ours["false_per_day"], ours["precision_all"]
    return [
        ("false alerts a creator-day <= 0.002", rate, rate <= 0.002),
        ("precision at 0.01 incidents a creator-day >= 80 %", precision, precision >= 0.8),
        ("recall of drops >= 80 % over three posts >= 95 %", drops, drops >= 0.95),
        ("recall of spikes >= 5 times, >= 100 in 30 min >= 95 %", spikes, spikes >= 0.95),
        ("precision of `suspect` >= 95 %", suspect, suspect >= 0.95),
    ]
