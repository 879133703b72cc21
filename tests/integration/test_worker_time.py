"""Time on a real Kafka: backlogs of days, quiet streams, silent brokers, and replays by events."""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas import topics
from schemas.partitioning import partition_for
from stack.kafka import KafkaServer
from stack.waiting import until
from streams.sources.simulate import DAY_MS, Plan, generate
from tests.harness.topics import create_topics
from tests.integration.deployment import PARTITIONS, Deployment, Worker, creators_of

MINUTE_MS = 60_000
TWO_DAYS_MS = 2 * DAY_MS
MONDAY = 1_768_176_000_000  # 2026-01-12: what a seed simulates follows from the date, too
SKEW_MS = 600_000
LATENESS_MS = 1_000
CREATORS = [name for partition in range(PARTITIONS) for name in creators_of(partition, 2)]
DENSITY = {"posts": 60, "follows": 400, "comments": 1_500, "likes": 10_000}
"""Events of two days by topic, in the order in which they are written; other topics stay unused."""

Events = dict[str, list[dict[str, Any]]]


def two_days(end_ms: int) -> Events:
    """Events of the two days before `end_ms`, by topic in the order of time."""
    chance = random.Random(17)
    made: Events = {}
    for topic, count in DENSITY.items():
        times = sorted(end_ms - 1 - chance.randrange(TWO_DAYS_MS) for _ in range(count))
        by = chance.choices(CREATORS, k=count)
        if topic == "likes":
            # Each creator's last minute is nearly over, so that nobody has to wait for its end.
            times[-len(CREATORS) :], by[-len(CREATORS) :] = [end_ms - 1] * len(CREATORS), CREATORS
        made[topic] = [
            {
                "event_id": f"{topic}-{number}",
                "creator_id": by[number],
                "platform": "x",
                "occurred_at": at,
                "post_id": f"p{number}",
                "actor_id": f"a{number % 97}",
                "comment_id": f"c{number}",
                "text": "lovely",
            }
            for number, at in enumerate(times)
        ]
    return made


async def write(deployment: Deployment, events: Events, *, stamped: bool = False) -> None:
    """One topic after the other, as a backfill would; `stamped` with the time of the event."""
    async with AIOKafkaProducer(
        bootstrap_servers=deployment.bootstrap, acks="all", linger_ms=5
    ) as producer:
        for topic, made in events.items():
            sent = [
                await producer.send(
                    deployment.prefix + topic,
                    json.dumps(event).encode(),
                    str(event["creator_id"]).encode(),
                    timestamp_ms=event["occurred_at"] if stamped else None,
                )
                for event in made
            ]
            await asyncio.gather(*sent)


def in_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def by_minute(events: Events) -> dict[tuple[str, int], Counter[str]]:
    """Events by (creator, minute) and topic."""
    found: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for topic, made in events.items():
        for event in made:
            minute = event["occurred_at"] // MINUTE_MS * MINUTE_MS
            found[event["creator_id"], minute][topic] += 1
    return dict(found)


def counted(windows: Iterable[dict[str, Any]]) -> dict[tuple[str, int], Counter[str]]:
    """The same, of final windows, none of which may come twice."""
    found: dict[tuple[str, int], Counter[str]] = {}
    for window in windows:
        key = window["creator_id"], in_ms(window["window_start"])
        assert key not in found, f"two windows of {key}"
        found[key] = Counter({topic: window[topic] for topic in DENSITY if window[topic]})
    return found


async def at_watermark(worker: Worker, expected: dict[int, int]) -> None:
    """Wait until the watermark of each partition is exactly the expected one, in ms."""
    seen: dict[int, int] = {}

    async def reached() -> bool:
        name = "engagement_watermark_timestamp_seconds"
        for partition in expected:
            seen[partition] = round(worker.metric(name, partition=str(partition)) * 1000)
        return seen == expected

    await until(reached, 90, lambda: f"{expected}, got {seen}\n{worker.process.tail()}")


@pytest.mark.parametrize("timestamps", ["LogAppendTime", "CreateTime"])
async def test_two_days_with_sparse_and_unused_topics_are_worked_off_with_nothing_late(
    bare_deployment: Deployment, timestamps: str
) -> None:
    deployment = bare_deployment
    inbound = {topic.physical(deployment.prefix): PARTITIONS for topic in topics.KEYED}
    config = {"message.timestamp.type": timestamps}
    await create_topics(deployment.bootstrap, inbound, config)
    await deployment.make_topics()
    end_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
    events = two_days(end_ms)
    await write(deployment, events, stamped=timestamps == "CreateTime")

    worker = deployment.worker(PULSE_ALLOWED_LATENESS="1")
    expected = by_minute(events)
    # Nothing more is written: what closes the last minute is the time that passes.
    windows = await deployment.settled("engagement-windows", len(expected), timeout=120)
    assert counted(windows) == expected
    assert await deployment.values("late-events") == []
    assert await deployment.values("dead-letters") == []
    assert worker.metric("engagement_consumer_lag_records") == 0
    assert worker.metric("engagement_partitions_waiting") == 0
    assert worker.metric("engagement_batch_holes_total") == 0

    # Sparse topics have waited for dense ones, though each was there to be read in one go.
    for score in await deployment.values("engagement-scores"):
        if score["watermark"] is not None:
            ahead = in_ms(score["as_of"]) - in_ms(score["watermark"])
            assert ahead <= SKEW_MS + LATENESS_MS, score
    await worker.stop()


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[KafkaServer]:
    server = KafkaServer(tmp_path / "kafka")
    await asyncio.to_thread(server.start)
    yield server
    server.thaw()
    await asyncio.to_thread(server.stop)


async def test_event_time_stands_still_while_the_broker_says_nothing(
    own_kafka: KafkaServer, unique: str, tmp_path: Path
) -> None:
    deployment = Deployment(own_kafka.bootstrap, unique, tmp_path)
    await deployment.make_topics()
    worker = deployment.worker()
    try:
        await worker.ready()
        end_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
        await write(deployment, {"likes": two_days(end_ms)["likes"][-400:]})

        def watermark() -> float:
            return worker.metric("engagement_watermark_timestamp_seconds", partition="0")

        async def passes() -> bool:
            before = watermark()
            await asyncio.sleep(0.3)
            return 0 < before < watermark()

        await until(passes, 60, lambda: f"time passes\n{worker.process.tail()}")
        own_kafka.freeze()

        async def stands() -> bool:
            before = watermark()
            await asyncio.sleep(1.0)
            return before == watermark()

        await until(stands, 30, lambda: f"time stands still\n{worker.process.tail()}")
        stood = watermark()
        answers_again = time.monotonic()
        own_kafka.thaw()
        await until(passes, 60, lambda: f"time passes again\n{worker.process.tail()}")
        assert watermark() - stood < time.monotonic() - answers_again + 1.0
        await worker.stop()
    finally:
        await asyncio.to_thread(deployment.end)


async def results(deployment: Deployment) -> dict[str, Any]:
    """All that a replay says, apart from which partition says it first."""
    told: dict[str, Any] = {}
    for topic in ("engagement-windows", "alerts", "late-events", "dead-letters"):
        told[topic] = sorted(json.dumps(value) for value in await deployment.values(topic))
    for topic in ("engagement-scores", "sentiment-scores"):
        told[topic] = {record.key: record.value for record in await deployment.read(topic)}
    return told


async def all_told(deployment: Deployment, worker: Worker) -> None:
    """Wait until all is read, and nothing more is told of it.

    The watermark knows the time of the next record before that is counted.
    """
    before: dict[str, Any] = {}

    async def quiet() -> bool:
        nonlocal before
        last, before = before, await results(deployment)
        await asyncio.sleep(0.5)
        return before == last and worker.metric("engagement_consumer_lag_records") == 0

    await until(quiet, 60, lambda: f"all is told\n{worker.process.tail()}")


async def test_a_replay_by_events_gives_the_same_results_though_it_is_killed_and_restarted(
    kafka: KafkaServer, unique: str, tmp_path: Path
) -> None:
    live = MONDAY + TWO_DAYS_MS
    plan = Plan(seed=5, start_ms=MONDAY, live_ms=live, end_ms=live + 10 * MINUTE_MS, creators=8)
    events: Events = defaultdict(list)
    for timed in generate(plan):
        if timed.topic != "campaigns":
            events[timed.topic].append(timed.event)
    for name in sorted({event["creator_id"] for event in events["creators"]}):
        # Only events move time: without a last one, the latest panes of a partition stay open.
        last = {"event_id": f"last-{name}", "creator_id": name, "platform": "x", "post_id": "last"}
        events["likes"].append({**last, "actor_id": "last", "occurred_at": plan.end_ms})
    clocks: dict[int, int] = {}
    for made in events.values():
        for event in made:
            partition = partition_for(str(event["creator_id"]).encode(), PARTITIONS)
            at = event["occurred_at"]
            at = at if isinstance(at, int) else in_ms(at)
            clocks[partition] = max(clocks.get(partition, 0), at)
    expected = {partition: at - 10_000 for partition, at in clocks.items()}

    told = []
    for name, interrupted in (("a", False), ("b", True)):
        workdir = tmp_path / name
        workdir.mkdir()
        deployment = Deployment(kafka.bootstrap, f"{unique}{name}", workdir)
        try:
            await deployment.make_topics()
            await write(deployment, dict(reversed(events.items())) if interrupted else events)
            interval = "0.1" if interrupted else "1"
            arguments = ("--clock", "events")
            worker = deployment.worker(*arguments, PULSE_CHECKPOINT_INTERVAL=interval)
            if interrupted:
                await deployment.settled("engagement-windows", 200)
                worker.process.kill()
                worker = deployment.worker(*arguments, PULSE_CHECKPOINT_INTERVAL=interval)
            await at_watermark(worker, expected)
            await all_told(deployment, worker)
            await worker.stop()
            told.append(await results(deployment))
        finally:
            await asyncio.to_thread(deployment.end)
    for topic, first in told[0].items():
        assert told[1][topic] == first, topic
    assert {json.loads(alert)["kind"] for alert in told[0]["alerts"]} == {
        "engagement_drop",
        "follower_spike",
    }
    assert told[0]["late-events"] == []
    assert told[0]["dead-letters"] == []
