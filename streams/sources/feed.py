"""A feed: timed events on their way to the topics, each when it is due.

Knows order, pace and chunks. Must not know where events come from.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

from streams.sources.publish import CHUNK_EVENTS, Outgoing, Publisher
from streams.sources.run import Pace, pause

STEP_SECONDS = 0.2

Told = Callable[[Counter[str], int], None]
"""Hears the counts by topic so far and the event time reached, after each write."""


class Feed:
    """Records in order of time, with a look at the next one."""

    def __init__(self, records: Iterator[Outgoing]) -> None:
        self._records = records
        self._next = next(records, None)
        self.counts: Counter[str] = Counter()
        self.reached_ms: int | None = None
        """The time of the last record that was published; None before the first was."""

    @property
    def next_ms(self) -> int | None:
        """The time of the next record; None at the end."""
        return None if self._next is None else self._next.at_ms

    def take(self, before_ms: int | None, limit: int = CHUNK_EVENTS) -> list[Outgoing]:
        """At most `limit` records before `before_ms` (None: any)."""
        taken: list[Outgoing] = []
        record = self._next
        while record is not None and len(taken) < limit:
            if before_ms is not None and record.at_ms >= before_ms:
                break
            taken.append(record)
            record = next(self._records, None)
        self._next = record
        return taken

    async def publish(
        self,
        publisher: Publisher,
        asked: asyncio.Event,
        *,
        until_ms: int | None = None,
        pace: Pace | None = None,
        told: Told = lambda _counts, _at_ms: None,
    ) -> None:
        """Publish all records before `until_ms` (None: to the end), or until `asked`.

        Without `pace` as fast as the broker takes them, with it each when it is due.
        """
        while not asked.is_set():
            due = None if pace is None else pace.due_ms()
            bounds = [bound for bound in (due, until_ms) if bound is not None]
            chunk = self.take(min(bounds, default=None))
            if chunk:
                await publisher.write(chunk)
                self.counts.update(record.topic for record in chunk)
                self.reached_ms = chunk[-1].at_ms
                told(self.counts, self.reached_ms)
            ahead = self.next_ms
            if ahead is None or (until_ms is not None and ahead >= until_ms):
                return
            if pace is not None and len(chunk) < CHUNK_EVENTS:
                await pause(STEP_SECONDS, asked)
