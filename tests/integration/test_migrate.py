"""More partitions: state and results move with their creators, and every count stays exact."""

import asyncio
import time
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from schemas import topics
from schemas.partitioning import partition_for
from stack.waiting import until
from tests.integration.deployment import PARTITIONS, Deployment, Sent
from tests.integration.history import (
    ALL_CREATORS,
    MINUTE_MS,
    History,
    counted_by_minute,
    counted_by_scores,
    sent,
)

MORE = 2 * PARTITIONS


async def run(deployment: Deployment, *arguments: str, **env: str) -> tuple[int, str]:
    return await asyncio.to_thread(deployment.command, *arguments, **env)


def clocks(at_ms: int) -> list[Sent]:
    """One event on each of the new partitions that lets time pass there."""
    names = [f"clock-{n}" for n in range(1_000)]
    return [
        sent(
            "likes",
            {
                "event_id": f"clock-{at_ms}",
                "creator_id": next(n for n in names if partition_for(n.encode(), MORE) == p),
                "platform": "x",
                "occurred_at": at_ms,
                "post_id": "p",
                "actor_id": "a",
            },
        )
        for p in range(MORE)
    ]


async def by_minute(deployment: Deployment) -> dict[Any, dict[str, float]]:
    found = await counted_by_minute(deployment)
    return {key: counts for key, counts in found.items() if key[0] in ALL_CREATORS}


async def test_state_moves_to_twice_the_partitions_and_counts_stay_exact(deployed: Deployment):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(13, start_ms)
    first = [history.event(minutes=5) for _ in range(500)]
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(sent(*event) for event in first)

    async def all_accepted() -> bool:
        return worker.metric("engagement_events_accepted_total") == len(first)

    await until(all_accepted, 60, lambda: f"{len(first)} accepted\n{worker.process.tail()}")
    status, output = await run(
        deployed, "state", "migrate", "--partitions", "8", "--yes", PULSE_SESSION_TIMEOUT="3"
    )
    assert (status, "stop them all first" in output) == (1, True)
    await worker.stop()

    status, output = await run(deployed, "state", "migrate", "--partitions", "6")
    assert status == 1
    assert "a multiple of that only (8, 12, ...)" in output
    stray = history.event(minutes=5)
    await deployed.send([sent(*stray)])
    status, output = await run(deployed, "state", "migrate", "--partitions", "8", "--yes")
    assert status == 1
    assert f"there are unread events: 1 in {deployed.prefix}{stray[0]}[" in output
    worker = deployed.worker()
    await worker.ready()

    async def read() -> bool:
        return worker.metric("engagement_events_accepted_total") == 1

    await until(read, 60, lambda: f"the last one is read\n{worker.process.tail()}")
    await worker.stop()

    status, output = await run(deployed, "state", "migrate", "--partitions", "8")
    assert (status, "nothing was changed" in output) == (0, True)
    assert f"{deployed.prefix}likes: gets 8 partitions" in output
    status, output = await run(deployed, "topics", "check")
    assert status == 0, output
    status, output = await run(deployed, "state", "migrate", "--partitions", "8", "--yes")
    assert status == 0, output
    assert "set PULSE_PARTITIONS=8" in output
    assert f"{deployed.prefix}likes: gets 8 partitions" in output

    status, output = await run(deployed, "worker", PULSE_HTTP_PORT="0")
    assert status == 1
    assert f"the number of partitions is {MORE}, expected {PARTITIONS}" in output
    deployed.env["PULSE_PARTITIONS"] = str(MORE)
    status, output = await run(deployed, "doctor")
    assert status == 0, output

    second = [history.event(minutes=5) for _ in range(500)]
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(sent(*event) for event in [*first[:50], *second])
    await deployed.send(clocks(start_ms + 10 * MINUTE_MS))

    async def complete() -> bool:
        return await by_minute(deployed) == history.by_minute()

    await until(complete, 60, lambda: f"all windows\n{worker.process.tail()}")

    async def scores_are_equal() -> bool:
        found = await counted_by_scores(deployed)
        return {c: v for c, v in found.items() if c in ALL_CREATORS} == history.totals()

    await until(scores_are_equal, 30, lambda: f"scores equal\n{worker.process.tail()}")
    assert worker.metric("engagement_events_duplicate_total") == 50
    assert worker.metric("engagement_events_forwarded_total") == 0
    latest = {
        (record.key, record.partition): record.value
        for record in await deployed.read("engagement-scores")
    }
    alive = {key for (key, _), value in latest.items() if value is not None}
    assert sum(value is not None for value in latest.values()) == len(alive), "one place for each"
    await worker.stop()
    status, output = await run(deployed, "reset", "--to", "earliest")
    assert (status, "it has another number of partitions, and is not read again" in output) == (
        0,
        True,
    )


async def test_a_worker_refuses_a_state_of_another_number_of_partitions(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()

    async def written() -> bool:
        status, output = await run(deployed, "state", "list", "--kind", "shard")
        return status == 0 and output.count("%00shard") == PARTITIONS

    await until(written, 30, "the shards are written")
    await worker.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=deployed.bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if deployed.prefix in name]
        names += [f"{deployed.env['PULSE_APP_ID']}-{t}-changelog" for t in topics.TABLES]
        grown = {n: NewPartitions(MORE) for n in names if not n.endswith("campaigns")}
        await admin.create_partitions(grown)
    finally:
        await admin.close()
    deployed.env["PULSE_PARTITIONS"] = str(MORE)
    status, output = await run(deployed, "worker", PULSE_HTTP_PORT="0")
    assert status == 1
    assert f"the state is parted by {PARTITIONS} partitions, but PULSE_PARTITIONS is 8" in output
    assert "pulse state migrate" in output
    status, output = await run(deployed, "doctor")
    assert status == 1
    assert f"parted by {PARTITIONS} partitions" in output

    status, output = await run(deployed, "state", "migrate", "--partitions", "8", "--yes")
    assert status == 0, output
    worker = deployed.worker()
    await worker.ready()
    await worker.stop()
