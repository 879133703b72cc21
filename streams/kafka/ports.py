"""The doors of the engine that the seam uses, and what is handed through Faust's queues.

Knows the shape of a shard. Must not know what a shard computes.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from streams.engine.shard import Batch, Snapshot, Tick


class ShardPort(Protocol):
    """What the seam needs of a shard. No method awaits; an exception is fatal for the process."""

    @property
    def positions(self) -> Mapping[str, int]:
        """Next offset of each keyed inbound topic that was ever positioned, by logical name."""

    @property
    def clocks(self) -> Mapping[str, int]:
        """Highest event time read of each topic, in ms, by logical name."""

    def apply(self, batch: Batch) -> int | None:
        """Take a batch (None), or refuse a hole: the position to read again from."""

    def advance(self, tick: Tick) -> None:
        """Let time pass, as the edge tells it."""

    def dirty(self) -> int:
        """How many records a snapshot taken now would hold."""

    def take_snapshot(self) -> Snapshot:
        """One consistent cut; clears what it took."""


Tables = Mapping[str, Mapping[bytes, bytes]]
RestoreShard = Callable[[int, Tables], ShardPort]
"""Builds the shard of a partition from its restored tables (empty on a first start)."""


class Delivery(NamedTuple):
    """One batch on its way through an agent's queue, with the partition that it belongs to."""

    partition: int
    batch: Batch
