"""The worker's pages: paths, status codes, and what a reader can do with the answer."""

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from streams.build import version
from streams.web import Verdict, WebServer, application

GOOD = Verdict(True, [], {"partitions": 4})


class FakeHealth:
    def __init__(self) -> None:
        self.alive_now = GOOD
        self.ready_now = GOOD

    def alive(self) -> Verdict:
        return self.alive_now

    def ready(self) -> Verdict:
        return self.ready_now


@pytest.fixture
def health() -> FakeHealth:
    return FakeHealth()


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("engagement_things", "Things.", registry=registry).inc(3)
    return registry


@pytest.fixture
async def client(health: FakeHealth, registry: CollectorRegistry) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(application(registry, health))) as client:
        yield client


async def test_metrics_are_served_as_prometheus_text(client: TestClient):
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "engagement_things_total 3.0" in await response.text()


async def test_metrics_are_served_as_openmetrics_to_those_who_ask(client: TestClient):
    response = await client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert (await response.text()).endswith("# EOF\n")


async def test_numbers_are_read_and_written_down_in_two_steps_of_the_loop(
    client: TestClient, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
):
    steps: list[str] = []

    class Watching(Collector):
        def collect(self) -> list[Metric]:
            steps.append("read")
            asyncio.get_running_loop().call_soon(steps.append, "the stream's turn")
            return []

    def encode(collected: CollectorRegistry) -> bytes:
        steps.append("written down")
        return generate_latest(collected)

    registry.register(Watching())
    steps.clear()
    monkeypatch.setattr("streams.web.choose_encoder", lambda accept: (encode, "text/plain"))
    assert (await client.get("/metrics")).status == 200
    assert steps == ["read", "the stream's turn", "written down"]


async def test_a_healthy_worker_says_so(client: TestClient):
    for path in ("/healthz", "/readyz"):
        response = await client.get(path)
        assert response.status == 200
        assert await response.json() == {"ok": True, "reasons": [], "partitions": 4}


async def test_a_worker_that_restores_is_alive_and_not_ready(
    client: TestClient, health: FakeHealth
):
    health.ready_now = Verdict(False, ["restoring partition 2: 500 records"], {"partitions": 1})
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["reasons"] == ["restoring partition 2: 500 records"]
    assert (await client.get("/healthz")).status == 200


async def test_a_stuck_worker_is_not_alive(client: TestClient, health: FakeHealth):
    health.alive_now = Verdict(False, ["no checkpoint for 31 s"], {})
    assert (await client.get("/healthz")).status == 503


async def test_the_version_names_the_parts(client: TestClient):
    body = await (await client.get("/version")).json()
    assert body["version"] == version()
    assert {"python", "faust-streaming", "aiokafka"} <= body["parts"].keys()


async def test_a_free_port_is_taken_and_told(registry: CollectorRegistry, health: FakeHealth):
    server = WebServer(application(registry, health), "127.0.0.1", 0)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(server.url + "/healthz") as got:
            assert got.status == 200
    finally:
        await server.stop()


async def test_a_port_that_is_taken_is_told_with_the_setting_to_change(
    registry: CollectorRegistry, health: FakeHealth
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = WebServer(application(registry, health), "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="PULSE_HTTP_PORT"):
            await server.start()
