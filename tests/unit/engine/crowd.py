"""A small crowd for detector tests: posts, clustered reactions, a day's rhythm, follows.

Independent of the shipped simulator and of the detectors: no code, constants or distributions in
common. Post quality is log-normal, the age of a reaction too, reactions come in bursts of
geometric size, and the night is quiet.
"""

import math
import random
from typing import NamedTuple

from schemas.alerts import Alert
from streams.engine.facts import PANE_MS, CreatorInfo, PaneFacts, Published
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine.watch import Watch

START_MS = 1_760_000_000_000 // DAY_MS * DAY_MS
RULES = Rules()

Panes = dict[int, PaneFacts]


class Drop(NamedTuple):
    """From `start_ms` to `end_ms` only a share of engagement is left."""

    start_ms: int
    end_ms: int
    left: float


class Creator(NamedTuple):
    """What a test creator is like; `post_hours` are the hours of its posts each day."""

    level: float = 400.0
    spread: float = 0.5
    post_hours: tuple[float, ...] = (8.0, 11.5, 14.0, 17.0, 20.5)
    follows_per_hour: float = 5.0
    followers: int = 40_000
    media: str = "image"

    @property
    def info(self) -> CreatorInfo:
        return CreatorInfo("crowd-1", "x", "crowd.one", self.followers)


def rhythm(ms: int) -> float:
    """Attention at an instant, at most 1: low at three in the morning."""
    hour = ms % DAY_MS / HOUR_MS
    return 0.55 - 0.45 * math.cos((hour - 3.0) / 24.0 * 2.0 * math.pi)


def days(
    seed: int,
    creator: Creator,
    count: float,
    drop: Drop | None = None,
    boosts: dict[int, float] | None = None,
    fading_ms: int = 0,
) -> Panes:
    """The panes of `count` days of posts, whose reactions go on for `fading_ms` after them.

    `boosts` multiplies the quality of the n-th post.
    """
    dice = random.Random(seed)
    panes: Panes = {}
    end = START_MS + int(count * DAY_MS)
    number = 0
    for day in range(math.ceil(count)):
        for hour in creator.post_hours:
            at = START_MS + day * DAY_MS + int((hour + dice.gauss(0.0, 0.3)) * HOUR_MS)
            number += 1
            quality = math.exp(dice.gauss(-(creator.spread**2) / 2, creator.spread))
            quality *= (boosts or {}).get(number, 1.0)
            if at < end:
                post(panes, dice, creator, f"post-{number}", at, quality, drop, end + fading_ms)
    gaps = creator.follows_per_hour / HOUR_MS
    at = float(START_MS)
    while gaps > 0:
        at += dice.expovariate(gaps)
        if at >= end:
            break
        pane(panes, int(at)).follows += 1
    return panes


def post(
    panes: Panes,
    dice: random.Random,
    creator: Creator,
    post_id: str,
    at: int,
    quality: float,
    drop: Drop | None,
    end: int,
) -> None:
    """One post with its reactions."""
    pane(panes, at).published.append(Published(post_id, at, creator.media, None))
    for _ in range(int(creator.level * quality / 1.5)):
        first = at + int(dice.lognormvariate(math.log(75.0), 1.3) * MINUTE_MS)
        if dice.random() > rhythm(first):
            continue
        size = 1
        while dice.random() < 0.35:
            size += 1
        for _ in range(size):
            when = first + int(dice.expovariate(1 / 30_000))
            if when >= end:
                continue
            if drop and drop.start_ms <= when < drop.end_ms and dice.random() > drop.left:
                continue
            facts = pane(panes, when)
            facts.by_post[post_id] = facts.by_post.get(post_id, 0) + 1


def fresh() -> PaneFacts:
    """Empty facts with containers of their own."""
    return PaneFacts(by_post={}, published=[], deleted=[], spreads=[])


def pane(panes: Panes, at_ms: int) -> PaneFacts:
    """The facts of the pane that holds an instant."""
    return panes.setdefault((at_ms // PANE_MS + 1) * PANE_MS, fresh())


class Run(NamedTuple):
    """What a watch said about panes, and the watch afterwards."""

    alerts: list[Alert]
    watch: Watch
    calls: int

    def of(self, kind: str, status: str | None = None) -> list[Alert]:
        return [a for a in self.alerts if a.kind == kind and status in (None, a.status)]


def run(
    panes: Panes,
    info: CreatorInfo,
    end_ms: int | None = None,
    rules: Rules = RULES,
    watch: Watch | None = None,
) -> Run:
    """Show panes and deadlines to a watch in order, as a shard does."""
    watch = watch or Watch()
    alerts: list[Alert] = []
    calls = 0
    for at in sorted(panes):
        calls += _wait(watch, at, info, rules, alerts)
        alerts += watch.on_pane(at, panes[at], info, rules)
        calls += 1
    if end_ms is not None:
        calls += _wait(watch, end_ms, info, rules, alerts)
    return Run(alerts, watch, calls)


def _wait(watch: Watch, until: int, info: CreatorInfo, rules: Rules, alerts: list[Alert]) -> int:
    calls = 0
    while watch.next_deadline_ms is not None and watch.next_deadline_ms < until:
        due = watch.next_deadline_ms
        alerts += watch.on_pane(due, None, info, rules)
        calls += 1
        assert watch.next_deadline_ms is None or watch.next_deadline_ms > due
    return calls
