"""Turns: whose score is written next, and who waits for a later tick.

Knows since when each creator owes a score or has windows that fall empty, how often a score may be
written, and how many in one tick. Must not know what a score says or what makes it change.

Whoever has waited longest comes first. A turn is a number that goes up with event time: one that a
creator draws when it comes to owe, or the beginning of the fine pane with which its windows change
by themselves. Turns are stored, so a restored shard goes on in the same order. The work of a tick
goes with what is written, not with what waits.
"""

import heapq
from collections.abc import Iterator
from typing import Final

from streams.engine.creator import Creator
from streams.engine.registry import Registry

MOST_SCORES: Final = 500
"""Scores in one tick of a shard. At 25 to 50 us each, nothing else waits for more than 25 ms; ten
ticks a second come to 5,000 scores."""
_EARLY_MS: Final = 200
"""How much before its interval a score may come: whoever asks is not that exact in time, and a
score that just misses one time waits for the next."""
_PLACES: Final = 1 << 24
"""Turns of one fine pane. Were more drawn, they would go on into the next: still in order."""
_NEVER: Final = 1 << 62
_LONG_AGO: Final = -_NEVER


class Turns:
    """The creators of a shard whose scores are to be written, in order."""

    __slots__ = (
        "_fine",
        "_interval",
        "_last",
        "_most",
        "_now",
        "_owing",
        "_paced",
        "_ready",
        "_refreshes",
        "_registry",
        "_round",
        "more",
    )

    def __init__(self, registry: Registry, interval_ms: int, most: int | None) -> None:
        self._registry = registry
        self._interval = interval_ms - _EARLY_MS
        self._most = _NEVER if most is None else most
        self._now = _NEVER
        """The time of the last round; before the first, no score can be from after it."""
        self.more = False
        """Whether the last round has left scores that were due."""
        self._round = 0
        self._fine = -1
        """The fine pane in which event time was in the last round."""
        self._last = 0
        """The last turn that was drawn."""
        self._owing: dict[str, int] = {}
        """Turns by id. What is in none of the queues under the same turn is out of date there."""
        self._paced: list[tuple[int, int, str]] = []
        """(time of the last score, turn, id) of those who owe: the next may be too early."""
        self._ready: list[tuple[int, str, int]] = []
        """(turn, id, round since when) of those whose score may be written."""
        self._refreshes: list[tuple[int, str]] = []
        """(fine pane, id) of those whose windows change when event time gets there."""

    def owe(self, creator: Creator, fine: int) -> None:
        """The creator's score has changed; event time is in the pane `fine`."""
        if creator.creator_id not in self._owing:
            self._last = max(self._last, fine * _PLACES) + 1
            self._queue(creator, self._last, self._round)

    def refresh(self, creator: Creator, fine: int | None) -> None:
        """The creator's windows change by themselves when event time gets to the pane `fine`."""
        if fine is not None and fine != creator.refresh:
            heapq.heappush(self._refreshes, (fine, creator.creator_id))
        creator.refresh = fine

    def restore(self, creator: Creator) -> None:
        """Put a restored creator where it stood."""
        if creator.refresh is not None:
            heapq.heappush(self._refreshes, (creator.refresh, creator.creator_id))
        if creator.owed:
            self._last = max(self._last, creator.turn)
            self._queue(creator, creator.turn, self._round)

    def forget(self, creator_id: str) -> None:
        """An erased creator owes nothing."""
        self._owing.pop(creator_id, None)

    def due(self, now_ms: int, fine: int) -> Iterator[Creator]:
        """The creators whose scores are to be written now, with event time in the pane `fine`.

        Each owes nothing from then on. To be read to its end.
        """
        self._tell(now_ms)
        room = self._most
        while (first := self._next(fine)) is not None and room:
            room -= 1
            _, creator_id, since = first
            heapq.heappop(self._ready)
            del self._owing[creator_id]
            self._registry.stats.postponed += since < self._round
            creator = self._registry.get(creator_id)
            if creator is not None:
                creator.owed, creator.turn = False, 0
                yield creator
        self.more = first is not None
        self._round += 1
        self._fine = fine

    def waiting(self) -> int:
        """Creators that the last round has left for the next. Looks at all that are known."""
        if not self.more:
            return 0
        live = self._registry.live
        late = {
            creator_id
            for due, creator_id in self._refreshes
            if due <= self._fine and (creator_id not in live or live[creator_id].refresh == due)
        }
        late.update(
            creator_id
            for turn, creator_id, since in self._ready
            if since < self._round and self._owing.get(creator_id) == turn
        )
        return len(late)

    def _queue(self, creator: Creator, turn: int, since: int) -> None:
        creator_id, written = creator.creator_id, creator.emitted_ms
        creator.owed, creator.turn = True, turn
        self._owing[creator_id] = turn
        if written > self._now:
            written = _LONG_AGO  # the clock was set back
        if written <= self._now - self._interval and self._now != _NEVER:
            heapq.heappush(self._ready, (turn, creator_id, since))
        else:
            heapq.heappush(self._paced, (written, turn, creator_id))

    def _tell(self, now_ms: int) -> None:
        if now_ms < self._now:
            # The first round of all, or the clock was set back: no score is too early for that.
            self._paced = [
                (written if written <= now_ms else _LONG_AGO, turn, creator_id)
                for written, turn, creator_id in self._paced
            ]
            heapq.heapify(self._paced)
        self._now = now_ms

    def _next(self, fine: int) -> tuple[int, str, int] | None:
        """Who is next of all, with event time in the pane `fine`."""
        self._wake(fine)
        return self._first()

    def _first(self) -> tuple[int, str, int] | None:
        """Who is next of those that owe."""
        paced, ready, owing = self._paced, self._ready, self._owing
        latest = self._now - self._interval
        while paced and paced[0][0] <= latest:
            _, turn, creator_id = heapq.heappop(paced)
            heapq.heappush(ready, (turn, creator_id, self._round))
        while ready and owing.get(ready[0][1]) != ready[0][0]:
            heapq.heappop(ready)
        return ready[0] if ready else None

    def _wake(self, fine: int) -> None:
        """Let those owe whose windows have changed by themselves, as far as it is their turn."""
        refreshes = self._refreshes
        while refreshes and refreshes[0][0] <= fine:
            due, creator_id = refreshes[0]
            turn = due * _PLACES
            first = self._first()
            if first is not None and first[:2] < (turn, creator_id):
                break
            heapq.heappop(refreshes)
            creator = self._registry.get(creator_id)
            if creator is None or creator.refresh != due:
                continue
            self._registry.dirty[creator_id] = creator
            creator.refresh = None
            creator.mood_owed = creator.mood_owed or bool(creator.mood.coarse)
            if turn < self._owing.get(creator_id, _NEVER):
                self._queue(creator, turn, self._round - (due <= self._fine))
