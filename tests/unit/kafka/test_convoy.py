"""Which of the batches that were read may go on, and which wait for slower topics."""

import json

import pytest

from streams.engine.bounds import MAX_PANES
from streams.engine.panes import FINE_MS
from streams.engine.shard import Batch, ShardConfig
from streams.kafka.convoy import LEAP_MS, Convoy, event_time
from tests.harness.driver import Raw

BEGIN = 1_768_478_400_000
MINUTE = 60_000
SKEW = 10 * MINUTE


def at(offset: int, minute: float, written: int = -1) -> Raw:
    """A record of `minute` after BEGIN."""
    value = json.dumps({"occurred_at": BEGIN + round(minute * MINUTE)}).encode()
    return Raw(offset, written, b"k", value)


def batch(topic: str, *minutes: float, start: int = 0) -> Batch:
    records = [at(start + n, minute) for n, minute in enumerate(minutes)]
    return Batch(topic, start, records, start + len(records))


def taken(convoy: Convoy, clocks: dict[str, float], behind: set[str]) -> list[tuple[str, int, int]]:
    """(topic, start, end) of all that may go on; the clocks stand still."""
    reached = {topic: BEGIN + round(minute * MINUTE) for topic, minute in clocks.items()}
    found = []
    while (move := convoy.next(reached, behind)) is not None:
        assert isinstance(move, Batch)
        found.append((move.topic, move.start or 0, move.end))
    return found


def test_a_topic_that_is_not_far_ahead_goes_on() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 1, 2, 10))
    assert taken(convoy, {"posts": 0}, {"posts"}) == [("likes", 0, 3)]
    assert convoy.wants("likes")


def test_records_beyond_the_skew_wait_and_their_topic_is_not_read_on() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 9, 10, 11, 12))
    assert taken(convoy, {"posts": 0}, {"posts"}) == [("likes", 0, 2)]
    assert not convoy.wants("likes")
    assert convoy.ends() == {"likes": 4}
    assert convoy.heads() == {"likes": BEGIN + 11 * MINUTE}
    assert taken(convoy, {"posts": 1}, {"posts"}) == [("likes", 2, 3)]
    assert taken(convoy, {"posts": 5}, {"posts"}) == [("likes", 3, 4)]
    assert convoy.wants("likes")


def test_the_parts_of_a_batch_are_chained_over_positions_without_records() -> None:
    convoy = Convoy(SKEW)
    convoy.join(Batch("likes", 5, [at(7, 1), at(11, 60)], 14))
    assert taken(convoy, {"posts": 0}, {"posts"}) == [("likes", 5, 11)]
    assert taken(convoy, {}, set()) == [("likes", 11, 14)]


def test_a_topic_without_unread_records_is_not_waited_for() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 5, 14))
    assert taken(convoy, {"posts": 0}, set()) == [("likes", 0, 2)]


def test_hours_are_taken_in_parts_so_that_time_can_be_told_in_between() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 5, 500))
    assert taken(convoy, {}, set()) == [("likes", 0, 1), ("likes", 1, 2)]


def test_the_next_record_of_a_sparse_topic_counts_and_not_its_last() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("posts", 300))
    convoy.join(batch("likes", 100, 310, 311))
    clocks: dict[str, float] = {"posts": 0, "likes": 99, "follows": 280}
    assert taken(convoy, clocks, {"follows"}) == [("likes", 0, 1)]
    assert taken(convoy, clocks | {"likes": 100, "follows": 290}, {"follows"}) == [("posts", 0, 1)]


def test_a_topic_of_which_nothing_is_known_yet_is_waited_for() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 5))
    assert taken(convoy, {}, {"posts"}) == []
    convoy.join(batch("posts", 1))
    assert taken(convoy, {}, set()) == [("posts", 0, 1), ("likes", 0, 1)]


def test_the_slowest_topic_never_waits() -> None:
    convoy = Convoy(0)
    convoy.join(batch("likes", 1_000))
    convoy.join(batch("posts", 2_000))
    assert taken(convoy, {"likes": 1, "posts": 2}, set())[0] == ("likes", 0, 1)


def test_records_without_a_time_hold_nobody_back() -> None:
    convoy = Convoy(SKEW)
    convoy.join(Batch("likes", 0, [Raw(0, 1, b"k", b"not json"), Raw(1, 1, b"k", None)], 2))
    convoy.join(Batch("likes", 2, (), 3))
    assert taken(convoy, {}, {"posts"}) == [("likes", 0, 2), ("likes", 2, 3)]


def test_a_long_batch_is_parted_where_event_time_passes_the_skew() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", *(n / 60 for n in range(1_000))))
    assert taken(convoy, {"posts": 0}, {"posts"}) == [("likes", 0, 601)]


def test_a_last_record_without_a_time_does_not_let_those_before_it_pass() -> None:
    convoy = Convoy(SKEW)
    records = [at(0, 1), at(1, 11), Raw(2, 1, b"k", b"not json")]
    convoy.join(Batch("likes", 0, records, 3))
    assert taken(convoy, {"posts": 0}, {"posts"}) == [("likes", 0, 1)]


def test_what_is_to_be_read_again_is_forgotten() -> None:
    convoy = Convoy(SKEW)
    convoy.join(batch("likes", 5))
    convoy.join(batch("shares", 5))
    convoy.drop("likes")
    assert convoy.ends() == {"shares": 1}
    convoy.disband()
    assert taken(convoy, {}, set()) == []
    assert convoy.heads() == {}


@pytest.mark.parametrize(
    ("value", "written", "expected"),
    [
        (b'{"occurred_at": 1768478400000}', 1768478399000, 1768478399000),
        (b'{"occurred_at": 1768478400000}', 1768478401000, 1768478400000),
        (b'{"occurred_at": 1768478400000}', -1, 1768478400000),
        (b'{"event_id": "e", "occurred_at": "2026-01-15T13:00:00.5+01:00"}', -1, 1768478400500),
        (b'{"occurred_at": "2026-01-15T13:00:00"}', -1, None),
        (b'{"occurred_at": 1768478400}', -1, None),
        (b'{"occurred_at": -5}', -1, None),
        (b'{"occurred_at": "9999-12-31T23:59:59-12:00"}', -1, None),
        (b'{"occurred_at": 17684784000001768478400000}', -1, None),
        (b'{"occurred_at": null}', -1, None),
        (b"{}", -1, None),
        (b"[" * 100_000, -1, None),
        (b"\xff", -1, None),
        (b"", -1, None),
        (None, -1, None),
    ],
)
def test_the_time_of_a_record_is_what_its_topics_clock_will_show(
    value: bytes | None, written: int, expected: int | None
) -> None:
    assert event_time(Raw(0, written, b"k", value)) == expected


def test_what_two_leaps_leave_open_needs_no_joined_panes() -> None:
    # Time is told when a leap is reached, and the last move may have been one more.
    lateness = ShardConfig(partitions=1).lateness_ms
    assert 2 * LEAP_MS + lateness + FINE_MS <= MAX_PANES * FINE_MS
