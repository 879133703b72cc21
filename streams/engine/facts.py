"""Facts: what the shard tells a creator's watch when a pane of event time has closed.

Knows the shape of what detectors see. Must not know how it was counted or what is concluded.
"""

from typing import NamedTuple

from msgspec import Struct

PANE_MS = 10_000
"""Length of the finest pane; panes are half-open and aligned to the epoch."""


class Spread(NamedTuple):
    """Growth that polling revealed: `amount` of `metric` since `since_ms`, evenly at best."""

    metric: str
    amount: int
    since_ms: int


class Published(NamedTuple):
    """A post that was published at `at_ms`."""

    post_id: str
    at_ms: int
    media_type: str | None
    campaign_id: str | None


Voice = tuple[int, int]
"""A comment: a hash of its author, and whether it is positive (1), negative (-1) or neither (0)."""
Act = tuple[int, int]
"""What an account did: a hash of it; and whether the act is of a sort that is looked for (1 or 0),
plus twice the place of its post in the pane's `below`, from 1 on (0: the place is not kept)."""
Remark = tuple[str, str, str, int]
"""A comment: its id, its post, the beginning of its text, and how it was judged in hundredths (-100
to 100)."""
Heard = tuple[int, int, str, str, int]
"""A comment with its words, as an `Act` of the sort "stock": then its id, the beginning of its
text, and how it was judged in hundredths."""


class PaneFacts(Struct, array_like=True):
    """What one creator got within one closed pane [end - PANE_MS, end).

    Single events only: `follows`, `unfollows`, `by_post` (net engagements by post id). What polling
    revealed is in `spreads` (metrics `likes`, `comments`, `shares`, `saves` of a post or account,
    `followers`), with the post id or "". `voices` are comments but the creator's own and spam,
    judged by an analyser with the mark `judge`, and `angry` some of the negative ones. `tones` are
    the compounds of `voices` in thousandths, in their order; a state of before has none. The
    profiles of so many new followers are known (`profiles`), and so many of those are `hollow`:
    empty, or new.

    `talk` are all these comments and spam, of the sort that says nothing of the post (stock), and
    `heard` the first few of them with their words. `guests` are the likes and comments whose
    account's profile is known, of the sort that is hollow. `below` are the posts of these.
    """

    follows: int = 0
    unfollows: int = 0
    by_post: dict[str, int] = {}
    published: list[Published] = []
    deleted: list[str] = []
    spreads: list[tuple[str, Spread]] = []
    voices: list[Voice] = []
    angry: list[Remark] = []
    judge: int = 0
    profiles: int = 0
    hollow: int = 0
    talk: list[Act] = []
    guests: list[Act] = []
    heard: list[Heard] = []
    below: list[str] = []
    tones: list[int] = []

    def post_of(self, mark: int) -> str | None:
        """The post of an act with that mark, if it is kept."""
        place = mark >> 1
        return self.below[place - 1] if 0 < place <= len(self.below) else None


class CreatorInfo(NamedTuple):
    """Who a creator is, as far as a watch and its alerts need it. `followers` may be unknown.

    `tier` is that of `tier_for`. `dark`: of the whole platform hardly anything comes now.
    """

    creator_id: str
    platform: str | None
    handle: str | None
    followers: int | None
    tier: str | None = None
    dark: bool = False


TIERS = (("nano", 10_000), ("micro", 100_000), ("mid", 500_000), ("macro", 1_000_000))
"""Tiers, each with the number of followers at which the next one begins; above them is "mega"."""


def tier_of(followers: int) -> str:
    """The tier by followers, as the market counts it."""
    return next((tier for tier, most in TIERS if followers < most), "mega")


def tier_for(told: str | None, followers: int | None) -> str | None:
    """The tier that rules, scores and filters go by: as told by the profile, else by followers."""
    return tier_of(followers) if told is None and followers is not None else told
