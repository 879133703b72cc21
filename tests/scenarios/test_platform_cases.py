"""A platform as a whole: one alert when its feed fails, and none for each of its creators."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

import pytest

from streams.engine.rulebook import RuleBook
from streams.engine.rules import OutageRules, Rules
from streams.engine.shard import ShardConfig
from streams.sources.simulate import DAY_MS, Plan, generate
from tests.harness.driver import Item, ShardDriver

MONDAY = 1_768_176_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
START = MONDAY + 14 * HOUR
OUT = START + 70 * MINUTE


def fleet(
    seed: int, accounts: int, left: float, *, minutes: int = 10, others: int = 0
) -> Iterator[Item]:
    """Likes of `accounts` creators, each with a rate of its own; `left` of them get through.

    `others` are on another platform, whose feed stands.
    """
    dice = random.Random(seed)
    rates = [dice.lognormvariate(-1.7, 1.0) for _ in range(accounts + others)]
    sums = list(accumulate(rates))
    total, end = sum(rates), OUT + minutes * MINUTE + 20 * MINUTE
    at, number = float(START), 0
    while (at := at + dice.expovariate(total / MINUTE)) < end:
        who = dice.choices(range(accounts + others), cum_weights=sums)[0]
        out = OUT <= at < OUT + minutes * MINUTE and who < accounts
        if out and dice.random() > left:
            continue
        number += 1
        platform = "instagram" if who < accounts else "tiktok"
        event = {
            "event_id": f"e{number}",
            "creator_id": f"c{who}",
            "platform": platform,
            "occurred_at": int(at),
            "post_id": f"p{who}",
            "actor_id": f"a{dice.randrange(100_000)}",
        }
        yield int(at), "likes", event


def play(items: Iterator[Item], partitions: int = 4) -> list[dict[str, Any]]:
    driver = ShardDriver(ShardConfig(partitions=partitions, score_interval_ms=HOUR))
    driver.run(items)
    return driver.published["alerts"]


def test_a_platform_that_gives_a_twentieth_is_one_outage_of_its_feed() -> None:
    alerts = play(fleet(0, 5_000, 0.05, others=500))
    assert Counter((a["kind"], a["status"]) for a in alerts) == {
        ("source_outage", "firing"): 1,
        ("source_outage", "resolved"): 1,
    }
    firing, resolved = alerts
    assert firing["creator_id"] == "platform:instagram"
    assert firing["platform"] == "instagram"
    assert firing["severity"] == "critical"
    assert firing["evidence"]["ratio"] == pytest.approx(0.05, abs=0.02)
    assert at(firing, "started_at") == OUT
    assert at(firing, "updated_at") - OUT <= 5 * MINUTE
    assert resolved["alert_id"] == firing["alert_id"]
    assert at(resolved, "ended_at") <= OUT + 14 * MINUTE


def test_a_platform_that_gives_half_is_no_outage() -> None:
    assert play(fleet(3, 600, 0.5)) == []


def test_a_blink_of_the_feed_calls_nobody() -> None:
    assert play(fleet(4, 600, 0.0, minutes=2)) == []


def test_a_viral_post_that_ends_is_no_outage() -> None:
    dice = random.Random(5)
    viral = [(START + dice.randrange(60 * MINUTE), "likes", number) for number in range(60_000)]
    storm = [
        (
            moment,
            topic,
            {
                "event_id": f"v{number}",
                "creator_id": "star",
                "platform": "instagram",
                "occurred_at": moment,
                "post_id": "hit",
                "actor_id": f"v{number}",
            },
        )
        for moment, topic, number in viral
    ]
    items = sorted([*storm, *fleet(5, 300, 1.0)], key=lambda item: item[0])
    alerts = play(iter(items), partitions=1)
    assert [a for a in alerts if a["kind"] == "source_outage"] == []


def at(alert: dict[str, Any], name: str) -> int:
    return round(datetime.fromisoformat(alert[name]).timestamp() * 1000)


def failing(items: Iterator[Item], platform: str, since: int, until: int) -> Iterator[Item]:
    """What comes of a platform, of which only one event in thirty gets through for a while."""
    mine = (item for item in items if item[2].get("platform") == platform)
    for number, (moment, topic, event) in enumerate(mine):
        if not since <= moment < until or number % 30 == 0:
            yield moment, topic, event


def test_drops_are_not_told_while_the_feed_of_their_platform_fails() -> None:
    start, out = MONDAY, MONDAY + 2 * DAY_MS
    plan = Plan(
        seed=11, start_ms=start, end_ms=out + 2 * HOUR, creators=40, volume=2.0, incidents="none"
    )
    items = list(failing(generate(plan), "x", out, out + 40 * MINUTE))
    failed = next(place for place, item in enumerate(items) if item[0] >= out)
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
    driver.run(items[:failed])
    before = driver.committed()
    assert firing(driver) == {}
    driver.run(items[failed:])
    assert firing(driver) == {"source_outage": 1}
    # The same hours, with a rule that sees no outage.
    never = RuleBook(Rules(outage=OutageRules(min_minutes=1_000_000)))
    driver.config = ShardConfig(partitions=1, score_interval_ms=HOUR, rules=never)
    driver.go_back(before)
    driver.run(items[failed:])
    kinds = firing(driver)
    assert set(kinds) <= {"engagement_drop", "silence"}
    assert kinds.total() >= 3, "else there would be nothing to inhibit"


def firing(driver: ShardDriver) -> Counter[str]:
    return Counter(a["kind"] for a in driver.published["alerts"] if a["status"] == "firing")
