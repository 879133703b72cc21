"""Dead letters and late events: records that did not go the usual way, and why.

Knows what is kept of such a record. Must not know who decides.
"""

from typing import Literal

from msgspec import Raw, Struct

from schemas.instants import Instant

PAYLOAD_LIMIT = 64 * 1024
"""Bytes of the raw payload that a dead letter keeps, before base64."""

Code = Literal[
    "empty",
    "not_utf8",
    "not_json",
    "too_large",
    "wrong_type",
    "missing_field",
    "unknown_kind",
    "out_of_range",
    "unexpected_null",
    "time_future",
    "time_range",
    "misrouted",
    "processing_error",
]


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that could not be accepted.

    `path` is the JSON path of the fault (`$` is the whole value). `payload` is base64 of the first
    64 KiB of the value, null where the value was null; `payload_bytes` is its full length.
    `received_at` is the broker's timestamp of the record.
    """

    schema_version: int = 1
    topic: str
    partition: int
    offset: int
    code: Code
    error: str
    path: str
    key: str | None
    payload: bytes | None
    payload_bytes: int
    received_at: Instant


class LateEvent(Struct, frozen=True, kw_only=True):
    """An accepted event whose minute was closed already, so that its final record lacks it.

    `late_by_seconds` is the watermark minus the event's time. `applied_to_score` says whether a
    sliding window still held its time, and so counts it.
    """

    schema_version: int = 1
    topic: str
    partition: int
    offset: int
    late_by_seconds: float
    applied_to_score: bool
    watermark: Instant
    event: Raw
