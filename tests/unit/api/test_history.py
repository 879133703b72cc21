"""History: each record once, with its position; sums that agree; what is old or erased is gone."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.api import archive, shapes
from streams.api.history import History, HistoryError, connect
from tests.unit.api.caller import MINUTE, NOON, alert, said, window

HOUR = 60 * MINUTE
DAY = 24 * HOUR
ADA = "instagram:ada"
SPIKE = f"follower_spike:{NOON}:{ADA}"
PLACE = ("engagement-windows", 0)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite3")


def points(path: str, step: str, begin: int = NOON - DAY, end: int = NOON + DAY) -> Any:
    span = archive.span(begin, end, step, NOON)
    db = connect(path, reading=True)
    try:
        return archive.series(db, ADA, span).points
    finally:
        db.close()


def alerts(path: str, **query: Any) -> list[str]:
    db = connect(path, reading=True)
    try:
        page = archive.alerts(db, shapes.AlertQuery(**query), None)
        return [msgspec.json.decode(raw)["alert_id"] for raw in page["alerts"]]
    finally:
        db.close()


def test_minutes_and_hours_add_up_to_the_same(path: str):
    with History(path, "a") as history:
        batch = [window(ADA, NOON + n * MINUTE, likes=n, unlikes=1) for n in range(150)]
        assert history.put(batch[:40], {PLACE: 40}).windows == 40
        assert history.put(batch[40:], {PLACE: 150}).windows == 110
    minutes, hours, days = (points(path, step) for step in ("1m", "1h", "1d"))
    assert [len(found) for found in (minutes, hours, days)] == [150, 3, 1]
    whole = sum(range(150))
    for found in (minutes, hours, days, points(path, "5m")):
        assert sum(point.engagements for point in found) == whole
        assert sum(point.likes for point in found) == whole - 150
    assert (minutes[0].at, hours[1].at) == ("2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z")


def test_a_record_that_is_read_again_counts_once(path: str):
    batch = [window(ADA), alert(ADA), said(SPIKE, ADA)]
    with History(path, "a") as history:
        assert history.put(batch, {PLACE: 1}).windows == 1
        again = history.put(batch, {PLACE: 1})
    assert (again.windows, again.alerts) == (0, [])
    assert [point.events for point in points(path, "1h")] == [1]


def test_positions_are_kept_with_what_was_read_or_not_at_all(path: str):
    with History(path, "a") as history:
        history.put([window(ADA)], {PLACE: 1})
    with History(path, "a") as history:
        assert history.positions() == {PLACE: 1}
        with pytest.raises(sqlite3.Error):
            # The position is none: what came with it must not stay either.
            history.put([window(ADA, NOON + MINUTE)], {PLACE: None})  # type: ignore[dict-item]
        assert history.positions() == {PLACE: 1}
    assert [point.events for point in points(path, "1m")] == [1]


def test_the_followers_of_a_step_are_the_last_ones(path: str):
    with History(path, "a") as history:
        history.put([window(ADA, NOON, followers=5), window(ADA, NOON + MINUTE, followers=7)], {})
        history.put([window(ADA, NOON + 2 * MINUTE)], {})
    assert [point.followers for point in points(path, "1h")] == [7]


def test_what_is_older_than_asked_for_is_dropped(path: str):
    old, older = NOON - 3 * DAY, NOON - 40 * DAY
    with History(path, "a") as history:
        history.put([window(ADA, at) for at in (older, old, NOON)], {})
        history.put([alert(ADA, began=older, at=older), alert(ADA, "resolved", old, began=old)], {})
        history.put([alert("bob", "resolved", older, began=older)], {})
        history.prune(NOON - 2 * DAY, NOON - 30 * DAY)
    assert len(points(path, "1h", NOON - 50 * DAY, NOON + HOUR)) == 2
    assert points(path, "1m", old, old + HOUR) == []
    assert len(points(path, "1m")) == 1
    assert alerts(path, state="open") == [f"follower_spike:{older}:{ADA}"]
    assert alerts(path, state="ended") == [f"follower_spike:{old}:{ADA}"]


def test_an_erased_creator_has_no_history_before_that_moment_though_it_is_read_again(path: str):
    records = [window(ADA), window(ADA, NOON + HOUR), alert(ADA), said(SPIKE, ADA)]
    with History(path, "a") as history:
        history.put(records, {})
        history.erase(ADA, NOON + HOUR)
    with History(path, "a") as history:
        assert history.put(records, {}) == ([], 0)
        history.erase(ADA, NOON)  # an older one changes nothing
    assert [point.at for point in points(path, "1m")] == ["2026-01-15T13:00:00Z"]
    assert alerts(path, state="all") == []


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(path: str):
    with History(path, "a") as history:
        history.put([window(ADA), alert(ADA)], {PLACE: 1, ("alerts", 0): 1})
        history.forget_topic("engagement-windows")
        assert history.positions() == {("alerts", 0): 1}
    assert points(path, "1h") == []
    assert alerts(path) == [SPIKE]


def test_alerts_are_found_by_what_they_are_and_come_a_page_at_a_time(path: str):
    with History(path, "a") as history:
        made = [alert(ADA, began=NOON + n, campaign_id=f"c{n % 2}") for n in range(5)]
        history.put([*made, alert("bob", kind="viral_post", severity="info")], {})
        history.put([alert(ADA, "resolved", NOON + 9, began=NOON + 4)], {})
        opened = [alert for alert, _ in history.open_alerts()]
    assert len(opened) == 5
    assert alerts(path, state="ended") == [f"follower_spike:{NOON + 4}:{ADA}"]
    viral = [f"viral_post:{NOON}:bob"]
    assert alerts(path, kind="viral_post") == alerts(path, severity="info") == viral
    assert alerts(path, creator="bob") == viral
    assert len(alerts(path, campaign="c0", state="all")) == 3
    db = connect(path, reading=True)
    seen: list[str] = []
    query = shapes.AlertQuery(state="all", limit=4)
    while True:
        page = archive.alerts(db, query, None)
        seen += [msgspec.json.decode(raw)["alert_id"] for raw in page["alerts"]]
        if page["next"] is None:
            break
        query.cursor = page["next"]
    db.close()
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, key=lambda one: (int(one.split(":")[1]), one), reverse=True)


def test_the_story_of_an_alert_has_its_records_and_what_was_said_of_it(path: str):
    with History(path, "a") as history:
        history.put([alert(ADA), alert(ADA, "update", NOON + 5)], {})
        history.put([said(SPIKE, ADA), said("x", ADA, at=NOON + 1)], {})
        history.put([said(SPIKE, "bob", at=NOON + 2)], {})
    db = connect(path, reading=True)
    found = archive.story(db, SPIKE)
    assert found is not None
    story = msgspec.json.decode(msgspec.json.encode(found), type=shapes.AlertStory)
    assert [record.status for record in story.records] == ["firing", "update"]
    assert [(c.action, c.creator_id) for c in story.said] == [("acknowledge", ADA)]
    assert archive.story(db, "none") is None
    assert archive.near(db, "follower_spike") == [SPIKE]
    db.close()


def test_a_file_is_used_by_one_instance_of_one_deployment(path: str, tmp_path: Path):
    with History(path, "a"), pytest.raises(HistoryError, match="in use by another process"):
        History(path, "a")
    with pytest.raises(HistoryError, match="is the history of a, expected b"):
        History(path, "b")
    with pytest.raises(HistoryError, match="cannot be made"):
        History(str(tmp_path / "none" / "x"), "a")


def test_a_file_that_is_no_history_is_refused_with_what_to_do(path: str):
    Path(path).write_text("this is no database, and long enough to be seen as none" * 100)
    with pytest.raises(HistoryError, match="move it away"):
        History(path, "a")
    Path(path).unlink()
    with History(path, "a"):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(HistoryError, match="another release"):
        History(path, "a")


@pytest.mark.parametrize(
    ("begin", "end", "step", "width"),
    [
        (None, None, "auto", MINUTE),
        (NOON - 3 * DAY, None, "auto", 5 * MINUTE),
        (NOON - 30 * DAY, None, "auto", HOUR),
        (NOON - 365 * DAY, None, "auto", DAY),
        (NOON - DAY, None, "1h", HOUR),
    ],
)
def test_a_step_fits_its_span(begin: int | None, end: int | None, step: str, width: int):
    assert archive.span(begin, end, step, NOON).step_ms == width


@pytest.mark.parametrize(
    ("begin", "end", "step"),
    [(NOON, NOON, "auto"), (NOON, NOON - 1, "1m"), (NOON - 30 * DAY, None, "1m"), (0, None, "1d")],
)
def test_a_span_that_has_no_or_too_many_points_is_refused(begin: int, end: int | None, step: str):
    with pytest.raises(archive.BadSpan, match="expected"):
        archive.span(begin, end, step, NOON)


def test_what_another_release_wrote_in_an_unknown_way_is_passed_by(path: str):
    bad = window(ADA)._replace(value=b'{"creator_id": 5}')
    with History(path, "a") as history:
        assert history.put([bad, window(ADA)], {PLACE: 2}).windows == 1
