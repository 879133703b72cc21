"""Creator: all that a shard holds of one creator, and how it is stored.

Knows the parts of a creator's state, their bytes and which of them changed. Must not know what
events mean or when something is due.
"""

import heapq
from typing import Final, cast

import msgspec
import xxhash

from streams.engine.actors import STORED_SIZES, Actors, tick_of
from streams.engine.bounds import MAX_CURRENCIES, details
from streams.engine.counts import MICRO, REVENUE, lanes, packed
from streams.engine.facts import CreatorInfo, PaneFacts, tier_for
from streams.engine.layout import (
    ACTORS,
    CARD,
    MOOD,
    MOOD_NOW,
    NOW,
    PANES,
    TAGS,
    VERSION,
    WATCH,
    Card,
    CorruptStateError,
    MinuteRecord,
    NowRecord,
    PanesRecord,
    StoredScale,
    body,
)
from streams.engine.panes import ONE_MINUTE, Panes, stored
from streams.engine.slot import NO_SLOT, Minute, Slot
from streams.engine.watch import Watch

_JOURNAL_PANES: Final = 12
"""Panes in a journal before the whole record is written instead."""
_JOURNAL_ACTORS: Final = 2_048

_encode: Final = msgspec.msgpack.Encoder().encode


_now: Final = msgspec.msgpack.Decoder(NowRecord)
_card: Final = msgspec.msgpack.Decoder(Card)
_panes: Final = msgspec.msgpack.Decoder(PanesRecord)
_watch: Final = msgspec.msgpack.Decoder(Watch)
_scale: Final = msgspec.msgpack.Decoder(StoredScale)


class Latest:
    """The last emitted numbers of a creator, for those who look at this process."""

    __slots__ = ("engagement_rate", "engagements", "net", "score")

    def __init__(self) -> None:
        self.score: float | None = None
        self.engagement_rate: float | None = None
        self.engagements = 0
        self.net: float | None = None


class Creator:
    """One creator, alive in memory.

    Events are first counted in a slot of `slots` (by fine pane and minute), of which the last one
    used is `slot`; `flush` moves them to the panes. `runs` are the actors that engaged, by slot, in
    the order in which they came: what a table of actors becomes depends on it.
    """

    __slots__ = (
        "_info",
        "actors",
        "askew",
        "card",
        "card_dirty",
        "creator_id",
        "deadline",
        "details",
        "emitted_ms",
        "encoded",
        "facts",
        "idle",
        "latest",
        "likes_count",
        "minutes",
        "mood",
        "mood_owed",
        "other",
        "owed",
        "panes",
        "refresh",
        "runs",
        "seed",
        "slot",
        "slots",
        "sources",
        "stored",
        "turn",
        "watch",
        "watch_dirty",
    )

    def __init__(self, creator_id: str) -> None:
        self.creator_id = creator_id
        self.seed = xxhash.xxh3_64_intdigest(creator_id.encode())
        self.card = Card()
        self._info: CreatorInfo | None = None
        self.sources = self.card.ledger.sources
        self.panes = Panes()
        self.mood = Panes()
        self.actors = Actors()
        self.watch = Watch()
        self.minutes: dict[int, Minute] = {}
        self.facts: dict[int, PaneFacts] = {}
        self.encoded: dict[int, msgspec.Raw] = {}
        """The facts that did not change since they were last stored, as stored."""
        self.refresh: int | None = None
        self.deadline: int | None = None
        self.owed = False
        self.turn = 0
        self.mood_owed = False
        self.emitted_ms = 0
        self.latest = Latest()
        self.likes_count = False
        """Whether it is known that single likes count, and not polled totals of them."""
        self.card_dirty = False
        self.watch_dirty = False
        self.stored: dict[bytes, bytes] = {}
        """The parts as they are in the store, by tag."""
        self.details = 0
        """Entries in `facts`; too many where some came late, until they are counted anew."""
        self.idle = False
        """Whether nothing came since this creator was last looked at for rest."""
        self.slot = NO_SLOT
        self.other = NO_SLOT
        """The slot used before: topics that are read in turn are often in two panes in turn."""
        self.slots: dict[tuple[int, int], Slot] = {}
        self.askew = False
        """Whether a slot has its facts in another pane, or a minute that its pane is not of."""
        self.runs: list[tuple[Slot, list[int]]] = []

    @property
    def info(self) -> CreatorInfo:
        """Who this is, for the watch and its alerts."""
        info = self._info
        if info is None:
            card = self.card
            info = self._info = CreatorInfo(
                self.creator_id, card.platform, card.handle, card.followers, self.tier
            )
        return info

    def introduce(self) -> None:
        """The card says something else now of who this is."""
        self.card_dirty = True
        self._info = None

    @property
    def tier(self) -> str | None:
        """The tier that rules are chosen by, and that is published."""
        return tier_for(self.card.tier, self.card.followers)

    def currency(self, code: str) -> int:
        """The place of a currency's revenue counts; a new one is added to the card."""
        codes = self.card.currencies
        if code not in codes:
            codes.append(code)
            self.card_dirty = True
        return REVENUE + 2 * codes.index(code)

    def takes(self, currency: str) -> bool:
        """Whether revenue in this currency can be kept."""
        codes = self.card.currencies
        return len(codes) < MAX_CURRENCIES or currency in codes

    def known_posts(self) -> set[str]:
        """The posts that detection follows, and those about to be."""
        published = [post for facts in self.facts.values() for post in facts.published]
        latest = heapq.nlargest(16, published, key=lambda post: post.at_ms)
        return {post.post_id for post in self.watch.course.posts}.union(
            post.post_id for post in latest
        )

    def replace_stored(self) -> None:
        """Every stored part is of an erased namesake: the next records replace or delete it."""
        self.stored = dict.fromkeys(TAGS, b"")
        self.watch_dirty = self.panes.whole = self.mood.whole = self.actors.whole = True

    def head(self) -> int:
        """The latest fine pane in which anything was counted."""
        return max(self.panes.head, max([slot.fine for slot in self.slots.values()], default=0))

    def use(self, slot: Slot) -> None:
        """Make `slot` the one in which the next events are counted."""
        self.other, self.slot = self.slot, slot
        slot.actors = []
        self.runs.append((slot, slot.actors))

    def flush(self) -> None:
        """Move what all slots counted to the panes and minutes, and close the slots."""
        for slot in self.slots.values():
            self._settle(slot)
        self.slots.clear()
        self.askew = False
        self._settle_actors()

    def close_pane(self, pane: int) -> PaneFacts | None:
        """The facts of a pane, if there are any; nothing is added to them from here on."""
        slots = self.slots
        if self.askew:
            for key in [key for key, slot in slots.items() if slot.pane <= pane]:
                self._settle(slots.pop(key))
        elif (slot := slots.pop((pane, pane // ONE_MINUTE), None)) is not None:
            self._settle(slot)
        self.slot = self.other = NO_SLOT
        self.encoded.pop(pane, None)
        facts = self.facts.pop(pane, None)
        if facts is not None:
            self.details -= details((facts,))
        return facts

    def close_minute(self, minute: int) -> Minute | None:
        """A minute, if anything came in it; nothing is added to it from here on."""
        for key in [key for key in self.slots if key[1] == minute]:
            self._settle(self.slots.pop(key))
        self._settle_actors()
        return self.minutes.pop(minute, None)

    def _settle(self, slot: Slot) -> None:
        counts = slot.counted()
        if counts:
            self.panes.add(slot.fine, counts)
            slot.window.counts += counts
        if slot.mood:
            self.mood.add(slot.fine, slot.mood)

    def _settle_actors(self) -> None:
        """Tell the tables of actors who came; the current slot takes no more of them."""
        self.slot = self.other = NO_SLOT
        if self.runs:
            table = self.actors
            for slot, actors in self.runs:
                if actors:
                    if slot.fine > table.rolled:
                        table.roll(slot.fine)
                    slot.window.touch(actors)
                    table.touch(actors, tick_of(slot.fine))
            self.runs.clear()

    def records(self) -> list[tuple[bytes, bytes | None]]:
        """The parts that changed, as (tag, value or None to delete)."""
        self.flush()
        parts: list[tuple[bytes, bytes | None]] = []
        panes, mood, actors = self.panes, self.mood, self.actors
        if panes.whole or len(panes.since) >= _JOURNAL_PANES or not panes.coarse:
            record = panes.record()
            self._put(parts, PANES, record if panes.coarse else None)
        if mood.whole or len(mood.since) >= _JOURNAL_PANES or not mood.coarse:
            record = mood.record()
            self._put(parts, MOOD, record if mood.coarse else None)
        self._put(parts, MOOD_NOW, stored(mood.since) or None)
        if actors.whole or len(actors.touched) >= _JOURNAL_ACTORS:
            self._put_raw(parts, ACTORS, VERSION + actors.record())
        elif not panes.coarse:
            self.actors = actors = Actors()
            self._put_raw(parts, ACTORS, None)
        if self.watch_dirty:
            self.watch_dirty = False
            self._put(parts, WATCH, self.watch)
        if self.card_dirty:
            self.card_dirty = False
            self._put(parts, CARD, self.card)
        minutes = {
            minute: MinuteRecord(lanes(held.counts), held.occupied(), held.mask + 1)
            for minute, held in self.minutes.items()
        }
        now = NowRecord(
            stored(panes.since),
            minutes,
            self._encoded(),
            actors.journal(),
            self.refresh,
            self.deadline,
            self.owed,
            self.mood_owed,
            self.emitted_ms,
            self.turn,
        )
        busy = panes.since or minutes or self.facts or self.owed or actors.touched
        keep = busy or self.refresh is not None or self.deadline is not None
        self._put(parts, NOW, now if keep else None)
        return parts

    def _encoded(self) -> dict[int, PaneFacts]:
        """All facts, encoded. In a backlog many panes are open, and few of them change."""
        encoded = self.encoded
        for pane, facts in self.facts.items():
            if pane not in encoded:
                encoded[pane] = msgspec.Raw(_encode(facts))
        return cast(dict[int, PaneFacts], encoded)  # a Raw is written as it is

    def _put(
        self, parts: list[tuple[bytes, bytes | None]], tag: bytes, record: object | None
    ) -> None:
        self._put_raw(parts, tag, None if record is None else VERSION + _encode(record))

    def _put_raw(
        self, parts: list[tuple[bytes, bytes | None]], tag: bytes, value: bytes | None
    ) -> None:
        if value is not None:
            self.stored[tag] = value
        elif tag in self.stored:
            del self.stored[tag]
        else:
            return
        parts.append((tag, value))

    @classmethod
    def from_records(cls, creator_id: str, parts: dict[bytes, bytes]) -> "Creator":
        """The creator as stored. Raises CorruptStateError for a record that cannot be read."""
        creator = cls(creator_id)
        creator.stored = parts
        tag = NOW
        try:
            now = _now.decode(body(parts[NOW])) if NOW in parts else None
            since = now.since if now else {}
            tag = PANES if PANES in parts else NOW
            closed = _panes.decode(body(parts[tag])) if tag == PANES else PanesRecord()
            creator.panes = Panes.from_record(closed, since)
            tag = MOOD_NOW
            mood_since = _scale.decode(body(parts[tag])) if tag in parts else {}
            tag = MOOD if MOOD in parts else MOOD_NOW
            mood = _panes.decode(body(parts[tag])) if tag == MOOD else PanesRecord()
            creator.mood = Panes.from_record(mood, mood_since)
            tag = ACTORS
            table = body(parts[tag]) if tag in parts else b""
            if len(table) not in STORED_SIZES:
                raise ValueError(f"a table of actors cannot have {len(table)} bytes")
            tag = NOW
            creator.actors = Actors(table, now.actors if now else b"")
            if now:
                creator.minutes = {
                    minute: Minute(packed(held.counts), held.actors, held.slots)
                    for minute, held in now.minutes.items()
                }
            tag = WATCH
            if tag in parts:
                creator.watch = _watch.decode(body(parts[tag]))
            tag = CARD
            if tag in parts:
                creator.card = _card.decode(body(parts[tag]))
                creator.sources = creator.card.ledger.sources
        except (msgspec.DecodeError, ValueError, IndexError, OverflowError) as error:
            raise CorruptStateError(tag + creator_id.encode(), str(error)) from error
        if now:
            creator.facts = now.facts
            creator.details = details(now.facts.values())
            creator.refresh, creator.deadline = now.refresh, now.deadline
            creator.owed, creator.mood_owed = now.owed, now.mood_owed
            creator.emitted_ms, creator.turn = now.emitted_ms, now.turn
        return creator


def micro(value: float) -> int:
    """An amount of money in micro-units, rounded: sums of them are exact."""
    return round(value * MICRO)
