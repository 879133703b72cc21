"""A life: what happens to one account, written down event by event, and played to a shard.

Independent of the shipped simulator and of the detectors: no code, constants or distributions in
common. The age of a reaction is log-normal, follows and unfollows come as Poisson processes.
"""

import math
import os
import random
from collections.abc import Mapping, Sequence
from typing import Any

from streams.engine.shard import ShardConfig
from tests.harness.driver import Item, ShardDriver

LIVES = int(os.environ.get("TEST_LIVES", "1"))
"""How many lives each case is told of, by as many seeds."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_768_176_000_000
"""A Monday, 00:00 UTC."""
_MEDIAN_AGE, _AGE_SPREAD = 60.0 * MINUTE, 1.2


def _share(age_ms: float) -> float:
    """The share of reactions that have come by an age."""
    return 0.5 * math.erfc(-math.log(age_ms / _MEDIAN_AGE) / _AGE_SPREAD / math.sqrt(2.0))


class Life:
    """Events of an account, in any order of calls. Times are ms since `START`."""

    def __init__(
        self, seed: int, followers: int, creator: str = "ada", platform: str = "x"
    ) -> None:
        self.dice = random.Random(seed)
        self.creator, self.platform = creator, platform
        self.items: list[Item] = []
        self.add("creators", 0, handle=f"{creator}.makes", followers=followers)

    def add(self, topic: str, at: float, **fields: Any) -> None:
        """One event."""
        when = START + int(at)
        envelope = {
            "event_id": f"{self.creator}-{len(self.items)}",
            "creator_id": self.creator,
            "platform": self.platform,
            "occurred_at": when,
        }
        self.items.append((when, topic, {**envelope, **fields}))

    def post(
        self,
        at: float,
        reactions: float,
        by_age: float = 5 * HOUR,
        until: float = math.inf,
        **fields: Any,
    ) -> str:
        """A post that has about so many reactions at that age, one in twelve a comment."""
        post_id = f"{self.creator}-p{len(self.items)}"
        self.add("posts", at, **{"post_id": post_id, "media_type": "image"} | fields)
        for _ in range(round(reactions / _share(by_age))):
            when = at + _MEDIAN_AGE * math.exp(self.dice.gauss(0.0, _AGE_SPREAD))
            actor = f"a{self.dice.randrange(5_000)}"
            if when >= min(until, at + 3 * DAY):
                continue
            if self.dice.random() < 1 / 12:
                self.comment(when, post_id, actor, self.dice.choice(NICE))
            else:
                self.add("likes", when, post_id=post_id, actor_id=actor)
        return post_id

    def comment(self, at: float, post_id: str, actor: str, text: str) -> None:
        """One comment."""
        comment_id = f"c{len(self.items)}"
        self.add("comments", at, post_id=post_id, comment_id=comment_id, actor_id=actor, text=text)

    def days(
        self,
        first: int,
        last: int,
        usual: float,
        spread: float = 0.2,
        hours: Sequence[float] = (8.0, 12.0, 18.0),
        **options: Any,
    ) -> None:
        """Posts at some hours of the days [first, last), about `usual` reactions each at 5 h."""
        for day in range(first, last):
            for hour in hours:
                worth = usual * math.exp(self.dice.gauss(0.0, spread))
                self.post(day * DAY + hour * HOUR, worth, **options)

    def stream(self, topic: str, begin: float, end: float, per_hour: float, **fields: Any) -> None:
        """Follows or unfollows at a rate."""
        at = begin
        while (at := at + self.dice.expovariate(per_hour / HOUR)) < end:
            self.add(topic, at, actor_id=f"f{len(self.items)}", **fields)

    def burst(
        self,
        topic: str,
        begin: float,
        end: float,
        count: int,
        profiles: Sequence[Mapping[str, Any]] = (),
        **fields: Any,
    ) -> None:
        """`count` follows or unfollows at random moments of [begin, end)."""
        for number in range(count):
            actor = {"actor": profiles[number % len(profiles)]} if profiles else {}
            at = self.dice.uniform(begin, end)
            self.add(topic, at, actor_id=f"f{len(self.items)}", **actor, **fields)


NICE = ("so good", "thank you", "nice colours", "where is this?", "see you there", "new one?")


def play(*lives: Life, until: float, config: ShardConfig | None = None) -> list[dict[str, Any]]:
    """All alert records of these lives up to `until`, in the order in which they were told."""
    driver = ShardDriver(config or ShardConfig(partitions=1, score_interval_ms=HOUR))
    end = START + int(until)
    items = [item for life in lives for item in life.items if item[0] < end]
    # Only event time counts: steps of a minute tell the same as finer ones, for less work.
    driver.run(sorted(items, key=lambda item: item[0]), step_ms=MINUTE)
    while driver.now_ms < end:
        driver.tick(min(driver.now_ms + MINUTE, end))
    return driver.published["alerts"]


def told(alerts: list[dict[str, Any]], status: str = "firing") -> list[tuple[str, str]]:
    """(kind, explanation) of the records of one status."""
    return [(a["kind"], a["explanation"]) for a in alerts if a["status"] == status]
