"""Layout: how a shard's state is written: the parts of a creator, their tags and their records.

Knows the stored form only. Must not know what a creator does, or what an event means.

A creator is stored in parts, each under a key of its own (a tag and the creator's id), so that
what changes every second is small: `n` (now: journals and what is open) is written often, `p`
(panes), `a` (actors), `w` (watch), `c` (card: profile and polled totals) and `m` (mood, in the
sentiment table) when they change as a whole. Every value is a version byte and msgpack.
"""

from typing import Annotated

import msgspec

from streams.engine.bounds import MINUTE_SLOTS
from streams.engine.counters import Ledger
from streams.engine.facts import PaneFacts

VERSION = b"\x01"
NOW, PANES, ACTORS, WATCH, CARD, MOOD, MOOD_NOW = b"n", b"p", b"a", b"w", b"c", b"m", b"s"
TAGS = (NOW, PANES, ACTORS, WATCH, CARD, MOOD, MOOD_NOW)
ENGAGEMENT, SENTIMENT = "engagement", "sentiment"
TABLE_OF = {tag: SENTIMENT if tag in (MOOD, MOOD_NOW) else ENGAGEMENT for tag in TAGS}

StoredCounts = tuple[Annotated[int, msgspec.Meta(le=(1 << 63) - 1)], ...]
"""Counts by place. Bounded here, so that one too large is blamed on the record that holds it."""
StoredScale = dict[int, StoredCounts]
"""Counts by pane, each pane's by place."""


class CorruptStateError(Exception):
    """A stored record cannot be read: `key` as stored, and `why`."""

    def __init__(self, key: bytes, why: str) -> None:
        super().__init__(f"stored state record {key!r} cannot be read: {why}")
        self.key = key
        self.why = why


class PanesRecord(msgspec.Struct, array_like=True):
    """Panes as they are stored; the sums follow from them."""

    head: int = 0
    fine: StoredScale = {}
    mid: StoredScale = {}
    coarse: StoredScale = {}


class MinuteRecord(msgspec.Struct, array_like=True):
    """An open minute as stored: counts by place, and the actor slots (of so many) in 16 bits."""

    counts: StoredCounts
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
    turn: int = 0


class Card(msgspec.Struct, array_like=True):
    """Who the creator is, as far as told, and the last polled totals.

    `tier` is the profile's, see `Creator.tier` for the one in use.
    """

    platform: str | None = None
    handle: str | None = None
    tier: str | None = None
    followers: int | None = None
    profile_at: int = -1
    followers_at: int = -1
    currencies: list[str] = []
    ledger: Ledger = msgspec.field(default_factory=Ledger)


def body(value: bytes) -> bytes:
    """A stored value without its version byte. Raises ValueError for another version."""
    if value[:1] != VERSION:
        raise ValueError(wrong_version(value))
    return value[1:]


def wrong_version(value: bytes) -> str:
    """What is wrong with a stored value that begins with another version byte."""
    return f"version {value[:1].hex() or 'missing'}, expected {VERSION.hex()}"
