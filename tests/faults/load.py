"""The load: events of thousands of creators, well-behaved, late, doubled and misrouted.

Knows what is sent, to which partition, and tells the oracle of each new event. Must not know
workers or faults. Everything but the present time follows from the seed.
"""

import heapq
import itertools
import random
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import orjson

from tests.faults.oracle import MINUTE_MS, Expected
from tests.faults.story import Story

DUPLICATES = 0.02
"""Share of events that are sent a second time, up to 5,000 records later."""
LATE = 0.02
LATE_MISROUTED = 0.15
"""Share of the late events that are misrouted, at any time."""
MISROUTED = 0.005
"""Share of the events in time that are misrouted, at any time, too."""
POLLED = 20
"""Creators whose likes and follows are polled; they have no single events."""
JITTER_MS = 1_500
TAMPERED = 1_000
"""The first like after so many events is the one that is tampered with, if any is to be."""

Tamper = Literal["remove", "double"]

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_TEXTS = (
    "love this so much!",
    "wow, where did you get that?",
    "not my thing at all",
    "this is terrible, I want my money back",
    "ok",
    "haha \N{FACE WITH TEARS OF JOY}",
    "Danke für den Tipp",
    "first!",
)
_MIX = {
    "likes": 62,
    "comments": 12,
    "shares": 7,
    "follows": 6,
    "clicks": 5,
    "conversions": 4,
    "posts": 3,
    "counters": 0.6,
    "creators": 0.4,
}


class Sending(NamedTuple):
    """One record as it goes to the broker."""

    topic: str
    key: bytes | None
    value: bytes
    partition: int


def murmur2(data: bytes) -> int:
    """The hash of Kafka's default partitioner, as a number of 32 bits without a sign."""
    state = (_SEED ^ len(data)) & 0xFFFFFFFF
    for start in range(0, len(data) - 3, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & 0xFFFFFFFF
        word ^= word >> 24
        state = state * _MULTIPLIER & 0xFFFFFFFF ^ word * _MULTIPLIER & 0xFFFFFFFF
    if rest := data[len(data) & ~3 :]:
        state = (state ^ int.from_bytes(rest, "little")) * _MULTIPLIER & 0xFFFFFFFF
    state = (state ^ state >> 13) * _MULTIPLIER & 0xFFFFFFFF
    return state ^ state >> 15


def partition_of(creator: str, partitions: int) -> int:
    """Where a creator's records belong."""
    return (murmur2(creator.encode()) & 0x7FFFFFFF) % partitions


class Load:
    """A seeded stream of records; `expected` says what they must come to."""

    def __init__(
        self,
        seed: int,
        creators: int,
        partitions: int,
        tamper: Tamper | None = None,
        story: Story | None = None,
    ) -> None:
        self.expected = Expected()
        self._story = story or Story(seed, 0, 0)
        self.made = 0
        self.tally = {"duplicates": 0, "late": 0, "misrouted": 0, "keyless": 0, "story": 0}
        self._tamper = tamper
        self._random = random.Random(seed)
        self._partitions = partitions
        names = [f"creator-{number:04d}" for number in range(creators)]
        self._random.shuffle(names)
        self._polled, self._names = names[:POLLED], names[POLLED:]
        self._homes = {name: partition_of(name, partitions) for name in names}
        self._weights = list(
            itertools.accumulate(1 / rank for rank in range(1, len(self._names) + 1))
        )
        self._topics = list(_MIX)
        self._mix = list(itertools.accumulate(_MIX.values()))
        self._again: list[tuple[int, int, Sending]] = []
        self._totals: dict[str, dict[str, int]] = {name: {} for name in self._polled}
        self._polled_at: dict[str, int] = {}
        self._newest_post: dict[str, str] = {}

    def make(self, now_ms: int, *, late: bool) -> list[Sending]:
        """The records of one more event at event time `now_ms`, and the duplicates that are due.

        `late` allows late events.
        """
        chance = self._random.random
        self.made += 1
        topic = self._random.choices(self._topics, cum_weights=self._mix)[0]
        polled = topic == "counters"
        behind = late and not polled and chance() < LATE
        occurred_at = now_ms - self._random.randrange(JITTER_MS)
        if behind:
            occurred_at = now_ms - self._random.randrange(15 * 60_000, 60 * 60_000)
        event = self._poll(now_ms) if polled else self._event(topic, occurred_at)
        late_set = behind and topic != "creators"
        self.expected.accept(topic, event, late=late_set)
        self.tally["late"] += late_set
        share = LATE_MISROUTED if behind else 0 if polled else MISROUTED
        sending = self._misroute(topic, event) if chance() < share else self._route(topic, event)
        doubled = not polled and chance() < DUPLICATES
        if doubled:
            due = self.made + self._random.randrange(1, 5_000)
            heapq.heappush(self._again, (due, self.made, self._route(topic, event)))
            self.tally["duplicates"] += 1
        tamper = self.made >= TAMPERED and topic == "likes" and not doubled
        return [*(self._tampered(sending, event) if tamper else [sending]), *self.doubles()]

    def history(self, end_ms: int) -> Iterator[list[Sending]]:
        """The past of the story's creators until `end_ms`, a minute at a time.

        Each minute must have arrived before the next is sent: topics are read at different speeds.
        """
        told = self._story.history(end_ms)
        for _, minute in itertools.groupby(told, key=lambda one: one[0] // MINUTE_MS):
            yield [self._tell(*one) for one in minute]

    def live(self, now_ms: int, progress: float) -> list[Sending]:
        """What the story's creators get until `now_ms`; `progress` is the share of load sent."""
        return [self._tell(*one) for one in self._story.live(now_ms, progress)]

    def _tell(self, _at: int, topic: str, event: dict[str, Any]) -> Sending:
        self.expected.accept(topic, event, late=False)
        name = event["creator_id"]
        self._homes.setdefault(name, partition_of(name, self._partitions))
        self.tally["story"] += 1
        return self._route(topic, event)

    def _tampered(self, sending: Sending, event: dict[str, Any]) -> list[Sending]:
        """One event withheld, or sent twice under two names; the oracle knows nothing of it."""
        tamper, self._tamper = self._tamper, None
        match tamper:
            case "remove":
                return []
            case "double":
                twin = orjson.dumps(event | {"event_id": f"twin-{event['event_id']}"})
                return [sending, sending._replace(value=twin)]
        return [sending]

    def doubles(self, *, rest: bool = False) -> list[Sending]:
        """The duplicates that are due, or all that are left."""
        due = []
        while self._again and (rest or self._again[0][0] <= self.made):
            due.append(heapq.heappop(self._again)[2])
        return due

    def closers(self, now_ms: int) -> list[Sending]:
        """One like on each partition at `now_ms`, by creators of their own, to end all minutes."""
        found: dict[int, str] = {}
        for number in itertools.count():
            name = f"closer-{number}"
            found.setdefault(partition_of(name, self._partitions), name)
            if len(found) == self._partitions:
                break
        self._homes |= {name: partition for partition, name in found.items()}
        return [
            self._route("likes", self._like(name, now_ms) | {"event_id": f"close-{now_ms}"})
            for name in found.values()
        ]

    def _route(self, topic: str, event: dict[str, Any]) -> Sending:
        creator = event["creator_id"]
        return Sending(topic, creator.encode(), orjson.dumps(event), self._homes[creator])

    def _misroute(self, topic: str, event: dict[str, Any]) -> Sending:
        """To a wrong partition with its key, or anywhere without one.

        The broker itself refuses records without a key on a compacted topic.
        """
        right = self._route(topic, event)
        if topic != "creators" and self._random.random() < 0.5:
            self.tally["keyless"] += 1
            return right._replace(key=None, partition=self._random.randrange(self._partitions))
        self.tally["misrouted"] += 1
        step = self._random.randrange(1, self._partitions) if self._partitions > 1 else 0
        return right._replace(partition=(right.partition + step) % self._partitions)

    def _like(self, creator: str, occurred_at: int) -> dict[str, Any]:
        return {
            "event_id": f"e{self.made}",
            "creator_id": creator,
            "platform": "instagram",
            "occurred_at": occurred_at,
            "post_id": self._newest_post.get(creator, "p0"),
            "actor_id": f"a{self._random.randrange(100_000)}",
        }

    def _event(self, topic: str, occurred_at: int) -> dict[str, Any]:
        pick, chance = self._random.choice, self._random.random
        creator = self._random.choices(self._names, cum_weights=self._weights)[0]
        event = self._like(creator, occurred_at)
        if topic in ("likes", "shares"):
            if chance() < 0.1:
                event["action"] = "remove"
        elif topic == "comments":
            event |= {"comment_id": f"c{self.made}", "text": pick(_TEXTS)}
            if chance() < 0.1:
                event["actor_id"] = creator
            if chance() < 0.2:
                event["action"] = pick(("add", "edit", "remove"))
        elif topic == "follows":
            event["action"] = "follow" if chance() < 0.8 else "unfollow"
        elif topic == "clicks":
            event |= {"campaign_id": "spring", "link_id": pick(("bio", "story"))}
        elif topic == "conversions":
            event |= {
                "campaign_id": "spring",
                "order_id": f"o{self.made}",
                "value": self._random.randrange(1, 50_000) / 100,
                "currency": "EUR",
                "action": "convert" if chance() < 0.9 else "refund",
            }
        elif topic == "posts":
            event |= {"post_id": f"p{self.made}", "media_type": "reel"}
            event["action"] = pick(("publish", "publish", "edit", "delete"))
            self._newest_post[creator] = event["post_id"]
        elif topic == "creators":
            event |= {"handle": creator, "followers": self._random.randrange(10_000, 100_000)}
        return event

    def _poll(self, now_ms: int) -> dict[str, Any]:
        """The next snapshot of a polled creator: in order, growing, of a post or the account."""
        creator = self._random.choice(self._polled)
        at = max(now_ms - JITTER_MS, self._polled_at.get(creator, 0) + 1)
        self._polled_at[creator] = at
        event = {
            "event_id": f"e{self.made}",
            "creator_id": creator,
            "platform": "tiktok",
            "occurred_at": at,
        }
        metrics = ("likes", "views") if self._random.random() < 0.7 else ("followers",)
        if "likes" in metrics:
            event["post_id"] = "p0"
        totals = self._totals[creator]
        for metric in metrics:
            grown = totals.get(metric, self._random.randrange(1_000)) + self._random.randrange(50)
            event[metric] = totals[metric] = grown
        return event
