"""Alerts: what campaign ops should look at, with the reason.

Knows the fields of an alert and its life cycle's names. Must not know when one is due.
"""

from typing import Literal

from msgspec import Struct

from schemas.instants import Instant

Kind = Literal[
    "engagement_drop",
    "follower_spike",
    "unfollow_wave",
    "viral_post",
    "silence",
    "sentiment_crisis",
    "suspicious_engagement",
    "source_outage",
    "digest",
]
Status = Literal["firing", "update", "resolved"]
Severity = Literal["info", "warning", "critical"]
Quiet = Literal[
    "explained", "acknowledged", "snoozed", "past", "quiet_hours", "rate_cap", "switched_off"
]
"""Why nobody is called for an alert. `explained`: another alert of the creator tells it, too.
`past`: it was over, or long known, when it was found. `rate_cap`: there were too many."""
Cause = Literal[
    "across_posts",
    "single_post",
    "no_engagement",
    "weak_posts",
    "slow_decline",
    "organic_viral",
    "campaign",
    "suspect",
    "unexplained",
    "after_spike",
    "after_post",
    "above_usual",
    "inversion",
    "negative_wave",
    "pod",
    "hollow_burst",
    "stock_comments",
    "source",
    "rate_cap",
]
"""The classes of cause that there are. Records are not bound to them: more will come."""
Metric = Literal[
    "engagements",
    "engagements_per_post",
    "net_follows",
    "kept_follows",
    "net_unfollows",
    "negative_comments",
    "early_comments",
    "stock_comments",
    "hollow_engagements",
    "events_per_minute",
    "alerts",
]
"""What evidence counts. Records are not bound to these either."""
Feedback = Literal["useful", "false"]


class PostEvidence(Struct, frozen=True, kw_only=True):
    """One post behind an alert: what it got by `age_minutes`, and what was expected by then.

    `score` is CrowdTangle's: from 1 on how many times the benchmark it has, from -1 down how many
    times it falls below; -2 times the benchmark for none at all; below 1 few, on a low benchmark.
    """

    post_id: str
    age_minutes: float
    observed: int
    expected: float
    score: float | None = None


class CommentEvidence(Struct, frozen=True, kw_only=True):
    """One comment behind an alert: the beginning of its text, and how it was judged (-1 to 1)."""

    comment_id: str
    post_id: str
    text: str
    compound: float


class Evidence(Struct, frozen=True, kw_only=True):
    """Why an alert is believed.

    `observed` and `expected` are counts of `metric` within the window [window_start, window_end);
    `ratio` is observed / expected; `probability` is the tail probability of a count at least as
    extreme if all were as usual, to three digits; `samples` is the number of past observations
    behind `expected`. `hollow_profiles` is the share of empty or new ones among about so many known
    `profiles`. In a pod (`suspicious_engagement`) `observed` are early comments of the group, and
    as many as `expected` would be regulars'. So many `authors` at least have written the comments
    that count, of which some are in `comments`; a pod is of about so many.
    `baseline` are the latest points of what is usual, the newest last, for a sparkline: of drops
    and viral posts, what each of the last posts got in its first four hours.
    """

    metric: str
    observed: float
    expected: float
    ratio: float
    probability: float
    window_start: Instant
    window_end: Instant
    samples: int
    followers: int | None = None
    posts: list[PostEvidence] = []
    baseline: list[float] = []
    authors: int | None = None
    profiles: int | None = None
    hollow_profiles: float | None = None
    comments: list[CommentEvidence] = []


class Alert(Struct, frozen=True, kw_only=True):
    """One step in the life of one episode, key `alert_id`, on the creator's partition.

    All records of an episode carry the same `alert_id`; `status` goes firing -> update* ->
    resolved. `reason` is one plain sentence; `explanation` is the class of cause. `notify` is
    whether anybody should be called for it; where not, `quiet` says why; `called` is whether that
    was so for this record or an earlier one of the episode. What people said of the
    episode before this record was written is in `acknowledged_at`, `acknowledged_by`, `feedback`.
    A follower spike is judged once more when a day has passed since its end: that record is
    `resolved`, too, with the same `ended_at`; `reviewed_at` is when that was, and None on others.
    A `digest` is of no creator: its `creator_id` is empty. A `source_outage` is of a platform: its
    `creator_id` is `platform:` and the name.
    """

    schema_version: int = 1
    alert_id: str
    creator_id: str
    platform: str | None
    campaign_id: str | None
    kind: Kind
    status: Status
    severity: Severity
    started_at: Instant
    updated_at: Instant
    ended_at: Instant | None
    title: str
    reason: str
    explanation: str
    evidence: Evidence
    notify: bool = True
    quiet: Quiet | None = None
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None
    feedback: Feedback | None = None
    called: bool = False
    reviewed_at: Instant | None = None
