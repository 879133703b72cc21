"""Every query of every dashboard, asked of a real Prometheus that scrapes a real worker."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, generate
from tests.harness.dashboards import dashboards, label_queries, put_in, queries
from tests.harness.prometheus import PrometheusServer
from tests.harness.waiting import until
from tests.integration.deployment import Deployment, Sent

CREATORS = 12
QUERIES = [(name, query) for name, board in dashboards().items() for query in queries(board)]
VARIABLES = {"job": ".+", "instance": ".+", "__rate_interval": "10s", "__range": "10m"}
LABELS = [
    (name, put_in(selector, VARIABLES), label)
    for name, board in dashboards().items()
    for selector, label in label_queries(board)
]


def history(end_ms: int) -> list[Sent]:
    """A simulated day that ends at `end_ms`, as records."""
    plan = Plan(
        seed=5, creators=CREATORS, volume=0.2, start_ms=end_ms - DAY_MS - HOUR_MS, end_ms=end_ms
    )
    return [
        Sent(topic, str(event["creator_id"]).encode(), json.dumps(event).encode())
        for _, topic, event in generate(plan)
        if topic != "campaigns"
    ]


def likes(count: int) -> list[Sent]:
    """Likes of this moment."""
    now = int(time.time() * 1000)
    event = {"creator_id": "lena", "platform": "instagram", "post_id": "p1", "occurred_at": now}
    return [
        Sent("likes", b"lena", json.dumps({**event, "event_id": str(n), "actor_id": "a"}).encode())
        for n in range(count)
    ]


@pytest.fixture
async def prometheus(deployed: Deployment, tmp_path: Path) -> AsyncIterator[PrometheusServer]:
    """Prometheus on a worker that has a day of twelve creators behind it and events now."""
    worker = deployed.worker()
    past = history(int(time.time() * 1000))
    await deployed.send(past)
    await worker.ready()
    server = PrometheusServer(tmp_path / "prometheus", {"worker": f"127.0.0.1:{worker.port}"})
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
        yield server
    finally:
        await asyncio.to_thread(server.process.end)


async def test_every_query_and_variable_has_an_answer(prometheus: PrometheusServer) -> None:
    def unanswered() -> list[str]:
        now = time.time()
        asked = {}
        for name, query in QUERIES:
            expression = put_in(query.expression, VARIABLES)
            asked[f"{name}: {query.name}: {expression}"] = (
                prometheus.query(expression)
                if query.instant
                else prometheus.query_range(expression, now - 30, now, 1)
            )
        for name, selector, label in LABELS:
            told = prometheus.api(f"label/{label}/values", **{"match[]": selector})
            asked[f"{name}: ${label} of {selector}"] = told
        return [question for question, answer in asked.items() if not answer]

    async def all_answered() -> bool:
        return not await asyncio.to_thread(unanswered)

    await until(all_answered, 30, lambda: f"data in every panel, none in {unanswered()}")
