"""Garbage is found: the young soon and each once, the old when there may be much of it."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.garbage import BUSY_SECONDS, FULL_SECONDS, Garbage


class Node:
    """Something that can refer to itself."""

    def __init__(self) -> None:
        self.other: Node | None = None
        self.more: list[list[int]] = []


def cycle() -> Node:
    node = Node()
    node.other = node
    return node


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    gc.collect()
    gc.freeze()
    gc.disable()
    yield Garbage(0.0)
    gc.unfreeze()
    gc.enable()


def test_a_cycle_that_dies_young_is_freed_by_the_next_look(garbage: Garbage) -> None:
    dies = weakref.ref(cycle())
    assert dies() is not None, "nobody but us looks"
    garbage.look(1.0)
    assert dies() is None


@pytest.mark.usefixtures("garbage")
def test_while_there_is_a_backlog_the_young_are_looked_at_each_minute_only() -> None:
    busy = True
    garbage = Garbage(0.0, lambda: busy)
    dies = weakref.ref(cycle())
    garbage.look(BUSY_SECONDS - 1.0)
    assert dies() is not None
    garbage.look(BUSY_SECONDS)
    assert dies() is None

    dies = weakref.ref(cycle())
    busy = False
    garbage.look(BUSY_SECONDS + 1.0)
    assert dies() is None, "the backlog is over"


def test_what_lives_on_is_not_looked_at_again(garbage: Garbage) -> None:
    lives = cycle()
    garbage.look(1.0)
    assert not any(one is lives for one in gc.get_objects())


def test_what_dies_later_is_freed_once_a_quarter_more_is_set_aside(garbage: Garbage) -> None:
    old = cycle()
    died = weakref.ref(old)
    garbage.look(1.0)
    del old
    garbage.look(FULL_SECONDS)
    assert died() is not None, "hardly anything has come since: not worth a long pause"
    heap = cycle()
    heap.more = [[number] for number in range(gc.get_freeze_count() // 2)]
    garbage.look(FULL_SECONDS + 1.0)
    assert died() is not None, "the last time was a second ago"
    garbage.look(2.0 * FULL_SECONDS)
    assert died() is None


async def test_python_itself_looks_again_when_the_looking_is_over() -> None:
    task = asyncio.create_task(Garbage(0.0).look_for_ever())
    await asyncio.sleep(0)
    assert not gc.isenabled()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gc.isenabled()
