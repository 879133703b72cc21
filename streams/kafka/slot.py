"""Slot: one owned partition, with all that works for it.

Knows what belongs together. Must not know who drives it.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

from streams.engine.shard import Tick
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.convoy import Convoy
from streams.kafka.ports import ShardPort
from streams.kafka.producer import PartitionProducer

_CONGESTED = 4
"""Times the number of changes that calls for a checkpoint: from there on, reading waits for it."""
_BACKLOG_MS = 60_000
"""Event time behind the clock from which on unread records are a backlog."""
_STRETCH = 8
_GOLDEN = 0.618
"""The golden ratio's fraction: its multiples lie well apart, however many they are."""


@dataclass
class Slot:
    """One owned partition."""

    partition: int
    shard: ShardPort
    producer: PartitionProducer
    checkpointer: Checkpointer
    convoy: Convoy
    first_start: bool
    kick: asyncio.Event = field(default_factory=asyncio.Event)
    suspended: bool = True
    retired: bool = False
    releasing: bool = False
    told_ms: int = 0
    """Event time that had been read when the shard was last told the time."""
    hurried: bool = False
    """Whether it works off a backlog."""
    task: asyncio.Task[None] | None = None
    since: float = field(default_factory=time.monotonic)

    def told(self, tick: Tick) -> None:
        """Take note of how far the shard has come when it is told this."""
        self.told_ms = max(self.shard.clocks.values(), default=0)
        self.hurried = bool(tick.undrained) and tick.now_ms - self.told_ms > _BACKLOG_MS

    def congested(self, max_dirty: int) -> bool:
        """Whether checkpoints cannot keep up; `max_dirty` changes call for one."""
        return self.shard.dirty() >= max_dirty * _CONGESTED

    def left(self, interval: float, now: float) -> float:
        """Seconds until the next checkpoint, of which there is one in `interval` seconds.

        In a backlog there are fewer: nobody waits for its scores, and it is worked off sooner.
        Partitions that were taken over together have phases apart, so that their work is, too.
        """
        if self.hurried:
            interval *= _STRETCH
        phase = self.since + self.partition * _GOLDEN % 1.0 * interval
        return interval - max(now - phase, 0.0) % interval

    async def due(self, interval: float) -> None:
        """Wait until a checkpoint is asked for, or its time has come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.left(interval, time.monotonic())):
                await self.kick.wait()
        self.kick.clear()
