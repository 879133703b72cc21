"""Report: how often alerts came, and what people thought of them, by kind and class of cause.

Knows counts and shares only. Must not know where alerts come from or how a table is printed.
"""

from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from streams.alerts.ledger import Entry

ALL = "all"


class Line(Struct, kw_only=True):
    """Figures of one kind, and one class of cause (`explanation`) where that is given.

    `per_day` is alerts a day; `precision` the share of the judged that was useful, None where
    none was judged; `median_seconds_to_acknowledge` is over those that somebody took.
    """

    kind: str
    explanation: str | None = None
    alerts: int = 0
    called: int = 0
    firing: int = 0
    acknowledged: int = 0
    useful: int = 0
    false: int = 0
    per_day: float = 0.0
    precision: float | None = None
    median_seconds_to_acknowledge: float | None = None


def lines(entries: Iterable[Entry], days: float) -> list[Line]:
    """A line for all alerts, then for each kind, each followed by its classes of cause."""
    groups: dict[tuple[str, str | None], list[Entry]] = {(ALL, None): []}
    for entry in entries:
        latest = entry.latest
        for group in ((ALL, None), (latest.kind, None), (latest.kind, latest.explanation)):
            groups.setdefault(group, []).append(entry)
    order = sorted(groups, key=lambda group: (group[0] != ALL, group[0], group[1] or ""))
    return [_line(kind, why, groups[kind, why], days) for kind, why in order]


def _line(kind: str, explanation: str | None, entries: list[Entry], days: float) -> Line:
    waits = [wait for e in entries if (wait := e.seconds_to_acknowledge) is not None]
    useful = sum(e.feedback == "useful" for e in entries)
    false = sum(e.feedback == "false" for e in entries)
    return Line(
        kind=kind,
        explanation=explanation,
        alerts=len(entries),
        called=sum(e.first.notify or e.latest.called for e in entries),
        firing=sum(e.latest.status != "resolved" for e in entries),
        acknowledged=len(waits),
        useful=useful,
        false=false,
        per_day=round(len(entries) / days, 2),
        precision=round(useful / (useful + false), 3) if useful + false else None,
        median_seconds_to_acknowledge=round(median(waits), 1) if waits else None,
    )
