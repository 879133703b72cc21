"""A tick writes only so many scores: whoever waits longest comes first, and all come in the end."""

from typing import Any

import pytest

from streams.engine.shard import Shard, ShardConfig, Tick
from tests.harness.driver import ShardDriver

START = 1_768_478_400_000
TICK, PANE = 100, 10_000


class Crowd(ShardDriver):
    """A shard whose creators are numbers, with ticks of a tenth of a second."""

    def __init__(self, most_scores: int | None, most_live: int = 1_000) -> None:
        config = ShardConfig(partitions=1, most_scores=most_scores, most_live=most_live)
        super().__init__(config)
        self.now_ms = START
        self.sent = 0

    @property
    def shard(self) -> Shard:
        return self.shards[0]

    def like(self, *creators: int, ahead_ms: int = 0) -> None:
        for number in creators:
            self._send("likes", number, ahead_ms)

    def comment(self, number: int) -> None:
        self._send("comments", number, comment_id="k", text="lovely")

    def _send(self, topic: str, number: int, ahead_ms: int = 0, **fields: str) -> None:
        self.sent += 1
        at = self.now_ms + ahead_ms
        event = {
            "event_id": f"e{self.sent}",
            "creator_id": f"{number}",
            "platform": "x",
            "occurred_at": at,
            "post_id": "p",
            "actor_id": f"a{self.sent}",
        }
        self.send(topic, event | fields, at)

    def next(self, by_ms: int = TICK, *, asked: bool = True) -> list[int]:
        """The creators whose scores the next tick writes, in order."""
        before = len(self.published["engagement-scores"])
        self.now_ms += by_ms
        self.shard.advance(Tick(self.now_ms, frozenset(), emit=asked))
        self.checkpoint()
        return [int(score["creator_id"]) for score in self.published["engagement-scores"][before:]]

    def likes_told(self) -> dict[int, int]:
        """The likes of each creator by its last score."""
        scores = self.latest["engagement-scores"]
        return {int(key): score["windows"]["24h"]["likes"] for key, score in scores.items()}


def test_a_tick_writes_no_more_scores_than_it_may_and_those_first_that_wait_longest() -> None:
    crowd = Crowd(3)
    crowd.like(5, 1, 4, 2)
    assert crowd.next() == [5, 1, 4]
    crowd.like(3, 0, 9, 8)
    assert crowd.next() == [2, 3, 0]
    assert crowd.next() == [9, 8]
    assert crowd.next() == []


def test_what_is_left_comes_with_the_next_ticks_though_no_scores_are_asked_for() -> None:
    crowd = Crowd(2)
    crowd.like(*range(5))
    assert crowd.next(asked=False) == []
    assert crowd.next() == [0, 1]
    assert crowd.next(asked=False) == [2, 3]
    crowd.like(5)
    assert crowd.next(asked=False) == [4, 5]
    crowd.like(6)
    assert crowd.next(asked=False) == []
    assert crowd.next() == [6]


def test_without_a_limit_all_scores_are_written_at_once() -> None:
    crowd = Crowd(None)
    crowd.like(*range(2_000))
    assert crowd.next() == list(range(2_000))


def test_one_creator_has_a_score_once_a_second_though_there_is_room_for_more() -> None:
    crowd = Crowd(3)
    written = 0
    for _ in range(50):
        crowd.like(1)
        written += len(crowd.next())
    assert written == 7, "0.8 s are enough"


def test_busy_creators_are_thinned_alike_while_there_are_too_many() -> None:
    crowd = Crowd(2)
    written: list[int] = []
    for _ in range(200):
        crowd.like(*range(60))
        written += crowd.next()
    assert len(written) == 400
    for start in range(0, 360, 60):
        assert sorted(written[start : start + 60]) == list(range(60))


def test_a_flood_of_new_creators_starves_nobody() -> None:
    crowd = Crowd(2)
    served_by = None
    rounds = 0
    for tick in range(300):
        crowd.like(0, *range(1_000 + 5 * tick, 1_005 + 5 * tick))
        if served_by is None:
            served_by = tick + 10 + crowd.shard.scores_waiting() // 2 + 3
        if 0 in crowd.next():
            assert tick <= served_by
            served_by = None
            rounds += 1
    assert rounds >= 3
    assert served_by is None or served_by >= 300


def test_when_it_is_quiet_again_all_that_is_owed_comes_within_the_stated_time() -> None:
    crowd = Crowd(3)
    for _ in range(20):
        crowd.like(*range(40))
        crowd.next()
    assert crowd.shard.scores_waiting() > 10
    for _ in range(8 + -(-40 // 3)):
        crowd.next()
    assert crowd.shard.scores_waiting() == 0
    assert crowd.likes_told() == dict.fromkeys(range(40), 20)


def test_windows_that_fall_empty_are_told_in_turn_with_what_is_new() -> None:
    crowd = Crowd(4)
    crowd.like(*range(6))
    assert crowd.next() + crowd.next() == [0, 1, 2, 3, 4, 5]
    crowd.like(7)
    assert crowd.next(6 * PANE) == [7, 0, 1, 2], "a minute has gone by for all of them"
    owing = [creator for creator in crowd.shard.live_creators() if creator.owed]
    assert len(owing) <= 1, "nobody is looked at before its turn, but for the next one"
    crowd.like(8, 4)
    assert crowd.shard.scores_waiting() == 3
    assert crowd.next() == [3, 4, 5, 8]
    assert crowd.shard.scores_waiting() == 0
    assert [crowd.next() for _ in range(10)] == [[]] * 10


def test_who_owes_already_keeps_its_place_when_its_windows_fall_empty() -> None:
    crowd = Crowd(2)
    crowd.like(6, 1)
    assert crowd.next() == [6, 1]
    crowd.like(6, 1)
    crowd.like(4, ahead_ms=7 * PANE)
    assert crowd.next() == [4]
    assert [crowd.next() for _ in range(7)][-1] == [6, 1]


def test_a_mood_that_falls_empty_is_told_though_its_creator_rests_meanwhile() -> None:
    crowd = Crowd(100, most_live=1)
    crowd.comment(1)
    assert crowd.next() == [1]
    assert crowd.latest["sentiment-scores"][b"1"]["windows"]["1m"]["comments"] == 1
    crowd.like(2, ahead_ms=3 * PANE)
    assert crowd.next() == [2], "panes are closed, so that nothing else changes later"
    crowd.like(3, ahead_ms=6 * PANE)
    assert crowd.next() == [3], "a second has not gone by since the other's last score"
    crowd.like(*range(4, 12))
    assert "1" not in [creator.creator_id for creator in crowd.shard.live_creators()]
    assert 1 in [number for _ in range(10) for number in crowd.next()]
    assert crowd.latest["sentiment-scores"][b"1"]["windows"]["1m"]["comments"] == 0


def test_a_score_from_before_the_clock_was_set_back_holds_up_nothing() -> None:
    crowd = Crowd(3)
    crowd.like(1, 2)
    assert crowd.next() == [1, 2]
    crowd.like(1)
    crowd.checkpoint()
    crowd.crash()
    crowd.now_ms -= 3_600_000
    assert crowd.next() == [1]
    crowd.like(2)
    assert crowd.next() == [2]


def test_the_erased_take_nobodys_place() -> None:
    crowd = Crowd(2)
    crowd.like(*range(6))
    for number in (0, 1, 2):
        crowd.send("creators", None, crowd.now_ms, key=b"%d" % number)
    crowd.like(1)
    assert crowd.next() == [3, 4]
    assert crowd.next() == [5, 1]


def test_what_comes_late_is_counted_and_so_is_what_waits() -> None:
    crowd = Crowd(4)
    crowd.like(*range(10))
    crowd.next()
    assert (crowd.shard.stats.postponed, crowd.shard.scores_waiting()) == (0, 6)
    crowd.next()
    assert (crowd.shard.stats.postponed, crowd.shard.scores_waiting()) == (4, 2)
    crowd.next()
    assert (crowd.shard.stats.postponed, crowd.shard.scores_waiting()) == (6, 0)
    crowd.next(8 * PANE)
    assert (crowd.shard.stats.postponed, crowd.shard.scores_waiting()) == (6, 6)
    crowd.next()
    assert (crowd.shard.stats.postponed, crowd.shard.scores_waiting()) == (10, 2)


def test_a_crash_after_any_tick_changes_no_score_and_not_their_order() -> None:
    def play(crash_after: int | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        crowd = Crowd(3)
        for tick in range(140):
            if tick < 60:
                crowd.like(tick % 7, *range(tick % 3, 20 + tick % 3, 3))
            crowd.next(TICK if tick < 100 else PANE, asked=tick % 5 == 0)
            if tick % 9 == 0:
                crowd.tick(crowd.now_ms, frozen=True)
            if tick == crash_after:
                crowd.crash()
        return crowd.published["engagement-scores"], crowd.published["engagement-windows"]

    undisturbed = play(None)
    for tick in range(0, 140, 9):
        assert play(tick) == undisturbed


@pytest.mark.parametrize("most_scores", [1, 100])
def test_a_crash_between_an_event_and_its_score_changes_no_place(most_scores: int) -> None:
    def play(*, crash: bool) -> list[int]:
        crowd = Crowd(most_scores)
        crowd.like(3, 1, 2)
        crowd.next()
        crowd.like(9, 3, 0, 7)
        crowd.checkpoint()
        if crash:
            crowd.crash()
        crowd.like(5, 4)
        return [number for _ in range(30) for number in crowd.next()]

    assert play(crash=True) == play(crash=False)
