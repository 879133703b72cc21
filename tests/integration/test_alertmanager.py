"""Alerts of real workers in a real Alertmanager: there once while they fire, whatever is killed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stack.waiting import until
from streams.engine.units import MINUTE_MS
from tests.harness.alertmanager import AlertmanagerServer
from tests.integration.deployment import Deployment, Worker
from tests.integration.test_alert_commands import HOUR_MS, burst, follows, now_ms


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[AlertmanagerServer]:
    server = AlertmanagerServer(tmp_path / "alertmanager")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


def working(deployment: Deployment, alertmanager: AlertmanagerServer) -> Worker:
    return deployment.worker(
        PULSE_ALLOWED_LATENESS="1",
        PULSE_ALERTMANAGER_URLS=alertmanager.url,
        PULSE_ALERTMANAGER_RESEND="5",
        PULSE_ALERT_LINK="https://dashboards.example/creator/{creator_id}",
    )


async def holds(alertmanager: AlertmanagerServer, creators: set[str]) -> list[dict[str, Any]]:
    """The alerts that fire there, once they are those of these creators."""
    found: list[dict[str, Any]] = []

    async def held() -> bool:
        found[:] = await asyncio.to_thread(alertmanager.alerts)
        return {alert["labels"]["creator_id"] for alert in found} == creators

    await until(held, 60, lambda: f"{creators}, got {found}")
    return found


async def know(deployment: Deployment, *creators: str) -> None:
    for creator in creators:
        await deployment.send(follows(creator, now_ms() - 7 * HOUR_MS, f"{creator}-first", 1))


async def test_an_alert_outlives_its_worker(
    deployed: Deployment, alertmanager: AlertmanagerServer
) -> None:
    await know(deployed, "ada", "bob")
    worker = working(deployed, alertmanager)
    await worker.ready()
    await burst(deployed, "ada", 400)
    (alert,) = await holds(alertmanager, {"ada"})
    assert alert["labels"]["alertname"] == "FollowerSpike"
    assert alert["generatorURL"] == "https://dashboards.example/creator/ada"
    assert "followers in" in alert["annotations"]["summary"]
    assert worker.metric("engagement_alert_pushes_total", outcome="delivered") >= 1

    worker.process.kill()
    second = working(deployed, alertmanager)
    await second.ready()
    began = alert["updatedAt"]

    async def sent_again() -> bool:
        (still,) = await holds(alertmanager, {"ada"})
        assert still["fingerprint"] == alert["fingerprint"]
        return bool(still["updatedAt"] > began)

    await until(sent_again, 60, lambda: f"sent again\n{second.process.tail()}")
    told = [a for a in await deployed.values("alerts") if a["status"] == "firing"]
    assert len(told) == 1
    await second.stop()


async def test_an_alertmanager_that_is_away_misses_nothing(
    deployed: Deployment, alertmanager: AlertmanagerServer
) -> None:
    await know(deployed, "ada", "bob")
    worker = working(deployed, alertmanager)
    await worker.ready()
    await burst(deployed, "ada", 400)
    await holds(alertmanager, {"ada"})
    await asyncio.to_thread(alertmanager.stop)
    await burst(deployed, "bob", 400)

    async def waiting() -> bool:
        return worker.metric("engagement_alerts_unpushed") >= 1

    await until(waiting, 60, lambda: f"something waits\n{worker.process.tail()}")
    assert worker.get("/readyz")[0] == 200
    assert worker.metric("engagement_alert_pushes_total", outcome="failed") >= 1
    await asyncio.to_thread(alertmanager.start)
    await holds(alertmanager, {"ada", "bob"})

    async def received() -> bool:
        return worker.metric("engagement_alerts_unpushed") == 0

    await until(received, 60, lambda: f"all is received\n{worker.process.tail()}")
    await worker.stop()


async def test_a_replay_of_last_week_calls_nobody_and_what_happens_now_does(
    deployed: Deployment, alertmanager: AlertmanagerServer
) -> None:
    present, past = now_ms(), now_ms() - 7 * 24 * HOUR_MS
    for creator, at in (("ada", past), ("bob", present - MINUTE_MS)):
        await deployed.send(follows(creator, at - 7 * HOUR_MS, f"{creator}-first", 1))
        await deployed.send(follows(creator, at, creator, 400))
        # Only events move time: one more closes the pane, and a later one the alert of last week.
        await deployed.send(follows(creator, at + 2 * MINUTE_MS, f"{creator}-next", 1))
    await deployed.send(follows("ada", past + HOUR_MS, "ada-last", 1))
    deployed.worker(
        *("--clock", "events"),
        PULSE_ALLOWED_LATENESS="1",
        PULSE_ALERTMANAGER_URLS=alertmanager.url,
        PULSE_ALERTMANAGER_RESEND="5",
    )
    told: list[tuple[str, str]] = []

    async def all_told() -> bool:
        records = await deployed.values("alerts")
        told[:] = [(record["creator_id"], record["status"]) for record in records]
        return {("ada", "firing"), ("bob", "firing")} <= set(told)

    await until(all_told, 120, lambda: f"two spikes, got {told}\n{deployed.tails()}")
    await holds(alertmanager, {"bob"})
