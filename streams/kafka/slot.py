"""Slot: one owned partition, with all that works for it.

Knows what belongs together. Must not know who drives it.
"""

import asyncio
from dataclasses import dataclass, field

from streams.kafka.checkpoint import Checkpointer
from streams.kafka.convoy import Convoy
from streams.kafka.ports import ShardPort
from streams.kafka.producer import PartitionProducer


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
    task: asyncio.Task[None] | None = None
