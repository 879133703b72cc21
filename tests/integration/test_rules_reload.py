"""A rules file that changes under load changes what is told, and loses not an event."""

import asyncio
from pathlib import Path

from schemas.partitioning import partition_for
from stack.waiting import until
from tests.integration.deployment import PARTITIONS, Deployment
from tests.integration.test_alert_commands import HOUR_MS, follows, now_ms


async def test_new_rules_hold_without_a_restart_and_bad_ones_change_nothing(
    deployed: Deployment, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("rules: {spike: {min_follows: 100000}}")
    sent = 0

    async def send(creator: str, at_ms: int, name: str, count: int) -> None:
        nonlocal sent
        sent += count
        await deployed.send(follows(creator, at_ms, name, count))

    for creator in ("ada", "bob"):
        await send(creator, now_ms() - 7 * HOUR_MS, f"{creator}-first", 1)
    worker = deployed.worker(PULSE_ALLOWED_LATENESS="1", PULSE_RULES_FILE=str(rules))
    await worker.ready()
    await send("ada", now_ms(), "ada", 400)
    sent_at = now_ms() / 1000

    async def judged() -> bool:
        name, partition = (
            "engagement_watermark_timestamp_seconds",
            partition_for(b"ada", PARTITIONS),
        )
        return worker.metric(name, partition=str(partition)) > sent_at + 10.0

    await until(judged, 40, lambda: f"ada is judged\n{worker.process.tail()}")

    stop = asyncio.Event()

    async def load() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await send("eve", now_ms(), f"eve-{number}", 20)
            await asyncio.sleep(0.05)

    loading = asyncio.create_task(load())
    try:
        rules.write_text("rules: {spike: {min_follows: none}}")

        async def refused() -> bool:
            return worker.metric("engagement_rules_reload_failures_total") == 1

        await until(refused, 30, lambda: f"refused\n{worker.process.tail()}")
        assert "$.rules.spike.min_follows: Expected a number" in worker.process.output()
        rules.write_text("rules: {spike: {min_follows: 150}}")

        async def taken() -> bool:
            return worker.metric("engagement_rules_info") == 1 and (
                "new rules hold" in worker.process.output()
            )

        await until(taken, 30, lambda: f"taken\n{worker.process.tail()}")
        await send("bob", now_ms(), "bob", 400)

        async def fires() -> bool:
            return "bob" in {alert["creator_id"] for alert in await deployed.values("alerts")}

        await until(fires, 60, lambda: f"bob fires\n{worker.process.tail()}")
    finally:
        stop.set()
        await loading
    told = [alert["creator_id"] for alert in await deployed.values("alerts")]
    assert "ada" not in told, "the old rules held for her"

    async def all_counted() -> bool:
        return worker.metric("engagement_events_accepted_total", topic="follows") == sent

    await until(all_counted, 30, lambda: f"{sent} counted\n{worker.process.tail()}")
    await worker.stop()


async def test_a_worker_does_not_start_with_rules_that_cannot_be_used(
    deployed: Deployment, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("rules: {drop: {min_expectd: 3}}")
    env = {"PULSE_RULES_FILE": str(rules)}
    status, output = await asyncio.to_thread(deployed.command, "worker", **env)
    assert status == 2
    assert "line 1: $.rules.drop.min_expectd: Unknown; did you mean min_expected?" in output
    status, output = await asyncio.to_thread(deployed.command, "doctor", **env)
    assert status == 1
    assert "did you mean min_expected?" in output
