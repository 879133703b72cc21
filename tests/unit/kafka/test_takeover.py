"""Who keeps what when the group changes, and what an assignment must hold."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas import topics
from streams.kafka.hooks import Hooks
from streams.kafka.takeover import IncompleteAssignment, Takeover, verify_assignment
from tests.unit.kafka.shards import OPTIONS


def assignment(*partitions: int) -> set[TP]:
    names = [topic.physical("p.") for topic in topics.KEYED]
    names += [f"app-{table}-changelog" for table in topics.TABLES]
    return {TP(name, partition) for name in names for partition in partitions}


def test_a_whole_assignment_gives_its_partitions() -> None:
    assert verify_assignment(assignment(1, 3), OPTIONS) == {1, 3}


def test_an_empty_assignment_is_whole() -> None:
    assert verify_assignment(set(), OPTIONS) == frozenset()


def test_topics_of_others_are_passed_by() -> None:
    assert verify_assignment(assignment(0) | {TP("other", 7)}, OPTIONS) == {0}


@pytest.mark.parametrize("name", ["p.clicks", "app-sentiment-changelog"])
def test_a_missing_topic_is_told_with_its_partition(name: str) -> None:
    with pytest.raises(IncompleteAssignment, match=rf"{name}\[1\]"):
        verify_assignment(assignment(0, 1) - {TP(name, 1)}, OPTIONS)


class FakeSeam:
    """Remembers what it was told to drop."""

    options = OPTIONS
    hooks = Hooks()

    def __init__(self, *owned: int) -> None:
        self.slots = dict.fromkeys(owned)
        self.dropped: list[int] = []

    def owned(self) -> frozenset[int]:
        return frozenset(self.slots)

    def drop(self, partition: int) -> "asyncio.Task[Any]":
        del self.slots[partition]
        self.dropped.append(partition)
        return asyncio.ensure_future(asyncio.sleep(0))


def takeover(seam: FakeSeam) -> Takeover:
    return Takeover(seam)  # type: ignore[arg-type]


async def test_what_stays_ours_in_the_next_generation_is_kept() -> None:
    seam = FakeSeam(0, 1)
    hands = takeover(seam)
    hands.note(assignment(0, 1), 5)
    hands.note(assignment(1, 2), 6)
    assert seam.dropped == [0]
    assert seam.owned() == {1}


async def test_after_a_missed_generation_everything_is_dropped() -> None:
    seam = FakeSeam(0, 1)
    hands = takeover(seam)
    hands.note(assignment(0, 1), 5)
    hands.note(assignment(0, 1), 7)
    assert sorted(seam.dropped) == [0, 1]


class SlowRestores(Takeover):
    """Restores that end when told, without brokers."""

    def __init__(self, seam: FakeSeam) -> None:
        super().__init__(seam)  # type: ignore[arg-type]
        self.fake = seam
        self.begun: list[int] = []
        self.cleaned: list[int] = []
        self.go_on = asyncio.Event()
        self.sought: list[set[int]] = []
        self.consumed: list[set[int]] = []

    async def _take(self, partition: int) -> None:
        if leaving := self._leaving.pop(partition, None):
            await asyncio.wait({leaving})
        self.begun.append(partition)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            self.cleaned.append(partition)
            raise
        self.fake.slots[partition] = SimpleNamespace()

    async def _seek(self, partitions: frozenset[int]) -> None:
        self.sought.append(set(partitions))

    async def consume(self, partitions: frozenset[int]) -> None:
        assert self.sought[-1] == partitions
        self.consumed.append(set(partitions))


async def interrupted(hands: SlowRestores) -> None:
    attempt = asyncio.ensure_future(hands.run(hands.consume))
    await asyncio.sleep(0.01)
    attempt.cancel()
    await asyncio.wait({attempt})


async def test_a_restore_goes_on_over_a_rebalance_that_leaves_it_ours() -> None:
    hands = SlowRestores(FakeSeam())
    hands.note(assignment(0, 1), 1)
    await interrupted(hands)
    hands.note(assignment(0), 2)
    hands.go_on.set()
    await hands.run(hands.consume)
    await hands.stop()
    assert hands.begun == [0, 1]
    assert hands.cleaned == [1]
    assert hands.fake.owned() == {0}
    assert hands.consumed == [{0}]


async def test_a_restore_waits_for_the_clean_up_of_one_that_was_cancelled() -> None:
    hands = SlowRestores(FakeSeam())
    hands.note(assignment(3), 1)
    await interrupted(hands)
    hands.note(assignment(3), 4)
    hands.go_on.set()
    await hands.run(hands.consume)
    assert hands.begun == [3, 3]
    assert hands.cleaned == [3]


async def test_a_stop_leaves_no_restore_behind() -> None:
    hands = SlowRestores(FakeSeam())
    hands.note(assignment(0, 1), 1)
    await interrupted(hands)
    await hands.stop()
    assert sorted(hands.cleaned) == [0, 1]


async def test_a_failed_restore_is_told_while_others_still_run() -> None:
    class Failing(SlowRestores):
        async def _take(self, partition: int) -> None:
            if partition == 1:
                raise ValueError("the changelog cannot be read")
            await super()._take(partition)

    hands = Failing(FakeSeam())
    hands.note(assignment(0, 1), 1)
    with pytest.raises(ValueError, match="cannot be read"):
        await asyncio.wait_for(hands.run(hands.consume), 1)
    await hands.stop()


async def test_what_we_kept_is_consumed_while_the_rest_is_restored() -> None:
    hands = SlowRestores(FakeSeam(0, 1))
    hands.note(assignment(0, 1, 2), 1)
    attempt = asyncio.ensure_future(hands.run(hands.consume))
    await asyncio.sleep(0.01)
    assert hands.consumed == [{0, 1}]
    hands.go_on.set()
    await attempt
    assert hands.consumed == [{0, 1}, {2}]


async def test_without_partitions_there_is_nothing_to_do() -> None:
    hands = SlowRestores(FakeSeam())
    hands.note(set(), 1)
    await hands.run(hands.consume)
    assert not hands.consumed
