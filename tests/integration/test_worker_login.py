"""A cluster that asks for a login: the worker gives it, and a wrong one is told as such."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.deployment import Deployment, Sent
from tests.integration.guarded import PASSWORD, guarded_server


@pytest.fixture
async def guarded(unique: str, tmp_path: Path) -> AsyncIterator[Deployment]:
    """A deployment that reaches its broker by a listener with SASL."""
    server, door = guarded_server(tmp_path / "kafka")
    await asyncio.to_thread(server.start)
    made = Deployment(server.bootstrap, unique, tmp_path)
    made.env |= door
    yield made
    await asyncio.to_thread(made.end)
    await asyncio.to_thread(server.stop)


async def test_a_worker_logs_in_with_every_connection(guarded: Deployment):
    status, output = await asyncio.to_thread(guarded.command, "topics", "create")
    assert status == 0, output
    worker = guarded.worker()
    await worker.ready()
    event = {
        "event_id": "e1",
        "creator_id": "c1",
        "platform": "x",
        "occurred_at": int(time.time() * 1000),
        "post_id": "p",
        "actor_id": "a",
    }
    await guarded.send([Sent("likes", b"c1", json.dumps(event).encode())])
    (score,) = await guarded.settled("engagement-scores", 1)
    assert score["windows"]["1h"]["likes"] == 1
    await worker.stop()
    assert PASSWORD not in worker.process.output()

    status, output = await asyncio.to_thread(
        guarded.command, "doctor", PULSE_SASL_PASSWORD="a wrong one"
    )
    assert status == 1
    assert "error: " in output
    assert "Authentication" in output
    status, output = await asyncio.to_thread(
        guarded.command,
        "worker",
        PULSE_SASL_PASSWORD="a wrong one",
        PULSE_HTTP_PORT="0",
        PULSE_START_TIMEOUT="0",
    )
    assert status == 1
    assert "Authentication" in output
    assert "Traceback" not in output
