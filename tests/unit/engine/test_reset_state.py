"""A shard whose state was reset counts again as a new one does, and sends nothing on twice."""

from typing import Any

from schemas.partitioning import partition_for
from streams.engine.own import SHARD_KEY, shard_record
from streams.engine.shard import Batch, Shard, ShardConfig
from streams.engine.stored import new_shard_record
from tests.harness.driver import Raw, ShardDriver

NOW = 1_768_478_430_000
HERE, THERE = (
    next(f"c{n}" for n in range(100) if partition_for(b"c%d" % n, 2) == p) for p in (0, 1)
)


def like(number: int, creator: str = HERE) -> bytes:
    return (
        b'{"event_id":"e%d","creator_id":"%s","platform":"x","occurred_at":%d,'
        b'"post_id":"p","actor_id":"a"}' % (number, creator.encode(), NOW)
    )


def own_record(shard: Shard) -> Any:
    value = shard.take_snapshot().tables["engagement"][SHARD_KEY]
    assert value is not None
    return shard_record(value)


def test_a_new_record_restores_a_shard_that_knows_only_its_positions() -> None:
    config = ShardConfig(partitions=2)
    record = new_shard_record({"likes": 7}, {"likes": [(2, 5)]}, {"likes": 1}, 2)
    shard = Shard.restore(0, config, {"engagement": {SHARD_KEY: record}})
    fresh = Shard(0, config)
    fresh.apply(Batch("likes", None, (), 7))
    assert shard.positions == fresh.positions == {"likes": 7}
    assert (shard.watermark_ms, shard.stream_ms, shard.creators) == (None, 0, 0)
    mine, its = own_record(shard), own_record(fresh)
    assert (mine.since, mine.settled, mine.floor) == (
        {"likes": 7},
        {"likes": [(2, 5)]},
        {"likes": 1},
    )
    assert its.since == {"likes": 7}
    for name in ("positions", "clocks", "watermark", "stream_ms", "accepted", "ring", "partitions"):
        assert getattr(mine, name) == getattr(its, name), name


def test_a_record_of_elsewhere_is_sent_on_again_only_where_it_was_not_yet() -> None:
    config = ShardConfig(partitions=2)
    record = new_shard_record({"likes": 0}, {"likes": [(1, 2), (3, 4)]}, {}, 2)
    shard = Shard.restore(0, config, {"engagement": {SHARD_KEY: record}})
    strays = [Raw(n, NOW, None, like(n, THERE)) for n in range(5)]
    shard.apply(Batch("likes", 0, strays, 5))
    sent_on = [output.value for output in shard.take_snapshot().outputs]
    assert sent_on == [like(0, THERE), like(2, THERE), like(4, THERE)]
    assert shard.stats.forwarded["likes"] == 5, "each of them has its outcome"


def test_a_copy_far_beyond_the_horizon_of_duplicates_is_not_counted_twice() -> None:
    config = ShardConfig(partitions=2, duplicate_horizon=512)
    driver = ShardDriver(config)
    driver.now_ms = NOW
    stray = Raw(0, NOW, None, like(0, THERE))
    driver.shards[0].apply(Batch("likes", 0, [stray], 1))
    driver.checkpoint()
    home = driver.shards[1]
    assert home.stats.accepted["likes"] == 1
    others = [Raw(n, NOW, None, like(n, THERE)) for n in range(1, 2_000)]
    home.apply(Batch("likes", 1, others, 2_000))
    assert home.stats.accepted["likes"] == 2_000
    driver.checkpoint()

    read = {0: 1, 1: 2_000}
    for partition, end in read.items():
        record = new_shard_record({"likes": 0}, {"likes": [(0, end)]}, {}, 2)
        driver.tables[partition] = {"engagement": {SHARD_KEY: record}, "sentiment": {}}
    driver.crash()
    home = driver.shards[1]
    home.apply(Batch("likes", 0, [Raw(0, NOW, None, like(0, THERE)), *others], 2_000))
    driver.shards[0].apply(Batch("likes", 0, [stray], 1))
    driver.checkpoint()
    assert home.stats.accepted["likes"] == 2_000


def test_where_reading_began_outlasts_a_restart() -> None:
    driver = ShardDriver(ShardConfig(partitions=1))
    driver.shards[0].apply(Batch("likes", None, (), 40))
    driver.shards[0].apply(Batch("likes", 40, [Raw(40, NOW, None, like(1))], 41))
    driver.tick(NOW)
    driver.crash()
    assert own_record(driver.shards[0]).since == {"likes": 40}
