"""Creator: all that a shard holds of one creator, and how it is stored.

Knows the parts of a creator's state, their bytes and which of them changed. Must not know what
events mean or when something is due.

A creator is stored in parts, each under a key of its own (a tag and the creator's id), so that
what changes every second is small: `n` (now: journals and what is open) is written often, `p`
(panes), `a` (actors), `w` (watch), `c` (card: profile and polled totals) and `m` (mood, in the
sentiment table) when they change as a whole. Every value is a version byte and msgpack.
"""

import heapq
from array import array
from typing import Annotated

import msgspec
import xxhash

from streams.engine.actors import MINUTE_SLOTS, STORED_SIZES, Actors, tick_of
from streams.engine.bounds import MAX_CURRENCIES
from streams.engine.counters import Ledger
from streams.engine.counts import MICRO, REVENUE, Counts, lanes, packed
from streams.engine.facts import CreatorInfo, PaneFacts
from streams.engine.panes import Panes, PanesRecord, StoredScale, stored
from streams.engine.watch import Watch

VERSION = b"\x01"
NOW, PANES, ACTORS, WATCH, CARD, MOOD, MOOD_NOW = b"n", b"p", b"a", b"w", b"c", b"m", b"s"
TAGS = (NOW, PANES, ACTORS, WATCH, CARD, MOOD, MOOD_NOW)
ENGAGEMENT, SENTIMENT = "engagement", "sentiment"
TABLE_OF = {tag: SENTIMENT if tag in (MOOD, MOOD_NOW) else ENGAGEMENT for tag in TAGS}

_JOURNAL_PANES = 12
"""Panes in a journal before the whole record is written instead."""
_JOURNAL_ACTORS = 2_048

_encode = msgspec.msgpack.Encoder().encode


class CorruptStateError(Exception):
    """A stored record cannot be read: `key` as stored, and `why`."""

    def __init__(self, key: bytes, why: str) -> None:
        super().__init__(f"stored state record {key!r} cannot be read: {why}")
        self.key = key
        self.why = why


class MinuteRecord(msgspec.Struct, array_like=True):
    """An open minute as stored: counts by place, and the actor slots (of so many) in 16 bits."""

    counts: list[int]
    actors: bytes
    slots: Annotated[int, msgspec.Meta(ge=1, le=1 << 16)] = MINUTE_SLOTS


class NowRecord(msgspec.Struct, array_like=True):
    """What changes from moment to moment."""

    since: StoredScale
    minutes: dict[int, MinuteRecord]
    facts: dict[int, PaneFacts]
    actors: bytes
    refresh: int | None
    deadline: int | None
    owed: bool
    mood_owed: bool
    emitted_ms: int


class Card(msgspec.Struct, array_like=True):
    """Who the creator is, as far as told, and the last polled totals."""

    platform: str | None = None
    handle: str | None = None
    tier: str | None = None
    followers: int | None = None
    profile_at: int = -1
    followers_at: int = -1
    currencies: list[str] = []
    ledger: Ledger = msgspec.field(default_factory=Ledger)


_now = msgspec.msgpack.Decoder(NowRecord)
_card = msgspec.msgpack.Decoder(Card)
_panes = msgspec.msgpack.Decoder(PanesRecord)
_watch = msgspec.msgpack.Decoder(Watch)
_scale = msgspec.msgpack.Decoder(StoredScale)


class Minute:
    """The counts and actor slots of one creator in one minute that is not closed yet.

    A slot is the low bits of an actor's hash, by `mask`.
    """

    __slots__ = ("actors", "counts", "mask")

    def __init__(self, counts: Counts, actors: set[int], slots: int = MINUTE_SLOTS) -> None:
        self.counts = counts
        self.actors = actors
        self.mask = slots - 1


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

    Events are first counted in `open` (and `open_mood`, `open_actors`), which belong to one fine
    pane and one minute, the slot; `flush` moves them to the panes. `fine` is -1 when no slot is
    open.
    """

    __slots__ = (
        "actors",
        "card",
        "card_dirty",
        "creator_id",
        "deadline",
        "emitted_ms",
        "facts",
        "fine",
        "idle",
        "late",
        "latest",
        "minute",
        "minutes",
        "mood",
        "mood_owed",
        "open",
        "open_actors",
        "open_facts",
        "open_mood",
        "open_window",
        "owed",
        "panes",
        "refresh",
        "seed",
        "sources",
        "stored",
        "watch",
        "watch_dirty",
    )

    def __init__(self, creator_id: str) -> None:
        self.creator_id = creator_id
        self.seed = xxhash.xxh3_64_intdigest(creator_id.encode())
        self.card = Card()
        self.sources = self.card.ledger.sources
        self.panes = Panes()
        self.mood = Panes()
        self.actors = Actors()
        self.watch = Watch()
        self.minutes: dict[int, Minute] = {}
        self.facts: dict[int, PaneFacts] = {}
        self.refresh: int | None = None
        self.deadline: int | None = None
        self.owed = False
        self.mood_owed = False
        self.emitted_ms = 0
        self.latest = Latest()
        self.card_dirty = False
        self.watch_dirty = False
        self.stored: dict[bytes, bytes] = {}
        """The parts as they are in the store, by tag."""
        self.idle = False
        """Whether nothing came since this creator was last looked at for rest."""
        self.fine = -1
        self.minute = -1
        self.late = False
        self.open: Counts = 0
        self.open_mood: Counts = 0
        self.open_actors: list[int] = []
        """Hashes of those who engaged."""
        self.open_facts = PaneFacts()
        self.open_window = Minute(0, set())

    @property
    def info(self) -> CreatorInfo:
        """Who this is, for the watch and its alerts."""
        card = self.card
        return CreatorInfo(self.creator_id, card.platform, card.handle, card.followers)

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
        self.watch_dirty = self.panes.whole = self.mood.whole = True

    def flush(self) -> None:
        """Move what the slot counted to its panes and its minute, and close the slot."""
        if self.fine < 0:
            return
        window, counts = self.open_window, self.open
        if counts:
            self.open = 0
            self.panes.add(self.fine, counts)
            window.counts += counts
        if self.open_mood:
            self.mood.add(self.fine, self.open_mood)
            self.open_mood = 0
        if self.open_actors:
            actors, self.open_actors, mask = self.open_actors, [], window.mask
            window.actors.update([actor & mask for actor in actors])
            self.actors.touch(actors, tick_of(self.fine))
        self.fine = -1

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
            minute: MinuteRecord(
                lanes(held.counts), array("H", held.actors).tobytes(), held.mask + 1
            )
            for minute, held in self.minutes.items()
        }
        now = NowRecord(
            stored(panes.since),
            minutes,
            self.facts,
            actors.journal(),
            self.refresh,
            self.deadline,
            self.owed,
            self.mood_owed,
            self.emitted_ms,
        )
        busy = panes.since or minutes or self.facts or self.owed or actors.touched
        keep = busy or self.refresh is not None or self.deadline is not None
        self._put(parts, NOW, now if keep else None)
        return parts

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
            tag = PANES
            if tag in parts:
                creator.panes = Panes.from_record(_panes.decode(body(parts[tag])), since)
            else:
                creator.panes = Panes.from_record(PanesRecord(), since)
            tag = MOOD_NOW
            mood_since = _scale.decode(body(parts[tag])) if tag in parts else {}
            tag = MOOD
            mood = _panes.decode(body(parts[tag])) if tag in parts else PanesRecord()
            creator.mood = Panes.from_record(mood, mood_since)
            tag = ACTORS
            table = body(parts[tag]) if tag in parts else b""
            if len(table) not in STORED_SIZES:
                raise ValueError(f"a table of actors cannot have {len(table)} bytes")
            tag = NOW
            creator.actors = Actors(table, now.actors if now else b"")
            if now:
                creator.minutes = {
                    minute: Minute(packed(held.counts), set(array("H", held.actors)), held.slots)
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
            creator.refresh, creator.deadline = now.refresh, now.deadline
            creator.owed, creator.mood_owed = now.owed, now.mood_owed
            creator.emitted_ms = now.emitted_ms
        return creator


def body(value: bytes) -> bytes:
    """A stored value without its version byte. Raises ValueError for another version."""
    if value[:1] != VERSION:
        raise ValueError(wrong_version(value))
    return value[1:]


def wrong_version(value: bytes) -> str:
    """What is wrong with a stored value that begins with another version byte."""
    return f"version {value[:1].hex() or 'missing'}, expected {VERSION.hex()}"


def micro(value: float) -> int:
    """An amount of money in micro-units, rounded: sums of them are exact."""
    return round(value * MICRO)
