import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.publish import Outgoing
from streams.sources.replay import (
    BadLine,
    Span,
    in_order,
    parse,
    parsed,
    shift_ms,
    shifted,
    span_of,
)

LIKE = {
    "event_id": "e1",
    "creator_id": "c-1",
    "platform": "x",
    "occurred_at": "2026-01-15T12:00:00.250Z",
    "post_id": "p",
    "actor_id": "a",
}
AT_MS = 1_768_478_400_250


def line(topic: str, event: object) -> bytes:
    return json.dumps({"topic": topic, "event": event}).encode()


def test_a_line_becomes_a_record_with_its_key_time_and_untouched_value():
    raw = b'{"topic": "likes", "event": ' + json.dumps(LIKE | {"extra": 1}).encode() + b"}"
    record = parse(1, raw)
    assert record == Outgoing("likes", b"c-1", json.dumps(LIKE | {"extra": 1}).encode(), AT_MS)


def test_a_campaign_is_keyed_by_its_own_id_and_needs_no_time():
    record = parse(1, line("campaigns", {"campaign_id": "k", "name": "n"}))
    assert (record.key, record.at_ms) == (b"k", 0)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"nonsense", "not an object with topic and event"),
        (b"[]", "not an object with topic and event"),
        (b'{"topic": "likes"}', "missing required field `event`"),
        (b'{"topic": "likes", "event": {\xff}}', "not an object with topic and event"),
        (line("dislikes", LIKE), "no inbound topic 'dislikes'"),
        (line("alerts", LIKE), "no inbound topic 'alerts'"),
        (line("likes", None), "unexpected_null"),
        (line("likes", LIKE | {"post_id": 5}), r"at \$.post_id \(wrong_type\)"),
        (line("likes", {k: v for k, v in LIKE.items() if k != "creator_id"}), "missing_field"),
        (line("likes", LIKE | {"action": "maybe"}), "unknown_kind"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_reason(raw, why):
    with pytest.raises(BadLine, match=why) as caught:
        parse(17, raw)
    assert caught.value.number == 17
    assert str(caught.value).startswith("line 17: ")


def test_bad_lines_are_skipped_and_told_and_empty_ones_passed_over():
    refused: list[int] = []
    lines = [line("likes", LIKE), b"", b"  \n", b"oops", line("likes", LIKE)]
    records = list(parsed(lines, lambda error: refused.append(error.number)))
    assert len(records) == 2
    assert refused == [4]


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_bad_line_and_nothing_worse(raw):
    with pytest.raises(BadLine, match=r"^line 1: "):
        parse(1, raw)


def test_records_keep_the_order_of_the_file_when_one_is_late():
    records = [Outgoing("likes", b"c", b"{}", at) for at in (10, 30, 20, 40)]
    assert [r.at_ms for r in in_order(records)] == [10, 30, 30, 40]


def test_the_span_passes_over_records_without_a_time():
    records = [Outgoing("campaigns", b"k", b"{}", 0)]
    assert span_of(records) is None
    records += [Outgoing("likes", b"c", b"{}", at) for at in (30, 20)]
    assert span_of(records) == Span(20, 30)


@given(
    first=st.integers(1, 10**12),
    length=st.integers(0, 10**9),
    speed=st.none() | st.floats(0.1, 1000),
)
def test_a_shifted_event_is_never_published_before_it_has_happened(first, length, speed):
    now = 1_768_478_400_000
    by_ms = shift_ms(Span(first, first + length), speed, now)
    lasting = 0 if speed is None else length / speed
    ahead_at_first, ahead_at_last = first + by_ms - now, first + length + by_ms - (now + lasting)
    assert max(ahead_at_first, ahead_at_last) == pytest.approx(0, abs=1)


def test_shifting_moves_every_time_of_an_event_and_nothing_else():
    record = parse(1, line("likes", LIKE | {"received_at": AT_MS + 5}))
    moved = shifted(record, 1_000)
    assert moved.at_ms == AT_MS + 1_000
    assert json.loads(moved.value) == LIKE | {
        "occurred_at": "2026-01-15T12:00:01.250Z",
        "received_at": AT_MS + 1_005,
    }


def test_shifting_a_campaign_moves_its_dates_and_deadlines():
    campaign = {
        "campaign_id": "k",
        "name": "n",
        "starts_at": "2026-01-15T13:00:00+01:00",
        "deliverables": [{"due_at": 5_000}, {"count": 2}],
    }
    moved = json.loads(shifted(parse(1, line("campaigns", campaign)), 2_000).value)
    assert moved["starts_at"] == "2026-01-15T12:00:02.000Z"
    assert moved["deliverables"] == [{"due_at": 7_000}, {"count": 2}]
