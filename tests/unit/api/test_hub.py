"""The hub: changes in order, each item once, and nothing kept for those who listen."""

import asyncio
from dataclasses import dataclass

from streams.api.hub import Hub


@dataclass(eq=False)
class Thing:
    name: str
    seq: int = 0
    frame: bytes = b""


def everything(_: object) -> bool:
    return True


def test_changes_come_in_order_and_of_each_item_only_the_last():
    hub = Hub()
    one, other = Thing("one"), Thing("other")
    for thing in (one, other, one, one):
        hub.note(thing)
    assert hub.since(0, everything) == [other, one]
    assert hub.since(2, everything) == [one]
    assert hub.since(4, everything) == []
    assert hub.since(0, lambda thing: thing is other) == [other]


def test_what_is_too_long_ago_is_told_as_unknown():
    hub = Hub(remembered=3)
    for number in range(5):
        hub.note(Thing(str(number)))
    assert hub.since(1, everything) is None
    found = hub.since(2, everything)
    assert found is not None
    assert len(found) == 3


def test_an_id_is_known_in_its_own_numbering_only():
    hub = Hub()
    hub.note(Thing("one"))
    assert hub.seen(hub.event_id(1)) == 1
    for other in (None, "", "1", f"{hub.epoch}-", f"{hub.epoch}-2", Hub().event_id(1), "x-1"):
        assert hub.seen(other) is None


async def test_whoever_waits_hears_of_news_and_of_the_end():
    hub = Hub()
    waiting = [asyncio.create_task(hub.wait(0, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    hub.note(Thing("one"))
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    resting = asyncio.create_task(hub.rest(60))
    waiting = [asyncio.create_task(hub.wait(1, 60))]
    await asyncio.sleep(0)
    hub.close()
    await asyncio.wait_for(asyncio.gather(resting, *waiting), 5)
