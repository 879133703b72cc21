"""A shard without Kafka: events in, published records out, time told by the events.

Knows how to turn events into chained batches and ticks, as a live edge would that is never behind.
It does not model partitions that move, failed checkpoints or brokers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import msgspec

from schemas import topics
from schemas.events import Campaign
from schemas.partitioning import partition_for
from streams.engine.roster import Roster
from streams.engine.sentiment import Analyser, load_default
from streams.engine.shard import Batch, Shard, ShardConfig, Tick

Item = tuple[int, str, Mapping[str, Any]]
"""(event time in ms, topic, event): what simulators yield, in time order."""
Waiting = list[tuple[int, bytes | None, bytes | None]]
"""(timestamp, key, value) of records that are not delivered yet."""
Committed = tuple[list[dict[str, dict[bytes, bytes]]], dict[tuple[int, str], int]]
"""The stored tables of each partition, and the next offset of each partition's topics."""


_ANALYSER = load_default()
_INBOUND = frozenset(topic.name for topic in topics.INBOUND)


class Raw(NamedTuple):
    """A record as a consumer would hand it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class ShardDriver:
    """Feeds shards and keeps what they publish, by topic, decoded.

    `replayed` as by `--clock events`: the time of day stands still, and only events move time.
    Another `analyser` may be set later: shards get it with the next crash.
    """

    def __init__(
        self,
        config: ShardConfig | None = None,
        *,
        partitions: int = 1,
        replayed: bool = False,
        analyser: Analyser = _ANALYSER,
    ) -> None:
        self.analyser = analyser
        self._replayed = replayed
        self.config = config or ShardConfig(partitions=partitions)
        self.roster = Roster()
        self.shards = [
            Shard(p, self.config, analyser, self.roster) for p in range(self.config.partitions)
        ]
        self.tables: list[dict[str, dict[bytes, bytes]]] = [
            {"engagement": {}, "sentiment": {}} for _ in self.shards
        ]
        self.published: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.latest: dict[str, dict[bytes, dict[str, Any]]] = defaultdict(dict)
        self.now_ms = 0
        self._offsets: dict[tuple[int, str], int] = defaultdict(int)

    def committed(self) -> Committed:
        """What a worker would find after its end: tables and positions, as they are now."""
        return deepcopy((self.tables, self._offsets))

    def go_back(self, to: Committed) -> None:
        """Go on from what was committed then, with nothing published since."""
        self.tables, self._offsets = deepcopy(to)
        self.published.clear()
        self.crash()

    def batch(self, partition: int, topic: str, records: Waiting) -> Batch:
        """A chained batch of (timestamp, key, value)."""
        start = self._offsets[partition, topic]
        raws = [Raw(start + i, at, key, value) for i, (at, key, value) in enumerate(records)]
        self._offsets[partition, topic] = end = start + len(raws)
        return Batch(topic, start, raws, end)

    def send(
        self,
        topic: str,
        event: Mapping[str, Any] | bytes | None,
        at_ms: int,
        *,
        key: bytes | None = None,
        partition: int | None = None,
    ) -> None:
        """One record, at once, on its right partition or on the one given."""
        value = event if event is None or isinstance(event, bytes) else msgspec.json.encode(event)
        if key is None and isinstance(event, Mapping):
            key = str(event["creator_id"]).encode()
        if partition is None:
            partition = partition_for(key or b"", self.config.partitions)
        self.shards[partition].apply(self.batch(partition, topic, [(at_ms, key, value)]))

    def tick(
        self, now_ms: int, undrained: frozenset[str] = frozenset(), *, frozen: bool = False
    ) -> None:
        """Let time pass for all shards, and take a checkpoint."""
        self._advance(now_ms, undrained, frozen=frozen)
        self.checkpoint()

    def _advance(self, now_ms: int, undrained: frozenset[str], *, frozen: bool) -> None:
        self.now_ms = now_ms
        for shard in self.shards:
            shard.advance(Tick(0 if self._replayed else now_ms, undrained, frozen))

    def checkpoint(self) -> None:
        """Take each shard's snapshot, store its state and keep what it publishes."""
        for partition, shard in enumerate(self.shards):
            snapshot = shard.take_snapshot()
            for table, records in snapshot.tables.items():
                stored = self.tables[partition][table]
                for key, value in records.items():
                    if value is None:
                        stored.pop(key, None)
                    else:
                        stored[key] = value
            for output in snapshot.outputs:
                if output.topic in _INBOUND:
                    self._forward(output.topic, output.partition, output)
                    continue
                if output.value is None:
                    self.latest[output.topic].pop(output.key or b"", None)
                    continue
                record = msgspec.json.decode(output.value)
                self.published[output.topic].append(record)
                if output.key is not None:
                    self.latest[output.topic][output.key] = record

    def _forward(self, topic: str, partition: int, output: Any) -> None:
        start = self._offsets[partition, topic]
        self._offsets[partition, topic] = start + 1
        raw = Raw(start, self.now_ms, output.key, output.value, output.headers)
        self.shards[partition].apply(Batch(topic, start, [raw], start + 1))

    def crash(self) -> None:
        """Forget everything in memory and restore every shard from what was stored."""
        self.shards = [
            Shard.restore(p, self.config, self.tables[p], self.analyser, self.roster)
            for p in range(len(self.shards))
        ]

    def run(self, items: Iterable[Item], *, step_ms: int = 10_000) -> None:
        """Feed items in time order, a batch for each topic and `step_ms`, a tick after each.

        A checkpoint is taken after every 30 ticks, and after the last.
        """
        waiting: dict[tuple[int, str], Waiting] = defaultdict(list)
        until: int | None = None
        ticks = 0
        for at, topic, event in items:
            if until is None:
                until = at // step_ms * step_ms + step_ms
            while at >= until:
                self._deliver(waiting)
                self._advance(until, frozenset(), frozen=False)
                ticks += 1
                if ticks % 30 == 0:
                    self.checkpoint()
                until = (
                    at // step_ms * step_ms + step_ms
                    if not waiting and at > until + 60_000
                    else until + step_ms
                )
            campaign = topic == "campaigns"
            if campaign:
                self.roster.put(msgspec.convert(event, Campaign))
            key = str(event["campaign_id" if campaign else "creator_id"]).encode()
            partition = 0 if campaign else partition_for(key, self.config.partitions)
            waiting[partition, topic].append((at, key, msgspec.json.encode(event)))
        self._deliver(waiting)
        if until is not None:
            self.tick(until)

    def settle(self, seconds: int = 120) -> None:
        """Let a quiet stream close its windows: time passes, nothing arrives."""
        for _ in range(seconds):
            self.tick(self.now_ms + 1_000)

    def _deliver(self, waiting: dict[tuple[int, str], Waiting]) -> None:
        for (partition, topic), records in waiting.items():
            hole = self.shards[partition].apply(self.batch(partition, topic, records))
            assert hole is None, f"a chained batch of {topic} was refused at {hole}"
        waiting.clear()
