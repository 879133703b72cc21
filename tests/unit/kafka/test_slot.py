"""When the checkpoints of a partition are due."""

import asyncio
from types import SimpleNamespace
from typing import Any

from streams.engine.shard import Tick
from streams.kafka.slot import Slot

INTERVAL = 0.5


def slot(partition: int, since: float = 100.0) -> Slot:
    nothing: Any = None
    return Slot(partition, nothing, nothing, nothing, nothing, False, since=since)


def due(partition: int, now: float) -> float:
    """When the checkpoint after `now` comes, of a partition taken over at 100 s."""
    return now + slot(partition).left(INTERVAL, now)


def test_the_first_is_an_interval_after_the_takeover_at_the_earliest() -> None:
    assert all(100 + INTERVAL <= due(p, 100) <= 100 + 2 * INTERVAL for p in range(32))


def test_partitions_taken_over_together_have_phases_apart() -> None:
    for count in (2, 3, 4, 8, 16):
        phases = sorted(due(p, 110) % INTERVAL for p in range(count))
        gaps = [b - a for a, b in zip(phases, [*phases[1:], phases[0] + INTERVAL], strict=True)]
        assert min(gaps) > INTERVAL / count / 3


def test_one_that_took_long_does_not_shift_those_that_follow() -> None:
    calm = due(1, due(1, 101) + 0.01)
    assert abs(due(1, due(1, 101) + 0.4) - calm) < 1e-9


def test_a_backlog_is_written_down_less_often() -> None:
    hurried: Any = slot(0)
    hurried.shard = SimpleNamespace(clocks={"likes": 1_000_000})
    unread = frozenset({"likes"})
    for now_ms, undrained, backlog in (
        (1_030_000, unread, False),
        (1_090_000, unread, True),
        (1_090_000, frozenset[str](), False),
    ):
        hurried.told(Tick(now_ms, undrained))
        longest = max(hurried.left(INTERVAL, 100 + n / 10) for n in range(60))
        assert (longest > 2 * INTERVAL) is backlog


async def test_who_asks_need_not_wait() -> None:
    made = slot(0)
    made.kick.set()
    await asyncio.wait_for(made.due(3_600), 10)
    assert not made.kick.is_set(), "and it is asked for once"
