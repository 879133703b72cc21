"""Pages: which creators and campaigns a query wants, in which order, a page at a time.

Knows filters, orders and cursors over the view. Must not change it, and must not know HTTP.
"""

import base64
import heapq
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, get_args

import msgspec

from streams.api import shapes
from streams.api.view import Row, View

Key = tuple[Any, str]
"""The value that creators are put in order by, and the id."""
_VALUES: dict[str, Callable[[Row], Any]] = {
    name: attrgetter(name) for name in get_args(shapes.Sort)
}


class BadCursor(ValueError):
    """A cursor that is not of this query."""


def creators(view: View, query: shapes.CreatorQuery) -> shapes.CreatorPage:
    """One page of the creators that match. Unknown values come last in either order.

    The pages of a query follow each other by value, not by number: a creator whose value changes
    meanwhile may be on two of them or on none. Raises BadCursor.
    """
    matching = list(_matching(view, query))
    value_of = _VALUES[query.sort]
    descending = query.order == "desc"
    pick = heapq.nlargest if descending else heapq.nsmallest
    after = None if query.cursor is None else _opened(query)
    page: list[Key] = []
    if after is None or after[0] is not None:
        # Pairs are compared without a call: most of the time of a page is spent here.
        known = [
            (value, row.creator_id) for row in matching if (value := value_of(row)) is not None
        ]
        if after is not None:
            known = [key for key in known if (key < after if descending else key > after)]
        page = pick(query.limit + 1, known)
    if len(page) <= query.limit:
        names = [row.creator_id for row in matching if value_of(row) is None]
        if after is not None and after[0] is None:
            names = [one for one in names if (one < after[1] if descending else one > after[1])]
        page += [(None, one) for one in pick(query.limit + 1 - len(page), names)]
    shown = page[: query.limit]
    return shapes.CreatorPage(
        creators=[view.summary(view.rows[creator_id]) for _, creator_id in shown],
        total=len(matching),
        next=closed(query.sort, query.order, *shown[-1]) if len(page) > len(shown) else None,
    )


def _matching(view: View, query: shapes.CreatorQuery) -> Iterable[Row]:
    rows: Iterable[Row]
    if query.campaign is not None:
        rows = view.rows_of(query.campaign)
    elif query.with_alert:
        rows = view.rows_with_alert()
    else:
        rows = view.rows.values()
    if query.with_alert:
        rows = [row for row in rows if row.alerts]
    if query.with_far_posts:
        rows = [row for row in rows if row.posts]
    if query.platform is not None:
        rows = [row for row in rows if row.platform == query.platform]
    if query.tier is not None:
        rows = [row for row in rows if row.tier == query.tier]
    if query.q:
        needle = query.q.casefold()
        rows = [row for row in rows if needle in row.needle]
    return rows


def _opened(query: shapes.CreatorQuery) -> Key:
    value, creator_id = opened(query.cursor or "", query.sort, query.order)
    named = query.sort == "name"
    fits = value is None or isinstance(value, str if named else (int, float))
    if not fits or not isinstance(creator_id, str):
        raise BadCursor
    return value, creator_id


def closed(*parts: Any) -> str:
    """A cursor that holds some values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def opened(cursor: str, *expected: str) -> tuple[Any, Any]:
    """The two values of a cursor, behind what it must begin with. Raises BadCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(found, list) or len(found) != len(expected) + 2:
        raise BadCursor
    if found[: len(expected)] != list(expected):
        raise BadCursor
    return found[-2], found[-1]


ProgressOf = Callable[[str], shapes.CampaignProgress | None]
"""How far a campaign has come, by its id."""


def campaigns(
    view: View, query: shapes.CampaignQuery, progress_of: ProgressOf
) -> shapes.CampaignPage:
    """One page of campaigns, by name and id."""
    needle = (query.q or "").casefold()
    matching = sorted(
        (campaign.name.casefold(), key)
        for key, campaign in view.campaigns.items()
        if needle in campaign.name.casefold() or needle in key.casefold()
    )
    page = matching[query.offset : query.offset + query.limit]
    return shapes.CampaignPage(
        campaigns=[campaign_summary(view, key, progress_of) for _, key in page],
        total=len(matching),
    )


def campaign_summary(
    view: View, campaign_id: str, progress_of: ProgressOf
) -> shapes.CampaignSummary:
    """The present numbers of a campaign that is known."""
    campaign = view.campaigns[campaign_id]
    rows = list(view.rows_of(campaign_id))
    return shapes.CampaignSummary(
        campaign_id=campaign_id,
        name=campaign.name,
        brand=campaign.brand,
        owner=campaign.owner,
        creators=len(campaign.creators),
        known=len(rows),
        alerts=sum(len(row.alerts) for row in rows),
        engagements=shapes.Engagements(
            m1=sum(row.engagement_1m for row in rows),
            m5=sum(row.engagement_5m for row in rows),
            h1=sum(row.engagement_1h for row in rows),
            h24=sum(row.engagement_24h for row in rows),
        ),
        progress=progress_of(campaign_id),
    )
