"""Stored: what the records of a shard's state are, told by their keys and shown in plain values.

Knows tags, keys and types of what is stored. Must not know where it is stored, and changes nothing.
"""

import base64
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from schemas.instants import from_ms
from streams.engine import counts, dedup, layout, panes, poison
from streams.engine.creator import Creator
from streams.engine.detours import Spans
from streams.engine.layout import CorruptStateError
from streams.engine.own import RING_TAG, SHARD_KEY, ShardRecord, ring_page, shard_record
from streams.engine.watch import Watch

KINDS = {
    layout.NOW: "now",
    layout.PANES: "panes",
    layout.ACTORS: "actors",
    layout.WATCH: "watch",
    layout.CARD: "card",
    layout.MOOD: "mood",
    layout.MOOD_NOW: "mood_now",
}
"""What each part of a creator is called, by its tag."""
SHARD, DUPLICATES, POISON, UNKNOWN = "shard", "duplicates", "poison", "unknown"
OWN_KINDS = (SHARD, DUPLICATES, POISON)
"""Records of the shard itself."""

_LATE = frozenset((layout.MOOD, layout.MOOD_NOW))
_SIZES = {"fine": 1, "mid": panes.MID, "coarse": panes.COARSE}
_DECODERS: dict[bytes, msgspec.msgpack.Decoder[Any]] = {
    layout.NOW: msgspec.msgpack.Decoder(layout.NowRecord),
    layout.PANES: msgspec.msgpack.Decoder(layout.PanesRecord),
    layout.WATCH: msgspec.msgpack.Decoder(Watch),
    layout.CARD: msgspec.msgpack.Decoder(layout.Card),
    layout.MOOD: msgspec.msgpack.Decoder(layout.PanesRecord),
    layout.MOOD_NOW: msgspec.msgpack.Decoder(layout.StoredScale),
}
_encode = msgspec.msgpack.Encoder().encode
_note = msgspec.msgpack.Decoder(poison.Note)


class Named(NamedTuple):
    """What a record is; `creator_id` is None for a record of the shard's own."""

    kind: str
    creator_id: str | None


def named(key: bytes) -> Named:
    """What the record under `key` is."""
    if key == SHARD_KEY:
        return Named(SHARD, None)
    if key.startswith(RING_TAG):
        return Named(DUPLICATES, None)
    if poison.is_poison_note(key):
        return Named(POISON, None)
    try:
        return Named(KINDS[key[:1]], key[1:].decode())
    except (KeyError, UnicodeDecodeError):
        return Named(UNKNOWN, None)


def keys_of(creator_id: str) -> list[tuple[str, bytes]]:
    """(table, key) of every record that a creator may have."""
    return [(layout.TABLE_OF[tag], tag + creator_id.encode()) for tag in layout.TAGS]


def stored_record(record: ShardRecord) -> bytes:
    """A shard's own record as it is stored."""
    return layout.VERSION + _encode(record)


def new_shard_record(
    positions: Mapping[str, int], settled: Spans, floor: Mapping[str, int], partitions: int
) -> bytes:
    """The record of a shard that knows nothing but where to read on (see `ShardRecord`)."""
    ring = dedup.DuplicateFilter(1).capacity
    at = dict(positions)
    return stored_record(
        ShardRecord(at, {}, None, 0, 0, ring, dict(at), settled, dict(floor), partitions)
    )


def plain(key: bytes, value: bytes) -> Any:
    """A record as values that JSON can hold, fields by name. Raises CorruptStateError.

    That it can be shown does not mean that a worker takes it: see `faults`.
    """
    kind = named(key).kind
    if kind == UNKNOWN:
        raise CorruptStateError(key, f"unknown tag {key[:1]!r}")
    if kind == SHARD:
        return _plain(shard_record(value))
    if kind == POISON:
        return _plain(_decoded(key, value, _note))
    if kind in {DUPLICATES, KINDS[layout.ACTORS]}:
        size = 8 if kind == DUPLICATES else 2
        raw = _body(key, value)
        if len(raw) % size:
            raise CorruptStateError(key, f"its length is no multiple of {size}")
        numbers = array("Q" if kind == DUPLICATES else "H", raw)
        return {"slots": len(numbers), "occupied": len(numbers) - numbers.count(0)}
    record = _decoded(key, value, _DECODERS[key[:1]])
    if key[:1] == layout.MOOD_NOW:
        return _scale(record, 1, counts.MOODS)
    return _plain(record, counts.MOODS if key[:1] in _LATE else counts.NAMES)


def faults(records: Mapping[bytes, bytes]) -> dict[bytes, str]:
    """The records of one table that a worker would refuse, with what is wrong with each."""
    found: dict[bytes, str] = {}
    parts: dict[str, dict[bytes, bytes]] = {}
    own: ShardRecord | None = None
    with suppress(CorruptStateError):
        own = shard_record(records.get(SHARD_KEY, b""))
    for key, value in records.items():
        kind, creator_id = named(key)
        if creator_id is not None:
            parts.setdefault(creator_id, {})[key[:1]] = value
            continue
        try:
            plain(key, value)
            if kind == DUPLICATES and own is not None:
                ring_page(own, key, value)
        except CorruptStateError as error:
            found[key] = error.why
    for creator_id, stored in parts.items():
        found |= dict(_faults_of(creator_id, stored))
    return found


def _faults_of(creator_id: str, parts: dict[bytes, bytes]) -> Iterable[tuple[bytes, str]]:
    while parts:
        try:
            Creator.from_records(creator_id, parts)
        except CorruptStateError as error:
            yield error.key, error.why
            parts = {tag: value for tag, value in parts.items() if tag != error.key[:1]}
        else:
            return


def _body(key: bytes, value: bytes) -> bytes:
    try:
        return layout.body(value)
    except ValueError as error:
        raise CorruptStateError(key, str(error)) from error


def _decoded(key: bytes, value: bytes, decoder: "msgspec.msgpack.Decoder[Any]") -> Any:
    try:
        return decoder.decode(_body(key, value))
    except (msgspec.DecodeError, ValueError) as error:
        raise CorruptStateError(key, str(error)) from error


def _plain(value: Any, names: tuple[str, ...] = ()) -> Any:
    if isinstance(value, layout.PanesRecord):
        scales = {name: _scale(getattr(value, name), n, names) for name, n in _SIZES.items()}
        return {"head": _instant(value.head), **scales}
    if isinstance(value, layout.NowRecord):
        fields = {name: _plain(getattr(value, name), names) for name in value.__struct_fields__}
        return fields | {"since": _scale(value.since, 1, names)}
    if isinstance(value, layout.MinuteRecord):
        return {"counts": _counts(value.counts, names), "actors": len(value.actors) // 2}
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name), names) for name in value.__struct_fields__}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(field, names) for name, field in value._asdict().items()}
    if isinstance(value, dict):
        return {str(name): _plain(field, names) for name, field in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(element, names) for element in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _scale(scale: layout.StoredScale, size: int, names: tuple[str, ...]) -> dict[str, Any]:
    return {_instant(pane * size): _counts(found, names) for pane, found in sorted(scale.items())}


def _counts(found: Sequence[int], names: tuple[str, ...]) -> dict[str, int]:
    return {
        names[place] if place < len(names) else str(place): count
        for place, count in enumerate(found)
        if count
    }


def _instant(fine: int) -> str:
    try:
        return from_ms(fine * panes.FINE_MS).isoformat()
    except OverflowError:
        return f"pane {fine}"
