"""Survey: looks at every creator of a worker, and adds up what is found.

Knows what fires, how the creators of a platform and of a campaign do, and how many of each are
worth telling. Must not know metric names, Prometheus or Kafka.

With very many creators a look takes a moment, so it may run in another thread: it only reads, and
takes what others may change in one step of the interpreter.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from schemas.alerts import Quiet, Severity
from schemas.events import Campaign
from schemas.instants import to_ms
from streams.engine.alerting import SEVERITIES
from streams.engine.creator import Creator
from streams.engine.panes import COARSE, FINE_MS, MID, Panes
from streams.engine.roster import Roster as Campaigns
from streams.engine.shard import Shard
from streams.engine.units import HOUR_MS
from streams.outputs.readings import (
    LASTING_SECONDS,
    OTHERS,
    Call,
    CreatorReading,
    Roster,
    Source,
    Survey,
)

MOST_CAMPAIGNS = 50
"""Campaigns with series of their own: those of the most creators, the same on all workers."""
MOST_SOURCES = 15
"""Platforms with series of their own: those of the most creators."""
BELOW, ABOVE = 40.0, 60.0
"""Scores from which on a creator is told to do worse, or better, than expected: by a half, at the
latest. 50 is as usual."""
_HEARD_MS = 24 * HOUR_MS
_AT_ONCE, _REST_SECONDS = 500, 0.0005
"""Creators looked at in about a millisecond, and how long others may go on then."""


class _Head(Struct):
    """What matters here of an alert's last record."""

    kind: str
    severity: Severity
    started_at: datetime
    campaign_id: str | None = None
    quiet: Quiet | None = None


_head = msgspec.json.Decoder(_Head)


class Surveyor:
    """Takes one look after the other. At most `limit` creators, and as many calls, are told of."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._roster = Roster(limit)

    def look(self, shards: Collection[Shard], campaigns: Campaigns) -> Survey:
        """What there is to see now."""
        found = Survey()
        now_ms = max((shard.stream_ms for shard in shards), default=0)
        calls: list[tuple[int, datetime, Call]] = []
        scores: dict[str, float] = {}
        sources: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)

        def seen() -> Iterator[CreatorReading]:
            for creator in _creators(shards):
                latest = creator.latest
                if latest.score is not None:
                    scores[creator.creator_id] = latest.score
                if creator.card.platform is not None:
                    _count(sources[creator.card.platform], creator, now_ms)
                kinds = creator.watch.active()
                if kinds:
                    found.active.update(kinds)
                    _look_at_alerts(creator, now_ms, found, calls)
                yield CreatorReading(
                    creator.creator_id,
                    latest.engagements,
                    latest.score,
                    latest.engagement_rate,
                    latest.net,
                    bool(kinds),
                )

        found.creators = self._roster.choose(seen())
        found.unshown = self._roster.unshown
        found.calls = [call for *_, call in sorted(calls)[: self._limit]]
        found.sources = _sources(sources, Counter(p for s in shards for p in s.dark))
        found.standing = {
            campaign.campaign_id: _standing(campaign, scores)
            for campaign in _largest(campaigns.running(now_ms))
        }
        return found


def _creators(shards: Iterable[Shard]) -> Iterator[Creator]:
    for shard in shards:
        # One step for the interpreter, so that the shard may go on meanwhile.
        for number, creator in enumerate(list(shard.live_creators()), start=1):
            if number % _AT_ONCE == 0:
                # Else whoever waits for the interpreter gets it only each 5 ms.
                time.sleep(_REST_SECONDS)
            yield creator


def _count(source: list[int], creator: Creator, now_ms: int) -> None:
    at_ms = _last_ms(creator.panes)
    source[at_ms <= now_ms - _HEARD_MS] += 1
    source[2] = max(source[2], at_ms)
    for post in creator.watch.outliers:
        source[3 if post.got > post.usual else 4] += 1


def _last_ms(panes: Panes) -> int:
    """Since when nothing was counted, as exactly as that is still known; 0 for never."""
    for scale, size in ((panes.fine, 1), (panes.mid, MID), (panes.coarse, COARSE)):
        if counted := list(scale):
            return (max(counted) + 1) * size * FINE_MS
    return 0


def _look_at_alerts(
    creator: Creator, now_ms: int, found: Survey, calls: list[tuple[int, datetime, Call]]
) -> None:
    for raw in list(creator.watch.told.values()):
        head = _head.decode(raw)
        if now_ms - to_ms(head.started_at) >= LASTING_SECONDS * 1000:
            found.lasting[head.kind] += 1
        if head.quiet is not None:
            found.quiet[head.quiet] += 1
            continue
        call = Call(creator.creator_id, head.kind, head.severity, head.campaign_id or "")
        calls.append((SEVERITIES.index(head.severity), head.started_at, call))


def _sources(counted: defaultdict[str, list[int]], low: Counter[str]) -> dict[str, Source]:
    ranked = sorted({*counted, *low}, key=lambda name: (-sum(counted[name][:2]), name))
    found: dict[str, Source] = {}
    for place, name in enumerate(ranked):
        heard, silent, last_ms, over, under = counted[name]
        shown = name if place < MOST_SOURCES else OTHERS
        before = found.get(shown, Source())
        found[shown] = Source(
            before.heard + heard,
            before.silent + silent,
            max(before.last_event, last_ms / 1000),
            before.low + low[name],
            before.over + over,
            before.under + under,
        )
    return found


def _largest(campaigns: Iterable[Campaign]) -> list[Campaign]:
    ranked = sorted(campaigns, key=lambda c: (-len(c.creators), c.campaign_id))
    return ranked[:MOST_CAMPAIGNS]


def _standing(campaign: Campaign, scores: dict[str, float]) -> Counter[str]:
    known = [scores[creator_id] for creator_id in set(campaign.creators) & scores.keys()]
    below = sum(score < BELOW for score in known)
    above = sum(score > ABOVE for score in known)
    return Counter(below=below, usual=len(known) - below - above, above=above)
