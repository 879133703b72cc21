"""Incidents: which creators something happens to, and when.

Knows what makes a creator a fair case: enough volume for a drop, no fresh post for a spike.
Must not know how detectors work, or what an incident brings.
"""

from collections.abc import Callable
from functools import partial
from math import log

import numpy as np

from streams.sources.simulate import audience, reactions
from streams.sources.simulate.plan import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Incident,
    Plan,
)
from streams.sources.simulate.reactions import Account

_MOST_CANDIDATES = 96
_LEAST_VOLUME = 120
_CHOICES = 4
_FAIR_SPAN_MS = 80 * MINUTE_MS
_LEAST_TALK = 150
"""Comments that a creator should have had before they turn."""
_OFTEN = 16
"""Posts that a creator should have made before one goes viral."""


def choose(plan: Plan, accounts: list[Account]) -> list[Incident]:
    """The incidents of `plan`, in order of their start; fewer where no creator is a fair case."""
    if plan.incidents == "none":
        return []
    rng = np.random.default_rng([plan.seed, 10])
    wanted = (
        _spread(plan, rng, plan.incidents)
        if isinstance(plan.incidents, int)
        else _around_live(plan, rng)
    )
    free = [account for account in accounts if not account.creator.polled]
    if len(free) > _MOST_CANDIDATES:
        free = [free[int(i)] for i in np.sort(rng.permutation(len(free))[:_MOST_CANDIDATES])]
    picks: list[Callable[[list[Account]], Incident | None]] = [
        partial(_for_drop if kind == "engagement_drop" else _for_spike, plan, rng, starts, end)
        for kind, starts, end in wanted
    ]
    if plan.incidents == "all":
        # With dice of their own: the others are those of the default.
        other = np.random.default_rng([plan.seed, 12])
        picks += [partial(pick, plan, other) for pick in (_for_viral, _for_crisis, _for_wave)]
    chosen: list[Incident] = []
    for pick in picks:
        incident = pick(free)
        if incident is not None:
            chosen.append(incident)
            free = [a for a in free if a.creator.creator_id != incident.creator_id]
    return sorted(chosen, key=lambda incident: incident.starts_at)


_Wanted = list[tuple[str, list[int], int]]
"""(kind, starts to choose from, end)."""


def _live(plan: Plan) -> int:
    """When somebody begins to watch."""
    if plan.live_ms is not None:
        return plan.live_ms
    return max(plan.start_ms, plan.end_ms - 2 * HOUR_MS)


def _around_live(plan: Plan, rng: np.random.Generator) -> _Wanted:
    live = _live(plan)
    wanted: _Wanted = []
    for _ in range(3):
        starts = live - rng.integers(90 * MINUTE_MS, 300 * MINUTE_MS, size=_CHOICES)
        until = live + int(rng.integers(60, 120)) * MINUTE_MS
        wanted.append(("engagement_drop", [int(start) for start in starts], until))
    start = live + int(rng.integers(8 * SECOND_MS, 12 * SECOND_MS))
    wanted.append(("follower_spike", [start], start + int(rng.integers(15, 30)) * SECOND_MS))
    return wanted


def _spread(plan: Plan, rng: np.random.Generator, count: int) -> _Wanted:
    span = plan.end_ms - plan.start_ms
    wanted: _Wanted = []
    for number in range(count):
        start = plan.start_ms + int(span * rng.uniform(0.6, 0.97))
        if number % 2 == 0:
            wanted.append(
                ("engagement_drop", [start], start + int(rng.integers(60, 180)) * MINUTE_MS)
            )
        else:
            wanted.append(("follower_spike", [start], start + int(rng.integers(2, 20)) * MINUTE_MS))
    return wanted


def _for_drop(
    plan: Plan, rng: np.random.Generator, starts: list[int], end: int, free: list[Account]
) -> Incident | None:
    """A drop when and on whom it takes most away at first: sparse creators show nothing."""
    best, chosen = 0.0, None
    for start in starts:
        until = min(end, start + _FAIR_SPAN_MS)
        for account in free:
            volume = _volume(plan, account, start, until)
            if volume > best:
                best, chosen = volume, (account, start)
    if chosen is None or best < _LEAST_VOLUME:
        return None
    return Incident(
        creator_id=chosen[0].creator.creator_id,
        kind="engagement_drop",
        starts_at=chosen[1],
        ends_at=end,
        size=round(float(rng.uniform(0.03, 0.10)), 3),
    )


def _for_spike(
    plan: Plan, rng: np.random.Generator, starts: list[int], end: int, free: list[Account]
) -> Incident | None:
    """A spike on one of the creators whose last post is longest ago, and the next one far."""
    start = starts[0]
    gaps = _by(free, lambda account: _distance(plan, account, start, end))
    fair = [account for _, account in gaps][: max(1, len(gaps) // 3)]
    if not fair:
        return None
    creator = fair[int(rng.integers(len(fair)))].creator
    size = min(max(400.0, creator.followers * float(rng.uniform(0.02, 0.05))), 3_000.0)
    return Incident(
        creator_id=creator.creator_id,
        kind="follower_spike",
        starts_at=start,
        ends_at=end,
        size=float(int(size)),
    )


def _for_viral(plan: Plan, rng: np.random.Generator, free: list[Account]) -> Incident | None:
    """A post that is picked up some 25 minutes before live, an hour or so after it came.

    Of a creator who has posted often enough to know what is usual, and whose posts get a hundred
    reactions or two, so that the wave is no flood.
    """
    start = _live(plan) - int(rng.integers(22 * MINUTE_MS, 30 * MINUTE_MS))
    size = round(float(rng.uniform(160, 220)), 1)

    def unfit(account: Account) -> float:
        creator = account.creator
        told = reactions.between(plan.seed, creator, plan.start_ms, start)
        newest = max((publication.at_ms for publication in told), default=0)
        age = max((start - newest) / HOUR_MS, 0.1)
        seldom = max(0.0, log(_OFTEN / max(len(told), 1)))
        return abs(log(age)) + abs(log(creator.reactions / 130)) + 3 * seldom

    best = min(free, key=unfit, default=None)
    if best is None or not reactions.between(plan.seed, best.creator, start - 12 * HOUR_MS, start):
        return None
    return Incident(
        creator_id=best.creator.creator_id,
        kind="viral_post",
        starts_at=start,
        ends_at=start + 6 * HOUR_MS,
        size=size,
    )


def _for_crisis(plan: Plan, rng: np.random.Generator, free: list[Account]) -> Incident | None:
    """Anger that begins two minutes before live, below a post of some hours, of much discussion."""
    start = _live(plan) - int(rng.integers(120 * SECOND_MS, 150 * SECOND_MS))
    end = start + int(rng.integers(20, 30)) * MINUTE_MS
    days = (start - plan.start_ms) / DAY_MS
    fair = []
    for account in free:
        creator = account.creator
        talk = creator.reactions * creator.comment_share * len(creator.slots) * days
        recent = reactions.between(plan.seed, creator, start - 12 * HOUR_MS, start)
        newest = max((publication.at_ms for publication in recent), default=start)
        if talk >= _LEAST_TALK and start - newest >= 30 * MINUTE_MS:
            fair.append(account)
    if not fair:
        return None
    return Incident(
        creator_id=fair[int(rng.integers(len(fair)))].creator.creator_id,
        kind="sentiment_crisis",
        starts_at=start,
        ends_at=end,
        size=float(rng.integers(300, 450)),
    )


def _for_wave(plan: Plan, rng: np.random.Generator, free: list[Account]) -> Incident | None:
    """Followers who leave within half a minute, soon after live begins: a purge of accounts."""
    start = _live(plan) + int(rng.integers(12 * SECOND_MS, 18 * SECOND_MS))
    fair = [account for account in free if 6_000 <= account.creator.followers <= 150_000]
    if not fair:
        return None
    creator = fair[int(rng.integers(len(fair)))].creator
    return Incident(
        creator_id=creator.creator_id,
        kind="unfollow_wave",
        starts_at=start,
        ends_at=start + int(rng.integers(20, 40)) * SECOND_MS,
        size=float(int(max(400.0, creator.followers * float(rng.uniform(0.012, 0.03))))),
    )


def _by(free: list[Account], measure: Callable[[Account], float]) -> list[tuple[float, Account]]:
    """`free` with a measure, the largest first; ties keep the roster's order."""
    return sorted(((measure(account), account) for account in free), key=lambda pair: -pair[0])


def _volume(plan: Plan, account: Account, start: int, end: int) -> float:
    """Reactions within [start, end) as usual or as they would come, whichever is less.

    Where a post does far better than usual, what a drop leaves would look usual.
    """
    usual, actual = 0.0, 0
    for publication in reactions.between(
        plan.seed, account.creator, start - audience.HORIZON_MS, end
    ):
        share = audience.share_within(account.creator, publication.at_ms, start, end)
        usual += account.creator.reactions * share
        at = reactions.post(plan.seed, account, publication, []).columns[:, 0]
        actual += int(np.searchsorted(at, end) - np.searchsorted(at, start))
    return min(usual, actual)


def _distance(plan: Plan, account: Account, start: int, end: int) -> float:
    """The time between [start, end) and the nearest post, the next ones counting half."""
    near = reactions.between(plan.seed, account.creator, start - DAY_MS, end + DAY_MS)
    before = [start - p.at_ms for p in near if p.at_ms < start]
    after = [p.at_ms - start for p in near if p.at_ms >= start]
    return min(min(before, default=DAY_MS), 2 * min(after, default=DAY_MS))
