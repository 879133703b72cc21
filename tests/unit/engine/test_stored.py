"""What is stored can be told by its key, shown in plain values, and judged as a restore would."""

import json
from typing import Any

import msgspec
import pytest

from streams.engine import layout, stored
from streams.engine.intake import ProcessingError
from streams.engine.layout import CorruptStateError
from streams.engine.own import RING_TAG, SHARD_KEY
from streams.engine.poison import poison_note
from streams.engine.shard import Batch, Shard
from tests.harness.driver import Raw, ShardDriver

NOW = 1_768_478_430_000
HOUR = 3_600_000


@pytest.fixture
def driver() -> ShardDriver:
    """A shard with one creator that has some of everything."""
    made = ShardDriver()
    envelope = {"creator_id": "mara", "platform": "bluesky", "occurred_at": NOW}
    for number in range(3):
        like = envelope | {"event_id": f"l{number}", "post_id": "p1", "actor_id": f"a{number}"}
        made.send("likes", like, NOW)
    comment = envelope | {"event_id": "c", "post_id": "p1", "actor_id": "a", "comment_id": "k"}
    made.send("comments", comment | {"text": "I love this"}, NOW)
    made.send("creators", envelope | {"event_id": "p", "handle": "@mara", "followers": 9}, NOW)
    made.tick(NOW)
    made.tick(NOW + 1_000)
    return made


def all_records(driver: ShardDriver) -> dict[bytes, bytes]:
    return {k: v for table in driver.tables[0].values() for k, v in table.items()}


def test_every_record_is_named_and_shown_in_values_that_json_holds(driver: ShardDriver) -> None:
    shown = {}
    for key, value in [*all_records(driver).items(), poison_note("likes", 7, "a bug")]:
        kind, creator_id = stored.named(key)
        assert (creator_id is None) == (kind in stored.OWN_KINDS)
        assert creator_id in {None, "mara"}
        shown[kind] = json.loads(json.dumps(stored.plain(key, value)))
    assert shown["shard"]["positions"] == {"likes": 3, "comments": 1, "creators": 1}
    assert shown["duplicates"] == {"slots": 512, "occupied": 5}
    assert shown["poison"]["error"] == "a bug"
    assert shown["card"]["handle"] == "@mara"


def test_counts_are_shown_by_their_names_and_times(driver: ShardDriver) -> None:
    told = json.dumps([stored.plain(key, value) for key, value in all_records(driver).items()])
    assert '"likes": 3' in told
    assert '"positive": 1' in told
    assert "2026-01-15T12:00:30+00:00" in told


def test_comments_that_do_not_count_in_the_mood_are_shown_by_their_names() -> None:
    key = layout.MOOD_NOW + b"mara"
    value = layout.VERSION + msgspec.msgpack.encode({NOW // 10_000: (0, 1, 0, 50, 2, 3)})
    (shown,) = stored.plain(key, value).values()
    assert shown == {"neutral": 1, "compound": 50, "repeated": 2, "spam": 3}


def test_all_keys_of_a_creator_are_known(driver: ShardDriver) -> None:
    keys = set(stored.keys_of("mara"))
    for table, records in driver.tables[0].items():
        mine = {(table, key) for key in records if stored.named(key).creator_id == "mara"}
        assert mine <= keys


def test_sound_state_has_no_faults(driver: ShardDriver) -> None:
    for records in driver.tables[0].values():
        assert stored.faults(records) == {}


@pytest.mark.parametrize("tag", [b"n", b"p", b"a", b"w", b"c", b"m", b"s", b"z"])
@pytest.mark.parametrize("value", [b"", b"\x63", b"\x01\xc1", b"\x01\x93", b"\x01" + b"\x00" * 5])
def test_what_faults_finds_is_what_a_restore_refuses(
    driver: ShardDriver, tag: bytes, value: bytes
) -> None:
    table = "sentiment" if tag in (b"m", b"s") else "engagement"
    key = tag + b"mara"
    records = driver.tables[0][table] | {key: value}
    assert list(stored.faults(records)) == [key]
    driver.tables[0][table] = records
    with pytest.raises(CorruptStateError) as refused:
        driver.crash()
    assert refused.value.key == key
    assert refused.value.why == stored.faults(records)[key]


@pytest.mark.parametrize("key", [SHARD_KEY, RING_TAG + bytes(4), poison_note("likes", 1, "")[0]])
def test_the_shards_own_records_are_named_exactly_when_they_cannot_be_read(
    driver: ShardDriver, key: bytes
) -> None:
    driver.tables[0]["engagement"][key] = b"\x01\xc1"
    assert list(stored.faults(driver.tables[0]["engagement"])) == [key]
    with pytest.raises(CorruptStateError) as refused:
        driver.crash()
    assert refused.value.key == key


def test_a_page_beyond_the_filter_is_named(driver: ShardDriver) -> None:
    key = RING_TAG + b"\xff\xff\xff\xff"
    driver.tables[0]["engagement"][key] = b"\x01" + bytes(4_096)
    with pytest.raises(CorruptStateError) as refused:
        driver.crash()
    assert refused.value.key == key


def test_an_idle_creator_that_cannot_be_read_is_no_fault_of_the_record_that_finds_it(
    driver: ShardDriver,
) -> None:
    for hours in range(1, 60):
        driver.tick(NOW + hours * HOUR)
    engagement = driver.tables[0]["engagement"]
    assert b"nmara" not in engagement
    engagement[b"cmara"] = b"\x01\xc1"
    shard = Shard.restore(0, driver.config, driver.tables[0])
    like = (
        b'{"event_id":"x","creator_id":"mara","platform":"x","occurred_at":%d,'
        b'"post_id":"p","actor_id":"a"}' % NOW
    )
    with pytest.raises(CorruptStateError) as refused:
        shard.apply(Batch("likes", 3, [Raw(3, NOW, b"mara", like)], 4))
    assert refused.value.key == b"cmara"
    assert not isinstance(refused.value, ProcessingError)


def test_a_count_that_nobody_knows_is_shown_by_its_number() -> None:
    value = b"\x01" + msgspec.msgpack.encode([0, {}, {}, {7: [1] + 19 * [0] + [3]}])
    (counts,) = stored.plain(b"pmara", value)["coarse"].values()
    assert counts == {"events": 1, "20": 3}


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("tag", [layout.NOW, layout.MOOD_NOW])
def test_a_count_beyond_64_bits_is_blamed_on_the_record_that_holds_it(
    driver: ShardDriver, tag: bytes, alone: bool
) -> None:
    records = driver.tables[0][layout.TABLE_OF[tag]]
    key = tag + b"mara"
    scale: Any = {1: [2**64 - 1]}
    if tag == layout.NOW:
        scale = [scale, *msgspec.msgpack.decode(records[key][1:], strict=False)[1:]]
    damaged = {key: layout.VERSION + msgspec.msgpack.encode(scale)}
    found = stored.faults(damaged if alone else records | damaged)
    assert list(found) == [key]
    assert "<= 9223372036854775807" in found[key]
