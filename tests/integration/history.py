"""A history of random events, and what must be counted of it for each creator and minute."""

import json
import random
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from tests.integration.deployment import PARTITIONS, Deployment, Sent, creators_of

MINUTE_MS = 60_000
CREATORS = {partition: creators_of(partition, 3) for partition in range(PARTITIONS)}
ALL_CREATORS = [creator for creators in CREATORS.values() for creator in creators]
SENTINELS = {partition: creators_of(partition, 4)[-1] for partition in range(PARTITIONS)}
COUNTED = [
    "likes",
    "unlikes",
    "comments",
    "uncomments",
    "shares",
    "unshares",
    "follows",
    "unfollows",
    "posts",
    "clicks",
    "conversions",
    "refunds",
    "revenue",
]


class History:
    """Events as produced, and what should be counted for each creator and minute."""

    def __init__(self, seed: int, start_ms: int) -> None:
        self._random = random.Random(seed)
        self._start_ms = start_ms
        self._made = 0
        self.expected: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)

    def totals(self) -> dict[str, dict[str, float]]:
        """What should be counted for each creator, over all minutes."""
        totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (creator, _), counts in self.expected.items():
            totals[creator].update(counts)
        return {creator: nonzero(counts) for creator, counts in totals.items()}

    def by_minute(self) -> dict[tuple[str, int], dict[str, float]]:
        """What should be counted for each creator and minute."""
        return {key: nonzero(counts) for key, counts in self.expected.items()}

    def event(self, minutes: int, creator: str | None = None) -> tuple[str, dict[str, Any]]:
        """One event of some kind within the first `minutes`, and note of it."""
        chance = self._random
        self._made += 1
        at = self._start_ms + chance.randrange(minutes * MINUTE_MS)
        event: dict[str, Any] = {
            "event_id": f"e{self._made}",
            "creator_id": creator or chance.choice(ALL_CREATORS),
            "platform": "instagram",
            "occurred_at": at,
        }
        topic = chance.choice(
            ["likes"] * 6 + ["comments", "shares", "follows", "posts", "clicks", "conversions"]
        )
        undone = chance.random() < 0.2
        if topic in {"likes", "shares", "comments"}:
            event |= {"post_id": "p1", "actor_id": f"a{chance.randrange(50)}"}
            event |= {"action": "remove" if undone else "add"}
            counted = ("un" if undone else "") + topic
        elif topic == "follows":
            event |= {"actor_id": "a1", "action": "unfollow" if undone else "follow"}
            counted = "unfollows" if undone else "follows"
        else:
            counted = topic
        if topic == "comments":
            event |= {"comment_id": f"c{self._made}", "text": "lovely, I want one"}
        elif topic == "posts":
            event |= {"post_id": f"p{self._made}", "media_type": "reel"}
        elif topic == "clicks":
            event |= {"campaign_id": "spring", "link_id": "l1"}
        elif topic == "conversions":
            event |= {"campaign_id": "spring", "order_id": f"o{self._made}", "currency": "EUR"}
            event |= {"value": 12.5, "action": "refund" if undone else "convert"}
            counted = "refunds" if undone else "conversions"
            self._note(event, "revenue", -12.5 if undone else 12.5)
        self._note(event, counted, 1)
        return topic, event

    def _note(self, event: dict[str, Any], counted: str, value: float) -> None:
        minute = event["occurred_at"] // MINUTE_MS * MINUTE_MS
        self.expected[event["creator_id"], minute][counted] += value


def sent(topic: str, event: dict[str, Any], partition: int | None = None) -> Sent:
    return Sent(topic, event["creator_id"].encode(), json.dumps(event).encode(), partition)


def sentinels(at_ms: int) -> list[Sent]:
    """One event on each partition that lets time pass there."""
    return [
        sent(
            "likes",
            {
                "event_id": f"sentinel-{at_ms}",
                "creator_id": creator,
                "platform": "x",
                "occurred_at": at_ms,
                "post_id": "p",
                "actor_id": "a",
            },
        )
        for creator in SENTINELS.values()
    ]


def in_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def nonzero(counts: Counter[str]) -> dict[str, float]:
    return {name: value for name, value in counts.items() if value}


async def counted_by_minute(deployment: Deployment) -> dict[tuple[str, int], dict[str, float]]:
    """What the outputs say: final windows, plus the events that came too late for theirs."""
    found: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for window in await deployment.values("engagement-windows"):
        key = window["creator_id"], in_ms(window["window_start"])
        assert key not in found, f"two windows of {key}"
        found[key].update({name: window[name] for name in COUNTED})
    names = {"follow": "follows", "unfollow": "unfollows", "refund": "refunds"}
    for late in await deployment.values("late-events"):
        event = late["event"]
        action = event.get("action", "")
        counted = names.get(action, ("un" if action == "remove" else "") + late["topic"])
        key = event["creator_id"], event["occurred_at"] // MINUTE_MS * MINUTE_MS
        found[key][counted] += 1
        if late["topic"] == "conversions":
            found[key]["revenue"] += -event["value"] if action == "refund" else event["value"]
    return {
        key: nonzero(counts) for key, counts in found.items() if key[0] not in SENTINELS.values()
    }


async def counted_by_scores(deployment: Deployment) -> dict[str, dict[str, float]]:
    """The last word on each creator's 24 hours."""
    scores = {score["creator_id"]: score for score in await deployment.values("engagement-scores")}
    days = {creator: score["windows"]["24h"] for creator, score in scores.items()}
    return {
        creator: {name: day[name] for name in COUNTED if day[name]}
        for creator, day in days.items()
        if creator not in SENTINELS.values()
    }
