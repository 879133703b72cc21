"""The journal: every batch and every clock tick that a shard took, written in its transactions.

Knows the doors of a shard and of a checkpoint. Must not know what is done with a journal.

One record for each checkpoint, on the shard's own partition:
{"life": who wrote it, "entries": [["b", topic, start, end] | ["t", {field of the tick: value}]]}.
The records of a batch are read again from their topic.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

import streams.app
from streams.engine.shard import Batch, Snapshot, Tick
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.producer import Outgoing


class JournaledShard:
    """A shard that remembers what it took since the last snapshot, and all of it at a snapshot."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self._life = uuid.uuid4().hex
        self._entries: list[list[Any]] = []
        self.taken: bytes | None = None
        """The entries of the last snapshot, to be written with it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shard, name)

    @property
    def positions(self) -> Mapping[str, int]:
        return self._shard.positions

    def apply(self, batch: Batch) -> int | None:
        before = self._shard.positions.get(batch.topic)
        hole = self._shard.apply(batch)
        if hole is None:
            after = self._shard.positions[batch.topic]
            if before is None:
                known = batch.start if batch.start is not None else after
                before = min(known, batch.records[0].offset) if batch.records else known
            self._entries.append(["b", batch.topic, before, after])
        return hole

    def advance(self, tick: Tick) -> None:
        self._entries.append(["t", tick._asdict() | {"undrained": sorted(tick.undrained)}])
        self._shard.advance(tick)

    def dirty(self) -> int:
        return self._shard.dirty()

    def take_snapshot(self) -> Snapshot:
        entries, self._entries = self._entries, []
        self.taken = orjson.dumps({"life": self._life, "entries": entries})
        return self._shard.take_snapshot()


def put_on(topic: str) -> None:
    """Keep a journal in `topic`, by physical name."""
    make, records = streams.app.shard_restorer, Checkpointer._all_records

    def restorer(*given: Any) -> Any:
        made = make(*given)
        return lambda partition, tables: JournaledShard(made(partition, tables))

    def with_journal(self: Any, snapshot: Snapshot) -> list[Outgoing]:
        return [*records(self, snapshot), Outgoing(topic, self._partition, None, self.shard.taken)]

    streams.app.shard_restorer = restorer
    Checkpointer._all_records = with_journal  # type: ignore[method-assign]
