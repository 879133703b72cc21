"""The story: a few creators with a past, whose followers leap or whose engagement stops.

Knows what makes an alert likely: history, then a spike or a drop. Must not know rules of detection,
workers or faults. Everything but the present time follows from the seed.
"""

import random
from collections.abc import Iterator
from typing import Any

NAME = "history-"
"""How the creators are named; what is counted of them may be older than any window."""
HOUR_MS = 3_600_000
_POST_EVERY_MS = 3 * HOUR_MS
_LIKES_OF_A_POST = 2_500
_FOLLOWS_PER_HOUR = 3
_SPIKE = 260
_FUTURE_MS = 6 * HOUR_MS
# How likes come after a post (SEISMIC): evenly for five minutes, then as a power of its age.
_EVEN_MS, _THETA = 300_000, 0.242

Told = tuple[int, str, dict[str, Any]]
"""(occurred at, topic, event)."""


class Story:
    """`incidents` creators in turn with a spike and a drop, after `hours` of history."""

    def __init__(self, seed: int, incidents: int, hours: int) -> None:
        self._random = random.Random(f"story {seed}")
        self._hours = hours
        self._made = 0
        self.spikes = [f"{NAME}spike-{number}" for number in range((incidents + 1) // 2)]
        self.drops = [f"{NAME}drop-{number}" for number in range(incidents // 2)]
        # In the middle of the load, so that what follows is seen, too.
        self._due = {name: 0.08 + 0.72 * at for at, name in _spread(self.spikes)}
        self._due |= {name: 0.08 + 0.5 * at for at, name in _spread(self.drops)}
        self._to_come: list[Told] = []

    def history(self, end_ms: int) -> list[Told]:
        """All until `end_ms`, in order; what would follow is kept for `live`."""
        start = end_ms - self._hours * HOUR_MS
        told = [*self._fans(start, end_ms), *self._posts(start, end_ms)]
        told.sort(key=lambda one: one[0])
        self._to_come = [one for one in told if one[0] > end_ms]
        return [one for one in told if one[0] <= end_ms]

    def live(self, now_ms: int, progress: float) -> Iterator[Told]:
        """What comes until `now_ms`, when `progress` (0 to 1) of the load is sent."""
        for name, at in list(self._due.items()):
            if progress < at:
                continue
            del self._due[name]
            if name in self.drops:
                self._to_come = [one for one in self._to_come if one[2]["creator_id"] != name]
            else:
                for _ in range(_SPIKE):
                    yield self._follow(name, now_ms - self._random.randrange(1_000))
        while self._to_come and self._to_come[0][0] <= now_ms:
            yield self._to_come.pop(0)

    def _fans(self, start: int, end_ms: int) -> Iterator[Told]:
        for name in (*self.spikes, *self.drops):
            profile = self._event(name, start) | {"handle": name, "followers": 20_000}
            yield start, "creators", profile
        for name in self.spikes:
            at = float(start)
            while at < end_ms + _FUTURE_MS:
                at += self._random.expovariate(_FOLLOWS_PER_HOUR / HOUR_MS)
                yield self._follow(name, int(at))

    def _posts(self, start: int, end_ms: int) -> Iterator[Told]:
        for name in self.drops:
            published = start + 600_000
            while published < end_ms:
                post = f"{name}-{published}"
                event = self._event(name, published)
                event |= {"post_id": post, "media_type": "reel", "action": "publish"}
                yield published, "posts", event
                for _ in range(_LIKES_OF_A_POST):
                    at = published + self._age()
                    if at < end_ms + _FUTURE_MS:
                        actor = f"h{self._random.randrange(50_000)}"
                        like = self._event(name, at) | {"post_id": post, "actor_id": actor}
                        yield at, "likes", like
                published += _POST_EVERY_MS

    def _age(self) -> int:
        """When after its post a like comes, ms."""
        left = self._random.random()
        even = _THETA / (1 + _THETA)
        if left < even:
            return int(left / even * _EVEN_MS)
        return int(_EVEN_MS * ((1 - left) * (1 + _THETA)) ** (-1 / _THETA))

    def _follow(self, name: str, at: int) -> Told:
        actor = f"fan-{name}-{self._made}"
        return at, "follows", self._event(name, at) | {"actor_id": actor, "action": "follow"}

    def _event(self, name: str, at: int) -> dict[str, Any]:
        self._made += 1
        return {
            "event_id": f"h{self._made}",
            "creator_id": name,
            "platform": "instagram",
            "occurred_at": at,
        }


def _spread(names: list[str]) -> Iterator[tuple[float, str]]:
    """Each name with its place in [0, 1)."""
    for number, name in enumerate(names):
        yield number / len(names), name
