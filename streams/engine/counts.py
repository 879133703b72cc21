"""Counts: the numbers that are kept per creator and pane, by a small integer each.

Knows the names of the counts and what nets with what. Must not know windows or time. The integers
are written into stored state: never change one, only add.
"""

from collections.abc import Mapping

EVENTS = 0
LIKES = 1
UNLIKES = 2
COMMENTS = 3
UNCOMMENTS = 4
OWN_COMMENTS = 5
SHARES = 6
UNSHARES = 7
SAVES = 8
UNSAVES = 9
VIEWS = 10
FOLLOWS = 11
UNFOLLOWS = 12
POSTS = 13
CLICKS = 14
CONVERSIONS = 15
REFUNDS = 16

NAMES = (
    "events",
    "likes",
    "unlikes",
    "comments",
    "uncomments",
    "own_comments",
    "shares",
    "unshares",
    "saves",
    "unsaves",
    "views",
    "follows",
    "unfollows",
    "posts",
    "clicks",
    "conversions",
    "refunds",
)
SIZE = len(NAMES)

REVENUE = 64
"""First of the revenue counts: 64 + i is micro-units of the creator's i-th currency."""
MICRO = 1_000_000

POSITIVE = 0
NEUTRAL = 1
NEGATIVE = 2
COMPOUND = 3
"""Counts of the sentiment panes; COMPOUND is the sum of compounds in thousandths."""

Counts = dict[int, int]
"""Count by its integer; what is zero may be missing."""

NO_COUNTS: Mapping[int, int] = {}

RISES_FALLS = {
    "likes": (LIKES, UNLIKES),
    "comments": (COMMENTS, UNCOMMENTS),
    "shares": (SHARES, UNSHARES),
    "saves": (SAVES, UNSAVES),
    "followers": (FOLLOWS, UNFOLLOWS),
    "views": (VIEWS, None),
}
"""What a polled total adds to when it rises and when it falls; views never fall."""


def engagements(counts: Mapping[int, int]) -> int:
    """Net engagements: likes, comments, shares and saves, minus those taken back."""
    get = counts.get
    return (
        get(LIKES, 0)
        - get(UNLIKES, 0)
        + get(COMMENTS, 0)
        - get(UNCOMMENTS, 0)
        + get(SHARES, 0)
        - get(UNSHARES, 0)
        + get(SAVES, 0)
        - get(UNSAVES, 0)
    )
