"""The exactness campaign's load: seeded, and as ill-behaved as it claims to be."""

from collections import Counter

import orjson
import pytest
from aiokafka.partitioner import murmur2

from tests.faults.load import Load, Sending, partition_of
from tests.faults.load import murmur2 as own_murmur2
from tests.faults.oracle import Expected, contribution

NOW = 1_768_478_400_000


def sent(seed: int = 3, events: int = 5_000, **flags: bool) -> tuple[Load, list[Sending]]:
    made = Load(seed, creators=100, partitions=4)
    flags = {"late": True} | flags
    records = [
        sending for number in range(events) for sending in made.make(NOW + 10 * number, **flags)
    ]
    return made, [*records, *made.doubles(rest=True)]


def test_the_seed_decides_everything():
    assert sent(3)[1] == sent(3)[1]
    assert sent(3)[1] != sent(4)[1]


def test_every_kind_of_event_is_there():
    topics = Counter(record.topic for record in sent()[1])
    assert set(topics) == {
        "posts",
        "likes",
        "comments",
        "shares",
        "follows",
        "clicks",
        "conversions",
        "counters",
        "creators",
    }
    assert topics["likes"] > topics["comments"] > topics["posts"]


def test_duplicates_are_the_very_same_bytes():
    made, records = sent()
    values = Counter(record.value for record in records)
    assert made.tally["duplicates"] == sum(number - 1 for number in values.values()) > 50
    assert max(values.values()) == 2


def test_misrouted_records_lie_elsewhere_and_keyless_ones_have_no_key():
    made, records = sent()
    wrong = [
        record
        for record in records
        if record.key and record.partition != partition_of(record.key.decode(), 4)
    ]
    assert len(wrong) == made.tally["misrouted"] > 5
    assert sum(record.key is None for record in records) == made.tally["keyless"] > 5


def test_late_events_are_a_quarter_to_a_full_hour_back():
    made, records = sent()
    behind = [
        NOW - orjson.loads(record.value)["occurred_at"]
        for record in records
        if orjson.loads(record.value)["occurred_at"] < NOW - 5_000
    ]
    assert len(behind) >= made.tally["late"] == len(made.expected.late) > 50
    assert min(behind) > 14 * 60_000
    assert max(behind) <= 60 * 60_000


def test_nothing_is_late_before_it_is_allowed():
    assert not sent(late=False)[0].expected.late


def test_polled_creators_send_nothing_but_totals_in_order():
    totals: dict[tuple, tuple[int, int]] = {}
    others = set()
    for record in sent()[1]:
        event = orjson.loads(record.value)
        if record.topic != "counters":
            others.add(event["creator_id"])
            continue
        for metric in ("likes", "views", "followers"):
            if metric in event:
                key = event["creator_id"], metric
                at, total = totals.get(key, (0, 0))
                assert event["occurred_at"] > at
                assert event[metric] >= total
                totals[key] = event["occurred_at"], event[metric]
    assert {creator for creator, _ in totals}.isdisjoint(others)


@pytest.mark.parametrize(("tamper", "more"), [("remove", -1), ("double", 1)])
def test_tampering_changes_what_is_sent_and_not_what_is_expected(tamper: str, more: int):
    fair, foul = Load(3, 100, 4), Load(3, 100, 4, tamper)
    sent = [sum(len(load.make(NOW, late=True)) for _ in range(1_500)) for load in (fair, foul)]
    assert sent[1] - sent[0] == more
    assert foul.expected.windows == fair.expected.windows


@pytest.mark.parametrize("length", range(12))
def test_the_loads_own_murmur2_is_that_of_kafka(length: int):
    key = bytes(range(7, 7 + length))
    assert own_murmur2(key) == murmur2(key) % 2**32


@pytest.mark.parametrize(
    ("topic", "fields", "counts"),
    [
        ("likes", {}, {"likes": 1}),
        ("likes", {"action": "remove"}, {"unlikes": 1}),
        ("comments", {"actor_id": "x"}, {"comments": 1}),
        ("comments", {"actor_id": "me"}, {"comments": 1, "own_comments": 1}),
        ("comments", {"actor_id": "me", "action": "remove"}, {"uncomments": 1}),
        ("comments", {"actor_id": "x", "action": "edit"}, {}),
        ("shares", {"action": "remove"}, {"unshares": 1}),
        ("follows", {}, {"follows": 1}),
        ("follows", {"action": "unfollow"}, {"unfollows": 1}),
        ("posts", {}, {"posts": 1}),
        ("posts", {"action": "delete"}, {}),
        ("clicks", {}, {"clicks": 1}),
        ("conversions", {"value": 9.99}, {"conversions": 1, "revenue_cents": 999}),
        ("conversions", {"value": 5, "action": "refund"}, {"refunds": 1, "revenue_cents": -500}),
        ("counters", {"likes": 70}, {}),
    ],
)
def test_each_event_counts_as_the_contract_says(topic: str, fields: dict, counts: dict):
    assert contribution(topic, {"creator_id": "me", **fields}) == {"events": 1, **counts}


def test_a_profile_counts_nothing():
    assert not contribution("creators", {"creator_id": "me"})


def test_totals_reveal_their_growth_since_the_last_poll():
    expected = Expected()
    for number, likes in enumerate((100, 130, 130, 190)):
        event = {"event_id": f"e{number}", "creator_id": "me", "occurred_at": NOW + number}
        expected.accept("counters", event | {"likes": likes}, late=False)
    assert expected.day() == {"me": {"events": 4, "likes": 90}}
