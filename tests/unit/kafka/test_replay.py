"""Time that moves with the events: step by step, and always in the same order."""

from streams.engine.shard import Batch, Tick
from streams.kafka.options import KafkaOptions
from streams.kafka.replay import Replay, new_convoy
from tests.harness.driver import Raw
from tests.unit.kafka.test_convoy import BEGIN, MINUTE, batch


def moves(replay: Replay, clocks: dict[str, int], behind: set[str]) -> list[tuple[str, int] | Tick]:
    """(topic, end) of each batch and each tick; the clocks follow."""
    found: list[tuple[str, int] | Tick] = []
    while (move := replay.next(clocks, behind)) is not None:
        if isinstance(move, Batch):
            found.append((move.topic, move.end))
        else:
            found.append(move)
    return found


def test_a_step_gives_each_topic_its_turn_and_then_tells_the_time() -> None:
    replay = Replay()
    replay.join(batch("likes", 0, 0.1, 1))
    replay.join(batch("posts", 0.05, 2))
    heads = {"likes": BEGIN + MINUTE, "posts": BEGIN + 2 * MINUTE}
    found = moves(replay, {}, set())
    assert found[:3] == [("likes", 2), ("posts", 1), Tick(0, frozenset(heads), heads=heads)]
    assert found[3] == ("likes", 3)
    assert found[-1] == ("posts", 2)


def test_nothing_moves_before_the_next_record_of_each_topic_is_known() -> None:
    replay = Replay()
    replay.join(batch("likes", 0))
    assert moves(replay, {}, {"posts"}) == []
    assert replay.wants("posts")
    replay.join(batch("posts", 3))
    assert moves(replay, {}, set())[0] == ("likes", 1)


def test_a_topic_is_read_a_little_ahead() -> None:
    replay = Replay()
    replay.join(batch("likes", 0))
    assert replay.wants("likes")
    replay.join(batch("likes", 1, start=1))
    assert not replay.wants("likes")


def test_records_without_a_time_go_with_those_before_them() -> None:
    replay = Replay()
    replay.join(batch("likes", 0))
    replay.join(Batch("likes", 1, [Raw(1, 1, b"k", None)], 2))
    replay.join(batch("posts", 5))
    assert moves(replay, {}, set())[:2] == [("likes", 1), ("likes", 2)]


def test_time_is_told_once_more_when_all_is_read() -> None:
    replay = Replay()
    replay.join(batch("likes", 0))
    assert replay.at_rest(set()) is None
    moves(replay, {}, set())
    assert replay.at_rest({"posts"}) is None
    assert replay.at_rest(set()) == Tick(0, frozenset())
    assert replay.at_rest(set()) is None


def test_after_a_restart_the_step_goes_on_in_which_the_shard_stands() -> None:
    replay = Replay()
    replay.join(batch("likes", 0.1, 1))
    replay.join(batch("posts", -5))
    found = moves(replay, {"likes": BEGIN + 2_000}, set())
    assert found[:2] == [("likes", 1), ("posts", 1)]


def test_the_clock_is_chosen_by_the_options() -> None:
    options = KafkaOptions("nowhere:1", "app", 4, clock="events")
    assert isinstance(new_convoy(options), Replay)
    assert not isinstance(new_convoy(KafkaOptions("nowhere:1", "app", 4)), Replay)
