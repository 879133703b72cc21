"""Reactions: all that follows from one post, or from one ordinary day.

Knows which kinds of events cause which others, and how many. Must not know their JSON.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.sources.simulate import audience
from streams.sources.simulate.plan import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Effect
from streams.sources.simulate.roster import Brief, Creator

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MEDIA = (("image", 1.0, 0.5), ("video", 1.25, 0.25), ("carousel", 1.1, 0.15), ("text", 0.7, 0.1))
_ACCOUNT_POLL_MS = 10 * MINUTE_MS


class Kind(IntEnum):
    """What one row of a stream is."""

    LIKE = 0
    UNLIKE = 1
    COMMENT = 2
    ANSWER = 3
    REWORDED = 4
    UNCOMMENT = 5
    SHARE = 6
    UNSHARE = 7
    FOLLOW = 8
    UNFOLLOW = 9
    BOUGHT = 10
    CLICK = 11
    CONVERSION = 12
    REFUND = 13
    POST = 14
    POST_EDIT = 15
    POST_DELETE = 16
    POST_COUNTERS = 17
    ACCOUNT_COUNTERS = 18
    ANGRY = 19
    SARCASTIC = 20
    ENTRY = 21
    PROFILE = 22


class Account:
    """A creator as the stream has made it so far: the running number of followers."""

    __slots__ = ("brief", "creator", "followers")

    def __init__(self, creator: Creator, brief: Brief | None) -> None:
        self.creator = creator
        self.brief = brief
        self.followers = creator.followers


class Publication(Struct, frozen=True, kw_only=True, order=True):
    """One post to be: who, when, and the key of its randomness."""

    at_ms: int
    creator: int
    day: int
    slot: int


class Stream:
    """Rows in order of time: `at` (epoch ms), `kind`, `actor`, `ref`, `value`, `seq`.

    `ref` is the `seq` of the row that this one is about, or the row of `totals`; `value` is random
    or an amount in cents; `seq` numbers the rows of a stream, whatever is left out of it. `label`
    is what ids begin with, and the post's id, if it is not another stream's post.
    """

    __slots__ = ("account", "columns", "cursor", "label", "media", "paid", "post_id", "totals")

    def __init__(self, account: Account, label: str, post_id: str | None = None) -> None:
        self.account = account
        self.label = label
        self.post_id = post_id or label
        self.media = ""
        self.paid = False
        self.columns: Ints = np.empty((0, 6), dtype=np.int64)
        self.totals: list[tuple[int, int, int, int]] = []
        self.cursor = 0

    def until(self, end_ms: int) -> Ints:
        """The rows before `end_ms` that were not taken yet."""
        start = self.cursor
        self.cursor = int(np.searchsorted(self.columns[:, 0], end_ms))
        return self.columns[start : self.cursor]

    @property
    def spent(self) -> bool:
        """Whether every row was taken."""
        return self.cursor >= len(self.columns)


class Rows:
    """Rows in the making; those that an incident took are drawn like all others, then left out."""

    def __init__(self) -> None:
        self.parts: list[Ints] = []
        self.kept: list[Mask] = []
        self.length = 0

    def add(
        self,
        kind: Kind,
        at: Ints,
        actor: Ints | int,
        kept: Mask | None = None,
        ref: Ints | int = 0,
        value: Ints | int = 0,
    ) -> Ints:
        part = np.empty((len(at), 6), dtype=np.int64)
        seq = np.arange(self.length, self.length + len(at), dtype=np.int64)
        for column, values in enumerate((at, int(kind), actor, ref, value, seq)):
            part[:, column] = values
        self.parts.append(part)
        self.kept.append(np.ones(len(at), dtype=bool) if kept is None else kept)
        self.length += len(at)
        return seq

    def sorted(self) -> Ints:
        rows = np.concatenate(self.parts)[np.concatenate(self.kept)]
        return np.asfortranarray(rows[np.argsort(rows[:, 0], kind="stable")])


def publications(seed: int, creator: Creator, day: int) -> list[Publication]:
    """The posts of `creator` on one day (days since the epoch, in its local time)."""
    rng = np.random.default_rng([seed, 4, creator.number, day])
    midnight = day * DAY_MS - creator.offset_ms
    jitter = rng.normal(0.0, 22.0, len(creator.slots))
    kept = rng.random(len(creator.slots)) >= creator.skips
    return [
        Publication(
            at_ms=midnight + int((minute + late) * MINUTE_MS),
            creator=creator.number,
            day=day,
            slot=i,
        )
        for i, (minute, late, keep) in enumerate(zip(creator.slots, jitter, kept, strict=True))
        if keep
    ]


def post_id(seed: int, creator: Creator, publication: Publication) -> str:
    """The id of a post."""
    return f"{creator.creator_id}-{seed:x}p{publication.day:x}{publication.slot}"


def between(seed: int, creator: Creator, start_ms: int, end_ms: int) -> list[Publication]:
    """The posts of `creator` within [start_ms, end_ms), by day."""
    days = range(start_ms // DAY_MS - 1, end_ms // DAY_MS + 2)
    return [
        publication
        for day in days
        for publication in publications(seed, creator, day)
        if start_ms <= publication.at_ms < end_ms
    ]


def post(seed: int, account: Account, publication: Publication, drops: Sequence[Effect]) -> Stream:
    """All rows of one post, up to two days of age; `drops` are those of its creator."""
    creator, at = account.creator, publication.at_ms
    rng = np.random.default_rng([seed, 5, creator.number, publication.day, publication.slot])
    stream = Stream(account, post_id(seed, creator, publication))
    stream.media, factor, _ = _MEDIA[
        int(rng.choice(len(_MEDIA), p=[share for *_, share in _MEDIA]))
    ]
    stream.paid = account.brief is not None and bool(rng.random() < 0.35)
    quality = float(rng.lognormal(-0.125, 0.5))
    if rng.random() < 0.015:
        quality *= float(rng.uniform(1.8, 3.5))
    times = audience.fading(rng, creator, at + 3 * SECOND_MS, creator.reactions * factor * quality)
    kept = _spared([seed, 6, creator.number, publication.day, publication.slot], times, drops)
    rows = Rows()
    start = np.array([at], dtype=np.int64)
    rows.add(Kind.POST, start, 0, value=rng.integers(1 << 40, size=1))
    draw = rng.random(len(times))
    actors = audience.members(rng, creator, len(times))
    commented = draw < creator.comment_share
    shared = ~commented & (draw < creator.comment_share + creator.share_share)
    liked = ~(commented | shared)
    if creator.polled:
        _count_up(rng, stream, rows, at, times[liked & kept], times[shared & kept])
    else:
        for kind, back, part in ((Kind.LIKE, 0.015, liked), (Kind.SHARE, 0.01, shared)):
            single(rng, rows, kind, times[part], actors[part], kept[part], back)
    discuss(rng, creator, rows, times[commented], actors[commented], kept[commented])
    fans = liked & (rng.random(len(times)) < 0.012)
    followed = later(rng, times[fans], 5 * MINUTE_MS)
    gain(rng, rows, followed, kept[fans])
    if stream.paid and account.brief is not None:
        _sell(rng, account.brief, rows, times, actors, kept)
    if rng.random() < 0.03:
        rows.add(
            Kind.POST_EDIT,
            start + int(rng.integers(60, 900)) * SECOND_MS,
            0,
            value=rows.parts[0][:, 4],
        )
    if rng.random() < 0.004:
        rows.add(Kind.POST_DELETE, start + int(rng.integers(20, 47)) * HOUR_MS, 0)
    stream.columns = rows.sorted()
    return stream


def ordinary_day(seed: int, account: Account, day: int, drops: Sequence[Effect]) -> Stream:
    """The rows of one UTC day that no post causes: follows, unfollows, readings of the account."""
    creator, at = account.creator, day * DAY_MS
    rng = np.random.default_rng([seed, 7, creator.number, day])
    stream = Stream(account, f"{creator.creator_id}-{seed:x}d{day:x}")
    rows = Rows()
    gained = audience.steady(rng, creator, at, creator.followers * creator.growth)
    gain(rng, rows, gained, _spared([seed, 8, creator.number, day], gained, drops))
    lost = audience.steady(rng, creator, at, creator.followers * creator.growth * 0.35)
    rows.add(Kind.UNFOLLOW, lost, audience.members(rng, creator, len(lost)))
    if creator.polled:
        phase = int(rng.integers(_ACCOUNT_POLL_MS))
        polls = np.arange(at + phase, at + DAY_MS, _ACCOUNT_POLL_MS, dtype=np.int64)
        rows.add(Kind.ACCOUNT_COUNTERS, polls, 0)
    stream.columns = rows.sorted()
    return stream


def _spared(key: list[int], times: Ints, drops: Sequence[Effect]) -> Mask:
    """Which of `times` the drops leave."""
    spared = np.ones(len(times), dtype=bool)
    for number, drop in enumerate(drops):
        luck = np.random.default_rng([*key, number]).random(len(times))
        left: float | NDArray[np.float64] = drop.size
        if drop.kind == "decline":
            left = drop.size ** ((times - drop.starts_at) / (drop.ends_at - drop.starts_at))
        spared &= (times < drop.starts_at) | (times >= drop.ends_at) | (luck < left)
    return spared


def later(rng: np.random.Generator, at: Ints, mean_ms: int) -> Ints:
    """Each of `at`, some time later."""
    return at + 1 + rng.exponential(mean_ms, len(at)).astype(np.int64)


def gain(rng: np.random.Generator, rows: Rows, at: Ints, kept: Mask) -> None:
    """Follows by people that nobody has met before."""
    people, words = audience.strangers(rng, len(at)), rng.integers(1 << 40, size=len(at))
    rows.add(Kind.FOLLOW, at, people, kept, value=words)


def single(
    rng: np.random.Generator,
    rows: Rows,
    kind: Kind,
    at: Ints,
    actor: Ints,
    kept: Mask,
    share: float,
) -> None:
    """Likes or shares, of which a share is taken back."""
    rows.add(kind, at, actor, kept)
    back = rng.random(len(at)) < share
    undone = Kind.UNLIKE if kind is Kind.LIKE else Kind.UNSHARE
    rows.add(undone, later(rng, at[back], 20 * MINUTE_MS), actor[back], kept[back])


def discuss(
    rng: np.random.Generator, creator: Creator, rows: Rows, at: Ints, actor: Ints, kept: Mask
) -> None:
    """Comments, and what becomes of them: rewording, removal, the creator's answer."""
    words = rng.integers(1 << 40, size=len(at))
    seq = rows.add(Kind.COMMENT, at, actor, kept, value=words)
    fate = rng.random(len(at))
    for kind, mean_ms, some in (
        (Kind.REWORDED, 2 * MINUTE_MS, fate < 0.007),
        (Kind.UNCOMMENT, 30 * MINUTE_MS, (fate >= 0.007) & (fate < 0.015)),
    ):
        then = later(rng, at[some], mean_ms)
        rows.add(kind, then, actor[some], kept[some], seq[some], words[some] + 1)
    reply_at = at + (rng.lognormal(6.8, 1.2, len(at)) * SECOND_MS).astype(np.int64)
    awake = (reply_at + creator.offset_ms) % DAY_MS >= 7 * HOUR_MS
    answered = awake & (fate >= 0.015) & (rng.random(len(at)) < creator.answers)
    words = rng.integers(1 << 40, size=int(answered.sum()))
    rows.add(Kind.ANSWER, reply_at[answered], 0, kept[answered], seq[answered], words)


def _sell(
    rng: np.random.Generator, brief: Brief, rows: Rows, times: Ints, actors: Ints, kept: Mask
) -> None:
    """Clicks on the campaign's link, orders among them, and refunds of a few."""
    clicked = rng.random(len(times)) < brief.click_rate
    at, kept = later(rng, times[clicked], 3 * MINUTE_MS), kept[clicked]
    rows.add(Kind.CLICK, at, actors[clicked], kept)
    ordered = rng.random(len(at)) < brief.conversion_rate
    at, kept = later(rng, at[ordered], 12 * MINUTE_MS), kept[ordered]
    cents = (100 * brief.order_value * rng.lognormal(0.0, 0.5, len(at))).astype(np.int64)
    seq = rows.add(Kind.CONVERSION, at, 0, kept, value=cents)
    back = rng.random(len(at)) < 0.05
    refunded = later(rng, at[back], 8 * HOUR_MS)
    rows.add(Kind.REFUND, refunded, 0, kept[back], seq[back], cents[back])


def _count_up(
    rng: np.random.Generator, stream: Stream, rows: Rows, at: int, liked: Ints, shared: Ints
) -> None:
    """Readings of a post's totals instead of single likes and shares, rarer with age."""
    ages = np.concatenate(
        (
            np.arange(2 * MINUTE_MS, 3 * HOUR_MS, 150 * SECOND_MS),
            np.arange(3 * HOUR_MS, 12 * HOUR_MS, 5 * MINUTE_MS),
            np.arange(12 * HOUR_MS, audience.HORIZON_MS, 20 * MINUTE_MS),
        )
    )
    polls = at + ages + rng.integers(0, 20 * SECOND_MS, len(ages))
    likes = np.searchsorted(np.sort(liked), polls)
    shares = np.searchsorted(np.sort(shared), polls)
    saves = (likes * float(rng.uniform(0.02, 0.08))).astype(np.int64)
    views = ((likes + shares) * float(rng.uniform(9.0, 22.0))).astype(np.int64)
    stream.totals = list(
        zip(likes.tolist(), shares.tolist(), saves.tolist(), views.tolist(), strict=True)
    )
    rows.add(Kind.POST_COUNTERS, polls, 0, ref=np.arange(len(polls)))
