"""One alert of the pipeline from end to end: a worker stops, Prometheus, Alertmanager, and back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from prometheus.alerts import JOB
from stack.waiting import until
from tests.harness.alertmanager import AlertmanagerServer, amtool
from tests.harness.pipeline import RULES
from tests.harness.prometheus import PrometheusServer
from tests.integration.deployment import Deployment, Worker
from tests.ops.test_alertmanager import CONFIG, of_creator


def hurried(folder: Path) -> Path:
    """The shipped rules, which wait for a second in place of minutes; nothing else is changed."""
    document = yaml.safe_load(RULES.read_text())
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "1s"
                rule.pop("keep_firing_for", None)
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump(document))
    return file


class Watched(NamedTuple):
    """A worker, and who watches it."""

    worker: Worker
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer

    async def states(self) -> dict[str, str]:
        """What Alertmanager holds for firing, by name: `active`, or `suppressed`."""
        held = await asyncio.to_thread(self.alertmanager.alerts)
        return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in held}


@pytest.fixture
async def watched(deployed: Deployment, tmp_path: Path) -> AsyncIterator[Watched]:
    worker = deployed.worker()
    alertmanager = AlertmanagerServer(tmp_path / "alertmanager", CONFIG.read_text())
    prometheus = PrometheusServer(
        tmp_path / "prometheus",
        {JOB: f"127.0.0.1:{worker.port}"},
        rule_files=[hurried(tmp_path)],
        alertmanagers=[f"127.0.0.1:{alertmanager.port}"],
    )
    await worker.ready()
    try:
        await asyncio.to_thread(alertmanager.start)
        await asyncio.to_thread(prometheus.start)
        yield Watched(worker, prometheus, alertmanager)
    finally:
        await asyncio.to_thread(prometheus.process.end)
        await asyncio.to_thread(alertmanager.stop)


async def test_a_worker_that_stops_calls_once_for_its_cause_and_is_over_when_it_is_back(
    watched: Watched, deployed: Deployment
) -> None:
    seen: dict[str, str] = {}

    async def become(**wanted: str | None) -> None:
        async def so() -> bool:
            seen.clear()
            seen.update(await watched.states())
            return all(seen.get(name) == state for name, state in wanted.items())

        await until(so, 60, lambda: f"{wanted}, got {seen}")

    labels = of_creator("Silence", "instagram:lena")
    pushed = [f"{name}={value}" for name, value in labels.items()]
    address = f"--alertmanager.url={watched.alertmanager.url}"
    added = await asyncio.to_thread(amtool, address, "alert", "add", *pushed)
    assert added.returncode == 0, added.stderr
    await become(Silence="active", CreatorPulseNoWorker=None, CreatorPulseWorkerDown=None)

    await watched.worker.stop()
    await become(
        CreatorPulseNoWorker="active", CreatorPulseWorkerDown="suppressed", Silence="suppressed"
    )

    again = deployed.worker(PULSE_HTTP_PORT=str(watched.worker.port))
    again.port = watched.worker.port
    await again.ready()
    await become(CreatorPulseNoWorker=None, CreatorPulseWorkerDown=None, Silence="active")
    await again.stop()
