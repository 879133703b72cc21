"""A reset moves positions, state and outputs together: what is read again counts as at first."""

import asyncio
import json
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from stack.waiting import until
from streams.engine.own import SHARD_KEY
from streams.kafka.fuse import EXIT_CODE
from tests.harness.topics import produce
from tests.integration.deployment import PARTITIONS, Deployment, Worker
from tests.integration.history import (
    CREATORS,
    MINUTE_MS,
    History,
    counted_by_minute,
    counted_by_scores,
    sent,
    sentinels,
)


async def run(deployment: Deployment, *arguments: str, **env: str) -> tuple[int, str]:
    return await asyncio.to_thread(deployment.command, *arguments, **env)


async def positions(deployment: Deployment) -> list[dict[str, int]]:
    """The read positions of each partition, as the state has them."""
    status, output = await run(deployment, "state", "export", "--kind", "shard")
    assert status == 0, output
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [record["value"]["positions"] for record in records]


async def outputs(deployment: Deployment) -> dict[str, list[str]]:
    """What readers find on the outbound topics: the latest of each key, or everything."""
    found: dict[str, list[str]] = {}
    for topic in ("engagement-scores", "sentiment-scores", "alerts"):
        latest = {record.key: record.value for record in await deployment.read(topic)}
        found[topic] = sorted(str(value) for value in latest.values() if value is not None)
    for topic in ("engagement-windows", "late-events", "dead-letters"):
        found[topic] = sorted(map(str, await deployment.values(topic)))
    return found


async def await_history(deployment: Deployment, worker: Worker, history: History) -> None:
    """Wait until windows, late events and scores are all that the history expects, and no more."""

    async def complete() -> bool:
        return (await counted_by_minute(deployment)).keys() >= history.by_minute().keys()

    await until(complete, 60, lambda: f"all windows\n{worker.process.tail()}")
    assert await counted_by_minute(deployment) == history.by_minute()

    async def scores_are_equal() -> bool:
        return await counted_by_scores(deployment) == history.totals()

    await until(scores_are_equal, 30, lambda: f"scores equal\n{worker.process.tail()}")


async def test_after_a_reset_all_retained_events_count_as_at_a_first_start(deployed: Deployment):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(5, start_ms)
    events = [history.event(minutes=5) for _ in range(800)]
    duplicates = random.Random(3).sample(events, 60)
    strays = [history.event(minutes=5) for _ in range(30)]
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(sent(*event) for event in [*events, *duplicates])
    await deployed.send(
        sent(topic, event, partition=(partition + 1) % PARTITIONS)
        for topic, event in strays
        for partition, creators in CREATORS.items()
        if event["creator_id"] in creators
    )
    total = len(events) + len(strays)

    async def all_accepted() -> bool:
        return worker.metric("engagement_events_accepted_total") == total

    await until(all_accepted, 60, lambda: f"{total} accepted\n{worker.process.tail()}")
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    await await_history(deployed, worker, history)
    status, output = await run(
        deployed, "reset", "--to", "earliest", "--yes", PULSE_SESSION_TIMEOUT="3"
    )
    assert (status, "stop them all first" in output) == (1, True)
    await worker.stop()

    before, published = await positions(deployed), await outputs(deployed)
    status, told = await run(deployed, "reset", "--to", "earliest")
    assert status == 0, told
    assert "nothing was changed" in told
    assert f"{deployed.prefix}likes[0]: read on from {before[0]['likes']} at 0" in told
    assert await positions(deployed) == before
    assert await outputs(deployed) == published

    status, done = await run(deployed, "reset", "--to", "earliest", "--yes")
    assert (status, done.splitlines()[:-1]) == (0, told.splitlines()[:-1])
    assert not any((await outputs(deployed)).values())
    assert {at for topics in await positions(deployed) for at in topics.values()} == {0}

    worker = deployed.worker()
    await worker.ready()
    await await_history(deployed, worker, history)
    assert worker.metric("engagement_events_duplicate_total") == len(duplicates)
    assert worker.metric("engagement_events_forwarded_total") == len(strays)
    await worker.stop()


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
async def test_a_reset_to_a_time_or_the_end_leaves_what_came_before_uncounted(
    deployed: Deployment, guarantee: str
):
    deployed.env["PULSE_PROCESSING_GUARANTEE"] = guarantee
    now_ms = int(time.time() * 1000)

    def like(number: int) -> list[Any]:
        fields = {"platform": "x", "post_id": "p", "actor_id": "a", "occurred_at": now_ms}
        return [
            sent("likes", fields | {"event_id": f"e{number}", "creator_id": creators[0]})
            for creators in CREATORS.values()
        ]

    async def counted(worker: Worker, number: int) -> None:
        async def equal() -> bool:
            scores = await deployed.values("engagement-scores")
            latest = {s["creator_id"]: s["windows"]["24h"]["likes"] for s in scores}
            return sorted(latest.values()) == [number] * PARTITIONS

        await until(equal, 40, lambda: f"{number} each\n{worker.process.tail()}")

    worker = deployed.worker()
    await worker.ready()
    await deployed.send(like(0))
    await counted(worker, 1)
    between = datetime.now(UTC).isoformat()
    await deployed.send([*like(1), *like(2)])
    await counted(worker, 3)
    await worker.stop()

    status, output = await run(deployed, "reset", "--to", between, "--yes")
    assert status == 0, output
    worker = deployed.worker()
    await worker.ready()
    await counted(worker, 2)
    await worker.stop()

    status, output = await run(deployed, "reset", "--to", "latest", "--yes")
    assert status == 0, output
    await deployed.send(like(3))
    worker = deployed.worker()
    await worker.ready()
    await counted(worker, 1)
    await worker.stop()


async def test_a_shard_without_a_readable_record_of_its_own_is_made_anew_as_the_message_says(
    deployed: Deployment,
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(29, start_ms)
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(sent(*history.event(minutes=3)) for _ in range(200))
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    await await_history(deployed, worker, history)
    await worker.stop()
    changelog = f"{deployed.env['PULSE_APP_ID']}-engagement-changelog"
    await produce(deployed.bootstrap, [(changelog, SHARD_KEY, b"\x01\xc1", 1)])
    worker = deployed.worker()
    assert await asyncio.to_thread(worker.process.wait, 40) == EXIT_CODE
    assert "`pulse reset --to earliest`" in worker.process.output()
    status, output = await run(deployed, "reset", "--to", "earliest", "--yes")
    assert status == 0, output
    worker = deployed.worker()
    await worker.ready()
    await await_history(deployed, worker, history)
    await worker.stop()


async def test_a_time_without_an_offset_is_refused(bare_deployment: Deployment):
    status, output = await run(bare_deployment, "reset", "--to", "2026-01-15T12:00:00")
    assert status == 2
    assert "has no offset: for UTC it is 2026-01-15T12:00:00Z" in output
