"""Bad input of every kind on every topic ends as a dead letter, and nothing else is harmed."""

import base64
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas import topics
from schemas.partitioning import partition_for
from stack.waiting import until
from tests.integration.deployment import PARTITIONS, Deployment, Sent

CREATOR = "creator-1"
HOME = partition_for(CREATOR.encode(), PARTITIONS)
KEPT_BYTES = 64 * 1024

SPECIFIC: dict[str, dict[str, Any]] = {
    "posts": {"post_id": "p1"},
    "likes": {"post_id": "p1", "actor_id": "a1"},
    "comments": {"comment_id": "c1", "post_id": "p1", "actor_id": "a1", "text": "nice"},
    "shares": {"post_id": "p1", "actor_id": "a1"},
    "follows": {"actor_id": "a1"},
    "clicks": {"campaign_id": "spring", "link_id": "l1"},
    "conversions": {"campaign_id": "spring", "order_id": "o1", "value": 9.5, "currency": "EUR"},
    "counters": {"views": 100},
    "creators": {"handle": "@one"},
    "fleet-signals": {"partition": 1, "got": 3.0, "expected": 80.5},
    "alert-commands": {"action": "acknowledge", "by": "ops", "alert_id": "follower_spike:1:one"},
}
TOMBSTONES = {topics.CREATORS.name, topics.CAMPAIGNS.name}


class Poison(NamedTuple):
    """One bad value, and the dead letter that it must become."""

    value: bytes | None
    code: str
    path: str


def good(topic: str, now_ms: int, event_id: str) -> dict[str, Any]:
    if topic == topics.CAMPAIGNS.name:
        return {"campaign_id": event_id, "name": "Spring"}
    envelope = {
        "event_id": event_id,
        "creator_id": CREATOR,
        "platform": "instagram",
        "occurred_at": now_ms,
    }
    return envelope | SPECIFIC[topic]


def key_of(topic: str) -> bytes:
    return b"spring" if topic == topics.CAMPAIGNS.name else CREATOR.encode()


def poisons(topic: str, now_ms: int) -> Iterator[Poison]:
    event = good(topic, now_ms, "bad")
    text = json.dumps(event).encode()
    named = "name" if topic == topics.CAMPAIGNS.name else "platform"
    yield Poison(b"", "empty", "$")
    yield Poison(b"surely not JSON", "not_json", "$")
    yield Poison(text[:-1], "not_json", "$")
    yield Poison(text.replace(b'"bad"', b'"b\xc3\x28d"'), "not_utf8", "$")
    yield Poison(b"[" + text + b"]", "wrong_type", "$")
    yield Poison(json.dumps(event | {named: 7}).encode(), "wrong_type", f"$.{named}")
    lacking = {name: value for name, value in event.items() if name != named}
    yield Poison(json.dumps(lacking).encode(), "missing_field", f"$.{named}")
    yield Poison(json.dumps(event | {named: ""}).encode(), "out_of_range", f"$.{named}")
    yield Poison(json.dumps(event | {"filler": "x" * 1_000_000}).encode(), "too_large", "$")
    ahead = now_ms + 365 * 86_400_000
    yield Poison(
        json.dumps(event | {"occurred_at": ahead}).encode(), "time_future", "$.occurred_at"
    )
    if "action" in topics.BY_NAME[topic].value.__struct_fields__:
        yield Poison(json.dumps(event | {"action": "sing"}).encode(), "unknown_kind", "$.action")
    if topic not in TOMBSTONES:
        yield Poison(None, "unexpected_null", "$")
    yield Poison(b"null", "unexpected_null", "$")


def told(letter: dict[str, Any]) -> tuple[str, int, int]:
    return letter["topic"], letter["partition"], letter["offset"]


async def test_every_kind_of_bad_input_on_every_topic_is_told_and_good_events_count(
    deployed: Deployment,
):
    now_ms = int(time.time() * 1000)
    worker = deployed.worker()
    await worker.ready()

    records: list[Sent] = []
    bad: dict[int, Poison] = {}
    good_events: Counter[str] = Counter()
    for topic in (topic.name for topic in topics.INBOUND):
        for number, poison in enumerate(poisons(topic, now_ms)):
            bad[len(records)] = poison
            records.append(Sent(topic, key_of(topic), poison.value))
            event = good(topic, now_ms, f"{topic}-{number}")
            records.append(Sent(topic, key_of(topic), json.dumps(event).encode()))
            good_events[topic] += 1
    places = await deployed.send(records)

    letters = await deployed.settled("dead-letters", len(bad))
    assert len({told(letter) for letter in letters}) == len(letters) == len(bad)
    by_place = {told(letter): letter for letter in letters}
    for number, poison in bad.items():
        sent = records[number]
        letter = by_place[(sent.topic, *places[number])]
        where = f"{sent.topic} {(poison.value or b'null')[:60]!r}: {letter['error']}"
        assert (letter["code"], letter["path"]) == (poison.code, poison.path), where
        assert letter["error"], where
        kept = None if letter["payload"] is None else base64.b64decode(letter["payload"])
        assert kept == (None if poison.value is None else poison.value[:KEPT_BYTES]), where
        assert letter["payload_bytes"] == len(poison.value or b""), where

    wanted = {name: count for name, count in good_events.items() if name != "campaigns"}

    async def all_accepted() -> bool:
        return all(
            worker.metric("engagement_events_accepted_total", topic=name) == count
            for name, count in wanted.items()
        )

    await until(all_accepted, 30, lambda: f"{wanted} accepted\n{worker.process.tail()}")
    for topic in good_events:
        expected = sum(records[number].topic == topic for number in bad)
        assert worker.metric("engagement_dead_letters_total", topic=topic) == expected
    assert worker.metric("engagement_campaigns_known") == good_events["campaigns"]
    await worker.stop()


async def test_a_bad_campaign_is_told_once_over_restarts_and_by_one_of_two_workers(
    deployed: Deployment,
):
    first, second = deployed.worker(), deployed.worker()
    await first.ready()
    await second.ready()
    await deployed.send([Sent("campaigns", b"one", b"{broken")])
    await deployed.settled("dead-letters", 1)
    await first.stop()
    await deployed.send([Sent("campaigns", b"two", b"{broken too")])
    await deployed.settled("dead-letters", 2)
    await second.stop()

    await deployed.send([Sent("campaigns", b"three", b"{broken as well")])
    third = deployed.worker()
    await third.ready()
    letters = await deployed.settled("dead-letters", 3)
    await deployed.send([Sent("campaigns", b"four", b'{"campaign_id": "four", "name": "Four"}')])

    async def loaded() -> bool:
        return third.metric("engagement_campaigns_known") == 1

    await until(loaded, 30, lambda: f"the good one is loaded\n{third.process.tail()}")
    await third.stop()
    letters = await deployed.values("dead-letters")
    assert [letter["key"] for letter in letters] == ["one", "two", "three"]
    assert [letter["offset"] for letter in letters] == [0, 1, 2]
    assert {letter["code"] for letter in letters} == {"not_json"}
    assert {record.partition for record in await deployed.read("dead-letters")} == {0}


async def test_a_tombstone_erases_a_creator_and_is_no_fault(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()
    now_ms = int(time.time() * 1000)
    like = json.dumps(good("likes", now_ms, "like")).encode()
    await deployed.send([Sent("likes", CREATOR.encode(), like)])
    await deployed.settled("engagement-scores", 1)
    await deployed.send([Sent("creators", CREATOR.encode(), None)])

    async def erased() -> bool:
        scores = await deployed.read("engagement-scores")
        return scores[-1].value is None and scores[-1].key == CREATOR.encode()

    await until(erased, 30, lambda: f"the score is erased\n{worker.process.tail()}")
    assert worker.metric("engagement_creators_known") == 0
    assert worker.metric("engagement_dead_letters_total") == 0
    await worker.stop()
