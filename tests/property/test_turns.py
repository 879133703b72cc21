"""Scores come as a plain queue gives them, whatever is busy, waits or crashes."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.test_turns import TICK, Crowd

PACE = 800


class Moment(NamedTuple):
    """What is liked before a tick, if the process ends then, and if the tick asks for scores."""

    likes: list[int]
    crash: bool = False
    asked: bool = True


moments = st.lists(
    st.builds(Moment, st.lists(st.integers(0, 9), max_size=12), st.booleans(), st.booleans()),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(moments, st.integers(1, 4))
def test_scores_come_in_the_order_of_a_queue_and_within_the_stated_time(
    moments: list[Moment], most: int
) -> None:
    crowd = Crowd(most)
    queue: list[int] = []
    written: dict[int, int] = {}
    due_by: dict[int, int] = {}
    left = False
    for moment in moments + [Moment([])] * 20:
        crowd.like(*moment.likes)
        queue += [number for number in dict.fromkeys(moment.likes) if number not in queue]
        if moment.crash:
            crowd.checkpoint()
            crowd.crash()
        now = crowd.now_ms + TICK
        due = [number for number in queue if now - written.get(number, 0) >= PACE]
        scores = crowd.next(asked=moment.asked)
        if not moment.asked and not left:
            assert scores == []
            continue
        assert scores == due[:most]
        left = len(due) > most
        assert crowd.shard.scores_waiting() == len(due) - len(scores)
        for number in due:
            due_by.setdefault(number, now + queue.index(number) // most * TICK)
        for number in scores:
            queue.remove(number)
            written[number] = now
            assert now <= due_by.pop(number)
    assert queue == []
    told = [number for moment in moments for number in moment.likes]
    assert crowd.likes_told() == {number: told.count(number) for number in set(told)}
