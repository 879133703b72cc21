"""State that is parted goes on counting: nothing is lost, doubled, closed twice or forgotten."""

import random
from collections import Counter
from typing import Any

import pytest

from schemas.partitioning import partition_for
from streams.engine.own import SHARD_KEY, shard_record
from streams.engine.reshard import part
from streams.engine.shard import ShardConfig
from streams.engine.stored import named
from tests.harness.driver import ShardDriver

NOW = 1_768_478_430_000
MINUTE = 60_000
CREATORS = [f"creator-{n}" for n in range(40)]


def events(seed: int, count: int, start_ms: int) -> list[dict[str, Any]]:
    """Likes over ten minutes."""
    chance = random.Random(seed)
    return [
        {
            "event_id": f"{seed}-{n}",
            "creator_id": chance.choice(CREATORS),
            "platform": "x",
            "occurred_at": start_ms + chance.randrange(10 * MINUTE),
            "post_id": "p",
            "actor_id": f"a{chance.randrange(50)}",
        }
        for n in range(count)
    ]


def migrated(old: ShardDriver, after: int) -> ShardDriver:
    """A driver that goes on with the state of `old`, parted by `after` partitions."""
    before = len(old.shards)
    new = ShardDriver(ShardConfig(partitions=after))
    new.published, new.latest, new.now_ms = old.published, old.latest, old.now_ms
    new.tables = [
        {table: dict(records) for table, records in tables.items()} for tables in old.tables
    ] + [{"engagement": {}, "sentiment": {}} for _ in range(after - before)]
    for partition in range(before):
        begins = {target: {"likes": 0} for target in range(partition + before, after, before)}
        written = part(partition, old.tables[partition], before, after, begins).records
        for target, tables in written.items():
            for table, records in tables.items():
                for key, value in records.items():
                    if value is None:
                        del new.tables[target][table][key]
                    else:
                        new.tables[target][table][key] = value
    new.crash()
    new._offsets.update(old._offsets)
    return new


def counted(driver: ShardDriver) -> Counter[tuple[str, str]]:
    """Likes by creator and minute, in windows and late events; no window twice."""
    found: Counter[tuple[str, str]] = Counter()
    for window in driver.published["engagement-windows"]:
        key = window["creator_id"], window["window_start"]
        assert key not in found
        found[key] = window["likes"]
    for late in driver.published["late-events"]:
        found[late["event"]["creator_id"], "late"] += 1
    return found


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 4), (2, 6), (1, 3)])
def test_counts_go_on_across_a_migration(before: int, after: int) -> None:
    old = ShardDriver(ShardConfig(partitions=before))
    first = events(1, 600, NOW)
    second = events(2, 600, NOW + 5 * MINUTE)
    for event in first:
        old.send("likes", event, NOW + 10 * MINUTE)
    old.tick(NOW + 10 * MINUTE)
    new = migrated(old, after)
    assert sum(shard.creators for shard in new.shards) == len({e["creator_id"] for e in first})
    again = random.Random(3).sample(first, 50)
    for event in [*again, *second]:
        new.send("likes", event, NOW + 15 * MINUTE)
    new.tick(NOW + 15 * MINUTE)
    new.settle(20 * 60)
    duplicates = sum(shard.stats.duplicates["likes"] for shard in new.shards)
    assert duplicates == len(again), "the filter of duplicates has moved with its creators"
    total = Counter(event["creator_id"] for event in first + second)
    found: Counter[str] = Counter()
    for (creator_id, _), count in counted(new).items():
        found[creator_id] += count
    assert found == total
    for creator_id, score in new.latest["engagement-scores"].items():
        assert score["windows"]["24h"]["likes"] == total[creator_id.decode()]


def test_every_creator_is_then_where_its_events_go() -> None:
    old = ShardDriver(ShardConfig(partitions=2))
    for event in events(1, 300, NOW):
        old.send("likes", event, NOW + 10 * MINUTE)
    old.tick(NOW + 10 * MINUTE)
    new = migrated(old, 8)
    for partition, tables in enumerate(new.tables):
        own = shard_record(tables["engagement"][SHARD_KEY])
        assert own.partitions == 8
        if partition < 2:
            assert own.floor == own.positions == own.since
        else:
            assert (own.positions, own.floor) == ({"likes": 0}, {})
        for records in tables.values():
            for key in records:
                creator_id = named(key).creator_id
                if creator_id is not None:
                    assert partition_for(creator_id.encode(), 8) == partition


def test_a_creator_that_never_belonged_there_is_refused() -> None:
    stray = next(c for c in CREATORS if partition_for(c.encode(), 2) == 1)
    tables = {"engagement": {b"c" + stray.encode(): b"\x01"}, "sentiment": {}}
    with pytest.raises(ValueError, match="belongs to partition 1"):
        part(0, tables, 2, 4, {})
