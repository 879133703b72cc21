"""Archive: the questions that are asked of history.

Knows how points of a chart and pages of alerts are read from the tables. Must not write them, nor
know the present: spans are arguments.
"""

import sqlite3
from typing import Any, NamedTuple

import msgspec

from schemas.instants import from_ms
from streams.api import heads, shapes
from streams.api.heads import AlertHead
from streams.api.history import HOUR_MS, MINUTE_MS, SUMS
from streams.api.pages import BadCursor, closed, opened

STEPS_MS = {"1m": MINUTE_MS, "5m": 5 * MINUTE_MS, "1h": HOUR_MS, "1d": 24 * HOUR_MS}
MOST_POINTS = 3_000
SPARK_HOURS = 24
_SUMMED = ", ".join(f"SUM({name})" for name in SUMS)


class Span(NamedTuple):
    """Half-open, in epoch milliseconds, and the width of a point."""

    begin_ms: int
    end_ms: int
    step_ms: int


class BadSpan(ValueError):
    """A span that cannot be answered; the text says why."""


def span(begin_ms: int | None, end_ms: int | None, step: str, now_ms: int) -> Span:
    """The span of a question: the last day if nothing is said. Raises BadSpan."""
    end = now_ms if end_ms is None else end_ms
    begin = end - 24 * HOUR_MS if begin_ms is None else begin_ms
    if begin >= end:
        raise BadSpan("`from` is not before `to`: expected the earlier moment in `from`")
    if step == "auto":
        width = next(
            (ms for ms in STEPS_MS.values() if (end - begin) / ms <= MOST_POINTS / 2),
            STEPS_MS["1d"],
        )
    else:
        width = STEPS_MS[step]
    if (end - begin) / width > MOST_POINTS:
        raise BadSpan(
            f"more than {MOST_POINTS} points: expected a shorter span or a wider step "
            "(1m, 5m, 1h, 1d, or auto)"
        )
    return Span(begin, end, width)


def series(db: sqlite3.Connection, creator_id: str, asked: Span) -> shapes.Series:
    """The points of a creator. Steps below an hour are made of minutes, others of hours."""
    table = "minutes" if asked.step_ms < HOUR_MS else "hours"
    step = asked.step_ms
    rows = db.execute(
        # With MAX(at), SQLite takes the bare column of the row that has it.
        f"SELECT at / {step} * {step} AS point, {_SUMMED}, MAX(at), followers FROM {table}"
        " WHERE creator = (SELECT no FROM creators WHERE creator_id = ?) AND at >= ? AND at < ?"
        " GROUP BY point ORDER BY point",
        (creator_id, asked.begin_ms - asked.begin_ms % step, asked.end_ms),
    )
    points = [
        shapes.Point(
            at=_instant(point), followers=rest[-1], **dict(zip(SUMS, rest[:-2], strict=True))
        )
        for point, *rest in rows
    ]
    latest = db.execute("SELECT value FROM meta WHERE key = 'complete_ms'").fetchone()
    return shapes.Series(
        creator_id=creator_id,
        step_seconds=step // 1000,
        points=points,
        complete_until=_instant(int(latest[0])) if latest else None,
    )


def sparklines(db: sqlite3.Connection, creators: list[str], now_ms: int) -> shapes.Sparklines:
    """The last 24 hours of some creators, the present one among them."""
    begin = now_ms - now_ms % HOUR_MS - (SPARK_HOURS - 1) * HOUR_MS
    lines: dict[str, list[int]] = {}
    marks = ", ".join("?" * len(creators))
    for creator_id, at, engagements in db.execute(
        "SELECT creator_id, at, engagements FROM hours JOIN creators ON no = creator"
        f" WHERE creator_id IN ({marks}) AND at >= ? AND at < ?",
        (*creators, begin, begin + SPARK_HOURS * HOUR_MS),
    ):
        lines.setdefault(creator_id, [0] * SPARK_HOURS)[(at - begin) // HOUR_MS] = engagements
    return shapes.Sparklines(begin=_instant(begin), step_seconds=HOUR_MS // 1000, engagements=lines)


def _instant(ms: int) -> str:
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%SZ}"


def alerts(
    db: sqlite3.Connection, query: shapes.AlertQuery, begin_ms: int | None
) -> dict[str, Any]:
    """A page of alerts as `shapes.AlertPage` has it, records as they were written.

    Raises BadCursor.
    """
    wanted = {
        "open": None if query.state == "all" else query.state == "open",
        "kind": query.kind,
        "severity": query.severity,
        "creator_id": query.creator,
        "campaign_id": query.campaign,
    }
    where = [f"{column} = ?" for column, value in wanted.items() if value is not None]
    values: list[Any] = [value for value in wanted.values() if value is not None]
    if begin_ms is not None:
        where.append("started_ms >= ?")
        values.append(begin_ms)
    if query.cursor is not None:
        started, alert_id = opened(query.cursor, "alerts")
        if type(started) is not int or abs(started) >= 1 << 62 or not isinstance(alert_id, str):
            raise BadCursor
        where.append("(started_ms, alert_id) < (?, ?)")
        values += [started, alert_id]
    rows = db.execute(
        f"SELECT started_ms, alert_id, latest FROM alerts WHERE {' AND '.join(where) or '1'}"
        " ORDER BY started_ms DESC, alert_id DESC LIMIT ?",
        (*values, query.limit + 1),
    ).fetchall()
    page = rows[: query.limit]
    after = closed("alerts", *page[-1][:2]) if len(rows) > len(page) else None
    return {"alerts": [msgspec.Raw(raw) for _, _, raw in page], "next": after}


def story(db: sqlite3.Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert as `shapes.AlertStory` has it; None where there is none."""
    found = db.execute(
        "SELECT latest, creator_id, kind, started_ms FROM alerts WHERE alert_id = ?", (alert_id,)
    ).fetchone()
    if found is None:
        return None
    latest, creator_id, kind, started = found
    records = db.execute(
        "SELECT record FROM alert_records WHERE alert_id = ?"
        " ORDER BY updated_ms, status = 'resolved'",
        (alert_id,),
    )
    said = db.execute(
        "SELECT record FROM commands WHERE creator_id = ? AND (alert_id = ? OR (alert_id IS NULL"
        " AND (kind IS NULL OR kind = ?) AND at_ms >= ?)) ORDER BY at_ms",
        (creator_id, alert_id, kind, started),
    )
    return {
        "latest": msgspec.Raw(latest),
        "records": [msgspec.Raw(raw) for (raw,) in records],
        "said": [msgspec.Raw(raw) for (raw,) in said],
    }


def alert(db: sqlite3.Connection, alert_id: str) -> AlertHead | None:
    """The latest record of an alert."""
    found = db.execute("SELECT latest FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone()
    return heads.decode(found[0]) if found else None


def near(db: sqlite3.Connection, alert_id: str) -> list[str]:
    """Ids that somebody may have meant who wrote `alert_id`."""
    rows = db.execute(
        "SELECT alert_id FROM alerts WHERE instr(alert_id, ?) > 0 LIMIT 3", (alert_id,)
    )
    return [found for (found,) in rows]
