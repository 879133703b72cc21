"""Every query of every dashboard, asked of a real Prometheus that scrapes a real worker."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stack.dashboards import dashboards, label_queries, put_in, queries
from stack.ports import free_port
from stack.waiting import until
from tests.harness.prometheus import PrometheusServer
from tests.integration.deployment import Deployment
from tests.integration.observed import observing

QUERIES = [(name, query) for name, board in dashboards().items() for query in queries(board)]
VARIABLES = {"job": ".+", "instance": ".+", "__rate_interval": "10s", "__range": "10m"}
LABELS = [
    (name, put_in(selector, VARIABLES), label)
    for name, board in dashboards().items()
    for selector, label in label_queries(board)
]


@pytest.fixture
async def prometheus(deployed: Deployment, tmp_path: Path) -> AsyncIterator[PrometheusServer]:
    """Prometheus on a worker that has a day of twelve creators behind it and events now."""
    nobody = f"http://127.0.0.1:{free_port()}"
    async with observing(deployed, tmp_path, PULSE_ALERTMANAGER_URLS=nobody) as observed:
        yield observed.prometheus


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
