"""The worker from end to end: events in on a real Kafka, exact numbers out, and a clean stop."""

import json
import random
import time
from pathlib import Path

import pytest

from stack.waiting import until
from tests.harness.prometheus import promtool
from tests.integration.deployment import PARTITIONS, Deployment
from tests.integration.history import (
    ALL_CREATORS,
    CREATORS,
    MINUTE_MS,
    History,
    counted_by_minute,
    counted_by_scores,
    sent,
    sentinels,
)


async def test_every_event_is_counted_exactly_once_with_duplicates_and_detours(
    deployed: Deployment, tmp_path: Path
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(7, start_ms)
    events = [history.event(minutes=5) for _ in range(3_000)]
    chance = random.Random(11)
    duplicates = chance.sample(events, 150)
    strays = [history.event(minutes=5) for _ in range(40)]
    profiles = [
        {
            "event_id": "profile",
            "creator_id": creator,
            "platform": "instagram",
            "occurred_at": start_ms,
            "handle": f"@{creator}",
            "followers": 1_000,
        }
        for creator in ALL_CREATORS
    ]

    report = tmp_path / "report.json"
    worker = deployed.worker("--report", str(report))
    await worker.ready()
    await deployed.send(sent("creators", profile) for profile in profiles)
    await deployed.send(sent(*event) for event in [*events, *duplicates])
    await deployed.send(
        sent(topic, event, partition=(partition + 1) % PARTITIONS)
        for topic, event in strays
        for partition, creators in CREATORS.items()
        if event["creator_id"] in creators
    )
    total = len(events) + len(strays) + len(profiles)

    async def all_accepted() -> bool:
        return worker.metric("engagement_events_accepted_total") == total

    await until(all_accepted, 60, lambda: f"{total} accepted\n{worker.process.tail()}")
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    expected = history.by_minute()

    async def complete() -> bool:
        return (await counted_by_minute(deployed)).keys() >= expected.keys()

    await until(complete, 60, lambda: f"all windows\n{worker.process.tail()}")
    assert await counted_by_minute(deployed) == expected

    assert worker.metric("engagement_events_duplicate_total") == len(duplicates)
    assert worker.metric("engagement_events_forwarded_total") == len(strays)
    assert worker.metric("engagement_dead_letters_total") == 0
    assert worker.metric("engagement_creators_known") == len(ALL_CREATORS) + PARTITIONS
    assert worker.metric("engagement_partitions_owned") == PARTITIONS
    checked = promtool("check", "metrics", stdin=worker.get("/metrics")[1])
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")

    wanted = history.totals()

    async def scores_are_equal() -> bool:
        return await counted_by_scores(deployed) == wanted

    await until(scores_are_equal, 30, lambda: f"scores equal\n{worker.process.tail()}")
    for score in await deployed.values("engagement-scores"):
        if score["creator_id"] in wanted and score["followers"]:
            day = score["windows"]["24h"]
            assert day["engagement_rate"] == pytest.approx(day["engagements"] / 1_000)
    assert await worker.stop() < 10

    done = json.loads(report.read_text())
    assert done["exit_status"] == 0
    assert done["exit_reason"] == "stopped by SIGTERM"
    assert done["events"] == total + PARTITIONS
    assert done["windows"] == len(await deployed.values("engagement-windows"))
    assert done["settings"]["PULSE_ACTOR_SECRET"] == "(hidden)"
    assert deployed.env["PULSE_ACTOR_SECRET"] not in report.read_text()


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
async def test_a_restart_goes_on_where_the_last_worker_stopped(
    deployed: Deployment, guarantee: str
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(3, start_ms)
    first, second = ([history.event(minutes=3) for _ in range(400)] for _ in range(2))

    worker = deployed.worker(PULSE_PROCESSING_GUARANTEE=guarantee)
    await worker.ready()
    await deployed.send(sent(*event) for event in first)
    assert await worker.stop() < 10

    await deployed.send(sent(*event) for event in [*first[:50], *second])
    worker = deployed.worker(PULSE_PROCESSING_GUARANTEE=guarantee)
    await worker.ready()
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    expected = history.by_minute()

    async def complete() -> bool:
        return (await counted_by_minute(deployed)) == expected

    await until(complete, 60, lambda: f"all is counted once\n{worker.process.tail()}")
    assert await worker.stop() < 10


async def test_a_worker_stops_at_once_while_it_waits_for_brokers(bare_deployment: Deployment):
    worker = bare_deployment.worker(PULSE_BOOTSTRAP_SERVERS="127.0.0.1:1")
    worker.process.await_output("no broker yet", 30)
    assert worker.get("/readyz")[0] == 503
    assert "waiting for the brokers" in worker.get("/readyz")[1]
    assert worker.get("/healthz")[0] == 200
    assert await worker.stop() < 5
