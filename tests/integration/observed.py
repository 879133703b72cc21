"""A worker and an API that Prometheus scrapes, with a simulated day of twelve creators behind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from prometheus.alerts import API_JOB, JOB
from stack.ports import free_port
from stack.waiting import until
from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, generate
from tests.harness.prometheus import PrometheusServer
from tests.integration.deployment import Deployment, Sent, Worker

CREATORS = 12


class Observed(NamedTuple):
    """The worker and who looks at it."""

    worker: Worker
    prometheus: PrometheusServer


def history(end_ms: int, newcomers: Sequence[str] = ()) -> list[Sent]:
    """A simulated day that ends at `end_ms`, as records; newcomers have had one follower so far."""
    plan = Plan(
        seed=5, creators=CREATORS, volume=0.2, start_ms=end_ms - DAY_MS - HOUR_MS, end_ms=end_ms
    )
    events = [timed for timed in generate(plan) if timed[1] != "campaigns"]
    for creator in newcomers:
        at_ms = end_ms - 7 * HOUR_MS
        event = {"creator_id": creator, "platform": "x", "occurred_at": at_ms, "actor_id": "first"}
        events.append((at_ms, "follows", {**event, "event_id": f"{creator}-first"}))
    events.sort(key=itemgetter(0))
    return [
        Sent(topic, str(event["creator_id"]).encode(), json.dumps(event).encode())
        for _, topic, event in events
    ]


def likes(count: int) -> list[Sent]:
    """Likes of this moment."""
    now = int(time.time() * 1000)
    event = {"creator_id": "lena", "platform": "instagram", "post_id": "p1", "occurred_at": now}
    return [
        Sent("likes", b"lena", json.dumps({**event, "event_id": str(n), "actor_id": "a"}).encode())
        for n in range(count)
    ]


@asynccontextmanager
async def observing(
    deployed: Deployment,
    workdir: Path,
    rule_files: Sequence[Path] = (),
    newcomers: Sequence[str] = (),
    **env: str,
) -> AsyncIterator[Observed]:
    """Yield once that day is counted, with new events on their way and one that is refused."""
    worker = deployed.worker(**env)
    web = free_port()
    deployed.start("api", PULSE_API_PORT=str(web), PULSE_API_DATABASE=str(workdir / "api.sqlite3"))
    past = history(int(time.time() * 1000), newcomers)
    await deployed.send(past)
    await worker.ready()
    targets = {JOB: f"127.0.0.1:{worker.port}", API_JOB: f"127.0.0.1:{web}"}
    server = PrometheusServer(workdir / "prometheus", targets, rule_files=rule_files)
    try:
        await asyncio.to_thread(server.start)

        def counted() -> float:
            return sum(
                float(series["value"][1])
                for series in server.query("sum(engagement_events_accepted_total)")
            )

        async def caught_up() -> bool:
            return await asyncio.to_thread(counted) >= len(past)

        await until(caught_up, 90, lambda: f"{len(past)} events counted, got {counted()}")
        await deployed.send([*likes(100), Sent("likes", b"lena", b"{")])
        yield Observed(worker, server)
    finally:
        await asyncio.to_thread(server.process.end)
