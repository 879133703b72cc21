"""The cluster as seen from outside: positions, lag, open transactions, and the raw log.

Knows Kafka's protocol as far as it tells what a fault has hit. Must not know workers as processes.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

INBOUND = (
    "posts",
    "likes",
    "comments",
    "shares",
    "follows",
    "clicks",
    "conversions",
    "counters",
    "creators",
)

_LATEST = -1
_UNCOMMITTED, _COMMITTED = 0, 1
_KIND = struct.Struct(">hh")
"""Version and kind (0 abort, 1 commit) of a transaction marker's key."""


class OpenTransaction(NamedTuple):
    """Records at and after `offset` of a topic-partition belong to an open transaction."""

    topic: str
    partition: int
    offset: int


class Marker(NamedTuple):
    """How a transaction ended: the marker's offset, its producer, and `abort` or `commit`."""

    offset: int
    producer_id: int
    kind: str


class Cluster:
    """Answers about one deployment; an async context manager."""

    def __init__(self, bootstrap: str, app_id: str, prefix: str, partitions: int) -> None:
        self.app_id = app_id
        self.prefix = prefix
        self.inbound = [
            TopicPartition(prefix + topic, partition)
            for topic in INBOUND
            for partition in range(partitions)
        ]
        self._changelog = f"{app_id}-engagement-changelog"
        self._partitions = partitions
        self._client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
        self.admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)

    async def __aenter__(self) -> Self:
        await self._client.bootstrap()
        await self.admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self.admin.close()

    async def lag(self, partitions: Iterable[int] | None = None) -> int:
        """Inbound records behind the group's committed positions, on some partitions or all."""
        wanted = set(range(self._partitions) if partitions is None else partitions)
        ends = await self.ends(self.inbound, _UNCOMMITTED)
        positions = await self.positions()
        return sum(
            end - max(0, positions.get(tp, 0)) for tp, end in ends.items() if tp.partition in wanted
        )

    async def positions(self) -> dict[TopicPartition, int]:
        """The group's committed positions."""
        told = await self.admin.list_consumer_group_offsets(self.app_id)
        return {tp: offset.offset for tp, offset in told.items() if offset.offset >= 0}

    async def members(self) -> int:
        """How many members the group has now."""
        (answer,) = await self.admin.describe_consumer_groups([self.app_id])
        return len(answer.groups[0][5])

    async def open_transactions(
        self, partitions: Iterable[int], topic: str | None = None
    ) -> list[OpenTransaction]:
        """The transactions that have written to `topic` (state, by default) and are not ended.

        The end of the log is asked for first: what was there then and is behind the last stable
        offset afterwards belongs to a transaction that is open still.
        """
        name = self.prefix + topic if topic else self._changelog
        places = [TopicPartition(name, partition) for partition in partitions]
        ends = await self.ends(places, _UNCOMMITTED)
        stable = await self.ends(places, _COMMITTED)
        return [OpenTransaction(*tp, stable[tp]) for tp in places if stable[tp] < ends[tp]]

    async def ending(self, transaction: OpenTransaction) -> Marker | None:
        """The marker that ended a transaction, read from the raw log; None while it is open."""
        producer = None
        place = TopicPartition(transaction.topic, transaction.partition)
        offset = transaction.offset
        (end,) = (await self.ends([place], _UNCOMMITTED)).values()
        while offset < end:
            for batch in await self._batches(place, offset):
                offset = max(offset, batch.next_offset)
                if batch.next_offset <= transaction.offset:
                    continue
                if producer is None:
                    producer = batch.producer_id
                if batch.is_control_batch and batch.producer_id == producer:
                    (record,) = batch
                    _, kind = _KIND.unpack(record.key)
                    return Marker(record.offset, producer, "commit" if kind else "abort")
        return None

    async def _batches(self, place: TopicPartition, offset: int) -> list[DefaultRecordBatch]:
        request = FetchRequest(
            500,
            1,
            8 << 20,
            _UNCOMMITTED,
            [(place.topic, [(place.partition, offset, 8 << 20)])],
            rack_id="",
        )
        answer = await self._client.send(self._client.get_random_node(), request)
        ((_, ((_, error, *_, raw),)),) = answer.topics
        assert error == 0, f"cannot read {place} at {offset}: error {error}"
        records, batches = MemoryRecords(raw), []
        while records.has_next():
            batch = records.next_batch()
            assert isinstance(batch, DefaultRecordBatch)
            batches.append(batch)
        return batches

    async def ends(
        self, partitions: Iterable[TopicPartition], isolation: int = _UNCOMMITTED
    ) -> dict[TopicPartition, int]:
        """Where each log ends, by the high watermark or the last stable offset."""
        topics: dict[str, list[tuple[int, int]]] = {}
        for tp in partitions:
            topics.setdefault(tp.topic, []).append((tp.partition, _LATEST))
        request = OffsetRequest(-1, isolation, list(topics.items()))
        answer = await self._client.send(self._client.get_random_node(), request)
        ends = {}
        for topic, told in answer.topics:
            for partition, error, _, offset in told:
                assert error == 0, f"no end of {topic}/{partition}: error {error}"
                ends[TopicPartition(topic, partition)] = offset
        return ends
