"""A backtest of what topics hold: the alerts of the file that they were written from."""

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka.errors import KafkaError

from stack.waiting import until
from streams.kafka.options import KafkaOptions
from streams.sources.publish import Outgoing, Publisher
from tests.harness.driver import Item
from tests.integration.deployment import PARTITIONS, Deployment, Sent
from tests.scenarios.life import DAY, Life
from tests.scenarios.test_follow_cases import EMPTY, NIGHT, REAL

MINUTE = 60_000


def bought(seed: int, name: str) -> list[Item]:
    """Five days as usual, and then 1,950 followers in 40 minutes."""
    life = Life(seed, 18_000, name)
    life.days(0, 5, 150)
    life.stream("follows", 0, 6 * DAY, 5)
    life.burst("follows", NIGHT, NIGHT + 40 * MINUTE, 1_950, [EMPTY] * 21 + [REAL] * 4)
    return sorted(life.items, key=lambda item: item[0])


def written(path: Path, items: Iterable[Item]) -> Path:
    lines = [msgspec.json.encode({"topic": topic, "event": event}) for _, topic, event in items]
    path.write_bytes(b"\n".join(lines))
    return path


async def send(deployment: Deployment, items: Iterable[Item]) -> None:
    await deployment.send(
        Sent(topic, str(event["creator_id"]).encode(), msgspec.json.encode(event))
        for _, topic, event in items
    )


async def backtest(deployment: Deployment, folder: Path, *arguments: str) -> list[bytes]:
    """The alert records of a backtest, as the topic would hold them."""
    alerts = folder / "alerts.jsonl"
    status, output = await asyncio.to_thread(
        deployment.command, "backtest", *arguments, "--alerts", str(alerts)
    )
    assert status == 0, output
    return alerts.read_bytes().splitlines()


async def test_topics_and_the_file_of_their_events_give_the_same_alerts(
    deployed: Deployment, tmp_path: Path
) -> None:
    ada, bob = bought(2, "ada"), bought(3, "bob")
    of_both = sorted(ada + bob, key=lambda item: item[0])
    await send(deployed, of_both)
    # What workers would not count: values that are no events, and writes that were given up.
    await deployed.send([Sent("likes", b"ada", b"no JSON"), Sent("likes", b"ada", b'{"a": 1}')])
    options = KafkaOptions(
        bootstrap=deployed.bootstrap,
        app_id=deployed.env["PULSE_APP_ID"],
        partitions=PARTITIONS,
        prefix=deployed.prefix,
    )
    lost = [
        Outgoing(topic, b"cleo", msgspec.json.encode(event), at)
        for at, topic, event in bought(4, "cleo")
    ]
    async with Publisher(options, together=True) as publisher:
        with pytest.raises(KafkaError):
            await publisher.write([*lost, Outgoing("likes", b"cleo", b"x" * 3_000_000, 1)])

    expected = await backtest(deployed, tmp_path, str(written(tmp_path / "both.jsonl", of_both)))
    found = await backtest(deployed, tmp_path, "--from-kafka")
    assert found == expected
    told = [json.loads(raw) for raw in found]
    assert {(a["creator_id"], a["kind"]) for a in told if a["status"] == "firing"} == {
        ("ada", "follower_spike"),
        ("bob", "follower_spike"),
    }


async def test_only_what_came_between_two_times_is_played(
    deployed: Deployment, tmp_path: Path
) -> None:
    first, second = bought(2, "ada"), bought(3, "bob")
    await send(deployed, first)
    last_ms = max([record.timestamp for record in await deployed.read("follows", "likes", "posts")])

    async def later() -> bool:
        return time.time() * 1000 > last_ms + 2

    await until(later, 60, lambda: "the clock goes on")
    await send(deployed, second)
    between = datetime.fromtimestamp((last_ms + 1) / 1000, UTC).isoformat()
    for bound, items in (("--to", first), ("--from", second)):
        expected = await backtest(deployed, tmp_path, str(written(tmp_path / "some.jsonl", items)))
        assert await backtest(deployed, tmp_path, "--from-kafka", bound, between) == expected
    status, output = await asyncio.to_thread(
        deployed.command, "backtest", "--from-kafka", "--topic", "shares", "--to", between
    )
    assert status == 1
    assert "there is no event of a creator in these topics, in that time" in output


async def test_topics_that_are_not_there_are_told_with_what_to_do(
    bare_deployment: Deployment,
) -> None:
    status, output = await asyncio.to_thread(bare_deployment.command, "backtest", "--from-kafka")
    assert status == 1
    assert "Run `pulse topics create`" in output
