"""People on the command line take, snooze and judge the alerts of a running worker."""

import asyncio
import itertools
import json
import time
from typing import Any

from stack.waiting import until
from tests.integration.deployment import Deployment, Sent

HOUR_MS = 3_600_000
SOON = {"PULSE_ALLOWED_LATENESS": "1"}


def follows(creator: str, at_ms: int, name: str, count: int) -> list[Sent]:
    envelope = {"creator_id": creator, "platform": "x", "occurred_at": at_ms}
    return [
        Sent(
            "follows",
            creator.encode(),
            json.dumps({**envelope, "event_id": f"{name}-{n}", "actor_id": f"{name}-{n}"}).encode(),
        )
        for n in range(count)
    ]


def now_ms() -> int:
    return int(time.time() * 1000)


async def burst(deployment: Deployment, creator: str, count: int) -> None:
    """So many followers come at once, in time.

    A busy machine may bring them when their minute is closed: those are late, and no alert comes of
    them. Then others come.
    """
    for attempt in itertools.count():
        name = f"{creator}-burst-{attempt}"
        places = await deployment.send(follows(creator, now_ms(), name, count))
        await deployment.has_read("follows", places)
        late = [told["event"]["event_id"] for told in await deployment.values("late-events")]
        if not any(event_id.startswith(f"{name}-") for event_id in late):
            return


async def run(deployment: Deployment, *arguments: str) -> str:
    status, output = await asyncio.to_thread(deployment.command, *arguments)
    assert status == 0, output
    return output


async def latest(deployment: Deployment, creator: str) -> dict[str, Any]:
    """The last record of a creator's only alert; nothing of one that never was."""
    told = [a for a in await deployment.values("alerts") if a["creator_id"] == creator]
    assert len({alert["alert_id"] for alert in told}) <= 1
    return told[-1] if told else {}


async def await_alert(deployment: Deployment, creator: str, **wanted: object) -> dict[str, Any]:
    """The alert once it says what is wanted; followers keep coming until then."""
    found: dict[str, Any] = {}
    number = 0

    async def told() -> bool:
        nonlocal number
        number += 1
        await deployment.send(follows(creator, now_ms(), f"{creator}-more-{number}", 1))
        found.clear()
        found.update(await latest(deployment, creator))
        return bool(found) and all(found[name] == value for name, value in wanted.items())

    await until(told, 60, lambda: f"{creator} {wanted}, got {found}\n{deployment.tails()}")
    return found


async def test_what_people_say_of_alerts_shows_in_their_next_records_and_in_the_report(
    deployed: Deployment,
) -> None:
    for creator in ("ada", "bob"):
        await deployed.send(follows(creator, now_ms() - 7 * HOUR_MS, f"{creator}-first", 1))
    worker = deployed.worker(**SOON)
    await worker.ready()
    output = await run(deployed, "alerts", "snooze", "--creator", "bob", "--for", "2h")
    assert output == "snooze: bob, all kinds\n"

    async def asleep() -> bool:
        return worker.metric("engagement_alert_commands_total", action="snooze") == 1

    await until(asleep, 30, lambda: f"the snooze arrives\n{worker.process.tail()}")
    for creator in ("ada", "bob"):
        await burst(deployed, creator, 400)
    alert = await await_alert(deployed, "ada", notify=True)
    quiet = await await_alert(deployed, "bob", notify=False)
    assert quiet["quiet"] == "snoozed"
    assert worker.metric("engagement_alerts_quiet_total", reason="snoozed") == 1

    alert_id = alert["alert_id"]
    assert alert_id in await run(deployed, "alerts", "list")
    await run(deployed, "alerts", "ack", alert_id, "--by", "ops", "--note", "a giveaway")
    await run(deployed, "alerts", "useful", alert_id, "--by", "ops")
    await run(deployed, "alerts", "false", quiet["alert_id"], "--by", "ops")
    taken = await await_alert(deployed, "ada", acknowledged_by="ops", feedback="useful")
    assert (taken["notify"], taken["quiet"]) == (False, "acknowledged")
    await await_alert(deployed, "bob", feedback="false", quiet="snoozed")
    shown = await run(deployed, "alerts", "show", alert_id)
    assert "taken by ops: a giveaway" in shown

    lines = [
        json.loads(line)
        for line in (await run(deployed, "alerts", "report", "--json")).splitlines()
    ]
    whole = lines[0]
    assert (whole["kind"], whole["alerts"], whole["firing"]) == ("all", 2, 2)
    assert (whole["useful"], whole["false"], whole["precision"]) == (1, 1, 0.5)
    assert (whole["called"], whole["acknowledged"]) == (1, 1)
    assert whole["median_seconds_to_acknowledge"] > 0.0

    status, output = await asyncio.to_thread(deployed.command, "alerts", "ack", alert_id[:-1])
    assert (status, alert_id in output) == (1, True), "it names what may have been meant"
    await worker.stop()
