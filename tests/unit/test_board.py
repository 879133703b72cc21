import json
from datetime import UTC, datetime
from io import StringIO

import msgspec
from rich.console import Console

from schemas import alerts, codec, scores, topics
from schemas.topics import Topic
from streams.board import Board
from streams.follow import Followed

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def followed(topic: Topic, value: msgspec.Struct | None) -> Followed:
    raw = None if value is None else codec.encode(value)
    return Followed(topic.name, b"k", raw, 0, 0, 0)


def score(creator: str, number: float | None, **changes: object) -> scores.EngagementScore:
    counts = scores.Counts(engagements=1_234, engagement_rate=0.0123)
    windows = scores.CountsByWindow(m1=counts, m5=counts, h1=counts, h24=counts)
    return scores.EngagementScore(
        creator_id=creator,
        handle=f"{creator}.trails",
        tier="micro",
        as_of=NOON,
        watermark=NOON,
        followers=20_000,
        score=number,
        windows=windows,
        **changes,
    )


def alert(creator: str, status: str) -> alerts.Alert:
    return alerts.Alert(
        alert_id=f"a-{creator}",
        creator_id=creator,
        platform="x",
        campaign_id=None,
        kind="engagement_drop",
        status=status,
        severity="critical",
        started_at=NOON,
        updated_at=NOON,
        ended_at=None,
        title="Engagement fell",
        reason="got 12 where 110 were expected",
        explanation="across_posts",
        evidence=alerts.Evidence(
            metric="engagements",
            observed=12,
            expected=110,
            ratio=0.11,
            probability=1e-9,
            window_start=NOON,
            window_end=NOON,
            samples=9,
        ),
    )


def shown(board: Board, height: int = 40) -> str:
    console = Console(width=120, file=StringIO())
    console.print(board.page(height, "Ctrl-C stops everything"))
    return console.file.getvalue()


def test_an_empty_board_says_that_nothing_has_come_yet():
    page = shown(Board(["metrics  http://127.0.0.1:9108/metrics"]))
    assert "none yet" in page
    assert "no minute is closed yet" in page
    assert "http://127.0.0.1:9108/metrics" in page
    assert "Ctrl-C stops everything" in page


def test_creators_are_ranked_by_score_with_their_windows():
    board = Board()
    for creator, number in (("low", 20.0), ("none", None), ("high", 90.0)):
        board.take(followed(topics.ENGAGEMENT_SCORES, score(creator, number)))
    page = shown(board)
    assert page.index("high.trails") < page.index("low.trails") < page.index("none.trails")
    assert "1,234" in page
    assert "1.23%" in page
    assert "20,000" in page


def test_the_latest_score_of_a_creator_replaces_the_one_before():
    board = Board()
    for number in (20.0, 77.0):
        board.take(followed(topics.ENGAGEMENT_SCORES, score("one", number)))
    page = shown(board)
    assert page.count("one.trails") == 1
    assert " 77" in page
    assert board.counts["engagement-scores"] == 2


def test_a_creator_with_an_alert_stays_in_sight_until_it_is_resolved():
    board = Board()
    for number in range(30):
        board.take(followed(topics.ENGAGEMENT_SCORES, score(f"c{number}", 50.0 + number)))
    board.take(followed(topics.ENGAGEMENT_SCORES, score("troubled", 3.0)))
    assert "troubled.trails" not in shown(board, height=30)
    board.take(followed(topics.ALERTS, alert("troubled", "firing")))
    page = shown(board, height=30)
    assert "troubled.trails ●" in page
    assert "Engagement drop" in page
    assert "got 12 where 110 were expected" in page
    board.take(followed(topics.ALERTS, alert("troubled", "resolved")))
    assert board.firing() == set()


def test_the_last_closed_minute_is_summed_over_creators():
    board = Board()
    for creator, minute, likes in (("a", 11, 1_000), ("a", 12, 40), ("b", 12, 2)):
        window = scores.EngagementWindow(
            creator_id=creator,
            window_start=NOON.replace(minute=minute),
            window_end=NOON.replace(minute=minute + 1),
            likes=likes,
        )
        board.take(followed(topics.ENGAGEMENT_WINDOWS, window))
    assert "2 creators  likes 42" in shown(board)


def test_a_tombstone_is_counted_and_shows_nothing():
    board = Board()
    assert board.take(followed(topics.ENGAGEMENT_SCORES, None)) is None
    assert board.counts["engagement-scores"] == 1


def test_a_record_is_handed_back_decoded():
    value = Board().take(followed(topics.ALERTS, alert("c", "firing")))
    assert value == json.loads(codec.encode(alert("c", "firing")))


def test_names_and_reasons_of_others_are_shown_as_they_are_and_move_nothing():
    board = Board()
    hostile = "[/red]\x1b[2J\u202e[bold]me"
    named = msgspec.structs.replace(score("c", 50.0), handle=hostile)
    board.take(followed(topics.ENGAGEMENT_SCORES, named))
    board.take(followed(topics.ALERTS, alert(hostile, "firing")))
    page = shown(board)
    assert "[/red]\ufffd" in page
    assert "\x1b[2J" not in page
    assert "\u202e" not in page
