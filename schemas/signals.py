"""Signals: what one partition has seen of a whole platform, for the one that puts all together.

Knows the fields of a signal, on `fleet-signals`. Must not know what is concluded.
"""

from typing import Annotated

from msgspec import Meta

from schemas.events import Envelope, Moment

HOME = "platform:"
"""A platform's signals are of the creator with this before the platform's name, who is none."""
Amount = Annotated[float, Meta(ge=0, le=1e15)]


class FleetSignal(Envelope, frozen=True, kw_only=True):
    """Events of `platform` on `partition` in the minute that ended at `occurred_at`.

    Workers write it to each other: while hardly anything comes (`low_since`), at the end of that,
    and now and then besides. `got` came where `expected` was usual; of one creator no more counts
    than of some usual ones.
    """

    partition: Annotated[int, Meta(ge=0, le=1_000_000)]
    got: Amount
    expected: Amount
    low_since: Moment | None = None
