"""Counts: the numbers that are kept per creator and pane, side by side in one integer.

Knows the names of the counts, their places, and what nets with what. Must not know windows or time.
The places are written into stored state: never change one, only add.

Count i stands in the 64 bits from bit 64 i on, its lane. So counts are added and taken away all at
once by one addition of integers, which costs a tenth of a loop over a mapping. A lane may go below
zero: it then borrows from the next, and `lanes` gives back what was borrowed.
"""

from array import array
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

Counts = int
"""Many counts: the sum of `one(count, n)`. A count stays within +-9.2e18, nine million of
the contract's largest totals."""

EVENTS: Final = 0
LIKES: Final = 1
UNLIKES: Final = 2
COMMENTS: Final = 3
UNCOMMENTS: Final = 4
OWN_COMMENTS: Final = 5
SHARES: Final = 6
UNSHARES: Final = 7
SAVES: Final = 8
UNSAVES: Final = 9
VIEWS: Final = 10
FOLLOWS: Final = 11
UNFOLLOWS: Final = 12
POSTS: Final = 13
CLICKS: Final = 14
CONVERSIONS: Final = 15
REFUNDS: Final = 16

NAMES: Final = (
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
SIZE: Final = len(NAMES)

REVENUE: Final = 32
"""First of the revenue counts: for the creator's i-th currency, 32 + 2 i is whole units, the next
micro-units. The places from SIZE up to here are left for counts to come."""
MICRO: Final = 1_000_000

POSITIVE: Final = 0
NEUTRAL: Final = 1
NEGATIVE: Final = 2
COMPOUND: Final = 3
REPEATED: Final = 4
SPAM: Final = 5
"""Counts of the sentiment panes: comments by class, the sum of their compounds in thousandths, and
those that are in none of these, since their authors had said enough, or since they are spam."""
MOODS: Final = ("positive", "neutral", "negative", "compound", "repeated", "spam")

RISES_FALLS: Final = {
    "likes": (LIKES, UNLIKES),
    "comments": (COMMENTS, UNCOMMENTS),
    "shares": (SHARES, UNSHARES),
    "saves": (SAVES, UNSAVES),
    "followers": (FOLLOWS, UNFOLLOWS),
    "views": (VIEWS, None),
}
"""What a polled total adds to when it rises and when it falls; views never fall."""


LANE: Final = 64
_SIGNS: Final = [
    sum(1 << (LANE * lane + LANE - 1) for lane in range(lanes)) for lanes in range(130)
]
"""The uppermost bit of each of so many lanes."""
_UNPACK: Final = [Struct(f"<{lanes}q").unpack for lanes in range(len(_SIGNS))]


def one(count: int, n: int = 1) -> Counts:
    """`n` of one count, and nothing of the others."""
    return n << (LANE * count)


def lanes(counts: Counts) -> tuple[int, ...]:
    """Each count by its place, up to the last that is not zero."""
    size = counts.bit_length() // LANE + 1
    signs = _SIGNS[size]
    return _UNPACK[size](((counts + signs) ^ signs).to_bytes(8 * size, "little"))


def packed(numbers: Iterable[int]) -> Counts:
    """The counts whose lanes these are. Raises OverflowError for a number that fits in none."""
    raw = array("q", numbers)
    size = len(raw)
    signs = _SIGNS[size]
    return (int.from_bytes(raw.tobytes(), "little") ^ signs) - signs


def money(place: int, amount: int) -> Counts:
    """`amount` micro-units of a currency whose revenue counts begin at `place`."""
    whole, micro = divmod(amount, MICRO)
    return one(place, whole) + one(place + 1, micro)


def revenue(numbers: Sequence[int], place: int) -> int:
    """The micro-units of the currency whose revenue counts begin at `place`."""
    if place >= len(numbers):
        return 0
    micro = numbers[place + 1] if place + 1 < len(numbers) else 0
    return numbers[place] * MICRO + micro


def engagements(numbers: Sequence[int]) -> int:
    """Net engagements: likes, comments, shares and saves, minus those taken back."""
    likes, unlikes, comments, uncomments, _, shares, unshares, saves, unsaves = (
        *numbers[LIKES : UNSAVES + 1],
        *_NONE[len(numbers) :],
    )
    return likes - unlikes + comments - uncomments + shares - unshares + saves - unsaves


_NONE: Final = (0,) * (UNSAVES + 1)
