import json

import click
import pytest
from msgspec import Raw

from schemas import codec, dead_letters, topics
from schemas.instants import from_ms
from streams.follow import Followed
from streams.tail import VIEWS, clock, command, creator_of, number, percent, row

NOON = from_ms(1_768_478_400_000)


def followed(topic: str, key: bytes | None = b"c-1") -> Followed:
    return Followed(topic, key, b"{}", 0, 0, 0)


def test_every_outbound_topic_has_a_view():
    assert {topic for topic, _ in VIEWS.values()} == set(topics.OUTBOUND)


def test_help_names_each_view_with_the_topic_that_holds_it():
    told = command.get_help(click.Context(command, info_name="pulse tail"))
    lines = [line.split() for line in told.splitlines()]
    for view, (topic, _) in VIEWS.items():
        assert [view, topic.name] in lines


@pytest.mark.parametrize("view", list(VIEWS))
def test_titles_and_values_stand_in_the_same_columns(view):
    _, columns = VIEWS[view]
    value = {"topic": "likes", "partition": 0, "offset": 1}
    titles, cells = row(columns, None), row(columns, value)
    start = 0
    for column in columns[:-1]:
        width = abs(column.width)
        assert column.title in titles[start : start + width]
        assert cells[start : start + width].strip()
        start += width + 2


def test_a_score_tells_windows_rate_and_followers():
    windows = {w: {"engagements": n, "engagement_rate": 0.0312} for w, n in
               (("1m", 1), ("5m", 12), ("1h", 345), ("24h", 6789))}  # fmt: skip
    value = {
        "as_of": "2026-01-15T12:00:00Z",
        "creator_id": "c-1",
        "score": 61.7,
        "followers": 20_000,
        "windows": windows,
    }
    assert row(VIEWS["scores"][1], value).split()[1:] == [
        "c-1", "62", "1", "12", "345", "6,789", "3.12%", "20,000",
    ]  # fmt: skip


def test_a_late_event_tells_where_it_was_and_whose():
    late = dead_letters.LateEvent(
        topic="likes",
        partition=2,
        offset=77,
        late_by_seconds=12.34,
        applied_to_score=True,
        watermark=NOON,
        event=Raw(b'{"creator_id":"c-9"}'),
    )
    text = row(VIEWS["late"][1], json.loads(codec.encode(late)))
    assert "likes/2@77" in text
    assert "12.3 s" in text
    assert text.endswith("yes       c-9")


def test_the_creator_is_found_in_the_value_its_event_or_the_key():
    assert creator_of(followed("alerts"), {"creator_id": "a"}) == "a"
    assert creator_of(followed("late-events"), {"event": {"creator_id": "b"}}) == "b"
    assert creator_of(followed("dead-letters"), {"code": "empty"}) == "c-1"
    assert creator_of(followed("dead-letters", None), {"code": "empty"}) is None


def test_what_is_not_known_is_a_dash():
    assert clock(None) == number(None) == percent(None) == "-"
    assert number(1_234.5, 1) == "1,234.5"
    assert percent(0.5, 0) == "50%"


def test_what_others_wrote_cannot_move_the_cursor_or_break_the_line():
    _, columns = VIEWS["alerts"]
    line = row(columns, {"creator_id": "a\x1b[2Jb\nc", "reason": "\x9b31m\u2028\u202e"})
    assert line.isprintable()
