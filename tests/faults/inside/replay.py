"""`python -m tests.faults.inside.replay OUT`: the journal, replayed through an undisturbed core.

Knows how a journal is read and fed to shards that never crash, move or lose anything. Must not know
what workers have written: that is compared elsewhere.

OUT gets {"windows": [...], "alerts": [...], "scores": {creator: record}, "events": n,
"faults": [what is wrong with the journal itself]}.
"""

import asyncio
import os
import sys
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas import topics
from streams.app import shard_config
from streams.engine.sentiment import load_default
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from streams.settings import Settings
from tests.faults.outputs import span

_KEPT = ("engagement-windows", "alerts", "engagement-scores")


class Undisturbed:
    """One shard, fed with a partition's journal; `found` holds what it publishes."""

    def __init__(self, partition: int, config: ShardConfig, found: dict[str, Any]) -> None:
        self._partition = partition
        self._shard = Shard(partition, config, load_default())
        self._found = found
        self._life = ""
        self._reached: dict[str, int] = {}

    def feed(self, chapter: dict[str, Any], logs: dict[str, "Log"]) -> None:
        """One checkpoint's entries."""
        if self._life != chapter["life"]:
            # Another worker went on from here: how much time passed meanwhile is not known.
            self._shard._watermark.told = None
            self._life = chapter["life"]
        for kind, *entry in chapter["entries"]:
            if kind == "t":
                (tick,) = entry
                undrained = frozenset(tick["undrained"])
                self._shard.advance(Tick(**tick | {"undrained": undrained}))
            else:
                self._take(*entry, logs)
        self._publish()

    def _take(self, topic: str, start: int, end: int, logs: dict[str, "Log"]) -> None:
        reached = self._reached.get(topic, start)
        if start != reached:
            self._wrong(f"{topic}[{self._partition}]: {start} follows {reached}")
        self._reached[topic] = end
        if (
            hole := self._shard.apply(Batch(topic, start, logs[topic].between(start, end), end))
        ) is not None:
            self._wrong(f"{topic}[{self._partition}]: a hole at {hole}")

    def _publish(self) -> None:
        for output in self._shard.take_snapshot().outputs:
            if output.topic not in _KEPT or output.value is None:
                continue
            record = orjson.loads(output.value)
            if output.topic == "engagement-scores":
                self._found["scores"][record["creator_id"]] = record
            else:
                self._found[output.topic.removeprefix("engagement-")].append(record)

    def finish(self, ends: dict[str, int]) -> None:
        """Nothing of a log may be missing in the journal."""
        for topic, end in ends.items():
            reached = self._reached.get(topic, 0)
            # The last offset may be a marker, which a reader reaches with the next record only.
            if end and reached < end:
                self._wrong(f"{topic}[{self._partition}]: {reached} of {end} offsets are covered")

    def _wrong(self, what: str) -> None:
        self._found["faults"].append(what)


class Log:
    """The records of one topic-partition, by offset."""

    def __init__(self, records: list[ConsumerRecord]) -> None:
        self._records = records
        self._offsets = [record.offset for record in records]

    def between(self, start: int, end: int) -> list[ConsumerRecord]:
        return self._records[bisect_left(self._offsets, start) : bisect_left(self._offsets, end)]

    @property
    def end(self) -> int:
        return self._offsets[-1] + 1 if self._offsets else 0


async def replay(settings: Settings, journal: str) -> dict[str, Any]:
    """All partitions, one after another."""
    found: dict[str, Any] = defaultdict(list, scores={}, windows=[], alerts=[], faults=[], events=0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:

        async def whole(name: str, partition: int) -> list[ConsumerRecord]:
            tp = TopicPartition(name, partition)
            starts, ends = await consumer.beginning_offsets([tp]), await consumer.end_offsets([tp])
            return await span(consumer, tp, starts[tp], ends[tp])

        for partition in range(settings.partitions):
            logs = {
                topic.name: Log(await whole(topic.physical(settings.topic_prefix), partition))
                for topic in topics.INBOUND
                if topic.shared_partitions or partition == 0
            }
            shard = Undisturbed(partition, shard_config(settings), found)
            for record in await whole(journal, partition):
                shard.feed(orjson.loads(record.value), logs)
            shard.finish({name: log.end for name, log in logs.items() if name != "campaigns"})
            found["events"] += shard._shard.stats.accepted.total()
    finally:
        await consumer.stop()
    return found


def main() -> None:
    """Replay what the environment (PULSE_*, FAULTS_JOURNAL) names."""
    settings = Settings.from_env()
    found = asyncio.run(replay(settings, os.environ["FAULTS_JOURNAL"]))
    Path(sys.argv[1]).write_bytes(orjson.dumps(found))


if __name__ == "__main__":
    main()
