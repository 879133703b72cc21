"""Codec: bytes to records and back, with the exact place of every fault.

Knows JSON, the limits on size, and how a decoding error becomes a bounded code and a JSON path.
Must not know what happens to a faulty record.
"""

import re
from typing import NamedTuple

import msgspec

from schemas import events, topics
from schemas.dead_letters import Code

MAX_EVENT_BYTES = 128 * 1024
"""Longest accepted value of an event."""
MAX_CAMPAIGN_BYTES = 512 * 1024
"""Longest accepted value of a campaign (rosters are long)."""

_AT = re.compile(r" - at `(?P<path>[^`]+)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"^Invalid enum value")
_TYPE = re.compile(r"^(Expected `(?P<expected>[^`]+)`, got `[^`]+`|Invalid RFC3339)")
_COUNTED = ("likes", "comments", "shares", "saves", "views", "followers")

_encoder = msgspec.json.Encoder()


class Fault(NamedTuple):
    """Why a value was refused: a bounded code, one sentence, the JSON path (`$` is the whole)."""

    code: Code
    error: str
    path: str


Decoder = msgspec.json.Decoder[events.Event]
_DECODERS: dict[str, msgspec.json.Decoder[object]] = {
    topic.name: msgspec.json.Decoder(topic.value) for topic in topics.INBOUND
}


def decoder(topic: str) -> msgspec.json.Decoder[object]:
    """The typed decoder of an inbound topic; prefer `decode`, unless every microsecond counts."""
    return _DECODERS[topic]


def decode(topic: str, raw: bytes) -> object | Fault:
    """The event in `raw`, or the fault that keeps it out. Never raises for any bytes."""
    if len(raw) > (MAX_CAMPAIGN_BYTES if topic == "campaigns" else MAX_EVENT_BYTES):
        return _too_large(topic, raw)
    try:
        if not raw.isascii():
            raw.decode()
        event = _DECODERS[topic].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return diagnose(topic, raw, error)
    if event.__class__ is events.Counters and all(getattr(event, n) is None for n in _COUNTED):
        return Fault("missing_field", f"Expected at least one of {', '.join(_COUNTED)}", "$")
    return event


def diagnose(topic: str, raw: bytes, error: Exception) -> Fault:
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
        return Fault("not_json", text, "$")
    at = _AT.search(text)
    path = at["path"] if at else "$"
    message = text[: at.start()] if at else text
    missing = _MISSING.match(message)
    if missing:
        return Fault("missing_field", message, f"{path}.{missing['field']}")
    if _UNKNOWN.match(message):
        return Fault("unknown_kind", message, path)
    if path == "$" and message.startswith("Expected `object`") and raw.strip() == b"null":
        return Fault("unexpected_null", "Expected a JSON object, got null", "$")
    if _TYPE.match(message):
        return Fault("wrong_type", message, path)
    return Fault("out_of_range", message, path)


def _too_large(topic: str, raw: bytes) -> Fault:
    limit = MAX_CAMPAIGN_BYTES if topic == "campaigns" else MAX_EVENT_BYTES
    return Fault("too_large", f"Expected at most {limit} bytes, got {len(raw)}", "$")


def encode(record: msgspec.Struct) -> bytes:
    """`record` as one line of JSON."""
    return _encoder.encode(record)
