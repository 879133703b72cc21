"""Simulated and recorded events on a real Kafka: all there, once, on the right partitions."""

import asyncio
import json
import shlex
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.partitioning import partition_for
from stack.waiting import until
from streams.kafka.options import KafkaOptions
from streams.sources.publish import Outgoing, Publisher
from tests.integration.deployment import PARTITIONS, Deployment, Sent, creators_of

INBOUND = [topic.name for topic in topics.INBOUND]


async def run(deployment: Deployment, *arguments: str) -> tuple[int, str]:
    return await asyncio.to_thread(deployment.command, *arguments)


async def test_a_simulated_history_arrives_whole_and_in_transactions(
    deployed: Deployment, tmp_path
):
    report = tmp_path / "report.json"
    status, output = await run(
        deployed, "simulate", "--no-live", "--backfill", "12h", "--report", str(report)
    )
    assert status == 0, output
    done = json.loads(report.read_text())
    records = await deployed.read(*INBOUND)
    found = Counter(record.topic.removeprefix(deployed.prefix) for record in records)
    assert found == done["by_topic"]
    assert found.total() == done["events"] > 20_000
    for record in records:
        if not record.topic.endswith("campaigns"):
            assert record.partition == partition_for(record.key, PARTITIONS)
            assert json.loads(record.value)["creator_id"].encode() == record.key
    offsets = defaultdict(list)
    for record in records:
        offsets[record.topic, record.partition].append(record.offset)
    gaps = [tp for tp, seen in offsets.items() if sorted(seen) != list(range(len(seen)))]
    assert gaps, "a transaction leaves a marker after its records"


async def test_a_simulation_goes_on_live_and_its_truth_names_what_was_injected(
    deployed: Deployment, tmp_path
):
    truth = tmp_path / "truth.json"
    status, output = await run(
        deployed,
        *("simulate", "--seed", "5", "--backfill", "1h", "--duration", "16"),
        *("--truth", str(truth)),
    )
    assert status == 0, output
    told = json.loads(truth.read_text())
    spike = next(i for i in told["incidents"] if i["kind"] == "follower_spike")
    gained = [
        event
        for event in await deployed.values("follows")
        if event["creator_id"] == spike["creator_id"] and event["occurred_at"] >= spike["starts_at"]
    ]
    assert 20 < len(gained) < spike["size"] + 50, "the spike is under way when the run ends"
    assert max(event["occurred_at"] for event in gained) > told["live_at"]


@pytest.mark.timeout(300)
async def test_a_simulation_stopped_in_its_history_says_where_it_is_and_how_to_go_on(
    deployed: Deployment, tmp_path
):
    report = tmp_path / "report.json"
    same = ("simulate", "--no-live", "--seed", "3", "--at", "2026-01-15T12:00:00Z")
    process = deployed.start(*same, "--backfill", "4d", "--report", str(report))

    async def begun() -> bool:
        return len(await deployed.read("likes")) > 0

    await until(begun, 60, lambda: f"the first events are there\n{process.tail()}")
    process.terminate()
    assert process.wait(60) == 0, process.output()
    done = json.loads(report.read_text())
    left = done["unfinished"]
    there = [record.value for record in await deployed.read(*INBOUND)]
    assert len(there) == done["events"] == left["published"]
    assert f"first {left['published']:,} events" in process.output()
    assert f"go on: {left['go_on']}" in process.output()
    assert 0 < left["share"] < 1

    pulse, *words = shlex.split(left["go_on"])
    status, output = await run(deployed, *words, "--report", str(report))
    assert (pulse, status) == ("pulse", 0), output
    assert json.loads(report.read_text())["unfinished"] is None
    found = Counter(record.value for record in await deployed.read(*INBOUND))
    whole = tmp_path / "whole.jsonl"
    status, output = await run(deployed, *same, "--backfill", "4d", "--out", str(whole))
    assert status == 0, output
    lines = [json.loads(line)["event"] for line in whole.read_text().splitlines()]
    assert found == Counter(orjson.dumps(event) for event in lines), "each event once"


async def test_a_file_of_events_is_replayed_line_by_line(deployed: Deployment, tmp_path):
    file, report = tmp_path / "hour.jsonl", tmp_path / "report.json"
    arguments = ("simulate", "--no-live", "--backfill", "1h", "--at", "2026-01-15T12:00:00Z")
    status, output = await run(deployed, *arguments, "--out", str(file))
    assert status == 0, output
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    with file.open("a") as out:
        out.write('not json\n{"topic":"likes","event":{"creator_id":"c"}}\n')

    status, output = await run(
        deployed, "replay", str(file), "--speed", "max", "--report", str(report)
    )
    assert status == 0, output
    assert f"skipped line {len(lines) + 1}: " in output
    assert f"skipped line {len(lines) + 2}: " in output
    assert json.loads(report.read_text())["skipped"] == 2
    records = await deployed.read(*INBOUND)
    day_ago = (time.time() - 86_400) * 1000
    assert min(r.timestamp for r in records) > day_ago - 120_000, "or retention deletes them"
    values = [(r.topic.removeprefix(deployed.prefix), json.loads(r.value)) for r in records]
    as_text = Counter(json.dumps(value, sort_keys=True) for value in values)
    assert as_text == Counter(
        json.dumps((line["topic"], line["event"]), sort_keys=True) for line in lines
    )


async def test_a_strict_replay_stops_at_the_first_bad_line(deployed: Deployment, tmp_path):
    file = tmp_path / "bad.jsonl"
    file.write_text("not json\n")
    status, output = await run(deployed, "replay", str(file), "--strict", "--speed", "max")
    assert status == 1
    assert "line 1: not an object with topic and event" in output
    assert "Traceback" not in output


async def test_missing_topics_are_told_with_what_to_do(bare_deployment: Deployment):
    for command in (("simulate", "--no-live", "--backfill", "1m"), ("tail", "scores")):
        status, output = await run(bare_deployment, *command)
        assert status == 1
        assert "pulse topics create" in output
        assert "Traceback" not in output


async def test_history_that_is_published_beside_a_running_worker_makes_nothing_late(
    deployed: Deployment, tmp_path
):
    worker = deployed.worker()
    report = tmp_path / "report.json"
    ended = datetime.now(UTC) - timedelta(minutes=10)
    status, output = await run(
        deployed,
        *("simulate", "--no-live", "--backfill", "20h", "--at", ended.isoformat()),
        *("--report", str(report)),
    )
    assert status == 0, output
    sent = json.loads(report.read_text())["by_topic"]
    await deployed.send(present(creators_of(p, 1)[0]) for p in range(PARTITIONS))

    async def counted() -> int:
        windows = await deployed.values("engagement-windows")
        return sum(window["events"] for window in windows)

    activity = sum(sent.values()) - sent["campaigns"] - sent["creators"]
    last: list[int] = []

    async def all_closed() -> bool:
        last.append(await counted())
        return last[-1] >= activity

    await until(all_closed, 60, lambda: f"{activity} events in windows, got {last[-1]}")
    assert last[-1] == activity
    assert await deployed.values("late-events") == []
    assert await deployed.values("dead-letters") == []
    worker.process.end()


def present(creator_id: str) -> Sent:
    """A like that happens now, so that what lies minutes back is closed."""
    like = {
        "event_id": "now",
        "creator_id": creator_id,
        "platform": "x",
        "occurred_at": datetime.now(UTC).isoformat(),
        "post_id": "p",
        "actor_id": "a",
    }
    return Sent("likes", creator_id.encode(), json.dumps(like).encode())


async def test_of_a_write_that_fails_nothing_becomes_visible(deployed: Deployment):
    options = KafkaOptions(
        bootstrap=deployed.bootstrap,
        app_id=deployed.env["PULSE_APP_ID"],
        partitions=PARTITIONS,
        prefix=deployed.prefix,
    )
    good = [Outgoing("likes", b"c%d" % number, b"{}", 1) for number in range(100)]
    too_large = Outgoing("likes", b"c", b"x" * 3_000_000, 1)
    async with Publisher(options, together=True) as publisher:
        assert publisher.together
        with pytest.raises(KafkaError):
            await publisher.write([*good, too_large])
    assert await deployed.read("likes") == []
    async with Publisher(options, together=True) as publisher:
        assert await publisher.write(good) == 100
    assert len(await deployed.read("likes")) == 100


async def test_tail_shows_what_was_published_for_one_creator(deployed: Deployment):
    worker = deployed.worker()
    status, output = await run(deployed, "simulate", "--no-live", "--backfill", "2h")
    assert status == 0, output
    windows = await deployed.settled("engagement-windows", 50)
    creator = windows[0]["creator_id"]
    status, output = await run(
        deployed, *("tail", "windows", "--from-beginning", "--limit", "2", "--creator", creator)
    )
    assert status == 0, output
    title, *shown = output.splitlines()
    assert title.split()[:2] == ["minute", "creator"]
    assert len(shown) == 2
    assert all(line.split()[1] == creator for line in shown)
    status, output = await run(
        deployed, "tail", "scores", "--from-beginning", "--limit", "1", "--json"
    )
    assert json.loads(output)["windows"].keys() == {"1m", "5m", "1h", "24h"}
    worker.process.end()
