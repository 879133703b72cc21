"""Registry: the creators of a shard, what changed of them, and what waits to be published.

Knows which creators exist, in memory or only as stored bytes. Must not know events or time.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schemas import codec
from streams.engine.creator import NOW, Creator
from streams.engine.stats import ShardStats


class Output(NamedTuple):
    """One record to publish, by logical topic, on a given partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Registry:
    """Creators by id. Those without anything open stay as bytes until they are touched."""

    __slots__ = ("dirty", "live", "outputs", "partition", "partitions", "stats", "stored", "weight")

    def __init__(self, partition: int, partitions: int, stats: ShardStats) -> None:
        self.partition = partition
        self.partitions = partitions
        self.stats = stats
        self.live: dict[str, Creator] = {}
        self.stored: dict[str, dict[bytes, bytes]] = {}
        self.dirty: dict[str, Creator | None] = {}
        """Creators that changed since the last snapshot; None for an erased one."""
        self.outputs: list[Output] = []
        self.weight = 0
        """KiB of the outputs that hold what others wrote, which may be long."""

    def known(self) -> int:
        """How many creators there are."""
        return len(self.live) + len(self.stored)

    def get(self, creator_id: str) -> Creator | None:
        """The creator, brought to life if only stored; None if unknown."""
        creator = self.live.get(creator_id)
        if creator is None and creator_id in self.stored:
            creator = Creator.from_records(creator_id, self.stored.pop(creator_id))
            self.live[creator_id] = creator
        return creator

    def create(self, creator_id: str, platform: str | None) -> Creator:
        """A new creator."""
        creator = Creator(creator_id)
        creator.card.platform = platform
        creator.card_dirty = True
        if creator_id in self.dirty:
            creator.replace_stored()
        self.live[creator_id] = creator
        self.dirty[creator_id] = creator
        return creator

    def erase(self, creator_id: str) -> None:
        """Forget a creator and all that is stored of it."""
        self.live.pop(creator_id, None)
        self.stored.pop(creator_id, None)
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

    def restore(self, stored: dict[str, dict[bytes, bytes]]) -> None:
        """Take over stored creators; those with anything open come to life."""
        for creator_id, parts in stored.items():
            if NOW in parts:
                self.live[creator_id] = Creator.from_records(creator_id, parts)
            else:
                self.stored[creator_id] = parts
