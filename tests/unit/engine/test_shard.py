"""The shard's doors: chained batches in, snapshots out, and what a restore refuses."""

from typing import Any

import msgspec
import pytest

from streams.engine.intake import ProcessingError
from streams.engine.layout import CorruptStateError
from streams.engine.own import SHARD_KEY
from streams.engine.poison import poison_note
from streams.engine.sentiment import Verdict
from streams.engine.shard import Batch, Shard, ShardConfig
from tests.harness.driver import Raw, ShardDriver

NOW = 1_768_478_430_000


def like(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "creator_id": "mara",
        "platform": "bluesky",
        "occurred_at": NOW,
        "post_id": "p1",
        "actor_id": f"fan-{number}",
    }


def record(offset: int) -> Raw:
    value = (
        b'{"event_id":"e%d","creator_id":"mara","platform":"x","occurred_at":%d,'
        b'"post_id":"p","actor_id":"a"}' % (offset, NOW)
    )
    return Raw(offset, NOW, b"mara", value)


@pytest.fixture
def shard() -> Shard:
    fresh = Shard(0, ShardConfig(partitions=1))
    fresh.apply(Batch("likes", 10, [record(10), record(11)], 12))
    return fresh


def test_a_batch_that_joins_on_is_taken(shard: Shard) -> None:
    assert shard.apply(Batch("likes", 12, [record(12)], 13)) is None
    assert shard.positions == {"likes": 13}


def test_a_batch_behind_a_hole_is_refused_with_the_position_to_go_back_to(shard: Shard) -> None:
    assert shard.apply(Batch("likes", 14, [record(14)], 15)) == 12
    assert shard.positions == {"likes": 12}
    assert shard.stats.holes == 1
    assert shard.stats.accepted["likes"] == 2


def test_a_batch_of_unknown_start_is_a_hole(shard: Shard) -> None:
    assert shard.apply(Batch("likes", None, [record(12)], 13)) == 12


def test_records_below_the_position_are_skipped(shard: Shard) -> None:
    assert shard.apply(Batch("likes", 10, [record(11), record(12)], 13)) is None
    assert shard.stats.received["likes"] == 3


def test_a_position_moves_without_records(shard: Shard) -> None:
    assert shard.apply(Batch("likes", 12, [], 20)) is None
    assert shard.positions == {"likes": 20}
    assert shard.apply(Batch("likes", 10, [], 11)) is None
    assert shard.positions == {"likes": 20}


def test_the_first_batch_of_all_says_where_a_topic_begins() -> None:
    shard = Shard(0, ShardConfig(partitions=1))
    assert shard.apply(Batch("likes", None, (), 7)) is None
    assert shard.positions == {"likes": 7}


def test_a_snapshot_is_given_once(shard: Shard) -> None:
    first = shard.take_snapshot()
    second = shard.take_snapshot()
    assert first.positions == {"likes": 12}
    assert len(first.tables["engagement"]) > 1
    assert list(second.tables["engagement"]) == [SHARD_KEY]
    assert second.outputs == []


def test_a_shard_record_that_cannot_be_read_stops_the_restore() -> None:
    tables = {"engagement": {SHARD_KEY: b"\x01nonsense"}}
    with pytest.raises(CorruptStateError, match="shard"):
        Shard.restore(0, ShardConfig(partitions=1), tables)


def test_state_without_a_shard_record_stops_the_restore() -> None:
    with pytest.raises(CorruptStateError, match="own record is missing"):
        Shard.restore(0, ShardConfig(partitions=1), {"engagement": {b"cmara": b"\x01"}})


@pytest.mark.parametrize("tag", [b"n", b"p", b"c", b"w"])
def test_a_part_that_cannot_be_read_is_named(tag: bytes) -> None:
    driver = ShardDriver()
    driver.send("likes", like(1), NOW)
    driver.tick(NOW)
    tables = {name: dict(records) for name, records in driver.tables[0].items()}
    tables["engagement"][tag + b"mara"] = b"\x01\xc1"
    with pytest.raises(CorruptStateError, match="mara") as caught:
        Shard.restore(0, driver.config, tables)
    assert caught.value.key == tag + b"mara"


def test_a_part_of_an_unknown_version_is_refused_not_guessed() -> None:
    driver = ShardDriver()
    driver.send("likes", like(1), NOW)
    driver.tick(NOW)
    tables = {name: dict(records) for name, records in driver.tables[0].items()}
    tables["engagement"][b"nmara"] = b"\x63" + tables["engagement"][b"nmara"][1:]
    with pytest.raises(CorruptStateError, match="version 63, expected 01"):
        Shard.restore(0, driver.config, tables)


def test_a_smaller_horizon_keeps_the_newest_of_the_duplicate_filter() -> None:
    driver = ShardDriver(ShardConfig(partitions=1, duplicate_horizon=2_048))
    for number in range(1_500):
        driver.send("likes", like(number), NOW)
    driver.tick(NOW)
    smaller = ShardConfig(partitions=1, duplicate_horizon=512)
    driver.config = smaller
    driver.crash()
    driver.send("likes", like(1_499), NOW)
    assert driver.shards[0].stats.duplicates["likes"] == 1
    driver.send("likes", like(0), NOW)
    assert driver.shards[0].stats.accepted["likes"] == 1


class Faulty:
    """An analyser with a bug."""

    version = "faulty"

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        raise ZeroDivisionError("a bug")


class Starved(Faulty):
    """Finds no memory left."""

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        raise MemoryError


def test_no_record_is_to_blame_for_a_lack_of_memory() -> None:
    driver = ShardDriver()
    comment = like(1) | {"comment_id": "k", "text": "hm"}
    shard = Shard(0, driver.config, Starved())
    with pytest.raises(MemoryError):
        shard.apply(driver.batch(0, "comments", [(NOW, b"mara", msgspec.json.encode(comment))]))


def test_a_record_that_ends_the_process_is_set_aside_after_the_restart() -> None:
    driver = ShardDriver()
    driver.send("likes", like(1), NOW)
    driver.tick(NOW)
    comment = like(2) | {"comment_id": "k", "text": "hm"}
    shard = Shard.restore(0, driver.config, driver.tables[0], Faulty())
    with pytest.raises(ProcessingError, match="offset 0 of comments") as caught:
        shard.apply(driver.batch(0, "comments", [(NOW, b"mara", msgspec.json.encode(comment))]))

    key, note = poison_note(caught.value.topic, caught.value.offset, "ZeroDivisionError: a bug")
    other, another = poison_note("likes", 77, "not read again yet")
    driver.tables[0]["engagement"] |= {key: note, other: another}
    driver.crash()
    driver.shards[0].apply(
        Batch("comments", 0, [Raw(0, NOW, b"mara", msgspec.json.encode(comment))], 1)
    )
    driver.send("likes", like(3), NOW)
    driver.tick(NOW + 2_000)
    (letter,) = driver.published["dead-letters"]
    assert (letter["code"], letter["topic"], letter["offset"]) == (
        "processing_error",
        "comments",
        0,
    )
    assert "ZeroDivisionError: a bug" in letter["error"]
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1m"]["likes"] == 2
    assert key not in driver.tables[0]["engagement"]
    assert other in driver.tables[0]["engagement"]
