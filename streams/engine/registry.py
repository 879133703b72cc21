"""Registry: the creators of a shard, what changed of them, and what waits to be published.

Knows which creators exist, in memory or only as stored bytes. Must not know events or time.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from schemas import codec
from streams.engine.creator import Creator
from streams.engine.layout import NOW
from streams.engine.stats import ShardStats

_LOOKS: Final = 2
"""Creators looked at for each that comes to life: one more would do, so that many catch up."""


class Output(NamedTuple):
    """One record to publish, by logical topic, on a given partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Registry:
    """Creators by id. About `most_live` are held as objects, the others as their stored bytes.

    Which ones rest is decided by the clock algorithm, two looks for each creator that comes to
    life: so memory is bounded by what is active, and no scan is needed.
    """

    __slots__ = (
        "dirty",
        "live",
        "most_live",
        "outputs",
        "partition",
        "partitions",
        "resting",
        "stats",
        "weight",
    )

    def __init__(self, partition: int, partitions: int, stats: ShardStats, most_live: int) -> None:
        self.partition = partition
        self.partitions = partitions
        self.stats = stats
        self.most_live = most_live
        self.live: dict[str, Creator] = {}
        self.resting: dict[str, dict[bytes, bytes]] = {}
        """The stored parts of those that are not live."""
        self.dirty: dict[str, Creator | None] = {}
        """Creators that changed since the last snapshot; None for an erased one."""
        self.outputs: list[Output] = []
        self.weight = 0
        """KiB of the outputs that hold what others wrote, which may be long."""

    def known(self) -> int:
        """How many creators there are."""
        return len(self.live) + len(self.resting)

    def get(self, creator_id: str) -> Creator | None:
        """The creator, brought to life if at rest; None if unknown. Raises CorruptStateError."""
        creator = self.live.get(creator_id)
        if creator is None and creator_id in self.resting:
            creator = Creator.from_records(creator_id, self.resting[creator_id])
            del self.resting[creator_id]
            self._enliven(creator)
        return creator

    def create(self, creator_id: str, platform: str | None) -> Creator:
        """A new creator."""
        creator = Creator(creator_id)
        creator.card.platform = platform
        creator.card_dirty = True
        if creator_id in self.dirty:
            creator.replace_stored()
        self.dirty[creator_id] = creator
        self._enliven(creator)
        return creator

    def _enliven(self, creator: Creator) -> None:
        live = self.live
        if len(live) >= self.most_live:
            for _ in range(min(_LOOKS, len(live))):
                self._look(next(iter(live)))
        live[creator.creator_id] = creator

    def _look(self, creator_id: str) -> None:
        """Lay the creator to rest if it was idle since the last look and is written as it is."""
        creator = self.live.pop(creator_id)
        if creator.idle and creator_id not in self.dirty and not creator.watch.active():
            self.resting[creator_id] = creator.stored
        else:
            creator.idle = True
            self.live[creator_id] = creator

    def erase(self, creator_id: str) -> None:
        """Forget a creator and all that is stored of it."""
        self.live.pop(creator_id, None)
        self.resting.pop(creator_id, None)
        self.dirty[creator_id] = None

    def publish(self, topic: str, key: bytes | None, record: msgspec.Struct) -> None:
        """Put a record on the shard's own partition of an outbound topic."""
        self.stats.outputs[topic] += 1
        self.outputs.append(Output(topic, key, codec.encode(record), self.partition))

    def take_dirty(self) -> Iterator[tuple[str, Creator | None]]:
        """The creators that changed; they count as unchanged from here on."""
        dirty, self.dirty = self.dirty, {}
        yield from dirty.items()

    def take_outputs(self) -> list[Output]:
        """The outputs that wait; they are the caller's from here on."""
        outputs, self.outputs = self.outputs, []
        self.weight = 0
        return outputs

    def restore(self, stored: dict[str, dict[bytes, bytes]]) -> Iterator[Creator]:
        """Take over stored creators; gives each that has anything open or due.

        Of these as many come to life as may; those with an alert that fires do in any case, to be
        seen. Raises CorruptStateError.
        """
        for creator_id, parts in stored.items():
            self.resting[creator_id] = parts
            if NOW in parts:
                creator = Creator.from_records(creator_id, parts)
                yield creator
                if len(self.live) < self.most_live or creator.watch.active():
                    self.live[creator_id] = creator
                    del self.resting[creator_id]
