"""An assignment that was overtaken leaves nothing behind that could stop the next one."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas import topics
from streams.kafka.hooks import Hooks
from streams.kafka.takeover import Overtaken, Takeover
from tests.unit.kafka.shards import OPTIONS

EVERYTHING = {
    TP(name, partition)
    for name in (
        *(topic.physical("p.") for topic in topics.KEYED),
        *(f"app-{table}-changelog" for table in topics.TABLES),
    )
    for partition in range(4)
}


class Group:
    """A group whose generation moves when told; answers are given with a delay."""

    def __init__(self) -> None:
        self.generation = 1
        self.asked: list[int] = []

    async def is_current(self, generation: int) -> bool:
        self.asked.append(generation)
        current = generation == self.generation
        await asyncio.sleep(0.01)
        return current


class Restores(Takeover):
    """A takeover whose restores only ask whether the generation is current."""

    def __init__(self, group: Group) -> None:
        self.slots: dict[int, Any] = {}

        async def in_thread(function: Any, *arguments: Any, timeout: float) -> Any:
            return await function(*arguments)

        seam = SimpleNamespace(
            options=OPTIONS,
            hooks=Hooks(),
            owned=lambda: frozenset(self.slots),
            consumer=SimpleNamespace(thread=group, in_thread=in_thread),
        )
        super().__init__(seam)  # type: ignore[arg-type]

    async def _take(self, partition: int) -> None:
        await self._confirm()
        self.slots[partition] = object()

    async def _seek(self, partitions: frozenset[int]) -> None:
        """Nowhere to seek."""


async def consume(_partitions: frozenset[int]) -> None:
    """Nothing to consume."""


async def test_the_next_assignment_is_taken_though_all_restores_of_the_last_were_overtaken() -> (
    None
):
    group = Group()
    hands = Restores(group)
    hands.note(EVERYTHING, 1)
    group.generation = 2
    with pytest.raises(Overtaken):
        await hands.run(consume)
    await asyncio.sleep(0.05)
    hands.note(EVERYTHING, 2)
    await hands.run(consume)
    assert set(hands.slots) == {0, 1, 2, 3}


async def test_an_answer_about_an_older_generation_overtakes_nothing() -> None:
    group = Group()
    hands = Restores(group)
    hands.note(EVERYTHING, 1)
    group.generation = 2
    attempt = asyncio.ensure_future(hands.run(consume))
    await asyncio.sleep(0.005)
    hands.note(EVERYTHING, 2)
    await attempt
    assert set(hands.slots) == {0, 1, 2, 3}
    assert set(group.asked) == {1, 2}
