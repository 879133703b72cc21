"""Reads come at a pace, so that what arrives meanwhile arrives in one batch."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.kafka import transport
from streams.kafka.chain import Drain
from streams.kafka.transport import MANY, PACE_SECONDS, BatchConsumer

LIKES = TP("likes", 0)


class Clock:
    """Time that passes only where somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(round(seconds, 6))
        self.now += seconds


class Reader(BatchConsumer):
    """A consumer that is given what it reads, and how long that took."""

    def __init__(self, clock: Clock, reads: list[tuple[float, Mapping[TP, Drain]]]) -> None:
        self.app: Any = SimpleNamespace(
            consumer_generation_id=1, seam=SimpleNamespace(takes_more=lambda *_: True)
        )
        self.flow_active = True
        self._active_partitions = {LIKES}
        self._logical = {"likes": "likes"}
        self._clock, self._reads = clock, reads

    def __repr__(self) -> str:
        return "Reader"

    async def _getmany(self, active: set[TP], timeout: float) -> Any:
        took, read = self._reads.pop(0)
        self._clock.now += took
        return read


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transport, "time", clock)
    monkeypatch.setattr(transport, "asyncio", clock)
    return clock


async def read_all(reader: Reader) -> None:
    while reader._reads:
        async for _tp, _message in reader.getmany(0.25):
            pass


async def test_a_read_waits_until_the_last_one_is_long_enough_ago(clock: Clock) -> None:
    some = {LIKES: Drain(0, (), 1)}
    await read_all(Reader(clock, [(0.0, some), (0.0, some), (0.03, some)]))
    assert clock.waited == [PACE_SECONDS, PACE_SECONDS]


async def test_who_was_busy_meanwhile_does_not_wait(clock: Clock) -> None:
    reader = Reader(clock, [(0.0, {LIKES: Drain(0, (), 1)}), (0.0, {})])
    async for _tp, _message in reader.getmany(0.25):
        clock.now += PACE_SECONDS
    await read_all(reader)
    assert clock.waited == []


async def test_what_comes_after_nothing_came_is_read_at_once(clock: Clock) -> None:
    await read_all(Reader(clock, [(0.25, {}), (0.25, {}), (0.1, {LIKES: Drain(0, (), 1)})]))
    assert clock.waited == []


async def test_a_backlog_is_read_without_waiting(clock: Clock) -> None:
    record: Any = SimpleNamespace(timestamp=0)
    many = {LIKES: Drain(0, [record] * MANY, MANY)}
    await read_all(Reader(clock, [(0.0, many), (0.0, many), (0.0, many)]))
    assert clock.waited == []
