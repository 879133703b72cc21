"""The world: all streams of a plan, merged into one in order of time.

Knows when streams begin and end. Must not know what their rows mean.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush

import numpy as np

from schemas import topics
from streams.sources.simulate import (
    audience,
    crowds,
    incidents,
    reactions,
    render,
    roster,
    scenarios,
    twists,
)
from streams.sources.simulate.plan import (
    DAY_MS,
    HOUR_MS,
    SECOND_MS,
    Effect,
    Incident,
    Plan,
    Timed,
)
from streams.sources.simulate.reactions import Account, Publication, Stream
from streams.sources.simulate.scenarios import Story

_HISTORY_SLAB_MS = HOUR_MS
_LIVE_SLAB_MS = 5 * SECOND_MS


def truth(plan: Plan) -> list[Incident]:
    """The incidents of `plan`, in order of their start."""
    return list(_story(plan).truth)


def subjects(plan: Plan) -> set[str]:
    """Ids of the creators to whom something happens, an outage to all of its platform."""
    accounts = _accounts(plan)[0]
    hit = {effect.creator_id for effect in _story(plan).effects}
    of = ((account.creator.creator_id, account.creator.platform) for account in accounts)
    return {
        creator_id
        for creator_id, platform in of
        if creator_id in hit or f"platform:{platform}" in hit
    }


def generate(plan: Plan) -> Iterator[Timed]:
    """All events of `plan`, in ascending order of time.

    Profiles and campaigns come first, at `start_ms`. Reactions to posts from before the start are
    among the events, so that the first hour is like any other. Lazy: costs nothing before it is
    read, and keeps two days of posts.
    """
    accounts, briefs = _accounts(plan)
    for account in accounts:
        yield Timed(plan.start_ms, topics.CREATORS.name, render.profile(account, plan))
    for brief in briefs:
        yield Timed(plan.start_ms, topics.CAMPAIGNS.name, render.campaign(brief))
    world = _World(plan, accounts)
    live = plan.history_end_ms
    start = plan.start_ms
    while start < plan.end_ms:
        step = _HISTORY_SLAB_MS if start < live else _LIVE_SLAB_MS
        end = min(start + step, live if start < live else plan.end_ms)
        yield from world.slab(end)
        start = end


def _accounts(plan: Plan) -> tuple[list[Account], list[roster.Brief]]:
    creators = roster.roster(plan)
    briefs = roster.campaigns(plan, creators)
    accounts = [
        Account(creator, None if creator.campaign is None else briefs[creator.campaign])
        for creator in creators
    ]
    return accounts, briefs


@lru_cache(maxsize=8)  # To choose incidents takes a third as long as all else of two days.
def _story(plan: Plan) -> Story:
    accounts = _accounts(plan)[0]
    if plan.scenario is not None:
        return scenarios.find(plan.scenario).tell(plan, accounts)
    chosen = incidents.choose(plan, accounts)
    return Story(chosen, chosen)


class _World:
    """Streams that have begun, and the posts that are still to come."""

    def __init__(self, plan: Plan, accounts: list[Account]) -> None:
        self.plan = plan
        self.accounts = accounts
        self.drops: defaultdict[str, list[Effect]] = defaultdict(list)
        self.twists: list[Effect] = []
        self.coming: list[Publication] = []
        self.active: list[Stream] = []
        by_id = {account.creator.creator_id: account for account in accounts}
        for effect in _story(plan).effects:
            if effect.kind in twists.THINNING:
                self.drops[effect.creator_id].append(effect)
            elif effect.kind in twists.KINDS:
                self.twists.append(effect)
            account = by_id.get(effect.creator_id)
            if account is not None:
                for stream in (
                    crowds.crowd(plan.seed, account, effect),
                    twists.record(plan.seed, account, effect),
                ):
                    if stream is not None:
                        self._begin(stream)
        self.next_day = (plan.start_ms - audience.HORIZON_MS) // DAY_MS - 1

    def slab(self, end_ms: int) -> Iterator[Timed]:
        """The events from where the last slab ended to `end_ms`."""
        self._look_ahead(end_ms)
        while self.coming and self.coming[0].at_ms < end_ms:
            publication = heappop(self.coming)
            account = self.accounts[publication.creator]
            drops = self.drops[account.creator.creator_id]
            self._begin(reactions.post(self.plan.seed, account, publication, drops))
        parts = [(stream, stream.until(end_ms)) for stream in self.active]
        parts = [part for part in parts if len(part[1])]
        self.active = [stream for stream in self.active if not stream.spent]
        return self._merged(parts)

    def _begin(self, stream: Stream) -> None:
        for twist in self.twists:
            twists.bend(stream, twist)
        stream.until(self.plan.start_ms)
        if not stream.spent:
            self.active.append(stream)

    def _look_ahead(self, end_ms: int) -> None:
        """Plans every day that may have begun somewhere on Earth before `end_ms`."""
        while self.next_day * DAY_MS < end_ms + DAY_MS:
            day = self.next_day
            self.next_day += 1
            for account in self.accounts:
                creator = account.creator
                for publication in reactions.publications(self.plan.seed, creator, day):
                    if publication.at_ms < self.plan.start_ms - audience.HORIZON_MS:
                        continue
                    if not twists.paused(creator, publication.at_ms, self.twists):
                        self._push(publication)
                if (day + 1) * DAY_MS > self.plan.start_ms:
                    drops = self.drops[creator.creator_id]
                    self._begin(reactions.ordinary_day(self.plan.seed, account, day, drops))

    def _push(self, publication: Publication) -> None:
        heappush(self.coming, publication)

    @staticmethod
    def _merged(parts: list[tuple[Stream, reactions.Ints]]) -> Iterator[Timed]:
        """The rows of all parts as events; rows of the same millisecond keep the streams' order."""
        if not parts:
            return
        rows = np.concatenate([part for _, part in parts])
        owner = np.repeat(np.arange(len(parts)), [len(part) for _, part in parts])
        order = np.argsort(rows[:, 0], kind="stable")
        rows, owner = rows[order], owner[order]
        stamps = np.datetime_as_string(
            rows[:, 0].astype("M8[ms]"), unit="ms", timezone="UTC"
        ).tolist()
        streams = [stream for stream, _ in parts]
        ways = render.WAYS
        for (at, kind, actor, ref, value, seq), stamp, number in zip(
            rows.tolist(), stamps, owner.tolist(), strict=True
        ):
            topic, way = ways[kind]
            event = way(streams[number], stamp, at, actor, ref, value, seq)
            if event is not None:
                yield Timed(at, topic, event)
