"""Topics: the one list of what is read and written, with every property that must be agreed on.

Knows names, keys, value types, cleanup and retention. Must not know brokers or settings.
"""

from typing import Literal

from msgspec import Struct

from schemas import alerts, commands, dead_letters, events, scores, signals

DAY_MS = 86_400_000


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `shared_partitions` is false for the topics outside co-partitioning (then 1)."""

    name: str
    key: str
    value: type
    direction: Literal["inbound", "outbound"]
    cleanup: Literal["delete", "compact", "compact,delete"]
    retention_ms: int
    summary: str
    shared_partitions: bool = True
    max_message_bytes: int = 2_097_152

    def physical(self, prefix: str = "") -> str:
        """The name on the broker, with the deployment's prefix."""
        return prefix + self.name

    def config(self) -> dict[str, str]:
        """What the broker must be told of the topic, by Kafka's own names.

        Inbound records carry the broker's time of arrival: a producer with a fast clock could
        otherwise push event time ahead of everybody else's.
        """
        config = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.max_message_bytes),
        }
        if "delete" in self.cleanup:
            config["retention.ms"] = str(self.retention_ms)
        if self.direction == "inbound":
            config["message.timestamp.type"] = "LogAppendTime"
        return config


def _inbound(name: str, value: type, summary: str) -> Topic:
    return Topic(
        name=name,
        key="creator_id",
        value=value,
        direction="inbound",
        cleanup="delete",
        retention_ms=7 * DAY_MS,
        summary=summary,
    )


def _outbound(name: str, key: str, value: type, cleanup: str, days: int, summary: str) -> Topic:
    return Topic(
        name=name,
        key=key,
        value=value,
        direction="outbound",
        cleanup=cleanup,  # type: ignore[arg-type]
        retention_ms=days * DAY_MS if days > 0 else -1,
        summary=summary,
    )


POSTS = _inbound("posts", events.Post, "Posts published, edited or deleted by a creator.")
LIKES = _inbound("likes", events.Like, "Likes given and taken back.")
COMMENTS = _inbound("comments", events.Comment, "Comments added, edited or removed.")
SHARES = _inbound("shares", events.Share, "Shares given and taken back.")
FOLLOWS = _inbound("follows", events.Follow, "Follows and unfollows.")
CLICKS = _inbound("clicks", events.Click, "Clicks on campaign links.")
CONVERSIONS = _inbound("conversions", events.Conversion, "Orders attributed to a campaign.")
COUNTERS = _inbound("counters", events.Counters, "Absolute totals read by polling.")
CREATORS = Topic(
    name="creators",
    key="creator_id",
    value=events.CreatorProfile,
    direction="inbound",
    cleanup="compact",
    retention_ms=-1,
    summary="Creator profiles; a null value erases the creator.",
)
ALERT_COMMANDS = Topic(
    name="alert-commands",
    key="event_id",
    value=commands.AlertCommand,
    direction="inbound",
    cleanup="compact,delete",
    retention_ms=365 * DAY_MS,
    summary="What people say of alerts: acknowledged, snoozed, useful or false.",
)
FLEET_SIGNALS = _inbound(
    "fleet-signals",
    signals.FleetSignal,
    "What partitions see of a whole platform; workers write it to each other.",
)
CAMPAIGNS = Topic(
    name="campaigns",
    key="campaign_id",
    value=events.Campaign,
    direction="inbound",
    cleanup="compact",
    retention_ms=-1,
    summary="Campaigns, read whole by every worker; a null value removes one.",
    shared_partitions=False,
)
ENGAGEMENT_SCORES = _outbound(
    "engagement-scores",
    "creator_id",
    scores.EngagementScore,
    "compact",
    0,
    "The latest engagement of each creator over all sliding windows.",
)
SENTIMENT_SCORES = _outbound(
    "sentiment-scores",
    "creator_id",
    scores.SentimentScore,
    "compact",
    0,
    "The latest sentiment of each creator over all sliding windows.",
)
ENGAGEMENT_WINDOWS = _outbound(
    "engagement-windows",
    "creator_id",
    scores.EngagementWindow,
    "delete",
    30,
    "One final record for each creator and closed minute with activity.",
)
ALERTS = _outbound(
    "alerts",
    "alert_id",
    alerts.Alert,
    "compact,delete",
    365,
    "Alerts through their life cycle, one id for each episode.",
)
DEAD_LETTERS = _outbound(
    "dead-letters",
    "creator_id",
    dead_letters.DeadLetter,
    "delete",
    30,
    "Records that could not be accepted, with the reason.",
)
LATE_EVENTS = _outbound(
    "late-events",
    "creator_id",
    dead_letters.LateEvent,
    "delete",
    30,
    "Accepted events whose minute was closed already.",
)

KEYED = (
    POSTS,
    LIKES,
    COMMENTS,
    SHARES,
    FOLLOWS,
    CLICKS,
    CONVERSIONS,
    COUNTERS,
    CREATORS,
    ALERT_COMMANDS,
    FLEET_SIGNALS,
)
"""Inbound topics parted by `creator_id`: partition p of each belongs to one worker."""

INBOUND = (*KEYED, CAMPAIGNS)
OUTBOUND = (
    ENGAGEMENT_SCORES,
    SENTIMENT_SCORES,
    ENGAGEMENT_WINDOWS,
    ALERTS,
    DEAD_LETTERS,
    LATE_EVENTS,
)
ALL = (*INBOUND, *OUTBOUND)
BY_NAME = {topic.name: topic for topic in ALL}
TABLES = ("engagement", "sentiment")
"""Names of the two state tables; their changelogs are `{app_id}-{table}-changelog`."""
