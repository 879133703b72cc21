import asyncio
from collections.abc import Iterable

import pytest

from streams.sources import feed as feed_module
from streams.sources.feed import Feed
from streams.sources.publish import Outgoing, chunks, outgoing
from streams.sources.run import Pace


def record(at_ms: int, topic: str = "likes") -> Outgoing:
    return Outgoing(topic, b"c", b"{}", at_ms)


class Sink:
    def __init__(self) -> None:
        self.writes: list[list[int]] = []

    async def write(self, records: Iterable[Outgoing]) -> int:
        self.writes.append([one.at_ms for one in records])
        return len(self.writes[-1])


def test_a_record_is_keyed_by_the_id_that_its_topic_is_keyed_by():
    like = outgoing("likes", {"creator_id": "c-1", "event_id": "e"}, 5)
    campaign = outgoing("campaigns", {"campaign_id": "k-1", "name": "n"}, 6)
    assert (like.key, like.at_ms) == (b"c-1", 5)
    assert campaign.key == b"k-1"
    assert like.value == b'{"creator_id":"c-1","event_id":"e"}'


def test_an_event_without_the_id_of_its_key_is_refused():
    with pytest.raises(KeyError):
        outgoing("likes", {"event_id": "e"}, 5)


def test_chunks_keep_order_and_lose_nothing():
    parts = list(chunks((record(i) for i in range(7)), 3))
    assert [[r.at_ms for r in part] for part in parts] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(chunks([], 3)) == []


def test_take_stops_before_the_bound_and_keeps_the_next_record():
    feed = Feed(record(i) for i in (1, 2, 5, 9))
    assert [r.at_ms for r in feed.take(5)] == [1, 2]
    assert feed.next_ms == 5
    assert [r.at_ms for r in feed.take(None, limit=1)] == [5]
    assert [r.at_ms for r in feed.take(None)] == [9]
    assert feed.next_ms is None


async def test_history_is_published_in_chunks_up_to_its_end_and_the_rest_afterwards(monkeypatch):
    monkeypatch.setattr(feed_module, "CHUNK_EVENTS", 3)
    monkeypatch.setattr(Feed.take, "__defaults__", (3,))
    feed, sink, asked = Feed(record(i) for i in range(10)), Sink(), asyncio.Event()
    await feed.publish(sink, asked, until_ms=7)
    assert sink.writes == [[0, 1, 2], [3, 4, 5], [6]]
    assert feed.counts.total() == 7
    await feed.publish(sink, asked)
    assert sink.writes[3:] == [[7, 8, 9]]


async def test_nothing_is_published_before_it_is_due(monkeypatch):
    monkeypatch.setattr(feed_module, "STEP_SECONDS", 0.001)
    sink, asked = Sink(), asyncio.Event()
    due = iter([0, 3, 3, 6, 100])

    class Told(Pace):
        def due_ms(self) -> int:
            return next(due)

    await Feed(record(i) for i in range(8)).publish(sink, asked, pace=Told(0, 1.0))
    assert sink.writes == [[0, 1, 2], [3, 4, 5], [6, 7]]


async def test_publishing_ends_early_when_asked():
    feed, sink, asked = Feed(record(i) for i in range(10)), Sink(), asyncio.Event()
    asked.set()
    await feed.publish(sink, asked)
    assert sink.writes == []


async def test_progress_hears_counts_and_the_time_reached():
    heard = []
    feed = Feed(iter([record(1), record(2, "posts")]))
    await feed.publish(
        Sink(), asyncio.Event(), told=lambda counts, at_ms: heard.append((dict(counts), at_ms))
    )
    assert heard == [({"likes": 1, "posts": 1}, 2)]


def test_a_live_pace_follows_the_wall_clock_and_never_runs_ahead(monkeypatch):
    clock = {"now": 1_000_000}
    monkeypatch.setattr("streams.sources.run.now_ms", lambda: clock["now"])
    recorded, caught_up = Pace(500, 10.0), Pace(999_500, 10.0, live=True)
    at_once, live = Pace(500, None), Pace(500, None, live=True)
    clock["now"] += 200
    assert recorded.due_ms() == 500 + 2_000
    assert caught_up.due_ms() == 1_000_200
    assert at_once.due_ms() is None
    assert live.due_ms() == 1_000_200
