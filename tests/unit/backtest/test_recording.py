"""A recording gives shards what a worker with an event clock would give them, in its order."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import to_ms
from schemas.partitioning import partition_for
from streams.backtest.play import play
from streams.backtest.recording import BadEvent, Recording, Stopped
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from streams.kafka.replay import Replay
from streams.sources.simulate.plan import DAY_MS, Plan
from streams.sources.simulate.world import generate
from tests.harness.driver import Raw

START = 1_768_176_000_000
PARTITIONS = 3
CONFIG = ShardConfig(partitions=PARTITIONS, score_interval_ms=0, most_scores=None)
Lines = list[tuple[str, dict[str, Any]]]


def like(number: int, at_ms: int, creator: str = "ada", topic: str = "likes") -> tuple[str, Any]:
    event = {
        "event_id": f"e{number}",
        "creator_id": creator,
        "platform": "x",
        "occurred_at": at_ms,
        "post_id": "p",
        "actor_id": f"a{number}",
    }
    return topic, event


def written(path: Path, lines: Lines) -> Path:
    path.write_bytes(
        b"".join(json.dumps({"topic": t, "event": e}).encode() + b"\n" for t, e in lines)
    )
    return path


def refuse(error: BadEvent) -> None:
    raise error


def never(*_: object) -> bool:
    return False


def read(*paths: Path, partitions: int = PARTITIONS) -> Recording:
    return Recording(paths, partitions).read(refuse, never)


Told = list[tuple[str, bytes] | int]


def told_by_a_worker(lines: Lines, chunk: int) -> Iterator[tuple[int, Shard, Told]]:
    """Each partition's shard, driven by the worker's own convoy, and all that it was told."""
    for partition in range(PARTITIONS):
        waiting: dict[str, list[Raw]] = defaultdict(list)
        for topic, event in lines:
            key = event["creator_id"].encode()
            if partition_for(key, PARTITIONS) == partition:
                queue = waiting[topic]
                queue.append(Raw(len(queue), -1, key, json.dumps(event).encode()))
        shard, convoy = Shard(partition, CONFIG), Replay()
        read_to = dict.fromkeys(waiting, 0)
        told: Told = []
        while True:
            behind = {t for t, records in waiting.items() if read_to[t] < len(records)}
            move = convoy.next(shard.clocks, behind)
            if move is None:
                wanted = [t for t in sorted(behind) if convoy.wants(t)]
                if not wanted:
                    break
                for topic in wanted:
                    begin = read_to[topic]
                    records = waiting[topic][begin : begin + chunk]
                    read_to[topic] = end = begin + len(records)
                    convoy.join(Batch(topic, begin, records, end))
                continue
            _tell(shard, move, told)
        if (rest := convoy.at_rest(frozenset())) is not None:
            _tell(shard, rest, told)
        yield partition, shard, told


def _tell(shard: Shard, move: Batch | Tick, told: Told) -> None:
    if isinstance(move, Tick):
        shard.advance(move)
        told.append(shard.watermark_ms or 0)
    else:
        shard.apply(move)
        told += [(move.topic, record.value or b"") for record in move.records]


def told_by_a_backtest(recording: Recording) -> dict[int, Told]:
    """All that each partition's shard is told; the watermark for each tick."""
    shards = [Shard(partition, CONFIG) for partition in range(PARTITIONS)]
    offsets: dict[tuple[int, str], int] = defaultdict(int)
    told: dict[int, Told] = defaultdict(list)
    for block in recording.blocks:
        shard, into = shards[block.partition], told[block.partition]
        for topic, events in recording.batches(block):
            start = offsets[block.partition, topic]
            records = [Raw(start + i, -1, key, value) for i, (key, value) in enumerate(events)]
            offsets[block.partition, topic] = end = start + len(records)
            _tell(shard, Batch(topic, start, records, end), into)
        head = block.head_ms
        tick = Tick(0, frozenset({"x"} if head else ()), heads={"x": head} if head else {})
        _tell(shard, tick, into)
    return told


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(-900_000, 900_000),
            st.sampled_from(["likes", "shares", "posts"]),
            st.sampled_from(["ada", "bob", "eve", "joe"]),
        ),
        max_size=40,
    ),
    st.integers(1, 7),
)
def test_shards_are_told_the_same_in_the_same_order_as_by_a_worker(events, chunk):
    lines = [
        like(number, START + at, creator, topic)
        for number, (at, topic, creator) in enumerate(events)
    ]
    for topic, event in lines:
        if topic == "posts":
            event["media_type"] = "image"
    path = written(Path(_DIRECTORY) / "any.jsonl", lines)
    with read(path) as recording:
        ours = told_by_a_backtest(recording)
    for partition, _, told in told_by_a_worker(lines, chunk):
        assert ours.get(partition, [0]) == told  # one without events is told the time all the same


@pytest.fixture(autouse=True, scope="module")
def _directory(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _DIRECTORY
    _DIRECTORY = str(tmp_path_factory.mktemp("recordings"))


_DIRECTORY = ""


def test_a_backtest_and_a_live_run_give_identical_alerts(tmp_path: Path) -> None:
    plan = Plan(seed=7, start_ms=START, end_ms=START + 3 * DAY_MS // 2, creators=8)
    lines = [(t, e) for _, t, e in generate(plan) if t != topics.CAMPAIGNS.name]
    with read(written(tmp_path / "days.jsonl", lines)) as recording:
        played = play(recording, CONFIG, never)
    live: list[bytes] = []
    for _, shard, _ in told_by_a_worker(lines, 500):
        outputs = shard.take_snapshot().outputs
        live += [o.value for o in outputs if o.topic == "alerts" and o.value is not None]
    assert len(live) > 3
    assert sorted(played.raw) == sorted(live)
    assert played.complete
    assert played.events == len(lines)


@pytest.mark.parametrize("partitions", [1, PARTITIONS])
def test_a_backtest_tells_of_a_platform_once_however_few_events_it_has(
    tmp_path: Path, partitions: int
) -> None:
    lines = [
        (topic, event)
        for minute in range(120)
        for number in range(150 if minute < 60 or minute >= 80 else 4)
        for topic, event in [
            like(1_000 * minute + number, START + minute * 60_000 + number * 300, f"c{number}")
        ]
    ]
    with Recording([written(tmp_path / "feed.jsonl", lines)], partitions) as recording:
        recording.read(refuse, never)
        played = play(recording, ShardConfig(partitions=partitions), never)
    firing, resolved = [a for a in played.alerts if a.status != "update"]
    assert (firing.kind, firing.status, resolved.status) == ("source_outage", "firing", "resolved")
    assert to_ms(firing.started_at) == START + 60 * 60_000
    assert to_ms(firing.updated_at) == START + 63 * 60_000


def test_files_are_merged_by_time_however_they_are_cut(tmp_path: Path) -> None:
    lines = [like(n, START + n * 40_000, c) for n in range(30) for c in ("ada", "bob")]
    whole = written(tmp_path / "whole.jsonl", lines)
    parts = [
        written(tmp_path / f"{who}.jsonl", [line for line in lines if line[1]["creator_id"] == who])
        for who in ("bob", "ada")
    ]
    with read(whole) as one, read(*parts) as several:
        assert told_by_a_backtest(one) == told_by_a_backtest(several)


def test_a_bad_line_is_told_with_its_file_and_number(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.jsonl", [like(1, START), ("likes", {"event_id": "e"})])
    with pytest.raises(BadEvent, match=r"bad\.jsonl: line 2: .*missing required field"):
        read(path)


def test_bad_lines_may_be_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.jsonl", [("nothing", {}), like(1, START)])
    heard: list[BadEvent] = []
    with Recording([path], PARTITIONS).read(heard.append, never) as recording:
        assert (recording.events, recording.refused, len(heard)) == (1, 1, 1)


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    with read(written(tmp_path / "empty.jsonl", [])) as recording:
        assert (recording.events, recording.blocks, recording.span_ms) == (0, [], None)
        assert play(recording, CONFIG, never).complete


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "long.jsonl", [like(n, START + n) for n in range(5_000)])
    with pytest.raises(Stopped):
        Recording([path], PARTITIONS).read(refuse, lambda *_: True)


def test_playing_stops_when_asked_and_says_how_far_it_came(tmp_path: Path) -> None:
    path = written(tmp_path / "long.jsonl", [like(n, START + n * 60_000) for n in range(50)])
    with read(path) as recording:
        played = play(recording, CONFIG, lambda events, _share, _at: events >= 10)
    assert not played.complete
    assert played.events == 10
    assert played.until_ms == START + 10 * 60_000
