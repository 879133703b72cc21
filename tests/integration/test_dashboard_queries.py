"""Every query of every dashboard, asked of a real Prometheus that scrapes a real worker."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stack import observing as observing_stack
from stack.dashboards import RESTORES, dashboards, label_queries, put_in, queries
from stack.waiting import until
from tests.harness.alertmanager import AlertmanagerServer
from tests.harness.prometheus import PrometheusServer
from tests.integration.deployment import Deployment, Sent
from tests.integration.observed import likes, observing
from tests.integration.test_alert_commands import SOON, await_alert, burst, now_ms

QUERIES = [(name, query) for name, board in dashboards().items() for query in queries(board)]
MAY_BE_EMPTY = RESTORES | {
    f"kafka-and-state.json: Time to restore a partition {part}": "of the only start there is"
    for part in "AB"
}
VARIABLES = {"job": ".+", "instance": ".+", "__rate_interval": "10s", "__range": "10m"}
LABELS = [
    (name, put_in(selector, VARIABLES), label)
    for name, board in dashboards().items()
    for selector, label in label_queries(board)
]
SNOOZED, ANSWERED = "bob", "cy"
SHOWN = " and on (creator) ".join(
    f'engagement_creator_{name}{{creator!="_other"}}'
    for name in ("score", "engagement_ratio", "sentiment_ratio")
)
"""Creators of whom all is known."""


def command(creator: str, action: str, **fields: object) -> Sent:
    """What somebody says of a creator's alerts."""
    envelope = {"creator_id": creator, "platform": "x", "occurred_at": now_ms(), "by": "ops"}
    said = {**envelope, "event_id": f"{creator}-{action}", "action": action, **fields}
    return Sent("alert-commands", creator.encode(), json.dumps(said).encode())


async def live_through_a_morning(deployed: Deployment, creator: str) -> None:
    """A campaign runs and three creators' alerts fire: one calls, one is snoozed, one answered."""
    campaign = {"campaign_id": "spring", "name": "Spring", "creators": [creator], "owner": "lena"}
    known = {**campaign, "event_id": "c", "occurred_at": now_ms()}
    await deployed.send([Sent("campaigns", b"spring", json.dumps(known).encode())])
    await deployed.send([command(SNOOZED, "snooze", until=now_ms() + 3_600_000)])
    for name, count in ((creator, 4_000), (SNOOZED, 400), (ANSWERED, 400)):
        await burst(deployed, name, count)
    alert = await await_alert(deployed, ANSWERED, notify=True)
    about = {"alert_id": alert["alert_id"]}
    await deployed.send([command(ANSWERED, action, **about) for action in ("acknowledge", "false")])


@pytest.fixture
async def prometheus(deployed: Deployment, tmp_path: Path) -> AsyncIterator[PrometheusServer]:
    """Prometheus on a worker that has a day of twelve creators behind it and a morning now."""
    alertmanager = AlertmanagerServer(tmp_path / "alertmanager")
    await asyncio.to_thread(alertmanager.start)
    try:
        env = SOON | {"PULSE_ALERTMANAGER_URLS": alertmanager.url}
        newcomers = (SNOOZED, ANSWERED)
        async with observing(deployed, tmp_path, newcomers=newcomers, **env) as observed:
            yield observed.prometheus
    finally:
        await asyncio.to_thread(alertmanager.stop)


def _tells(answer: list[Any]) -> bool:
    """Whether there is a series, and a number in it."""
    return any(
        not math.isnan(float(value))
        for series in answer
        for _, value in series.get("values", [series.get("value")])
    )


async def test_every_query_and_variable_has_an_answer(
    prometheus: PrometheusServer, deployed: Deployment
) -> None:
    shown: list[str] = []

    async def known() -> bool:
        found = await asyncio.to_thread(prometheus.query, SHOWN)
        shown[:] = [series["metric"]["creator"] for series in found]
        return bool(shown)

    await until(known, 60, "of one creator all is known")
    await live_through_a_morning(deployed, shown[0])
    values = VARIABLES | {"creator": shown[0]}

    waiting = {
        f"{name}: {query.name}": (put_in(query.expression, values), query.instant)
        for name, query in QUERIES
        if f"{name}: {query.name}" not in MAY_BE_EMPTY
    }

    def ask() -> None:
        now = time.time()
        for name, (expression, instant) in list(waiting.items()):
            told = (
                prometheus.query(expression)
                if instant
                else prometheus.query_range(expression, now - 30, now, 1)
            )
            if _tells(told):
                del waiting[name]

    async def all_answered() -> bool:
        # Rates are of what comes now, and dead letters of what is refused now. The API is scraped.
        await deployed.send([*likes(20), Sent("likes", b"lena", b"{")])
        await asyncio.to_thread(ask)
        return not waiting

    await until(all_answered, 90, lambda: f"data in every panel, none in {waiting}")
    for name, selector, label in LABELS:
        told = await asyncio.to_thread(
            prometheus.api, f"label/{label}/values", **{"match[]": selector}
        )
        assert told, f"{name}: ${label} of {selector}"


def test_what_may_be_empty_exists() -> None:
    known = {f"{name}: {query.name}" for name, query in QUERIES}
    assert known >= set(MAY_BE_EMPTY) | set(observing_stack.MAY_BE_EMPTY)
