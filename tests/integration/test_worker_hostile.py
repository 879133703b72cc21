"""Floods of garbage, and of valid events at one creator: the worker lives, and loses nothing."""

import asyncio
import json
import time
from typing import Any

from stack.waiting import until
from tests.integration.deployment import Deployment, Sent, Worker

CREATOR = "creator-1"
LONG = "\N{PILE OF POO}" * 200
MEMORY = 900 << 20


def event(number: int, now_ms: int, **fields: Any) -> bytes:
    common = {
        "event_id": f"e{number}",
        "creator_id": CREATOR,
        "platform": "x",
        "occurred_at": now_ms,
    }
    return json.dumps(common | fields).encode()


def conversion(number: int, now_ms: int, value: float, currency: str) -> Sent:
    order = {"campaign_id": "c", "order_id": "o", "value": value, "currency": currency}
    return Sent("conversions", CREATOR.encode(), event(number, now_ms, **order))


async def counted(worker: Worker, name: str, count: int, **labels: str) -> None:
    def found() -> float:
        assert worker.process.running, worker.process.tail()
        return worker.metric(name, **labels)

    async def all_of_them() -> bool:
        return await asyncio.to_thread(found) == count

    await until(all_of_them, 120, lambda: f"{count} {name}, {found()}\n{worker.process.tail()}")


async def test_a_flood_of_long_garbage_ends_as_dead_letters(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()
    garbage = b'{"event_id": "' + b"x" * 120_000
    await deployed.send([Sent("likes", CREATOR.encode(), garbage)] * 1_500)
    await counted(worker, "engagement_dead_letters_total", 1_500, code="not_json")
    assert worker.metric("process_resident_memory_bytes") < MEMORY
    await worker.stop()


async def test_a_flood_at_one_creator_is_counted_and_its_state_can_be_taken_over(
    deployed: Deployment,
):
    worker = deployed.worker()
    await worker.ready()
    now = int(time.time() * 1000)
    key = CREATOR.encode()
    likes = [
        Sent("likes", key, event(n, now, post_id=f"{LONG}{n}", actor_id=f"a{n}"))
        for n in range(4_000)
    ]
    millions = [conversion(n, now, 1e9, "EUR") for n in range(19_000)]
    codes = [f"X{a}{b}" for a in "ABCDEFGH" for b in "ABCDEFGH"]
    currencies = [conversion(20_000 + n, now, 1.0, code) for n, code in enumerate(codes)]
    odd = [
        Sent("likes", key, event(90_000 + n, now, post_id="p", actor_id="a", occurred_at=at))
        for n, at in enumerate(["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", 1e400])
    ]
    await deployed.send([*likes, *millions, *currencies, *odd])
    await counted(worker, "engagement_events_accepted_total", 4_000, topic="likes")
    await counted(worker, "engagement_events_accepted_total", 19_000 + 31, topic="conversions")
    await counted(worker, "engagement_dead_letters_total", 64 - 31 + 3)
    assert worker.metric("engagement_state_folded_total", kind="details") > 3_000
    worker.process.kill()

    second = deployed.worker()
    await second.ready(120)
    await deployed.send([conversion(99_999, now, 1.0, "EUR")])

    async def summed() -> bool:
        latest = (await deployed.values("engagement-scores"))[-1]
        return latest["windows"]["24h"]["revenue"] == 19_000 * 1e9 + 1.0

    await until(summed, 30, lambda: f"all revenue is there\n{second.process.tail()}")
    await second.stop()
