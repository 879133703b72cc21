"""Calendar: what is due in event time on a shard, and in which order.

Knows open minutes and panes, and deadlines of watches. Must not know what events mean, or in which
order scores are due (`turns`). Nothing is scanned: what is not due costs nothing. What many
creators are due at once is done in several ticks, so that nothing else waits for it.
"""

import heapq
from collections.abc import Iterable
from typing import Final

from schemas import topics
from schemas.alerts import Alert
from schemas.signals import FleetSignal
from streams.engine import bounds
from streams.engine.creator import Creator
from streams.engine.desk import Desk
from streams.engine.detectors.source_outage import SourceOutage
from streams.engine.facts import PaneFacts
from streams.engine.fleet import Fleet
from streams.engine.moods import mark_of, sentiment_score, taken_back
from streams.engine.panes import FINE_MS, ONE_MINUTE
from streams.engine.registry import Registry
from streams.engine.rulebook import RuleBook
from streams.engine.rules import Rules
from streams.engine.scores import MINUTE_MS, engagement_score, engagement_window
from streams.engine.sentiment import Analyser
from streams.engine.slot import Minute, Slot
from streams.engine.turns import Turns
from streams.engine.watermark import Watermark

MOST_SHOWN: Final = 500
"""Panes that are closed in one tick of a shard, at 20 to 60 us each; and so many more for each pane
of event time that the shard is behind."""
MOST_WRITTEN: Final = 2_500
"""Final minutes that are written in one tick, at 5 to 8 us each; more when behind by minutes."""
_NEVER: Final = 1 << 62


class Calendar:
    """Deadlines of all creators of a shard."""

    __slots__ = (
        "_closing",
        "_deadlines",
        "_desk",
        "_fines",
        "_fleet",
        "_mark",
        "_minutes",
        "_most_shown",
        "_most_written",
        "_panes",
        "_registry",
        "_turns",
        "_unwritten",
        "active",
        "analyser",
        "book",
        "closed_fine",
        "closed_minute",
        "watermark",
    )

    def __init__(
        self,
        registry: Registry,
        watermark: Watermark,
        book: RuleBook,
        turns: Turns,
        analyser: Analyser,
        desk: Desk,
        fleet: Fleet,
        most_closed: tuple[int, int] | None = (MOST_SHOWN, MOST_WRITTEN),
    ) -> None:
        self._registry = registry
        self.watermark = watermark
        self.book = book
        self._turns = turns
        self._desk = desk
        self._fleet = fleet
        self.analyser = analyser
        self._mark = mark_of(analyser.version)
        self.closed_fine = 0
        """Fine panes below this are closed."""
        self.closed_minute = 0
        """Minutes below this are closed: an event in one of them is late."""
        # By id, in the order in which they were opened: a creator may rest meanwhile.
        self._minutes: dict[int, dict[str, None]] = {}
        self._panes: dict[int, dict[str, None]] = {}
        self._closing: list[str] = []
        """Who is still to be shown the first of `_fines`, the last one first."""
        self._unwritten = True
        """Whether there may be closed minutes whose final record is not written."""
        self._most_shown, self._most_written = most_closed or (_NEVER, _NEVER)
        self._fines: list[int] = []
        self._deadlines: list[tuple[int, str]] = []
        self.active: dict[tuple[str, str], str] = {}
        """Severity of each alert that fires now, by (creator, kind)."""

    def open_slot(self, creator: Creator, fine: int, minute: int) -> Slot:
        """The slot (`fine`, `minute`), in which the creator's next events are counted."""
        slot = creator.other
        if slot.fine != fine or slot.minute != minute:
            found = creator.slots.get((fine, minute))
            slot = self._new_slot(creator, fine, minute) if found is None else found
        creator.use(slot)
        return slot

    def _new_slot(self, creator: Creator, fine: int, minute: int) -> Slot:
        creator_id = creator.creator_id
        creator.idle = False
        self._registry.dirty[creator_id] = creator
        self.owe(creator)
        window = creator.minutes.get(minute)
        late = minute < self.closed_minute or (
            window is None and len(creator.minutes) >= bounds.MAX_MINUTES
        )
        pane = fine
        if late:
            window, facts = Minute(), PaneFacts()
        else:
            if window is None:
                dense = len(creator.minutes) < bounds.DENSE_MINUTES
                slots = bounds.MINUTE_SLOTS if dense else bounds.SPARSE_SLOTS
                window = creator.minutes[minute] = Minute(slots=slots)
                self._minutes.setdefault(minute, {})[creator_id] = None
            pane = max(fine, self.closed_fine)
            facts = self._facts(creator, pane)
        if pane != fine or minute != fine // ONE_MINUTE:
            creator.askew = True
        slot = creator.slots[fine, minute] = Slot(fine, minute, window, facts, pane, late)
        return slot

    def _facts(self, creator: Creator, pane: int) -> PaneFacts:
        """The facts of an open pane; new ones where there are none."""
        if creator.details > bounds.MAX_DETAILS or len(creator.facts) >= bounds.MAX_PANES:
            self._condense(creator)
        facts = creator.facts.get(pane)
        if facts is None:
            facts = creator.facts[pane] = PaneFacts()
            self._await_pane(pane, creator.creator_id)
        else:
            creator.encoded.pop(pane, None)
        return facts

    def _condense(self, creator: Creator) -> None:
        if bounds.crowded(creator.facts):
            creator.flush()  # its slots may hold facts that are joined with others
            creator.encoded.clear()
            folded = bounds.condense(creator.facts, creator.known_posts())
            self._registry.stats.folded["details"] += folded
        creator.details = bounds.details(creator.facts.values())

    def owe(self, creator: Creator) -> None:
        """The creator's score has changed and must be emitted."""
        self._turns.owe(creator, self.watermark.stream // FINE_MS)

    def advance(self) -> None:
        """Close what the watermark has passed."""
        at = self.watermark.at
        if at is not None:
            self._close_panes(at)
            self._desk.advance(at)
            self._close_minutes(at)

    def forget(self, creator_id: str) -> None:
        """An erased creator owes nothing and fires nothing."""
        self._turns.forget(creator_id)
        for key in [key for key in self.active if key[0] == creator_id]:
            del self.active[key]

    def restore(self, creators: Iterable[Creator]) -> None:
        """Put restored creators back on the calendar."""
        at = self.watermark.at
        if at is not None:
            self.closed_fine, self.closed_minute = at // FINE_MS, at // MINUTE_MS
        for creator in creators:
            creator_id = creator.creator_id
            for minute in creator.minutes:
                self._minutes.setdefault(minute, {})[creator_id] = None
            for pane in creator.facts:
                self._await_pane(pane, creator_id)
            if creator.deadline is not None:
                heapq.heappush(self._deadlines, (creator.deadline, creator_id))
            self._turns.restore(creator)
            for kind in creator.watch.active():
                self.active[creator_id, kind] = ""

    def _await_pane(self, pane: int, creator_id: str) -> None:
        opened = self._panes.get(pane)
        if opened is None:
            opened = self._panes[pane] = {}
            heapq.heappush(self._fines, pane)
        opened[creator_id] = None

    def _close_panes(self, at: int) -> None:
        """Show each watch its panes and deadlines up to `at`, in the order of event time.

        Within a pane in the order of ids: a restored shard goes on as the lost one would have.
        """
        self.closed_fine = max(self.closed_fine, at // FINE_MS)
        room: int | None = None
        while True:
            pane_end = (self._fines[0] + 1) * FINE_MS if self._fines else _NEVER
            deadline = self._deadlines[0][0] if self._deadlines else _NEVER
            first = min(pane_end, deadline)
            if first > at:
                break
            if room is None:
                room = self._most_shown * (1 + (at - first) // FINE_MS)
            if room == 0:
                break
            room -= 1
            if pane_end <= deadline:
                self._close_next()
            else:
                due, creator_id = heapq.heappop(self._deadlines)
                creator = self._registry.get(creator_id)
                if creator is not None and creator.deadline == due:
                    self._show(creator, due, None)

    def _close_next(self) -> None:
        """Close the first open pane of the next creator who has it."""
        pane, closing = self._fines[0], self._closing
        if not closing:
            closing.extend(sorted(self._panes.pop(pane), reverse=True))
        creator = self._registry.get(closing.pop())
        if not closing:
            heapq.heappop(self._fines)
        if creator is not None:  # not erased meanwhile
            facts = creator.close_pane(pane)
            if facts is not None:
                if facts.voices:
                    self._hush(creator, pane, facts)
                self._show(creator, (pane + 1) * FINE_MS, facts)

    def _hush(self, creator: Creator, pane: int, facts: PaneFacts) -> None:
        """Let those count no longer in the mood who have said enough in this hour."""
        extra = creator.watch.loud.beyond((pane + 1) * FINE_MS, facts.voices)
        if extra and len(facts.tones) == len(facts.voices):
            creator.mood.add(pane, taken_back(facts, extra))
            creator.mood_owed = True
            self.owe(creator)

    def _show(self, creator: Creator, end_ms: int, facts: PaneFacts | None) -> None:
        registry, creator_id = self._registry, creator.creator_id
        registry.dirty[creator_id] = creator
        creator.watch_dirty = True
        watch, info, book = creator.watch, creator.info, self.book
        outliers = watch.outliers
        if self._fleet.dark and info.platform in self._fleet.dark:
            info = info._replace(dark=True)
        rules = book.of(info, watch.campaign_id if book.by_campaign else None)
        for alert in watch.on_pane(end_ms, facts, info, rules):
            self._tell(creator, alert, rules)
        if watch.outliers is not outliers:
            self.owe(creator)
        wanted = creator.watch.next_deadline_ms
        if wanted is not None:
            wanted = max(-(-wanted // FINE_MS) * FINE_MS, end_ms + FINE_MS)
            if wanted != creator.deadline:
                heapq.heappush(self._deadlines, (wanted, creator_id))
        creator.deadline = wanted

    def signal(self, creator: Creator, signal: FleetSignal, at: int) -> None:
        """Take what a partition says of a platform; `creator` is the platform's home."""
        rules, watch = self.book.base, creator.watch
        self._registry.dirty[creator.creator_id] = creator
        creator.watch_dirty = True
        if watch.outage is None:
            watch.outage = SourceOutage()
        for alert in watch.outage.update(signal, creator.info, rules.outage):
            self._tell(creator, alert, rules)

    def _tell(self, creator: Creator, alert: Alert, rules: Rules) -> None:
        self._desk.publish(creator, alert, rules.desk.off)
        if alert.status == "resolved":
            self.active.pop((creator.creator_id, alert.kind), None)
        else:
            self.active[creator.creator_id, alert.kind] = alert.severity

    def _close_minutes(self, at: int) -> None:
        """Write the final record of each minute that ended at or before `at`."""
        closed = at // MINUTE_MS
        if closed > self.closed_minute:
            self.closed_minute, self._unwritten = closed, True
        if not self._unwritten:
            return
        room: int | None = None
        for minute in sorted(minute for minute in self._minutes if minute < closed):
            self._fleet.close(minute)
            if room is None:
                room = self._most_written * (closed - minute)
            opened = self._minutes[minute]
            while opened and room:
                room -= 1
                self._close_minute(minute, opened.popitem()[0])
            if opened:
                return
            del self._minutes[minute]
        self._fleet.close(closed)
        self._unwritten = False

    def _close_minute(self, minute: int, creator_id: str) -> None:
        creator = self._registry.get(creator_id)
        if creator is None:
            return  # erased meanwhile
        held = creator.close_minute(minute)
        if held is not None and held.counts:
            self._registry.dirty[creator_id] = creator
            window = engagement_window(creator, minute, held)
            self._fleet.count(minute, creator.card.platform, window.events)
            self._registry.publish(topics.ENGAGEMENT_WINDOWS.name, creator_id.encode(), window)

    def emit(self, now_ms: int) -> None:
        """Emit the scores that are due at `now_ms`."""
        stream = self.watermark.stream
        for creator in self._turns.due(now_ms, stream // FINE_MS):
            self._emit_one(creator, now_ms, stream)

    def _emit_one(self, creator: Creator, now_ms: int, stream: int) -> None:
        registry, at = self._registry, self.watermark.at
        key = creator.creator_id.encode()
        creator.flush()
        score = engagement_score(creator, stream, at)
        registry.publish(topics.ENGAGEMENT_SCORES.name, key, score)
        if creator.mood_owed:
            creator.mood_owed = False
            version, crisis = self.analyser.version, self.book.base.crisis
            mood = sentiment_score(creator, stream, at, version, self._mark, crisis)
            registry.publish(topics.SENTIMENT_SCORES.name, key, mood)
        creator.emitted_ms = now_ms
        self._turns.refresh(creator, creator.panes.next_change())
        registry.dirty[creator.creator_id] = creator
