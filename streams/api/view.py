"""View: creators, campaigns and open alerts as they are now, in memory.

Knows how records of the topics make up what is shown of each. Must not know Kafka, HTTP, or the
order in which topics are read: what the view holds does not depend on it.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from schemas import codec, topics
from schemas.events import Campaign, CreatorProfile
from schemas.instants import to_ms
from schemas.scores import PostOutlier
from streams.api import shapes
from streams.api.heads import AlertHead
from streams.api.hub import Hub
from streams.engine.facts import tier_for
from streams.follow import Followed

_WINDOWS = {"m1": "1m", "m5": "5m", "h1": "1h", "h24": "24h"}
ERASURE_MARGIN_MS = 2_000
"""A worker may have written a score after an erasure that it had not read yet."""


class _Counts(Struct, gc=False):
    engagements: int = 0
    engagement_rate: float | None = None


class _CountsByWindow(Struct, rename=_WINDOWS):
    m1: _Counts
    m5: _Counts
    h1: _Counts
    h24: _Counts


class _Score(Struct):
    creator_id: str
    as_of: str
    windows: _CountsByWindow
    platform: str | None = None
    handle: str | None = None
    tier: str | None = None
    followers: int | None = None
    score: float | None = None
    score_samples: int = 0
    posts: tuple[PostOutlier, ...] = ()


class _Mood(Struct, gc=False):
    net: float | None = None


class _MoodByWindow(Struct, rename=_WINDOWS):
    h1: _Mood
    h24: _Mood


class _Sentiment(Struct):
    creator_id: str
    windows: _MoodByWindow
    platform: str | None = None


_score = msgspec.json.Decoder(_Score)
_sentiment = msgspec.json.Decoder(_Sentiment)


class Row(Struct, eq=False):
    """One creator. `needle` is what a search looks into, in lower case."""

    creator_id: str
    seq: int = 0
    frame: bytes = b""
    platform: str | None = None
    handle: str | None = None
    tier: str | None = None
    followers: int | None = None
    score: float | None = None
    score_samples: int = 0
    as_of: str | None = None
    engagement_1m: int = 0
    engagement_5m: int = 0
    engagement_1h: int = 0
    engagement_24h: int = 0
    rate_24h: float | None = None
    sentiment_1h: float | None = None
    sentiment_24h: float | None = None
    posts: tuple[PostOutlier, ...] = ()
    needle: str = ""
    campaigns: frozenset[str] = frozenset()
    alerts: frozenset[str] = frozenset()
    engagement: bytes | None = None
    mood: bytes | None = None
    profile: CreatorProfile | None = None

    @property
    def name(self) -> str:
        """The handle, or the id where there is none, in lower case."""
        return (self.handle or self.creator_id).casefold()

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the creator any more."""
        return self.engagement is None and self.mood is None and self.profile is None


class Told(Struct, eq=False):
    """One alert by its latest record, as it was written."""

    alert: AlertHead
    raw: bytes
    seq: int = 0
    frame: bytes = b""


class Gone(Struct, eq=False):
    """A creator who was erased."""

    creator_id: str
    seq: int = 0
    frame: bytes = b""


class View:
    """All that is shown, changed by records and told to `hub`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.rows: dict[str, Row] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.alerts: dict[str, Told] = {}
        self.refused = 0
        self._memberships: dict[str, frozenset[str]] = {}
        self._alerts_of: dict[str, frozenset[str]] = {}
        self._erased: dict[str, int] = {}

    def take(self, record: Followed) -> None:
        """One record of the score topics, `creators` or `campaigns`. Never raises for any bytes."""
        key = (record.key or b"").decode(errors="replace")
        try:
            if record.topic == topics.ENGAGEMENT_SCORES.name:
                self._scored(key, record)
            elif record.topic == topics.SENTIMENT_SCORES.name:
                self._felt(key, record)
            elif record.topic == topics.CREATORS.name:
                self._known(key, record)
            elif record.topic == topics.CAMPAIGNS.name:
                self._planned(key, record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.refused += 1

    def _scored(self, key: str, record: Followed) -> None:
        if record.value is None or self._is_erased(key, record.at_ms):
            self._without(key, "engagement")
            return
        score = _score.decode(record.value)
        row = self._row(score.creator_id)
        windows = score.windows
        profile = row.profile
        row.platform = score.platform or row.platform
        row.handle = profile.handle if profile else score.handle
        row.tier = score.tier
        row.followers = score.followers
        row.score, row.score_samples, row.as_of = score.score, score.score_samples, score.as_of
        row.engagement_1m, row.engagement_5m = windows.m1.engagements, windows.m5.engagements
        row.engagement_1h, row.engagement_24h = windows.h1.engagements, windows.h24.engagements
        row.rate_24h = windows.h24.engagement_rate
        row.posts = score.posts
        row.engagement = record.value
        self._changed(row)

    def _felt(self, key: str, record: Followed) -> None:
        if record.value is None or self._is_erased(key, record.at_ms):
            self._without(key, "mood")
            return
        felt = _sentiment.decode(record.value)
        row = self._row(felt.creator_id)
        row.platform = row.platform or felt.platform
        row.sentiment_1h, row.sentiment_24h = felt.windows.h1.net, felt.windows.h24.net
        row.mood = record.value
        self._changed(row)

    def _known(self, key: str, record: Followed) -> None:
        if record.value is None:
            self._erased[key] = record.at_ms
            for told in self.alerts_of(key):
                if self._is_erased(key, to_ms(told.alert.started_at)):
                    self._close(told.alert)
            self._without(key, "profile", "engagement", "mood")
            return
        profile = codec.decode(topics.CREATORS.name, record.value)
        if not isinstance(profile, CreatorProfile):
            self.refused += 1
            return
        row = self._row(profile.creator_id)
        row.profile = profile
        row.platform = profile.platform
        row.handle = profile.handle
        if row.engagement is None:
            self._size(row)
        self._changed(row)

    def _planned(self, key: str, record: Followed) -> None:
        if record.value is None:
            before, after = self.campaigns.pop(key, None), None
        else:
            found = codec.decode(topics.CAMPAIGNS.name, record.value)
            if not isinstance(found, Campaign):
                self.refused += 1
                return
            key, after = found.campaign_id, found
            before = self.campaigns.get(key)
            self.campaigns[key] = after
        old = frozenset(before.creators) if before else frozenset()
        new = frozenset(after.creators) if after else frozenset()
        for creator_id in old ^ new:
            held = self._memberships.get(creator_id, frozenset())
            held = held | {key} if creator_id in new else held - {key}
            if held:
                self._memberships[creator_id] = held
            else:
                self._memberships.pop(creator_id, None)
            row = self.rows.get(creator_id)
            if row is not None:
                row.campaigns = held
                self._changed(row)

    def tell(self, alert: AlertHead, raw: bytes, *, loud: bool = True) -> None:
        """One record of an alert. Older ones than what is known change nothing."""
        if self._is_erased(alert.creator_id, to_ms(alert.started_at)):
            return
        known = self.alerts.get(alert.alert_id)
        if known is not None and alert.updated_at < known.alert.updated_at:
            return
        told = known or Told(alert, raw)
        told.alert, told.raw = alert, raw
        if loud:
            self.hub.note(told)
        if alert.open:
            self.alerts[alert.alert_id] = told
            self._mark(alert.creator_id, self._open_of(alert.creator_id) | {alert.alert_id})
        else:
            self._close(alert)

    def _close(self, alert: AlertHead) -> None:
        self.alerts.pop(alert.alert_id, None)
        self._mark(alert.creator_id, self._open_of(alert.creator_id) - {alert.alert_id})

    def _open_of(self, creator_id: str) -> frozenset[str]:
        return self._alerts_of.get(creator_id, frozenset())

    def _mark(self, creator_id: str, alert_ids: frozenset[str]) -> None:
        if alert_ids:
            self._alerts_of[creator_id] = alert_ids
        else:
            self._alerts_of.pop(creator_id, None)
        row = self.rows.get(creator_id)
        if row is not None and row.alerts != alert_ids:
            row.alerts = alert_ids
            self._changed(row)

    def alerts_of(self, creator_id: str) -> list[Told]:
        """The open alerts of a creator, in order of their start."""
        found = (self.alerts[alert_id] for alert_id in self._alerts_of.get(creator_id, ()))
        return sorted(found, key=lambda told: told.alert.started_at)

    def in_campaign(self, creator_id: str, campaign_id: str) -> bool:
        """Whether a campaign names a creator."""
        return campaign_id in self._memberships.get(creator_id, ())

    def rows_of(self, campaign_id: str) -> Iterator[Row]:
        """The known creators of a campaign."""
        campaign = self.campaigns.get(campaign_id)
        for creator_id in dict.fromkeys(campaign.creators if campaign else ()):
            if (row := self.rows.get(creator_id)) is not None:
                yield row

    def rows_with_alert(self) -> Iterator[Row]:
        """The known creators with an open alert."""
        for creator_id in self._alerts_of:
            if (row := self.rows.get(creator_id)) is not None:
                yield row

    def summary(self, row: Row) -> shapes.Summary:
        """What a list shows of a creator."""
        return shapes.Summary(
            creator_id=row.creator_id,
            platform=row.platform,
            handle=row.handle,
            tier=row.tier,
            followers=row.followers,
            score=row.score,
            score_samples=row.score_samples,
            as_of=row.as_of,
            engagements=shapes.Engagements(
                m1=row.engagement_1m,
                m5=row.engagement_5m,
                h1=row.engagement_1h,
                h24=row.engagement_24h,
            ),
            engagement_rate_24h=row.rate_24h,
            sentiment_1h=row.sentiment_1h,
            sentiment_24h=row.sentiment_24h,
            posts=list(row.posts),
            campaigns=sorted(row.campaigns),
            alerts=sorted({self.alerts[one].alert.kind for one in row.alerts}),
        )

    def _row(self, creator_id: str) -> Row:
        row = self.rows.get(creator_id)
        if row is None:
            row = self.rows[creator_id] = Row(
                creator_id,
                campaigns=self._memberships.get(creator_id, frozenset()),
                alerts=self._alerts_of.get(creator_id, frozenset()),
            )
        return row

    def _is_erased(self, creator_id: str, at_ms: int) -> bool:
        erased = self._erased.get(creator_id)
        return erased is not None and at_ms <= erased + ERASURE_MARGIN_MS

    def _without(self, creator_id: str, *parts: str) -> None:
        row = self.rows.get(creator_id)
        if row is None:
            return
        for part in parts:
            setattr(row, part, None)
        if row.empty:
            del self.rows[creator_id]
            self.hub.note(Gone(creator_id))
            return
        if "engagement" in parts:
            self._blank(row)
        if "mood" in parts:
            row.sentiment_1h = row.sentiment_24h = None
        self._changed(row)

    @staticmethod
    def _blank(row: Row) -> None:
        row.score, row.score_samples, row.as_of, row.rate_24h = None, 0, None, None
        row.posts = ()
        row.engagement_1m = row.engagement_5m = row.engagement_1h = row.engagement_24h = 0
        View._size(row)

    @staticmethod
    def _size(row: Row) -> None:
        """Without a score, followers and tier are what a worker would make of the profile."""
        profile = row.profile
        row.followers = profile.followers if profile else None
        row.tier = tier_for(profile.tier if profile else None, row.followers)

    def _changed(self, row: Row) -> None:
        row.needle = f"{row.creator_id}\n{row.handle or ''}".casefold()
        self.hub.note(row)
