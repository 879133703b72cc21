"""Hooks: what the seam tells of itself as it happens.

Knows the occasions and their arguments. Must not know who listens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.engine.shard import Batch, Snapshot
from streams.kafka.checkpoint import Failure
from streams.kafka.ports import ShardPort


def _ignore(*_args: Any) -> None:
    pass


@dataclass(frozen=True)
class Hooks:
    """What the worker wants to hear of. Each is called in the main loop and must be quick."""

    on_committed: Callable[[int, Snapshot, float], None] = _ignore
    """Partition, what was committed, seconds from the snapshot to the commit."""
    on_failed: Callable[[int, Failure], None] = _ignore
    """Partition of a checkpoint that failed, and in which way; the process is about to end."""
    on_restore_progress: Callable[[int, int, int], None] = _ignore
    """Partition, changelog offsets read, changelog offsets in all."""
    on_restored: Callable[[int, ShardPort, float], None] = _ignore
    """Partition, its shard, seconds from fencing to the shard."""
    on_dropped: Callable[[int], None] = _ignore
    """A partition that this worker owns no longer."""
    on_applied: Callable[[int, Batch], None] = _ignore
    """Partition, and a batch that its shard is about to be given."""
    on_hole: Callable[[int, str], None] = _ignore
    """Partition and topic of a batch that did not chain and is read again."""
