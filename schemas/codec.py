"""Codec: bytes to records and back, with the exact place of every fault.

Knows JSON, the limits on size, and how a decoding error becomes a bounded code and a JSON path.
Must not know what happens to a faulty record.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from schemas import events, topics
from schemas.dead_letters import Code

MAX_EVENT_BYTES = 128 * 1024
"""Longest accepted value of an event."""
MAX_CAMPAIGN_BYTES = 512 * 1024
"""Longest accepted value of a campaign (rosters are long)."""

MAX_ERROR_CHARS = 300
"""Longest text of a fault: some quote the value, which may be as long as the record."""

_AT = re.compile(r" - at (?:`(?P<path>[^`]+)`|`key` in `(?P<mapping>[^`]+)`)$")
_ENTRY = re.compile(r"^\$\.(?P<field>\w+)\[\.\.\.\]$")
_MISSING = re.compile(r"^Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"^Invalid enum value")
_TYPE = re.compile(r"^(Expected `[^`]+`, got `|Invalid RFC3339|Expected `datetime` with)")

COUNTED = ("likes", "comments", "shares", "saves", "views", "followers")
"""Fields of `Counters` of which at least one must be there."""

FAULTS = (msgspec.DecodeError, RecursionError)

_encoder = msgspec.json.Encoder()


class Fault(NamedTuple):
    """Why a value was refused: a bounded code, one sentence, the JSON path (`$` is the whole)."""

    code: Code
    error: str
    path: str


_DECODERS: dict[str, msgspec.json.Decoder[object]] = {
    topic.name: msgspec.json.Decoder(topic.value) for topic in topics.INBOUND
}


def decode(topic: str, raw: bytes) -> object | Fault:
    """The event in `raw`, or the fault that keeps it out. Never raises for any bytes."""
    if len(raw) > MAX_EVENT_BYTES and len(raw) > _limit(topic):
        return _too_large(topic, raw)
    try:
        if not raw.isascii():
            raw.decode()
        event = _DECODERS[topic].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _diagnose(topic, raw, error)
    if isinstance(event, events.Counters) and not _counts(event):
        return Fault("missing_field", f"Expected at least one of {', '.join(COUNTED)}", "$")
    return event


def plain(topic: str) -> Callable[[bytes], object | None]:
    """The short way to what `decode` gives of ASCII values up to `MAX_EVENT_BYTES`; or None.

    Raises one of `FAULTS` where `decode` tells of a fault.
    """
    decode = _DECODERS[topic].decode
    if topic == topics.COUNTERS.name:
        return lambda raw: event if _counts(event := decode(raw)) else None
    return decode


def _counts(event: Any) -> bool:
    """Whether a `Counters` has at least one of `COUNTED`."""
    return (
        event.likes is not None
        or event.comments is not None
        or event.shares is not None
        or event.saves is not None
        or event.views is not None
        or event.followers is not None
    )


def _diagnose(topic: str, raw: bytes, error: Exception) -> Fault:
    """What `error`, raised while decoding `raw`, says in terms of the contract."""
    if not raw.strip():
        return Fault("empty", "Expected a JSON object, got no bytes", "$")
    if isinstance(error, UnicodeDecodeError):
        return Fault(
            "not_utf8",
            f"Expected UTF-8, got byte 0x{raw[error.start]:02x} at position {error.start}",
            "$",
        )
    if isinstance(error, RecursionError):
        return Fault("not_json", "JSON is nested too deeply", "$")
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Fault("not_json", _cut(text), "$")
    at = _AT.search(text)
    message = text[: at.start()] if at else text
    path = (at["path"] or at["mapping"] + "[...]") if at else "$"
    entry = _ENTRY.match(path)
    if entry:
        path = _name_entry(topic, raw, entry["field"])
    return Fault(_code(message, path, raw), _cut(message), _field(message, path))


def _code(message: str, path: str, raw: bytes) -> Code:
    if path == "$" and raw.strip() == b"null":
        return "unexpected_null"
    if _MISSING.match(message):
        return "missing_field"
    if _UNKNOWN.match(message):
        return "unknown_kind"
    return "wrong_type" if _TYPE.match(message) else "out_of_range"


def _field(message: str, path: str) -> str:
    missing = _MISSING.match(message)
    return f"{path}.{missing['field']}" if missing else path


def _name_entry(topic: str, raw: bytes, field: str) -> str:
    """The path of the faulty entry of the mapping `field`, whose key the decoder does not tell.

    Found by halving the mapping, so that a roster of thousands costs no more than a few decodes.
    Without the key where the rest of `raw` is no JSON.
    """
    try:
        whole = msgspec.json.decode(raw)
        suspects = list(whole[field].items())
    except (msgspec.DecodeError, RecursionError, AttributeError):
        return f"$.{field}[...]"
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        try:
            _DECODERS[topic].decode(msgspec.json.encode({**whole, field: dict(half)}))
            faulty = False
        except msgspec.ValidationError as error:
            faulty = f"`$.{field}" in str(error)
        suspects = half if faulty else suspects[len(half) :]
    return f"$.{field}[{_cut(msgspec.json.encode(suspects[0][0]).decode())}]"


def _cut(text: str) -> str:
    return (
        text
        if len(text) <= MAX_ERROR_CHARS
        else text[: MAX_ERROR_CHARS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )


def _limit(topic: str) -> int:
    return MAX_CAMPAIGN_BYTES if topic == "campaigns" else MAX_EVENT_BYTES


def _too_large(topic: str, raw: bytes) -> Fault:
    limit = _limit(topic)
    return Fault("too_large", f"Expected at most {limit} bytes, got {len(raw)}", "$")


def encode(record: msgspec.Struct) -> bytes:
    """`record` as one line of JSON."""
    return _encoder.encode(record)
