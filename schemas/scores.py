"""Scores: what is known of a creator now, and the final record of each closed minute.

Knows the fields of the score topics. Must not know how the numbers come about.
"""

from msgspec import Struct

from schemas.instants import Instant


class Counts(Struct, frozen=True, kw_only=True, gc=False):
    """Accepted events of one creator within one window.

    Counts are counts of events, not of actors. `engagements` is net: likes - unlikes + comments -
    uncomments + shares - unshares + saves - unsaves. `events` counts every accepted event of any
    kind, so that totals can be reconciled. `revenue` (conversions minus refunds) is in
    `currency`, the first that the creator was paid in; amounts in others are in `revenue_other`.
    `own_comments` (the creator's answers) are among `comments`. `unique_actors` is approximate.
    `engagement_rate` is engagements / followers as a fraction, null where followers are unknown
    (then `basis` is null, too).
    """

    events: int = 0
    likes: int = 0
    unlikes: int = 0
    comments: int = 0
    uncomments: int = 0
    own_comments: int = 0
    shares: int = 0
    unshares: int = 0
    saves: int = 0
    unsaves: int = 0
    views: int = 0
    follows: int = 0
    unfollows: int = 0
    posts: int = 0
    clicks: int = 0
    conversions: int = 0
    refunds: int = 0
    revenue: float = 0.0
    currency: str | None = None
    revenue_other: dict[str, float] = {}
    engagements: int = 0
    unique_actors: int = 0
    engagement_rate: float | None = None
    basis: str | None = None


class CountsByWindow(
    Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"m1": "1m", "m5": "5m", "h1": "1h", "h24": "24h"},
):
    """Counts over the sliding windows that end at `as_of`."""

    m1: Counts
    m5: Counts
    h1: Counts
    h24: Counts


class PostOutlier(Struct, frozen=True, kw_only=True, gc=False):
    """A live post that is far from what the creator's posts usually have at its age.

    `observed` are its net engagements by `age_minutes`, `expected` what is usual by then. `score`
    is CrowdTangle's: from 1 on observed / expected, from -1 down the inverse with a minus; -2 x
    `expected` for none at all.
    """

    post_id: str
    campaign_id: str | None = None
    age_minutes: float
    observed: int
    expected: float
    score: float


class EngagementScore(Struct, frozen=True, kw_only=True, gc=False):
    """The latest numbers of one creator, key `creator_id`, on a compacted topic.

    `score` is 0-100 against the creator's own baseline (50 is as usual) with two decimals, null
    until there is one; `score_samples` is the number of earlier posts behind that baseline. `as_of`
    is the event time up to which events were seen, `watermark` the event time up to which windows
    are closed. `tier` is the one that rules are chosen by: as the profile says, else by
    `followers`, null where neither is known. `posts` are the live posts that are far from usual at
    their age, at most 3, the furthest first, as of the last look at them: every 2 to 30 minutes.
    """

    schema_version: int = 1
    creator_id: str
    platform: str | None = None
    handle: str | None = None
    tier: str | None = None
    as_of: Instant
    watermark: Instant | None
    followers: int | None = None
    score: float | None = None
    score_samples: int = 0
    windows: CountsByWindow
    posts: list[PostOutlier] = []


class Mood(Struct, frozen=True, kw_only=True, gc=False):
    """Sentiment of the comments of one window, the creator's own answers left out.

    `comments` is the sample size, the three classes add up to it. `mean` is the mean compound in
    [-1, 1], `net` is (positive - negative) / comments; both null without comments.

    `repeated` comments are not among them (an account counts with three in an hour), nor are those
    that are `spam`.

    `net_likely` is the net that few comments make likely, knowing the creator's usual ones, and
    with 95 % it is from `net_low` to `net_high`; null without comments. See docs/sentiment.md.
    What is between -1 and 1 has four decimals.
    """

    comments: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    mean: float | None = None
    net: float | None = None
    repeated: int = 0
    spam: int = 0
    net_likely: float | None = None
    net_low: float | None = None
    net_high: float | None = None


class MoodByWindow(
    Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"m1": "1m", "m5": "5m", "h1": "1h", "h24": "24h"},
):
    """Sentiment over the sliding windows that end at `as_of`."""

    m1: Mood
    m5: Mood
    h1: Mood
    h24: Mood


class SentimentScore(Struct, frozen=True, kw_only=True, gc=False):
    """The latest sentiment of one creator, key `creator_id`, on a compacted topic.

    `analyser` names what judged the comments, and its version. `usual_net` (four decimals) is the
    net that this creator's comments usually have by the same analyser, learned from about
    `usual_comments` (one decimal; older ones count less, and with few of them it is near what is
    assumed of all).
    """

    schema_version: int = 1
    creator_id: str
    platform: str | None = None
    as_of: Instant
    watermark: Instant | None
    analyser: str
    usual_net: float | None = None
    usual_comments: float = 0.0
    windows: MoodByWindow


class EngagementWindow(Counts, frozen=True, kw_only=True, gc=False):
    """The final counts of one creator in one closed minute [window_start, window_end).

    Written exactly once for each minute with activity. Late events are in `late-events` instead.
    """

    schema_version: int = 1
    creator_id: str
    platform: str | None = None
    window_start: Instant
    window_end: Instant
    followers: int | None = None
