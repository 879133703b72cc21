"""The codec: every kind of fault, on every inbound topic, with its code and its place."""

import json
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec, dead_letters, events, topics
from tests.contracts.examples import ENVELOPE, FULL, MINIMAL

INBOUND = [topic.name for topic in topics.INBOUND]
EVENTS = [topic.name for topic in topics.KEYED]


def decode(topic: str, value: Any) -> object:
    return codec.decode(topic, json.dumps(value).encode())


def fault(topic: str, value: Any) -> tuple[str, str]:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    found = codec.decode(topic, raw)
    assert isinstance(found, codec.Fault), found
    assert found.error
    return found.code, found.path


@pytest.mark.parametrize("topic", INBOUND)
class TestOnEveryTopic:
    def test_good_values_become_the_topics_type(self, topic: str):
        for example in (MINIMAL[topic], FULL[topic]):
            assert type(decode(topic, example)) is topics.BY_NAME[topic].value

    def test_encoding_is_undone_by_decoding(self, topic: str):
        for example in (MINIMAL[topic], FULL[topic]):
            event = decode(topic, example)
            assert codec.decode(topic, codec.encode(event)) == event

    def test_no_bytes_are_empty(self, topic: str):
        assert fault(topic, b"") == ("empty", "$")
        assert fault(topic, b" \n\t") == ("empty", "$")

    def test_a_json_null_is_unexpected(self, topic: str):
        assert fault(topic, b"null") == ("unexpected_null", "$")
        assert fault(topic, b" null\n") == ("unexpected_null", "$")

    def test_text_is_not_json(self, topic: str):
        good = json.dumps(MINIMAL[topic]).encode()
        for raw in (b"hello", good[:-1], good + b"{}", b"\xef\xbb\xbf" + good, b"{'a': 1}"):
            assert fault(topic, raw) == ("not_json", "$")

    def test_half_a_surrogate_pair_is_not_json(self, topic: str):
        first = next(iter(MINIMAL[topic]))
        for half in ("\\ud800", "\\udc00"):
            raw = json.dumps(MINIMAL[topic] | {first: "@"}).replace("@", half).encode()
            assert fault(topic, raw) == ("not_json", "$")

    def test_not_a_number_is_not_json(self, topic: str):
        raw = json.dumps(MINIMAL[topic] | {"later": float("nan")}).encode()
        assert fault(topic, raw) == ("not_json", "$")

    def test_endless_nesting_is_not_json(self, topic: str):
        assert fault(topic, b'{"a":' + b"[" * 50_000) == ("not_json", "$")

    def test_invalid_utf8_is_found_at_its_byte(self, topic: str):
        raw = json.dumps(MINIMAL[topic] | {"later": "@"}).encode().replace(b"@", b"\xff")
        found = codec.decode(topic, raw)
        assert found == codec.Fault(
            "not_utf8",
            f"Expected UTF-8, got byte 0xff at position {raw.index(0xFF)}",
            "$",
        )

    def test_other_json_than_an_object_is_a_wrong_type(self, topic: str):
        for value in ([], [MINIMAL[topic]], 3, "text", True):
            assert fault(topic, value) == ("wrong_type", "$")

    def test_a_megabyte_is_too_large(self, topic: str):
        value = MINIMAL[topic] | {"padding": "x" * 1_000_000}
        assert fault(topic, value) == ("too_large", "$")

    def test_the_limit_itself_is_accepted(self, topic: str):
        limit = codec.MAX_CAMPAIGN_BYTES if topic == "campaigns" else codec.MAX_EVENT_BYTES
        raw = json.dumps(MINIMAL[topic]).encode().ljust(limit)
        assert not isinstance(codec.decode(topic, raw), codec.Fault)
        assert fault(topic, raw + b" ") == ("too_large", "$")

    def test_each_missing_field_is_named(self, topic: str):
        for field in MINIMAL[topic]:
            value = {name: item for name, item in MINIMAL[topic].items() if name != field}
            path = "$" if (topic, field) == ("counters", "followers") else f"$.{field}"
            assert fault(topic, value) == ("missing_field", path)

    def test_each_field_of_a_wrong_type_is_named(self, topic: str):
        for field in FULL[topic]:
            wrong = FULL[topic] | {field: [[]]}
            code, path = fault(topic, wrong)
            assert code == "wrong_type"
            assert path in {f"$.{field}", f"$.{field}[0]"}

    def test_null_in_a_required_field_is_a_wrong_type(self, topic: str):
        for field in MINIMAL[topic].keys() - {"followers"}:
            value = MINIMAL[topic] | {field: None}
            assert fault(topic, value) == ("wrong_type", f"$.{field}")

    def test_the_short_way_gives_the_same_event_or_leaves_it_to_the_long_one(self, topic: str):
        raw = json.dumps(MINIMAL[topic]).encode()
        assert codec.plain(topic)(raw) == codec.decode(topic, raw)
        with pytest.raises(codec.FAULTS):
            codec.plain(topic)(b"{}")

    def test_unknown_fields_are_ignored(self, topic: str):
        value = MINIMAL[topic] | {"stars": 5, "nested": {"deep": [None]}}
        assert decode(topic, value) == decode(topic, MINIMAL[topic])

    def test_empty_and_endless_ids_are_out_of_range(self, topic: str):
        field = "campaign_id" if topic == "campaigns" else "creator_id"
        for wrong in ("", "x" * 257):
            value = MINIMAL[topic] | {field: wrong}
            assert fault(topic, value) == ("out_of_range", f"$.{field}")

    @given(raw=st.binary(max_size=200))
    def test_no_bytes_at_all_make_the_codec_raise(self, topic: str, raw: bytes):
        found = codec.decode(topic, raw)
        assert isinstance(found, codec.Fault)
        assert found.code in get_args(dead_letters.Code)

    @given(at=st.integers(0, 400), byte=st.integers(0, 255))
    def test_no_single_wrong_byte_makes_the_codec_raise(self, topic: str, at: int, byte: int):
        raw = bytearray(json.dumps(FULL[topic]).encode())
        raw[at % len(raw)] = byte
        found = codec.decode(topic, bytes(raw))
        if isinstance(found, codec.Fault):
            assert found.code in get_args(dead_letters.Code)
            assert found.path.startswith("$")


@pytest.mark.parametrize("topic", [name for name in EVENTS if "action" in FULL[name]])
def test_an_unknown_action_is_an_unknown_kind(topic: str):
    assert fault(topic, MINIMAL[topic] | {"action": "boost"}) == ("unknown_kind", "$.action")


@pytest.mark.parametrize("topic", EVENTS)
class TestTheTimeOfAnEvent:
    @pytest.mark.parametrize(
        "spelling",
        [
            "2026-01-15T12:00:00Z",
            "2026-01-15T12:00:00.123456789Z",
            "2026-01-15T13:30:00+01:30",
            "2026-01-15t12:00:00z",
            0,
            1_768_478_400_000,
            253_402_300_799_999,
        ],
    )
    def test_is_rfc_3339_with_an_offset_or_epoch_milliseconds(self, topic: str, spelling: object):
        assert not isinstance(
            decode(topic, MINIMAL[topic] | {"occurred_at": spelling}), codec.Fault
        )

    @pytest.mark.parametrize(
        "spelling",
        [
            "yesterday",
            "2026-01-15T12:00:00",
            "2026-01-15",
            "2026-02-30T12:00:00Z",
            "2026-01-15T24:00:00Z",
            "2026-01-15T12:00:00+24:00",
            1.5,
            True,
            None,
        ],
    )
    def test_of_another_spelling_is_a_wrong_type(self, topic: str, spelling: object):
        value = MINIMAL[topic] | {"occurred_at": spelling}
        assert fault(topic, value) == ("wrong_type", "$.occurred_at")

    @pytest.mark.parametrize("moment", [-1, 253_402_300_800_000, 10**30])
    def test_outside_the_calendar_is_out_of_range(self, topic: str, moment: int):
        value = MINIMAL[topic] | {"occurred_at": moment}
        assert fault(topic, value) == ("out_of_range", "$.occurred_at")


@pytest.mark.parametrize(
    ("topic", "change", "code", "path"),
    [
        ("comments", {"text": "x" * 20_001}, "out_of_range", "$.text"),
        ("posts", {"tags": ["ad", 7]}, "wrong_type", "$.tags[1]"),
        ("posts", {"tags": ["ad"] * 101}, "out_of_range", "$.tags"),
        ("posts", {"followers_at_publish": -1}, "out_of_range", "$.followers_at_publish"),
        ("follows", {"actor": {"created_at": "?"}}, "wrong_type", "$.actor.created_at"),
        ("follows", {"actor": {"followers": -3}}, "out_of_range", "$.actor.followers"),
        ("conversions", {"value": -0.01}, "out_of_range", "$.value"),
        ("conversions", {"value": "12"}, "wrong_type", "$.value"),
        ("conversions", {"currency": "eur"}, "out_of_range", "$.currency"),
        ("counters", {"views": 1.5}, "wrong_type", "$.views"),
        ("counters", {"followers": None}, "missing_field", "$"),
        ("creators", {"tier": "giga"}, "unknown_kind", "$.tier"),
        (
            "campaigns",
            {"deliverables": [{}, {"count": -1}]},
            "out_of_range",
            "$.deliverables[1].count",
        ),
        ("campaigns", {"cost": {"a": 1, 'b"': -1, "c": 1}}, "out_of_range", '$.cost["b\\""]'),
        ("campaigns", {"cost": {"a": 1, "": 1}}, "out_of_range", '$.cost[""]'),
        ("campaigns", {"targets": {"clicks": "many"}}, "wrong_type", '$.targets["clicks"]'),
    ],
)
def test_limits_are_kept_at_their_exact_path(topic: str, change: dict, code: str, path: str):
    assert fault(topic, MINIMAL[topic] | change) == (code, path)


def test_the_first_of_two_faults_is_reported():
    value = {"campaign_id": "c", "cost": {"a": 1, "b": "x"}, "deliverables": 3}
    assert fault("campaigns", value) == ("wrong_type", '$.cost["b"]')


def test_a_faulty_entry_before_broken_json_has_no_key():
    assert fault("campaigns", b'{"cost": {"a": "x"}, ') == ("wrong_type", "$.cost[...]")
    assert fault("campaigns", b'{"cost": {"a": "x"}, "cost": 3}') == ("wrong_type", "$.cost[...]")


def test_the_text_of_a_fault_is_bounded():
    found = decode("likes", MINIMAL["likes"] | {"action": "x" * 100_000})
    assert isinstance(found, codec.Fault)
    assert len(found.error) == codec.MAX_ERROR_CHARS


def test_outputs_spell_moments_in_utc():
    record = dead_letters.DeadLetter(
        topic="likes",
        partition=0,
        offset=7,
        code="empty",
        error="Expected a JSON object, got no bytes",
        path="$",
        key=None,
        payload=b"\xff\x00",
        payload_bytes=2,
        received_at=msgspec.convert("2026-01-15T12:00:00Z", datetime),
    )
    written = json.loads(codec.encode(record))
    assert written["received_at"] == "2026-01-15T12:00:00Z"
    assert written["payload"] == "/wA="


def test_the_creators_own_answer_needs_no_marking():
    comment = decode("comments", MINIMAL["comments"] | {"actor_id": ENVELOPE["creator_id"]})
    assert isinstance(comment, events.Comment)
    assert comment.actor_id == comment.creator_id


def test_a_poll_that_tells_nothing_is_left_to_the_long_way():
    raw = json.dumps(MINIMAL["counters"] | {"followers": None}).encode()
    assert codec.plain("counters")(raw) is None
    assert fault("counters", raw) == ("missing_field", "$")
