"""Scores: a creator's state in the words of the contract.

Knows how counts become the published numbers. Must not know when they are published.
"""

from collections.abc import Mapping
from typing import Any

from schemas.instants import from_ms
from schemas.scores import (
    Counts,
    CountsByWindow,
    EngagementScore,
    EngagementWindow,
    Mood,
    MoodByWindow,
    SentimentScore,
)
from streams.engine.actors import estimate
from streams.engine.counts import (
    COMPOUND,
    MICRO,
    NAMES,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    REVENUE,
    SIZE,
    engagements,
)
from streams.engine.creator import Creator, Minute
from streams.engine.panes import FINE_MS

MINUTE_MS = 60_000


def engagement_score(creator: Creator, stream_ms: int, watermark: int | None) -> EngagementScore:
    """The engagement of a creator over the sliding windows that end at `stream_ms`."""
    panes, card = creator.panes, creator.card
    panes.advance(stream_ms // FINE_MS)
    unique = creator.actors.windows(panes.head)
    score, samples = creator.watch.score(stream_ms)
    sums = (panes.m1, panes.m5, panes.h1, panes.h24)
    m1, m5, h1, h24 = (
        Counts(**_fields(counts, actors, creator))
        for counts, actors in zip(sums, unique, strict=True)
    )
    latest = creator.latest
    latest.score = score
    latest.engagements = h1.engagements
    latest.engagement_rate = h24.engagement_rate
    return EngagementScore(
        creator_id=creator.creator_id,
        platform=card.platform,
        handle=card.handle,
        tier=card.tier,
        as_of=from_ms(stream_ms),
        watermark=None if watermark is None else from_ms(watermark),
        followers=card.followers,
        score=score,
        score_samples=samples,
        windows=CountsByWindow(m1=m1, m5=m5, h1=h1, h24=h24),
    )


def sentiment_score(
    creator: Creator, stream_ms: int, watermark: int | None, analyser: str
) -> SentimentScore:
    """The sentiment of a creator over the sliding windows that end at `stream_ms`."""
    mood = creator.mood
    mood.advance(stream_ms // FINE_MS)
    h24 = _mood(mood.h24)
    creator.latest.net = h24.net
    return SentimentScore(
        creator_id=creator.creator_id,
        platform=creator.card.platform,
        as_of=from_ms(stream_ms),
        watermark=None if watermark is None else from_ms(watermark),
        analyser=analyser,
        windows=MoodByWindow(m1=_mood(mood.m1), m5=_mood(mood.m5), h1=_mood(mood.h1), h24=h24),
    )


def engagement_window(creator: Creator, minute: int, held: Minute) -> EngagementWindow:
    """The final record of one closed minute of a creator."""
    actors = estimate(len(held.actors), held.mask + 1)
    return EngagementWindow(
        creator_id=creator.creator_id,
        platform=creator.card.platform,
        window_start=from_ms(minute * MINUTE_MS),
        window_end=from_ms((minute + 1) * MINUTE_MS),
        followers=creator.card.followers,
        **_fields(held.counts, actors, creator),
    )


def _fields(counts: Mapping[int, int], actors: int, creator: Creator) -> dict[str, Any]:
    """Counts by published name. Money is exact in micro-units until here."""
    fields: dict[str, Any] = {NAMES[count]: n for count, n in counts.items() if count < SIZE}
    net = engagements(counts)
    fields["engagements"] = net
    fields["unique_actors"] = actors
    followers = creator.card.followers
    if followers:
        fields["engagement_rate"] = net / followers
        fields["basis"] = "followers"
    codes = creator.card.currencies
    if codes:
        fields["currency"] = codes[0]
        fields["revenue"] = counts.get(REVENUE, 0) / MICRO
        others = {
            code: counts[REVENUE + i] / MICRO
            for i, code in enumerate(codes)
            if i and counts.get(REVENUE + i)
        }
        if others:
            fields["revenue_other"] = others
    return fields


def _mood(counts: Mapping[int, int]) -> Mood:
    positive, negative = counts.get(POSITIVE, 0), counts.get(NEGATIVE, 0)
    comments = positive + negative + counts.get(NEUTRAL, 0)
    if comments <= 0:
        return Mood()
    return Mood(
        comments=comments,
        positive=positive,
        neutral=counts.get(NEUTRAL, 0),
        negative=negative,
        mean=counts.get(COMPOUND, 0) / 1000 / comments,
        net=(positive - negative) / comments,
    )
