"""Twists: what changes the lives of creators without adding people to them.

Knows how each kind bends the rows of a stream, or keeps posts from coming. Must not know to whom it
happens, or whether anybody is to be told.
"""

from collections.abc import Iterable

import numpy as np

from streams.sources.simulate.plan import SECOND_MS, Effect
from streams.sources.simulate.reactions import Account, Kind, Rows, Stream
from streams.sources.simulate.roster import Creator

THINNING = ("engagement_drop", "decline", "lull")
"""Of reactions and new followers only `size` is left; a decline comes to that bit by bit."""
KINDS = ("pause", "source_outage", "reset", "blank")
"""No posts; of all events of a platform only `size` arrives; totals of posts start anew from 0; the
account is read as having no followers."""


def bend(stream: Stream, twist: Effect) -> None:
    """Change the rows of `stream` as `twist` has it, where it is of its creator or platform."""
    creator = stream.account.creator
    if twist.kind == "source_outage" and twist.creator_id == f"platform:{creator.platform}":
        at = stream.columns[:, 0]
        dark = (at >= twist.starts_at) & (at < twist.ends_at)
        # Which of them arrive must not hang on how far the world is read.
        luck = stream.columns[:, 5] * 0.6180339887 % 1.0 < twist.size
        stream.columns = stream.columns[~dark | luck]
    elif twist.creator_id == creator.creator_id and twist.kind == "reset":
        _reset(stream, twist)
    elif twist.creator_id == creator.creator_id and twist.kind == "blank":
        kinds, at = stream.columns[:, 1], stream.columns[:, 0]
        hit = (kinds == Kind.ACCOUNT_COUNTERS) & (at >= twist.starts_at) & (at < twist.ends_at)
        stream.columns[hit, 4] = 1


def paused(creator: Creator, at_ms: int, twists: Iterable[Effect]) -> bool:
    """Whether a creator leaves out a post of that time."""
    return any(
        twist.kind == "pause"
        and twist.creator_id == creator.creator_id
        and twist.starts_at <= at_ms < twist.ends_at
        for twist in twists
    )


def record(seed: int, account: Account, effect: Effect) -> Stream | None:
    """The new profile of a creator who has `size` followers from now on; None of other effects."""
    if effect.kind != "new_tier":
        return None
    began = effect.starts_at // SECOND_MS
    stream = Stream(account, f"{account.creator.creator_id}-{seed:x}t{began:x}")
    rows = Rows()
    at = np.array([effect.starts_at], dtype=np.int64)
    rows.add(Kind.PROFILE, at, 0, value=np.array([int(effect.size)], dtype=np.int64))
    stream.columns = rows.sorted()
    return stream


def _reset(stream: Stream, twist: Effect) -> None:
    """Totals of a post count from 0 again."""
    columns = stream.columns
    since = columns[:, 0] >= twist.starts_at
    polls = columns[:, 1] == Kind.POST_COUNTERS
    before = columns[polls & ~since, 3]
    if not len(before):
        return
    lost = stream.totals[int(before[-1])]
    for ref in columns[polls & since, 3].tolist():
        likes, shares, saves, views = (
            max(now - then, 0) for now, then in zip(stream.totals[ref], lost, strict=True)
        )
        stream.totals[ref] = (likes, shares, saves, views)
