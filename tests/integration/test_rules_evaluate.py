"""The shipped rules, evaluated by a real Prometheus that scrapes a real worker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from prometheus.alerts import every_alert
from prometheus.recording import groups
from stack.waiting import until
from tests.harness.alertmanager import AlertmanagerServer
from tests.harness.pipeline import RULES
from tests.harness.promql import selected
from tests.integration.deployment import Deployment
from tests.integration.observed import Observed, observing

RECORDED = [rule.name for group in groups() for rule in group.rules]
NOT_ALWAYS = {"engagement_restore_progress_ratio"}
"""There only while a partition is read back."""


@pytest.fixture
async def observed(deployed: Deployment, tmp_path: Path) -> AsyncIterator[Observed]:
    alertmanager = AlertmanagerServer(tmp_path / "alertmanager")
    await asyncio.to_thread(alertmanager.start)
    try:
        env = {"PULSE_ALERTMANAGER_URLS": alertmanager.url}
        async with observing(deployed, tmp_path, [RULES], **env) as found:
            yield found
    finally:
        await asyncio.to_thread(alertmanager.stop)


ASKED = {text for alert in every_alert() for text in selected(alert.expression)}


async def test_every_rule_evaluates_has_its_data_and_finds_a_worker_well_until_it_dies(
    observed: Observed,
) -> None:
    server = observed.prometheus

    def faults() -> list[str]:
        return [
            f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}"
            for rule in server.rules()
            if rule["health"] != "ok"
        ]

    def unanswered() -> list[str]:
        asked = {*RECORDED, *ASKED} - NOT_ALWAYS
        return [expression for expression in asked if not server.query(expression)]

    async def all_well() -> bool:
        return not await asyncio.to_thread(faults) and not await asyncio.to_thread(unanswered)

    await until(
        all_well, 90, lambda: f"data for every rule; faults {faults()}, none for {unanswered()}"
    )
    assert len(server.rules()) == len(RECORDED) + len(every_alert())
    firing = await asyncio.to_thread(server.query, 'ALERTS{alertstate="firing"}')
    assert firing == []

    observed.worker.process.kill()

    async def noticed() -> bool:
        pending = await asyncio.to_thread(server.query, "ALERTS")
        names = {series["metric"]["alertname"] for series in pending}
        return {"CreatorPulseNoWorker", "CreatorPulseWorkerDown"} <= names

    await until(noticed, 60, "Prometheus notices that the only worker is gone")
