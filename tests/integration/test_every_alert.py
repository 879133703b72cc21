"""Every kind of alert, from events on a real Kafka to the calls of a real Alertmanager, once each.

Knows what is done to the workers and to Alertmanager meanwhile, and what must come of it. Must not
know why an alert is due: that is compared with what the pure core tells of the same events.
"""

import asyncio
import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any, NamedTuple, get_args

import msgspec
import pytest

from schemas.alerts import Kind
from stack.kafka import KafkaServer
from stack.waiting import until
from streams.engine.alerting import SEVERITIES
from streams.engine.shard import ShardConfig
from streams.words import CAUSES
from tests.harness.alertmanager import AlertmanagerServer, Page, Pager
from tests.harness.driver import Item, ShardDriver
from tests.integration.deployment import PARTITIONS, Deployment, Sent, Worker
from tests.integration.every_kind import (
    BACK,
    CHANGED,
    DARK,
    HAPPENS,
    MIDST,
    NOW,
    OUT,
    OVER,
    SPARED,
    bystanders,
    happened,
    lives,
    silenced_posts,
)
from tests.scenarios.life import HOUR, MINUTE

pytestmark = pytest.mark.timeout(900)
Record = dict[str, Any]
SHARED = {"source_outage", "digest"}
"""Alerts of many creators: their beginning and end are settled by the events alone, but not how
often they change meanwhile and with which numbers. Partitions come to an outage one after the
other, and a digest tells of what there is when time is told."""


class Expected(NamedTuple):
    """What the pure core tells by `MIDST`, `NOW`, `CHANGED` and `OVER`: all up to there."""

    midst: list[Record]
    now: list[Record]
    changed: list[Record]
    over: list[Record]


class Story(NamedTuple):
    """What came of it: `told` on the topic, `pages` of Alertmanager, and what it `held` once it was
    back from its first absence."""

    expected: Expected
    told: list[Record]
    pages: list[Page]
    held: list[Record]
    refused: list[Record]
    late: list[Record]


def expected_of(parts: Iterable[list[Item]], secret: str) -> Expected:
    """Play the parts to the pure core as to workers, with the time of day standing still."""
    config = ShardConfig(
        partitions=PARTITIONS, score_interval_ms=HOUR, actor_secret=secret.encode()
    )
    driver = ShardDriver(config, replayed=True)
    told = []
    for part in parts:
        driver.run(part, step_ms=MINUTE)
        # What partitions have told each other at last is heard, too.
        driver.tick(driver.now_ms)
        told.append(list(driver.published["alerts"]))
    return Expected(*told)


def steps(records: list[Record]) -> Counter[tuple[str, str]]:
    """How often each step of each alert is told; changes of what is shared count once."""
    counted = Counter((record["alert_id"], record["status"]) for record in records)
    shared = {record["alert_id"] for record in records if record["kind"] in SHARED}
    return counted - Counter(
        {step: n - 1 for step, n in counted.items() if step[0] in shared and step[1] == "update"}
    )


def latest(records: Iterable[Record]) -> dict[str, Record]:
    """The last record of each alert that is firing and calls."""
    last: dict[str, Record] = {}
    for record in records:
        last[record["alert_id"]] = record
    return {i: r for i, r in last.items() if r["called"] and r["status"] != "resolved"}


def labels_by_alert(records: Iterable[Record]) -> dict[tuple[str, str], dict[str, str]]:
    """The labels that each alert that calls must have, by id and severity: that may only rise."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    worst: dict[str, str] = {}
    for record in records:
        alert_id, severity = record["alert_id"], record["severity"]
        if not record["called"] or record["status"] == "resolved":
            continue
        worst[alert_id] = min(worst.get(alert_id, severity), severity, key=SEVERITIES.index)
        labels = {
            "alertname": record["kind"].title().replace("_", ""),
            "alert_id": alert_id,
            "creator_id": record["creator_id"],
            "platform": record["platform"],
            "campaign_id": record["campaign_id"],
            "severity": worst[alert_id],
            "source": "creator-pulse",
        }
        found[alert_id, worst[alert_id]] = {name: value for name, value in labels.items() if value}
    return found


def calls(pages: Iterable[Page]) -> dict[tuple[str, str], list[str]]:
    """What Alertmanager has called to say of each alert, by id and severity."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for status, labels in pages:
        found[labels["alert_id"], labels["severity"]].append(status)
    return dict(found)


class Scene:
    """Kafka, an Alertmanager and whom it calls, and the one worker there is."""

    def __init__(
        self, deployment: Deployment, alertmanager: AlertmanagerServer, pager: Pager
    ) -> None:
        self.deployment, self.alertmanager, self.pager = deployment, alertmanager, pager
        self.worker: Worker | None = None

    async def send(self, part: list[Item]) -> None:
        """Write a part of the history, while no worker runs that could read half of it."""
        await self.deployment.send(
            Sent(topic, str(event["creator_id"]).encode(), msgspec.json.encode(event))
            for _, topic, event in part
        )

    async def work(self) -> Worker:
        """A new worker, to which nothing is long ago: it calls for what happened months ago."""
        rules = self.deployment.workdir / "rules.yml"
        rules.write_text("rules: {desk: {past_ms: 36500d}}\n")
        self.worker = self.deployment.worker(
            "--clock",
            "events",
            PULSE_ALERTMANAGER_URLS=self.alertmanager.url,
            PULSE_RULES_FILE=str(rules),
        )
        await self.worker.ready()
        return self.worker

    async def told(self, expected: list[Record]) -> None:
        """Wait until all is told that the pure core tells."""
        wanted, seen = steps(expected), Counter[tuple[str, str]]()

        async def enough() -> bool:
            seen.clear()
            seen.update(steps(await self.deployment.values("alerts")))
            return seen >= wanted

        await until(enough, 400, lambda: f"missing {wanted - seen}\n{self.deployment.tails()}")

    async def called(self, expected: list[Record], status: str) -> None:
        """Wait until Alertmanager has called to say so of all that is to call."""
        wanted = labels_by_alert(expected).keys()

        async def enough() -> bool:
            heard = calls(self.pager.pages)
            return all(status in heard.get(key, ()) for key in wanted)

        def missing() -> str:
            heard = calls(self.pager.pages)
            return f"{status}: {[key for key in wanted if status not in heard.get(key, ())]}"

        await until(enough, 120, missing)

    async def unpushed(self, at_least: int) -> None:
        """Wait until so many alerts wait for Alertmanager, in vain so far."""
        worker = self.worker
        assert worker is not None

        async def waiting() -> bool:
            return (
                worker.metric("engagement_alerts_unpushed") >= at_least
                and worker.metric("engagement_alert_pushes_total", outcome="failed") >= 1
            )

        await until(waiting, 120, lambda: f"{at_least} wait\n{self.deployment.tails()}")

    async def all_pushed(self) -> None:
        """Wait until Alertmanager has received all."""
        worker = self.worker
        assert worker is not None

        async def none_waits() -> bool:
            return worker.metric("engagement_alerts_unpushed") == 0

        await until(none_waits, 120, lambda: f"all is pushed\n{self.deployment.tails()}")


async def played(scene: Scene, parts: list[list[Item]], expected: Expected) -> list[Record]:
    """Live through it all; what Alertmanager held once it was back from its first absence."""
    until_midst, until_now, until_changed, until_over = parts
    away, back = scene.alertmanager.stop, scene.alertmanager.start

    await scene.send(until_midst)
    worker = await scene.work()
    await scene.told(expected.midst)
    worker.process.kill()

    await scene.send(until_now)
    worker = await scene.work()
    await scene.told(expected.now)
    await scene.called(expected.now, "firing")
    worker.process.kill()

    await asyncio.to_thread(away)
    await scene.send(until_changed)
    worker = await scene.work()
    await scene.told(expected.changed)
    await scene.unpushed(len(latest(expected.changed)))
    assert worker.get("/readyz")[0] == 200
    await asyncio.to_thread(back)
    await scene.all_pushed()
    await scene.called(expected.changed, "firing")
    held = await asyncio.to_thread(scene.alertmanager.alerts)
    worker.process.kill()

    await asyncio.to_thread(away)
    await scene.send(until_over)
    worker = await scene.work()
    await scene.told(expected.over)
    await scene.unpushed(len(latest(expected.changed)))
    await asyncio.to_thread(back)
    await scene.all_pushed()
    await scene.called(expected.over, "resolved")
    await worker.stop()
    return held


@pytest.fixture(scope="module")
def story(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Story:
    workdir = tmp_path_factory.mktemp("every-alert")
    deployment = Deployment(kafka.bootstrap, f"t{uuid.uuid4().hex[:10]}", workdir)
    some = lives()
    edges = (-math.inf, MIDST, NOW, CHANGED, OVER)
    parts = [happened(a, b, some) for a, b in pairwise(edges)]
    expected = expected_of(parts, deployment.env["PULSE_ACTOR_SECRET"])

    async def lived() -> Story:
        await deployment.make_topics()
        async with AsyncExitStack() as stack:
            pager = await stack.enter_async_context(Pager())
            alertmanager = AlertmanagerServer(workdir / "alertmanager", pager.config)
            stack.callback(alertmanager.stop)
            await asyncio.to_thread(alertmanager.start)
            held = await played(Scene(deployment, alertmanager, pager), parts, expected)
            told, refused, late = [
                await deployment.values(topic)
                for topic in ("alerts", "dead-letters", "late-events")
            ]
            return Story(expected, told, list(pager.pages), held, refused, late)

    try:
        return asyncio.run(lived())
    finally:
        deployment.end()


def test_in_these_lives_each_kind_begins_changes_and_ends(story: Story) -> None:
    of_whom: defaultdict[str, list[Record]] = defaultdict(list)
    for record in story.expected.over:
        of_whom[record["creator_id"]].append(record)
    for who, (kind, explanation) in HAPPENS.items():
        assert {(r["kind"], r["explanation"]) for r in of_whom[who]} == {(kind, explanation)}, who
        # A spike has one more record a day later.
        lived = [r for r in of_whom[who] if r["reviewed_at"] is None]
        assert len(of_whom[who]) - len(lived) <= (kind == "follower_spike"), who
        first, *changes, last = [r["status"] for r in lived]
        assert (first, set(changes), last) == ("firing", {"update"}, "resolved"), who
    assert {kind for kind, _ in HAPPENS.values()} == set(get_args(Kind))

    assert any(record["reviewed_at"] for record in story.expected.over)
    meanwhile = story.expected.changed[len(story.expected.now) :]
    began = {r["creator_id"] for r in story.expected.now if r["status"] == "firing"}
    changed = {r["creator_id"] for r in meanwhile if r["status"] == "update"}
    assert began & changed >= HAPPENS.keys()


def test_all_is_told_once_as_by_the_pure_core_though_three_workers_are_killed(
    story: Story,
) -> None:
    assert steps(story.told) == steps(story.expected.over)
    found, wanted = (
        sorted(
            (record for record in records if record["kind"] not in SHARED),
            key=lambda record: (record["alert_id"], record["updated_at"]),
        )
        for records in (story.told, story.expected.over)
    )
    assert found == wanted
    assert (story.refused, story.late) == ([], [])


def test_alertmanager_calls_once_as_each_alert_begins_and_once_when_it_is_over(
    story: Story,
) -> None:
    wanted = labels_by_alert(story.expected.over)
    assert calls(story.pages) == {key: ["firing", "resolved"] for key in wanted}
    for _, labels in story.pages:
        assert labels == wanted[labels["alert_id"], labels["severity"]]


def test_an_alert_that_becomes_urgent_calls_anew(story: Story) -> None:
    severities = {severity for i, severity in calls(story.pages) if i.endswith(":flo")}
    assert severities == {"warning", "critical"}


def test_what_changes_while_alertmanager_is_away_is_there_when_it_is_back(story: Story) -> None:
    held = {alert["labels"]["alert_id"]: alert["annotations"] for alert in story.held}
    wanted = latest(story.expected.changed)
    assert held.keys() == wanted.keys()
    assert {record["creator_id"] for record in wanted.values()} >= HAPPENS.keys()
    for alert_id, record in wanted.items():
        if record["kind"] not in SHARED:
            assert held[alert_id]["summary"] == record["title"]
            assert held[alert_id]["explanation"] == CAUSES[record["explanation"]]


def test_what_is_too_much_calls_by_its_digest_alone(story: Story) -> None:
    capped = {record["alert_id"] for record in story.told if record["quiet"] == "rate_cap"}
    assert len(capped) > 3
    assert capped.isdisjoint({alert_id for alert_id, _ in calls(story.pages)})


def test_an_outage_spares_whose_posts_fall_silent_with_it(story: Story) -> None:
    alone = happened(-math.inf, CHANGED, [silenced_posts(SPARED, DARK, OUT, BACK), *bystanders()])
    expected = expected_of([alone, [], [], []], "whatever")
    assert {record["kind"] for record in expected.over} == {"silence"}, "else nothing is spared"
    assert SPARED not in {record["creator_id"] for record in story.told}
