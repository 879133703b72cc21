"""Shapes: what the API takes and gives, as types; the OpenAPI document is made of them.

Knows fields, limits and their meaning. Must not know where values come from.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.alerts import Alert, Kind, Severity
from schemas.commands import Action, AlertCommand, Note
from schemas.events import Campaign, Id, Label
from schemas.instants import Instant
from schemas.scores import EngagementScore, PostOutlier, SentimentScore

MAX_PAGE = 500
Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=1_500, description="`next` of a page.")]
Sort = Literal[
    "score",
    "engagement_1m",
    "engagement_5m",
    "engagement_1h",
    "engagement_24h",
    "rate_24h",
    "sentiment_24h",
    "followers",
    "name",
]
Order = Literal["asc", "desc"]
Step = Literal["auto", "1m", "5m", "1h", "1d"]
State = Literal["open", "ended", "all"]
Time = Annotated[str, Meta(max_length=40, description="RFC 3339 with an offset, or epoch ms.")]


class Problem(Struct, kw_only=True):
    """Why a request was refused (RFC 9457): what happened, what was expected, what to do."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"


class Engagements(Struct, kw_only=True, rename={"m1": "1m", "m5": "5m", "h1": "1h", "h24": "24h"}):
    """Net engagements of the sliding windows that end at `as_of`."""

    m1: int = 0
    m5: int = 0
    h1: int = 0
    h24: int = 0


class Summary(Struct, kw_only=True):
    """One creator in a list or a live stream.

    `score` is 0-100 against the creator's own past (50 is as usual). `engagement_rate_24h` is a
    fraction. `sentiment_*` is (positive - negative) / comments, -1 to 1. `posts` are the live posts
    that are far from usual at their age, the furthest first. `alerts` are the kinds of open alerts.
    What is unknown is null.
    """

    creator_id: str
    platform: str | None
    handle: str | None
    tier: str | None
    followers: int | None
    score: float | None
    score_samples: int
    as_of: str | None
    engagements: Engagements
    engagement_rate_24h: float | None
    sentiment_1h: float | None
    sentiment_24h: float | None
    posts: list[PostOutlier]
    campaigns: list[str]
    alerts: list[str]


class CreatorQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which creators, in which order. Filters must all hold."""

    platform: Label | None = None
    campaign: Id | None = None
    tier: Label | None = None
    with_alert: Annotated[bool, Meta(description="Only creators with an open alert.")] = False
    with_far_posts: Annotated[
        bool, Meta(description="Only creators with a live post far from usual.")
    ] = False
    q: Annotated[str, Meta(max_length=128, description="Part of a handle or an id.")] | None = None
    sort: Sort = "score"
    order: Order = "desc"
    limit: Limit = 50
    cursor: Cursor | None = None


class CreatorPage(Struct, kw_only=True):
    """A page of creators; `total` is how many match. `next` is null at the end."""

    creators: list[Summary]
    total: int
    next: str | None


class Profile(Struct, kw_only=True):
    """What the topic `creators` says of a creator, beside what the summary has."""

    person_id: str | None = None
    tags: list[str] = []


class Creator(Struct, kw_only=True):
    """All that is known of one creator now; the records are as the workers wrote them."""

    summary: Summary
    profile: Profile | None
    engagement: EngagementScore | None
    sentiment: SentimentScore | None
    alerts: list[Alert]


class HistoryQuery(Struct, kw_only=True, rename={"from_": "from"}, forbid_unknown_fields=True):
    """A span [from, to) and the width of a point; by default the last day."""

    from_: Time | None = None
    to: Time | None = None
    step: Step = "auto"


class Point(Struct, kw_only=True):
    """Sums over [at, at + step). likes, comments, shares and saves are net; `followers` the last.

    Sums of minutes that are closed, without late events: see `engagement-windows`.
    """

    at: str
    events: int
    engagements: int
    likes: int
    comments: int
    shares: int
    saves: int
    views: int
    follows: int
    unfollows: int
    posts: int
    clicks: int
    conversions: int
    revenue: float
    followers: int | None


class Series(Struct, kw_only=True):
    """The points of one creator in order of time; a step without activity has none.

    `step_seconds` is the width of a point. `complete_until` is the end of the last closed minute
    with activity that was read of any creator, null where none was.
    """

    creator_id: str
    step_seconds: int
    points: list[Point]
    complete_until: str | None


class SparklineQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which creators; a body, as so many ids are too long for a query."""

    creators: Annotated[list[Id], Meta(min_length=1, max_length=100)]


class Sparklines(Struct, kw_only=True):
    """Net engagements by the hour, the newest last; `begin` is the start of the first hour.

    Creators without any in that time have no entry.
    """

    begin: str
    step_seconds: int
    engagements: dict[str, list[int]]


class AlertQuery(Struct, kw_only=True, rename={"from_": "from"}, forbid_unknown_fields=True):
    """Which alerts; the latest begun comes first. Filters must all hold."""

    state: State = "open"
    kind: Kind | None = None
    severity: Severity | None = None
    creator: Id | None = None
    campaign: Id | None = None
    from_: Annotated[Time, Meta(description="Begun at this time or later.")] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AlertPage(Struct, kw_only=True):
    """A page of alerts, each by its latest record; `next` is null at the end."""

    alerts: list[Alert]
    next: str | None


class AlertStory(Struct, kw_only=True):
    """One alert: its latest record, all records that were read, and what people said of it."""

    latest: Alert
    records: list[Alert]
    said: list[AlertCommand]


class TargetProgress(Struct, kw_only=True):
    """How far a campaign has come to one of its targets.

    `counted` is what its creators got in the counted time, null for a metric that is not counted.
    `expected` is what of the target falls on that time, spread evenly from `starts_at` to
    `ends_at`; `ratio` is counted / expected. Both are null where a campaign lacks one of the two.
    """

    metric: str
    target: float
    counted: int | None
    expected: float | None
    ratio: float | None


class CampaignProgress(Struct, kw_only=True):
    """How far a campaign has come, by what history holds of all its creators.

    Events of a creator count for every campaign that the creator is in. What is counted lies in
    [counted_from, counted_until), by whole hours; both are null while none of the campaign's time
    is in history. `complete` is whether that goes back to `starts_at`. `elapsed` is the share of
    the campaign's time that has passed, 0 to 1, null where it has no beginning or no end.
    """

    counted_from: Instant | None
    counted_until: Instant | None
    complete: bool
    elapsed: float | None
    targets: list[TargetProgress]


class CampaignSummary(Struct, kw_only=True):
    """One campaign in a list.

    `creators` is how many it names, `known` how many of them are known here by score or profile;
    `alerts` is how many alerts of those creators are open. `progress` is null without targets, and
    until they have been counted.
    """

    campaign_id: str
    name: str
    brand: str | None
    owner: str | None
    creators: int
    known: int
    alerts: int
    engagements: Engagements
    progress: CampaignProgress | None


class CampaignQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which campaigns, by name."""

    q: Annotated[str, Meta(max_length=128, description="Part of a name or an id.")] | None = None
    limit: Limit = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class CampaignPage(Struct, kw_only=True):
    """A page of campaigns; `total` is how many match."""

    campaigns: list[CampaignSummary]
    total: int


class CampaignDetail(Struct, kw_only=True):
    """One campaign as it was published, and its present numbers."""

    summary: CampaignSummary
    campaign: Campaign


class StreamQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a stream is about: everything, one creator, or a campaign's creators."""

    creator: Id | None = None
    campaign: Id | None = None
    only: (
        Annotated[Literal["scores", "alerts"], Meta(description="Leave the other kind out.")] | None
    ) = None


Span = Annotated[float, Meta(gt=0, le=31_536_000, description="Seconds from now, for a snooze.")]


class Saying(Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of one alert. `seconds` is needed for a snooze, and only for that."""

    action: Action
    seconds: Span | None = None
    note: Note | None = None


class CreatorSaying(Struct, kw_only=True, forbid_unknown_fields=True):
    """A snooze of all alerts of a creator, or those of a kind, or the end of one."""

    action: Literal["snooze", "wake"]
    creator_id: Id
    kind: Kind | None = None
    seconds: Span | None = None
    note: Note | None = None


class Said(Struct, kw_only=True):
    """What was written to `alert-commands`: it shows in the alert's next record."""

    command: AlertCommand


class Login(Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to be exchanged for a session."""

    token: Annotated[str, Meta(min_length=1, max_length=512)]


class Me(Struct, kw_only=True):
    """Who asks, by which way, and until when the session lasts (null without one)."""

    name: str
    role: Literal["viewer", "operator"]
    via: Literal["token", "session", "loopback"]
    until: Instant | None = None


class About(Struct, kw_only=True):
    """The release, and the address of a creator's dashboard with `{creator_id}`, or nothing."""

    version: str
    creator_link: str


class Health(Struct, kw_only=True):
    """Whether all is well; if not, why. `facts` tell how far each reader is."""

    ok: bool
    reasons: list[str]
    facts: dict[str, Any] = {}


class Nothing(Struct):
    """An empty answer."""
