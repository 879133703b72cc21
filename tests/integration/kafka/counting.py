"""A shard that only counts: the smallest thing the seam can carry, with everything observable.

State in `engagement`: per key the count of its records; the shard record holds the positions.
Each record is told on `engagement-windows` (key, offset, topic), so that readers can count twice.
"""

import json
import os
import time
from collections.abc import Mapping

from streams.engine.intake import ProcessingError
from streams.engine.poison import is_poison_note
from streams.engine.registry import Output
from streams.engine.shard import Batch, Snapshot, Tick
from streams.kafka.options import SHARD_RECORD_KEY


class CountingShard:
    """Counts records by key. `blob` bytes are added to each state record, to make it large."""

    def __init__(self, partition: int, tables: Mapping[str, Mapping[bytes, bytes]]) -> None:
        state = tables.get("engagement", {})
        self.partition = partition
        self._notes = [key for key in state if is_poison_note(key)]
        own = {SHARD_RECORD_KEY, *self._notes}
        self.counts = {k: json.loads(v)["n"] for k, v in state.items() if k not in own}
        record = state.get(SHARD_RECORD_KEY)
        self._positions: dict[str, int] = json.loads(record) if record else {}
        self._changed: set[bytes] = set()
        self._outputs: list[Output] = []
        self._moved = False
        self.ticks: list[Tick] = []
        self.blob = int(os.environ.get("SEAM_BLOB", "0"))

    @property
    def positions(self) -> Mapping[str, int]:
        return self._positions

    @property
    def clocks(self) -> Mapping[str, int]:
        return {}

    def apply(self, batch: Batch) -> int | None:
        at = self._positions.get(batch.topic)
        if at is None:
            at = batch.start if batch.start is not None else batch.end
        elif batch.start is None or batch.start > at:
            return at
        for record in batch.records:
            if record.offset < at:
                continue
            if record.value == b"explode":
                if not self._notes:
                    raise ProcessingError(batch.topic, record.offset) from ValueError("no bearing")
                continue
            key = record.key or b""
            self.counts[key] = self.counts.get(key, 0) + 1
            self._changed.add(key)
            told = json.dumps([batch.topic, self.partition, record.offset]).encode()
            self._outputs.append(Output("engagement-windows", key, told, self.partition))
        self._positions[batch.topic] = max(at, batch.end)
        self._moved = True
        return None

    def advance(self, tick: Tick) -> None:
        self.ticks = [*self.ticks[-9:], tick]

    def dirty(self) -> int:
        return len(self._changed) + len(self._outputs)

    def take_snapshot(self) -> Snapshot:
        blob = "x" * self.blob
        engagement: dict[bytes, bytes | None] = {
            key: json.dumps({"n": self.counts[key], "blob": blob}).encode() for key in self._changed
        }
        engagement[SHARD_RECORD_KEY] = json.dumps(self._positions).encode()
        for key in self._notes:
            engagement[key] = None
        outputs, self._outputs, self._changed = self._outputs, [], set()
        return Snapshot({"engagement": engagement, "sentiment": {}}, outputs, dict(self._positions))


def restore_counting(partition: int, tables: Mapping[str, Mapping[bytes, bytes]]) -> CountingShard:
    """Build the shard, after a pause of SEAM_RESTORE_SECONDS seconds."""
    time.sleep(float(os.environ.get("SEAM_RESTORE_SECONDS", "0")))
    return CountingShard(partition, tables)
