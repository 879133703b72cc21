"""The journal of a fault campaign: whoever reads it can do all that the shard did, and no more."""

from types import SimpleNamespace

import orjson

from schemas.codec import encode
from schemas.events import Like
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from tests.faults.inside.journal import JournaledShard
from tests.faults.inside.replay import Log, Undisturbed

NOW = 1_768_478_400_000
CONFIG = ShardConfig(partitions=1)


def like(offset: int) -> SimpleNamespace:
    at = NOW + offset * 1_000
    event = Like(
        event_id=f"e{offset}",
        creator_id="lena",
        platform="instagram",
        occurred_at=at,
        post_id="p",
        actor_id=f"a{offset}",
    )
    return SimpleNamespace(
        offset=offset, timestamp=at, key=b"lena", value=encode(event), headers=()
    )


def test_a_journal_gives_the_same_windows_and_scores_as_the_shard_itself():
    records = [like(offset) for offset in range(200)]
    shard = JournaledShard(Shard(0, CONFIG))
    found: dict = {"windows": [], "alerts": [], "scores": {}, "faults": []}
    replayed = Undisturbed(0, CONFIG, found)
    windows = []
    for start in range(0, 200, 20):
        batch = Batch("likes", start, records[start : start + 20], start + 20)
        assert shard.apply(batch) is None
        assert shard.apply(batch._replace(start=start + 21)) == start + 20
        shard.advance(Tick(NOW + start * 1_000, frozenset({"likes"}), heads={"likes": NOW + start}))
        shard.advance(Tick(NOW + start * 1_000 + 100, frozenset()))
        windows += [
            orjson.loads(output.value or b"")
            for output in shard.take_snapshot().outputs
            if output.topic == "engagement-windows"
        ]
        replayed.feed(orjson.loads(shard.taken or b""), {"likes": Log(records)})
    replayed.finish({"likes": 200})
    assert found["faults"] == []
    assert found["windows"] == windows
    assert len(windows) >= 2
    assert found["scores"]["lena"]["windows"]["24h"]["likes"] == 200


def test_offsets_that_the_journal_leaves_out_or_covers_twice_are_told():
    found: dict = {"windows": [], "alerts": [], "scores": {}, "faults": []}
    replayed = Undisturbed(0, CONFIG, found)
    log = {"likes": Log([like(offset) for offset in range(30)])}
    entries = [["b", "likes", 0, 10], ["b", "likes", 5, 15], ["b", "likes", 15, 20]]
    replayed.feed({"life": "a", "entries": entries}, log)
    replayed.finish({"likes": 30})
    assert found["faults"] == ["likes[0]: 5 follows 10", "likes[0]: 20 of 30 offsets are covered"]
