"""Sabotage: one mechanism of exactness taken out, to show that the campaign sees what it is for.

Knows where each mechanism sits. Must not know how its absence is found.
"""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiokafka

import streams.app
from streams.engine.shard import Batch
from streams.kafka import chain, restore
from streams.kafka.checkpoint import Checkpointer, _within
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import PartitionProducer


def without(what: str) -> None:
    """Take out `what`. Raises KeyError for what is not there."""
    SWITCHES[what]()


class _Unchained:
    """A shard to which every batch is said to begin where the shard stands."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shard, name)

    def apply(self, batch: Batch) -> int | None:
        position = self._shard.positions.get(batch.topic)
        if position is not None:
            batch = batch._replace(start=position)
        return self._shard.apply(batch)


def _chain() -> None:
    make = streams.app.shard_restorer

    def unchained(*given: Any) -> Any:
        made = make(*given)
        return lambda partition, tables: _Unchained(made(partition, tables))

    streams.app.shard_restorer = unchained


def _fencing() -> None:
    # Every process has ids of its own, so that it fences nobody and is fenced by nobody.
    named = KafkaOptions.transactional_id
    KafkaOptions.transactional_id = (  # type: ignore[method-assign]
        lambda self, partition: f"{named(self, partition)}-{os.getpid()}"
    )


def _transaction() -> None:
    async def start(self: Any) -> None:
        await self._start(self._make(enable_idempotence=True))

    async def write(self: Any, snapshot: Any, deadline: float) -> None:
        await self._deliver(self._all_records(snapshot), deadline)
        if moved := self._moved(snapshot):
            await _within(deadline, self._commit_group(moved))

    PartitionProducer.start = start  # type: ignore[method-assign]
    Checkpointer._write_transaction = write  # type: ignore[method-assign]


def _send_futures() -> None:
    async def deliver(self: Any, records: Any, deadline: float) -> None:
        await _within(deadline, self.writer.submit(records))

    Checkpointer._deliver = deliver  # type: ignore[method-assign]


def _read_committed() -> None:
    def uncommitted(*args: Any, **options: Any) -> Any:
        return aiokafka.AIOKafkaConsumer(*args, **options | {"isolation_level": "read_uncommitted"})

    restore.AIOKafkaConsumer = uncommitted  # type: ignore[assignment,misc]
    chain.aiokafka = SimpleNamespace(AIOKafkaConsumer=uncommitted)  # type: ignore[assignment]


SWITCHES: dict[str, Callable[[], None]] = {
    "chain": _chain,
    "fencing": _fencing,
    "transaction": _transaction,
    "send-futures": _send_futures,
    "read-committed": _read_committed,
}
