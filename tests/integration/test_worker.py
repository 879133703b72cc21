"""The worker from end to end: events in on a real Kafka, exact numbers out, and a clean stop."""

import json
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.harness.prometheus import promtool
from tests.harness.waiting import until
from tests.integration.deployment import PARTITIONS, Deployment, Sent, creators_of

MINUTE_MS = 60_000
CREATORS = {partition: creators_of(partition, 3) for partition in range(PARTITIONS)}
ALL_CREATORS = [creator for creators in CREATORS.values() for creator in creators]
SENTINELS = {partition: creators_of(partition, 4)[-1] for partition in range(PARTITIONS)}
COUNTED = [
    "likes",
    "unlikes",
    "comments",
    "uncomments",
    "shares",
    "unshares",
    "follows",
    "unfollows",
    "posts",
    "clicks",
    "conversions",
    "refunds",
    "revenue",
]


class History:
    """Events as produced, and what should be counted for each creator and minute."""

    def __init__(self, seed: int, start_ms: int) -> None:
        self._random = random.Random(seed)
        self._start_ms = start_ms
        self._made = 0
        self.expected: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)

    def event(self, minutes: int, creator: str | None = None) -> tuple[str, dict[str, Any]]:
        """One event of some kind within the first `minutes`, and note of it."""
        chance = self._random
        self._made += 1
        at = self._start_ms + chance.randrange(minutes * MINUTE_MS)
        event: dict[str, Any] = {
            "event_id": f"e{self._made}",
            "creator_id": creator or chance.choice(ALL_CREATORS),
            "platform": "instagram",
            "occurred_at": at,
        }
        topic = chance.choice(
            ["likes"] * 6 + ["comments", "shares", "follows", "posts", "clicks", "conversions"]
        )
        undone = chance.random() < 0.2
        if topic in {"likes", "shares", "comments"}:
            event |= {"post_id": "p1", "actor_id": f"a{chance.randrange(50)}"}
            event |= {"action": "remove" if undone else "add"}
            counted = ("un" if undone else "") + topic
        elif topic == "follows":
            event |= {"actor_id": "a1", "action": "unfollow" if undone else "follow"}
            counted = "unfollows" if undone else "follows"
        else:
            counted = topic
        if topic == "comments":
            event |= {"comment_id": f"c{self._made}", "text": "lovely, I want one"}
        elif topic == "posts":
            event |= {"post_id": f"p{self._made}", "media_type": "reel"}
        elif topic == "clicks":
            event |= {"campaign_id": "spring", "link_id": "l1"}
        elif topic == "conversions":
            event |= {"campaign_id": "spring", "order_id": f"o{self._made}", "currency": "EUR"}
            event |= {"value": 12.5, "action": "refund" if undone else "convert"}
            counted = "refunds" if undone else "conversions"
            self._note(event, "revenue", -12.5 if undone else 12.5)
        self._note(event, counted, 1)
        return topic, event

    def _note(self, event: dict[str, Any], counted: str, value: float) -> None:
        minute = event["occurred_at"] // MINUTE_MS * MINUTE_MS
        self.expected[event["creator_id"], minute][counted] += value


def sent(topic: str, event: dict[str, Any], partition: int | None = None) -> Sent:
    return Sent(topic, event["creator_id"].encode(), json.dumps(event).encode(), partition)


def sentinels(at_ms: int) -> list[Sent]:
    """One event on each partition that lets time pass there."""
    return [
        sent(
            "likes",
            {
                "event_id": f"sentinel-{at_ms}",
                "creator_id": creator,
                "platform": "x",
                "occurred_at": at_ms,
                "post_id": "p",
                "actor_id": "a",
            },
        )
        for creator in SENTINELS.values()
    ]


def in_ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def nonzero(counts: Counter[str]) -> dict[str, float]:
    return {name: value for name, value in counts.items() if value}


async def counted_by_minute(deployment: Deployment) -> dict[tuple[str, int], dict[str, float]]:
    """What the outputs say: final windows, plus the events that came too late for theirs."""
    found: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for window in await deployment.values("engagement-windows"):
        key = window["creator_id"], in_ms(window["window_start"])
        assert key not in found, f"two windows of {key}"
        found[key].update({name: window[name] for name in COUNTED})
    names = {"follow": "follows", "unfollow": "unfollows", "refund": "refunds"}
    for late in await deployment.values("late-events"):
        event = late["event"]
        action = event.get("action", "")
        counted = names.get(action, ("un" if action == "remove" else "") + late["topic"])
        key = event["creator_id"], event["occurred_at"] // MINUTE_MS * MINUTE_MS
        found[key][counted] += 1
        if late["topic"] == "conversions":
            found[key]["revenue"] += -event["value"] if action == "refund" else event["value"]
    return {
        key: nonzero(counts) for key, counts in found.items() if key[0] not in SENTINELS.values()
    }


async def counted_by_scores(deployment: Deployment) -> dict[str, dict[str, float]]:
    """The last word on each creator's 24 hours."""
    scores = {score["creator_id"]: score for score in await deployment.values("engagement-scores")}
    days = {creator: score["windows"]["24h"] for creator, score in scores.items()}
    return {
        creator: {name: day[name] for name in COUNTED if day[name]}
        for creator, day in days.items()
        if creator not in SENTINELS.values()
    }


@pytest.mark.timeout(240)
async def test_every_event_is_counted_exactly_once_with_duplicates_and_detours(
    deployed: Deployment, tmp_path: Path
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(7, start_ms)
    events = [history.event(minutes=5) for _ in range(3_000)]
    chance = random.Random(11)
    duplicates = chance.sample(events, 150)
    strays = [history.event(minutes=5) for _ in range(40)]
    profiles = [
        {
            "event_id": "profile",
            "creator_id": creator,
            "platform": "instagram",
            "occurred_at": start_ms,
            "handle": f"@{creator}",
            "followers": 1_000,
        }
        for creator in ALL_CREATORS
    ]

    report = tmp_path / "report.json"
    worker = deployed.worker("--report", str(report))
    await worker.ready()
    await deployed.send(sent("creators", profile) for profile in profiles)
    await deployed.send(sent(*event) for event in [*events, *duplicates])
    await deployed.send(
        sent(topic, event, partition=(partition + 1) % PARTITIONS)
        for topic, event in strays
        for partition, creators in CREATORS.items()
        if event["creator_id"] in creators
    )
    total = len(events) + len(strays) + len(profiles)

    async def all_accepted() -> bool:
        return worker.metric("engagement_events_accepted_total") == total

    await until(all_accepted, 60, lambda: f"{total} accepted\n{worker.process.tail()}")
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    expected = {key: nonzero(counts) for key, counts in history.expected.items()}

    async def complete() -> bool:
        return (await counted_by_minute(deployed)).keys() >= expected.keys()

    await until(complete, 60, lambda: f"all windows\n{worker.process.tail()}")
    assert await counted_by_minute(deployed) == expected

    assert worker.metric("engagement_events_duplicate_total") == len(duplicates)
    assert worker.metric("engagement_events_forwarded_total") == len(strays)
    assert worker.metric("engagement_dead_letters_total") == 0
    assert worker.metric("engagement_creators_known") == len(ALL_CREATORS) + PARTITIONS
    assert worker.metric("engagement_partitions_owned") == PARTITIONS
    checked = promtool("check", "metrics", stdin=worker.get("/metrics")[1])
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")

    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (creator, _), counts in history.expected.items():
        totals[creator].update(counts)
    wanted = {creator: nonzero(counts) for creator, counts in totals.items()}

    async def scores_are_equal() -> bool:
        return await counted_by_scores(deployed) == wanted

    await until(scores_are_equal, 30, lambda: f"scores equal\n{worker.process.tail()}")
    for score in await deployed.values("engagement-scores"):
        if score["creator_id"] in wanted and score["followers"]:
            day = score["windows"]["24h"]
            assert day["engagement_rate"] == pytest.approx(day["engagements"] / 1_000)
    assert await worker.stop() < 10

    done = json.loads(report.read_text())
    assert done["exit_status"] == 0
    assert done["exit_reason"] == "stopped by SIGTERM"
    assert done["events"] == total + PARTITIONS
    assert done["windows"] == len(await deployed.values("engagement-windows"))
    assert done["settings"]["PULSE_ACTOR_SECRET"] == "(hidden)"
    assert deployed.env["PULSE_ACTOR_SECRET"] not in report.read_text()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
async def test_a_restart_goes_on_where_the_last_worker_stopped(
    deployed: Deployment, guarantee: str
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(3, start_ms)
    first, second = ([history.event(minutes=3) for _ in range(400)] for _ in range(2))

    worker = deployed.worker(PULSE_PROCESSING_GUARANTEE=guarantee)
    await worker.ready()
    await deployed.send(sent(*event) for event in first)
    assert await worker.stop() < 10

    await deployed.send(sent(*event) for event in [*first[:50], *second])
    worker = deployed.worker(PULSE_PROCESSING_GUARANTEE=guarantee)
    await worker.ready()
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))
    expected = {key: nonzero(counts) for key, counts in history.expected.items()}

    async def complete() -> bool:
        return (await counted_by_minute(deployed)) == expected

    await until(complete, 60, lambda: f"all is counted once\n{worker.process.tail()}")
    assert await worker.stop() < 10


async def test_a_worker_stops_at_once_while_it_waits_for_brokers(bare_deployment: Deployment):
    worker = bare_deployment.worker(PULSE_BOOTSTRAP_SERVERS="127.0.0.1:1")
    worker.process.await_output("no broker yet", 30)
    assert worker.get("/readyz")[0] == 503
    assert "waiting for the brokers" in worker.get("/readyz")[1]
    assert worker.get("/healthz")[0] == 200
    assert await worker.stop() < 5
