"""Scores: a creator's state in the words of the contract.

Knows how counts become the published numbers. Must not know when they are published.
"""

from typing import Any, Final

from schemas.instants import from_ms
from schemas.scores import (
    Counts,
    CountsByWindow,
    EngagementScore,
    EngagementWindow,
)
from streams.engine.actors import estimate
from streams.engine.counts import (
    MICRO,
    NAMES,
    REVENUE,
    engagements,
    lanes,
    revenue,
)
from streams.engine.counts import Counts as Packed
from streams.engine.creator import Creator
from streams.engine.panes import FINE_MS
from streams.engine.slot import Minute

MINUTE_MS: Final = 60_000


def engagement_score(creator: Creator, stream_ms: int, watermark: int | None) -> EngagementScore:
    """The engagement of a creator over the sliding windows that end at `stream_ms`."""
    panes, card = creator.panes, creator.card
    panes.advance(stream_ms // FINE_MS)
    unique = creator.actors.windows(panes.head)
    score, samples = creator.watch.score(stream_ms)
    m1, m5, h1, h24 = (
        Counts(**_fields(counts, actors, creator))
        for counts, actors in zip(panes.sums(), unique, strict=True)
    )
    latest = creator.latest
    latest.score = score
    latest.engagements = h1.engagements
    latest.engagement_rate = h24.engagement_rate
    return EngagementScore(
        creator_id=creator.creator_id,
        platform=card.platform,
        handle=card.handle,
        tier=creator.tier,
        as_of=from_ms(stream_ms),
        watermark=None if watermark is None else from_ms(watermark),
        followers=card.followers,
        score=None if score is None else round(score, 2),
        score_samples=samples,
        windows=CountsByWindow(m1=m1, m5=m5, h1=h1, h24=h24),
        posts=[outlier.published() for outlier in creator.watch.outliers],
    )


def engagement_window(creator: Creator, minute: int, held: Minute) -> EngagementWindow:
    """The final record of one closed minute of a creator."""
    actors = estimate(held.actors(), held.mask + 1)
    return EngagementWindow(
        creator_id=creator.creator_id,
        platform=creator.card.platform,
        window_start=from_ms(minute * MINUTE_MS),
        window_end=from_ms((minute + 1) * MINUTE_MS),
        followers=creator.card.followers,
        **_fields(held.counts, actors, creator),
    )


def _fields(counts: Packed, actors: int, creator: Creator) -> dict[str, Any]:
    """Counts by published name. Money is exact in micro-units until here."""
    numbers = lanes(counts)
    fields: dict[str, Any] = dict(zip(NAMES, numbers, strict=False))
    net = engagements(numbers)
    fields["engagements"] = net
    fields["unique_actors"] = actors
    followers = creator.card.followers
    if followers:
        fields["engagement_rate"] = net / followers
        fields["basis"] = "followers"
    codes = creator.card.currencies
    if codes:
        fields["currency"] = codes[0]
        fields["revenue"] = revenue(numbers, REVENUE) / MICRO
        others = {
            code: amount / MICRO
            for i, code in enumerate(codes)
            if i and (amount := revenue(numbers, REVENUE + 2 * i))
        }
        if others:
            fields["revenue_other"] = others
    return fields
