"""Hub: what has changed, in order, for as many listeners as there are.

Knows sequence numbers and the last changes. Must not know what an item is, nor who listens. A
listener keeps one number, up to which it has seen all; nothing is kept for it, however slow it is.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Item(Protocol):
    """Something that changes. `seq` is the number of its last change, set by the hub.

    `frame` is for whoever makes something of that change for many: the hub empties it.
    """

    seq: int
    frame: bytes


class Hub:
    """Numbers changes from 1 on; `epoch` tells this numbering from those of other processes."""

    def __init__(self, remembered: int = 20_000) -> None:
        self.epoch = secrets.token_hex(4)
        self.seq = 0
        self.closed = False
        self._ring: deque[tuple[int, Item]] = deque(maxlen=remembered)
        self._news = asyncio.Event()
        self._end = asyncio.Event()

    def note(self, item: Item) -> None:
        """Say that `item` has changed."""
        self.seq += 1
        item.seq, item.frame = self.seq, b""
        self._ring.append((self.seq, item))
        self._news.set()

    def since(self, seen: int, wants: Callable[[Item], bool]) -> list[Item] | None:
        """The wanted items that changed after number `seen`, each once, by their last change.

        None where that is too long ago to be known.
        """
        if seen >= self.seq:
            return []
        if not self._ring or seen < self._ring[0][0] - 1:
            return None
        found = []
        for seq, item in reversed(self._ring):
            if seq <= seen:
                break
            if item.seq == seq and wants(item):
                found.append(item)
        found.reverse()
        return found

    def event_id(self, seq: int) -> str:
        """How a number is told to a client."""
        return f"{self.epoch}-{seq}"

    def seen(self, event_id: str | None) -> int | None:
        """The number that a client says it has seen; None if it is of another numbering."""
        epoch, _, number = (event_id or "").partition("-")
        if epoch != self.epoch or not number.isdecimal() or len(number) > 18:
            return None
        return int(number) if int(number) <= self.seq else None

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when there is more than `seen`, when closed, or after so many seconds."""
        if self.closed or self.seq > seen:
            return
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)

    async def rest(self, seconds: float) -> None:
        """Return after so many seconds, or when closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), seconds)

    def close(self) -> None:
        """Wake everybody, for the last time."""
        self.closed = True
        self._news.set()
        self._end.set()
