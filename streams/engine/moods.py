"""Moods: what the comments of a window say, and how sure one can be of it.

Knows counts of judged comments and a creator's usual shares of them. Must not know how a text is
judged or when a score is due.

A window of few comments says little by itself, so its shares are drawn to the creator's usual ones,
an empirical Bayes estimate: usual shares p are the mean of a Dirichlet distribution, and the
variance between a creator's posts, as a share of what it could be at most, is v. That is as much as
k = 1 / v - 1 comments of the usual kind (Johnson, Kotz, Balakrishnan: Continuous Multivariate
Distributions, ch. 49). With n comments of which a share q is of one class, that class's share is
(n q + k p) / (n + k). The net is positive less negative; with both shares as P and N, its variance
is (P + N - net^2) / (n + k + 1).
"""

from math import sqrt
from typing import Final, NamedTuple

from xxhash import xxh3_64_intdigest

from schemas.instants import from_ms
from schemas.scores import Mood, MoodByWindow, SentimentScore
from streams.engine.counts import (
    COMPOUND,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    REPEATED,
    Counts,
    lanes,
    one,
)
from streams.engine.creator import Creator
from streams.engine.detectors.sentiment_crisis import Usual
from streams.engine.facts import PaneFacts
from streams.engine.panes import FINE_MS
from streams.engine.rules import CrisisRules

CLASS: Final = {1: one(POSITIVE), 0: one(NEUTRAL), -1: one(NEGATIVE)}
"""What a comment counts, by its label."""
_NONE: Final = (0,) * 5
_TWO_SIDED: Final = 1.96
"""Standard deviations to each side of which a normal variable is in 95 %."""


class Prior(NamedTuple):
    """The usual shares of positive and negative comments, and how many comments they count for."""

    positive: float
    negative: float
    weight: float


def rounded(share: float) -> float:
    """Four decimals: no sample of comments says more. To an int it takes a third of the time."""
    return round(share * 10_000.0) / 10_000.0


def mark_of(analyser: str) -> int:
    """A number that tells the judgements of one analyser, by its version, from another's; not 0."""
    return xxh3_64_intdigest(analyser.encode()) & 0xFFFF | 1


def prior_of(usual: Usual, mark: int, rules: CrisisRules) -> Prior:
    """What a creator's comments usually are; what is assumed of all, where `mark` never judged."""
    negative, positive = (usual if usual.judge == mark else Usual()).shares(rules)
    return Prior(positive, negative, 1.0 / rules.between_posts - 1.0)


def sentiment_score(
    creator: Creator,
    stream_ms: int,
    watermark: int | None,
    analyser: str,
    mark: int,
    rules: CrisisRules,
) -> SentimentScore:
    """The sentiment of a creator over the sliding windows that end at `stream_ms`."""
    panes, usual = creator.mood, creator.watch.crisis.usual
    panes.advance(stream_ms // FINE_MS)
    prior = prior_of(usual, mark, rules)
    m1, m5, h1, h24 = [mood(counts, prior) for counts in panes.sums()]
    creator.latest.net = h24.net
    return SentimentScore(
        creator_id=creator.creator_id,
        platform=creator.card.platform,
        as_of=from_ms(stream_ms),
        watermark=None if watermark is None else from_ms(watermark),
        analyser=analyser,
        usual_net=rounded(prior.positive - prior.negative),
        usual_comments=round(float(usual.total), 1) if usual.judge == mark else 0.0,
        windows=MoodByWindow(m1=m1, m5=m5, h1=h1, h24=h24),
    )


def taken_back(facts: PaneFacts, places: list[int]) -> Counts:
    """What to add to the counts of a pane, so that these of its `voices` no longer count in it."""
    taken = one(REPEATED, len(places))
    for place in places:
        taken -= CLASS[facts.voices[place][1]] + one(COMPOUND, facts.tones[place])
    return taken


def mood(counts: Counts, prior: Prior) -> Mood:
    """The published numbers of one window's comments."""
    positive, neutral, negative, compound, repeated, spam, *_ = *lanes(counts), *_NONE
    comments = positive + neutral + negative
    if comments <= 0 or min(positive, neutral, negative) < 0:
        # What is taken back may be of a pane that the window has no more of.
        return Mood(repeated=max(repeated, 0), spam=spam)
    sure = comments + prior.weight
    up = (positive + prior.weight * prior.positive) / sure
    down = (negative + prior.weight * prior.negative) / sure
    net = up - down
    reach = _TWO_SIDED * sqrt((up + down - net * net) / (sure + 1.0))
    return Mood(
        comments=comments,
        positive=positive,
        neutral=neutral,
        negative=negative,
        mean=rounded(compound / 1000 / comments),
        net=rounded((positive - negative) / comments),
        repeated=repeated,
        spam=spam,
        net_likely=rounded(net),
        net_low=rounded(max(net - reach, -1.0)),
        net_high=rounded(min(net + reach, 1.0)),
    )
