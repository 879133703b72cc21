"""Routes: the one list of what can be asked, by whom, with which answer.

Knows paths, methods, shapes and roles; the server and the OpenAPI document are both made of it.
Must not know how anything is answered.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from streams.api import shapes
from streams.api.access import Need
from streams.api.desk import Desk
from streams.api.http import Call

Handler = Callable[[Desk, Call], Awaitable[Any]]
BASE = "/api/v1"


class Route(NamedTuple):
    """One method of one path. `gives` None is an answer without a body, or not JSON."""

    method: str
    path: str
    need: Need
    handler: Handler
    summary: str
    gives: Any
    status: int = 200
    query: Any = None
    body: Any = None
    kind: str = "application/json"
    also: tuple[int, ...] = ()
    """Statuses besides those that any route may answer with."""


ROUTES = (
    Route("GET", "/healthz", "open", Desk.healthz, "Whether the process lives.", shapes.Health,
          also=(503,)),
    Route("GET", "/readyz", "viewer", Desk.readyz,
          "Whether what is shown is complete and fresh, and how far each reader is.",
          shapes.Health, also=(503,)),
    Route("POST", "/session", "open", Desk.login,
          "Exchange a token for a session: an HttpOnly cookie. Needs the header X-Pulse-Request.",
          shapes.Me, body=shapes.Login, also=(401, 403, 409)),
    Route("DELETE", "/session", "open", Desk.logout, "End the session.", None, 204, also=(403,)),
    Route("GET", f"{BASE}/me", "viewer", Desk.me, "Who asks.", shapes.Me),
    Route("GET", f"{BASE}/about", "viewer", Desk.about, "Which release this is, and where else to "
          "look.", shapes.About),
    Route("GET", f"{BASE}/creators", "viewer", Desk.creators, "Creators, a page at a time.",
          shapes.CreatorPage, query=shapes.CreatorQuery),
    Route("GET", f"{BASE}/creators/{{creator_id}}", "viewer", Desk.creator,
          "One creator: scores and sentiment over all windows, profile, open alerts.",
          shapes.Creator, also=(404,)),
    Route("GET", f"{BASE}/creators/{{creator_id}}/history", "viewer", Desk.series,
          "What a creator got over time, for charts.", shapes.Series, query=shapes.HistoryQuery,
          also=(404,)),
    Route("POST", f"{BASE}/sparklines", "viewer", Desk.sparklines,
          "What some creators got in each of the last 24 hours, for small charts.",
          shapes.Sparklines, body=shapes.SparklineQuery, also=(403,)),
    Route("GET", f"{BASE}/campaigns", "viewer", Desk.campaigns, "Campaigns, a page at a time.",
          shapes.CampaignPage, query=shapes.CampaignQuery),
    Route("GET", f"{BASE}/campaigns/{{campaign_id}}", "viewer", Desk.campaign, "One campaign.",
          shapes.CampaignDetail, also=(404,)),
    Route("GET", f"{BASE}/alerts", "viewer", Desk.alerts, "Alerts, a page at a time.",
          shapes.AlertPage, query=shapes.AlertQuery),
    Route("GET", f"{BASE}/alerts/{{alert_id}}", "viewer", Desk.alert,
          "One alert: its records, and what people said of it.", shapes.AlertStory, also=(404,)),
    Route("POST", f"{BASE}/alerts/{{alert_id}}/commands", "operator", Desk.say,
          "Acknowledge, snooze, wake or judge one alert.", shapes.Said, 202, body=shapes.Saying,
          also=(404, 409, 503)),
    Route("POST", f"{BASE}/commands", "operator", Desk.say_of_creator,
          "Snooze or wake all alerts of a creator.", shapes.Said, 202,
          body=shapes.CreatorSaying, also=(404, 503)),
    Route("GET", f"{BASE}/stream", "viewer", Desk.stream,
          "Live scores and alerts as server-sent events: `reset`, then `score` and `alert` for all "
          "that there is, `ready`, then changes (`score`, `alert`, `gone`). Send Last-Event-ID to "
          "go on where you were.",
          None, query=shapes.StreamQuery, kind="text/event-stream", also=(503,)),
)  # fmt: skip
