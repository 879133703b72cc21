"""Instants: one moment in time, as milliseconds since the epoch inside and RFC 3339 outside.

Knows the two accepted spellings of a moment and the way between them. Must not know the present.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 in UTC, `Z` at the end")]
"""A moment in an output. A fraction of a second is written only where there is one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime | int) -> int:
    """Milliseconds since the epoch of an aware datetime (truncated) or of epoch milliseconds."""
    if instant.__class__ is int:
        return instant
    return (instant - _EPOCH) // _MILLISECOND  # type: ignore[operator]


@lru_cache(maxsize=256)  # all scores of a tick are as of the same instants
def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms` milliseconds since the epoch, exact."""
    return _EPOCH + timedelta(milliseconds=ms)
