"""The live stream: all that there is, then what changes, and what a slow or lost client gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streams.api.stream import EventStream, Frames, Wish, chunks
from streams.api.view import View
from tests.unit.api.caller import NOON, alert, campaign, followed, score
from tests.unit.api.test_view import put, viewed

Event = tuple[str, Any, str | None]


def parsed(raw: bytes) -> list[Event]:
    """(name, data, id) of each event; comments have no name."""
    found: list[Event] = []
    for block in raw.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id")))
        elif "" in fields:
            found.append(("", fields[""], None))
    return found


def told(events: list[Event]) -> list[str]:
    return [f"{name} {data.get('creator_id', '')}".strip() for name, data, _ in events]


class Client:
    """Listens to a view; `wish` as in the query."""

    def __init__(self, view: View, last: str | None = None, **wish: Any) -> None:
        self.view = view
        asked = {"creator": None, "campaign": None, "only": None, **wish}
        heartbeat = asked.pop("heartbeat", 60.0)
        self._chunks: AsyncIterator[bytes] = chunks(
            view.hub, Frames(view), Wish(view, **asked), last, interval=0.001, heartbeat=heartbeat
        )
        self.events: list[Event] = []

    async def until(self, name: str) -> list[Event]:
        """The events up to the first of this name."""
        while not any(event[0] == name for event in self.events):
            self.events += parsed(await asyncio.wait_for(anext(self._chunks), 10))
        got, self.events = self.events, []
        return got


async def test_a_client_gets_what_there_is_and_then_what_changes():
    view = viewed(score("ada", 1.0), score("bob", 2.0), alert("ada"))
    client = Client(view)
    began = await client.until("ready")
    # What is told of an alert changes its creator, too.
    assert told(began) == ["reset", "score bob", "alert ada", "score ada", "ready"]
    put(view, [score("bob", 3.0), score("bob", 4.0)])
    (name, data, _), *rest = await client.until("score")
    assert (name, data["score"], rest) == ("score", 4.0, [])


async def test_a_client_that_comes_back_gets_what_has_changed_since():
    view = viewed(score("ada"), score("bob"))
    last = (await Client(view).until("ready"))[-1][2]
    put(view, [score("bob", 9.0), alert("ada", "resolved", NOON + 1)])
    assert told(await Client(view, last).until("alert")) == ["score bob", "alert ada"]
    assert told(await Client(view, "other-1").until("ready"))[0] == "reset"


async def test_a_client_that_is_too_far_behind_begins_anew():
    view = viewed(score("ada"), score("bob"))
    client = Client(view)
    await client.until("ready")
    for _ in range(30_000):
        view.hub.note(view.rows["ada"])
    assert told(await client.until("ready")) == ["reset", "score bob", "score ada", "ready"]


async def test_a_client_gets_no_more_than_it_has_asked_for():
    view = viewed(score("ada"), score("bob"), score("cleo"), campaign("c1", "ada", "bob"))
    put(view, [alert("bob"), alert("cleo")])
    assert told(await Client(view, creator="cleo").until("ready")) == [
        "reset", "alert cleo", "score cleo", "ready",
    ]  # fmt: skip
    of_campaign = told(await Client(view, campaign="c1").until("ready"))
    assert of_campaign == ["reset", "score ada", "alert bob", "score bob", "ready"]
    only_alerts = told(await Client(view, only="alerts").until("ready"))
    assert only_alerts == ["reset", "alert bob", "alert cleo", "ready"]
    only_scores = told(await Client(view, campaign="c1", only="scores").until("ready"))
    assert only_scores == ["reset", "score ada", "score bob", "ready"]


async def test_an_erased_creator_is_told_of():
    view = viewed(score("ada"))
    client = Client(view)
    await client.until("ready")
    view.take(followed("creators", "ada", None, NOON))
    assert told(await client.until("gone")) == ["gone ada"]


async def test_what_changes_while_a_client_is_read_to_comes_after_it_with_its_own_number():
    view = viewed(*[score(f"x{n}") for n in range(250)])
    client = Client(view)
    first: list[Event] = []
    while len(first) < 50:
        first += parsed(await anext(client._chunks))
    put(view, [score("x249", 99.0)])
    rest = await client.until("ready")
    assert "score x249" not in told(rest)
    assert [data["score"] for _, data, _ in await client.until("score")] == [99.0]
    numbers = [int(i.rpartition("-")[2]) for _, _, i in [*first, *rest] if i]
    assert numbers == sorted(numbers)


async def test_a_silent_stream_says_that_it_lives():
    client = Client(viewed(score("ada")), heartbeat=0.01)
    await client.until("ready")
    assert await client.until("") == [("", "still here", None)]


async def test_a_record_with_line_ends_stays_one_event():
    record = alert("ada")
    assert record.value is not None
    raw = record.value.replace(b",", b",\n\r\n", 3)
    view = viewed(record._replace(value=raw))
    assert told(await Client(view).until("ready")) == ["reset", "alert ada", "ready"]


async def test_a_closed_hub_ends_every_stream():
    view = viewed(score("ada"))
    client = Client(view)
    await client.until("ready")
    view.hub.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(client._chunks), 10)


async def test_a_client_that_does_not_read_costs_one_chunk_and_ends_when_it_hangs_up():
    view = viewed(*[score(f"x{n}") for n in range(1_000)])
    made = chunks(
        view.hub, Frames(view), Wish(view, None, None, None), None, interval=0.001, heartbeat=9
    )
    closed: list[bool] = []
    taken: list[bytes] = []
    hung_up, full = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and len(taken) == 3:
            full.set()
            await asyncio.Event().wait()  # its buffers are full
        taken.append(message.get("body", b""))

    stream = EventStream(made, closed.append)
    serving = asyncio.create_task(stream({}, receive, send))
    await asyncio.wait_for(full.wait(), 10)
    for _ in range(100_000):
        view.hub.note(view.rows["x1"])
    assert sum(map(len, taken)) < 100_000
    hung_up.set()
    await asyncio.wait_for(serving, 10)
    assert closed == [True]
