"""Stream: live scores and alerts as server-sent events.

Knows what a listener wants, frames, snapshots and heartbeats. Must not know who listens. Of a
creator the newest is sent, at most once in an interval; a slow listener skips, and costs nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
from starlette.types import Receive, Scope, Send

from streams.api.hub import Hub, Item
from streams.api.view import Gone, Row, Told, View

FRAMES = 100
"""Events in one chunk: what a listener that does not read holds up is a chunk, not more."""
_encode = msgspec.json.Encoder().encode


class Wish:
    """What a listener wants: of one creator, of a campaign's, or of all; scores, alerts or both."""

    def __init__(
        self, view: View, creator: str | None, campaign: str | None, only: str | None
    ) -> None:
        self._view = view
        self._creator, self._campaign, self._only = creator, campaign, only

    def __call__(self, item: Item) -> bool:
        """Whether a changed item is wanted."""
        if isinstance(item, Told):
            if self._only == "scores":
                return False
            alert = item.alert
            if self._campaign is not None and not (
                alert.campaign_id == self._campaign
                or self._view.in_campaign(alert.creator_id, self._campaign)
            ):
                return False
            return self._creator in {None, alert.creator_id}
        if self._only == "alerts":
            return False
        assert isinstance(item, Row | Gone)
        if self._creator not in {None, item.creator_id}:
            return False
        return self._campaign is None or self._view.in_campaign(item.creator_id, self._campaign)

    def all(self) -> list[Item]:
        """Every wanted item that there is, by its last change."""
        view = self._view
        found: list[Item] = [item for item in self._rows() if self(item)]
        found += [told for told in view.alerts.values() if self(told)]
        return sorted(found, key=lambda item: item.seq)

    def _rows(self) -> Iterator[Row]:
        view = self._view
        if self._creator is not None:
            row = view.rows.get(self._creator)
            yield from () if row is None else (row,)
        elif self._campaign is not None:
            yield from view.rows_of(self._campaign)
        else:
            yield from view.rows.values()


class Frames:
    """Items as frames. One that many listeners get is made once, and kept with the item."""

    def __init__(self, view: View) -> None:
        self._view = view

    def of(self, item: Item) -> bytes:
        """The frame of an item's last change."""
        if not item.frame:
            item.frame = self._make(item)
        return item.frame

    def _make(self, item: Item) -> bytes:
        if isinstance(item, Row):
            return self.event("score", _encode(self._view.summary(item)), item.seq)
        if isinstance(item, Told):
            # A record is one line as workers write it; another writer may have put line ends in.
            raw = item.raw.replace(b"\r", b" ").replace(b"\n", b" ")
            return self.event("alert", raw, item.seq)
        assert isinstance(item, Gone)
        return self.event("gone", _encode({"creator_id": item.creator_id}), item.seq)

    def event(self, name: str, data: bytes, seq: int | None = None) -> bytes:
        """One event; with `seq`, a client that comes back says that it has seen it."""
        number = b"" if seq is None else f"id: {self._view.hub.event_id(seq)}\n".encode()
        return b"%sevent: %s\ndata: %s\n\n" % (number, name.encode(), data)


async def chunks(
    hub: Hub,
    frames: Frames,
    wish: Wish,
    last_event_id: str | None,
    *,
    interval: float,
    heartbeat: float,
    still: Callable[[], bool] = lambda: True,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[bytes]:
    """What is sent, until the hub is closed or the listener is not `still` let in.

    First `reset`, all that is wanted, and `ready`; or, for a client that comes back with an id that
    is known here, what has changed since. The same again when it is too far behind. Then changes.
    """
    seen = hub.seen(last_event_id)
    yield b"retry: 2000\n\n"
    said = clock()
    while not hub.closed and still():
        items = None if seen is None else hub.since(seen, wish)
        upto = hub.seq
        if items is None:
            yield frames.event("reset", b"{}")
            for chunk in _chunked(frames, wish.all(), upto):
                yield chunk
            yield frames.event("ready", b"{}", upto)
            said = clock()
        elif items:
            for chunk in _chunked(frames, items, upto):
                yield chunk
            said = clock()
        elif clock() - said >= heartbeat:
            yield b": still here\n\n"
            said = clock()
        seen = upto
        if items == []:
            await hub.wait(seen, max(0.0, said + heartbeat - clock()) + 0.001)
        # What changes meanwhile is sent together, and of each item the newest.
        await hub.rest(interval)


def _chunked(frames: Frames, items: list[Item], upto: int) -> Iterator[bytes]:
    """Frames of the items, some at a time. What changes meanwhile comes later, with its number."""
    for begin in range(0, len(items), FRAMES):
        part = [frames.of(item) for item in items[begin : begin + FRAMES] if item.seq <= upto]
        if part:
            yield b"".join(part)


class EventStream:
    """An ASGI answer that sends chunks until they end or the client is gone."""

    def __init__(self, made: AsyncIterator[bytes], closed: Callable[[bool], None]) -> None:
        """`closed` is told whether it was the client that left."""
        self._made = made
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        gone = asyncio.create_task(self._gone(receive))
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closed(gone.done())
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    @staticmethod
    async def _gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        with contextlib.suppress(OSError):
            async for chunk in self._made:
                # Waits while the connection's buffers are full; the server ends dead ones.
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
