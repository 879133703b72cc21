"""Lives: days of one creator, polled, with growth that no audience explains.

Knows how to make detection look, fire and resolve with numbers of every size. Must not know the
rules by which it does.
"""

from random import Random
from typing import Any

import msgspec

from tests.fuzz.cases import START_MS, Feed, Pass, Save, Sent, Step

_HOUR_MS = 3_600_000
_CREATOR = "creator-0"


def life(rng: Random, steps: int) -> list[Step]:
    """A story of `steps` polls over several days, with ticks, checkpoints and crashes."""
    story: list[Step] = []
    now, followers = START_MS, rng.choice((0, 500, 30_000, 10**9))
    posts: dict[str, int] = {}
    pace = rng.choice((60_000, 5 * 60_000, 30 * 60_000))
    growth = rng.choice((1, 10, 100))
    for number in range(steps):
        now += rng.randrange(1, 2 * pace)
        if rng.random() < 0.04:
            # From one mood to another: gone, as usual, ten or a billion times that.
            growth = rng.choice((0, 1, 10, 100, 10**5, 10**9, 10**11, -3))
        if not posts or rng.random() < 0.06:
            posts[f"p{number}"] = 0
            story.append(_told(rng, "posts", now, number, {"post_id": f"p{number}"}))
        for post in list(posts)[-2:]:
            posts[post] = min(max(posts[post] + rng.randint(0, 20) * growth, 0), 10**12)
            fields = {"post_id": post, "likes": posts[post], "saves": posts[post] // 3}
            story.append(_told(rng, "counters", now, f"{number}/{post}", fields))
        followers = min(max(followers + rng.randint(-2, 5) * growth, 0), 10**12)
        story.append(_told(rng, "counters", now, number, {"followers": followers}))
        if growth in {10, 100} and rng.random() < 0.5:
            burst = [
                _sent(rng, "follows", now, f"{number}/{n}", {"actor_id": f"a{n}"})
                for n in range(rng.choice((1, 1, 20, 80)))
            ]
            story.append(Feed("follows", burst))
        story.append(Pass(now))
        if rng.random() < 0.05:
            story.append(Save(crash=rng.random() < 0.5))
        if rng.random() < 0.01:
            now += rng.choice((_HOUR_MS, 12 * _HOUR_MS, 72 * _HOUR_MS))
    return story


def _told(rng: Random, topic: str, now: int, name: object, fields: dict[str, Any]) -> Feed:
    return Feed(topic, [_sent(rng, topic, now, name, fields)])


def _sent(rng: Random, topic: str, now: int, name: object, fields: dict[str, Any]) -> Sent:
    at = now - rng.choice((0, 0, 0, 3_000, 70_000))
    event = {"event_id": f"{topic}/{name}", "creator_id": _CREATOR, "platform": "x"}
    value = msgspec.json.encode(event | {"occurred_at": at} | fields)
    return Sent(now, _CREATOR.encode(), value)
