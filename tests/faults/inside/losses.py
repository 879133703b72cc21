"""Losses: batches that never reach their shard, or reach it in a wrong order, now and then.

Knows the way of a batch from the agents to the seam. Must not know what mends it.
"""

import random
import time
from typing import Any

from streams.engine.shard import Batch
from streams.kafka.seam import Seam
from tests.faults.arms import Arms


def put_on(arms: Arms, every_s: float) -> None:
    """Lose or swap a batch about every so many seconds, and write down which."""
    deliver = Seam.deliver
    chance = random.Random()
    held: dict[tuple[int, str], Batch] = {}
    due = time.monotonic() + every_s

    def hooked(self: Any, partition: int, batch: Batch) -> None:
        nonlocal due
        late = held.pop((partition, batch.topic), None)
        if late is None and batch.records and time.monotonic() >= due:
            due = time.monotonic() + every_s * chance.uniform(0.5, 1.5)
            deed = chance.choice(("dropped", "swapped"))
            if deed == "swapped":
                held[partition, batch.topic] = batch
            arms.note(
                deed=deed, topic=batch.topic, partition=partition, start=batch.start, end=batch.end
            )
            return
        deliver(self, partition, batch)
        if late is not None:
            deliver(self, partition, late)

    Seam.deliver = hooked  # type: ignore[method-assign]
