"""Progress: what campaigns have got of their targets, and what an even pace would have brought.

Knows which hours of history count for a campaign, and what of a target falls on them. Must not know
who asks, nor write anything.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from operator import add
from typing import Any, NamedTuple

from schemas.events import Campaign
from schemas.instants import from_ms, to_ms
from streams.api import shapes
from streams.api.history import HOUR_MS
from streams.api.view import View

COUNTED = (
    "engagements", "likes", "comments", "shares", "saves", "views", "follows", "posts", "clicks",
    "conversions",
)  # fmt: skip
"""Metrics of targets that are counted. Revenue is not: it is in the currency of each creator."""
_SUMMED = ", ".join(f"COALESCE(SUM({name}), 0)" for name in COUNTED)
_AT_ONCE = 200
"""Creators that are added up in one go, so that other questions need not wait for long."""


class Span(NamedTuple):
    """Half-open, in epoch milliseconds."""

    begin_ms: int
    end_ms: int


def known(db: sqlite3.Connection) -> Span | None:
    """What history holds: from its first hour to the end of its last closed minute."""
    # The first hour of each creator is found by the key; a plain minimum would read the table.
    (begin,) = db.execute(
        "SELECT MIN((SELECT MIN(at) FROM hours WHERE creator = no)) FROM creators"
    ).fetchone()
    end = db.execute("SELECT value FROM meta WHERE key = 'complete_ms'").fetchone()
    return None if begin is None or end is None else Span(begin, int(end[0]))


def counts(db: sqlite3.Connection, creators: Sequence[str], span: Span) -> tuple[int, ...]:
    """What some creators got of each of `COUNTED`, by whole hours."""
    marks = ", ".join("?" * len(creators))
    found: tuple[int, ...] = db.execute(
        f"SELECT {_SUMMED} FROM hours WHERE creator IN"
        f" (SELECT no FROM creators WHERE creator_id IN ({marks})) AND at >= ? AND at < ?",
        (*creators, span.begin_ms - span.begin_ms % HOUR_MS, span.end_ms),
    ).fetchone()
    return found


def counted_span(campaign: Campaign, history: Span) -> Span | None:
    """What of a campaign's time is in history; None for nothing of it."""
    starts, ends = _bounds(campaign)
    begin = history.begin_ms if starts is None else max(starts, history.begin_ms)
    end = history.end_ms if ends is None else min(ends, history.end_ms)
    return Span(begin, end) if begin < end else None


def progress(
    campaign: Campaign, history: Span, span: Span | None, got: Sequence[int]
) -> shapes.CampaignProgress:
    """How far a campaign has come, where it got so much of `COUNTED` in its `span`."""
    starts, ends = _bounds(campaign)
    elapsed = share = None
    if starts is not None and ends is not None and starts < ends:
        elapsed = min(max((history.end_ms - starts) / (ends - starts), 0.0), 1.0)
        if span is not None:
            share = (span.end_ms - span.begin_ms) / (ends - starts)
    numbers = {} if span is None else dict(zip(COUNTED, got, strict=True))
    targets = []
    for metric, target in (campaign.targets or {}).items():
        counted = numbers.get(metric)
        expected = None if share is None or counted is None else target * share
        targets.append(
            shapes.TargetProgress(
                metric=metric,
                target=target,
                counted=counted,
                expected=None if expected is None else round(expected, 1),
                ratio=None if counted is None or not expected else round(counted / expected, 3),
            )
        )
    return shapes.CampaignProgress(
        counted_from=None if span is None else from_ms(span.begin_ms),
        counted_until=None if span is None else from_ms(span.end_ms),
        complete=span is not None and span.begin_ms == starts,
        elapsed=None if elapsed is None else round(elapsed, 4),
        targets=targets,
    )


def _bounds(campaign: Campaign) -> tuple[int | None, int | None]:
    starts, ends = campaign.starts_at, campaign.ends_at
    return None if starts is None else to_ms(starts), None if ends is None else to_ms(ends)


class Tally:
    """The progress of all campaigns that have targets, as it was when it was last counted."""

    def __init__(self, view: View, ask: Callable[..., Awaitable[Any]]) -> None:
        """`ask` puts a question to history, with arguments."""
        self._view = view
        self._ask = ask
        self._found: dict[str, tuple[Campaign, shapes.CampaignProgress]] = {}

    def of(self, campaign_id: str) -> shapes.CampaignProgress | None:
        """That of one campaign; None while it is not counted as it is now, or has no targets."""
        campaign, found = self._found.get(campaign_id, (None, None))
        return found if campaign is self._view.campaigns.get(campaign_id) else None

    async def count(self) -> None:
        """Count anew, one campaign after the other."""
        history: Span | None = await self._ask(known)
        wanted = {key: one for key, one in self._view.campaigns.items() if one.targets}
        self._found = {key: found for key, found in self._found.items() if key in wanted}
        if history is None:
            return
        for key, campaign in wanted.items():
            got: Sequence[int] = [0] * len(COUNTED)
            span = counted_span(campaign, history)
            creators = list(dict.fromkeys(campaign.creators))
            for begin in range(0, 0 if span is None else len(creators), _AT_ONCE):
                part = creators[begin : begin + _AT_ONCE]
                got = list(map(add, got, await self._ask(counts, part, span)))
            self._found[key] = campaign, progress(campaign, history, span, got)
