"""Unpack: the records of one fetch, read whole batches at a time.

Knows how aiokafka lays out what a broker sent, and which of it a `read_committed` reader may see.
Must not know what a record means.

aiokafka unpacks one record at a time, and each is watched by the garbage collector: most of all
that it looks at. A `Read` refers to nothing that could refer back, and is not watched.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException


class Read(msgspec.Struct, gc=False):
    """One record as fetched: what a shard needs of it. `timestamp` is ms, or -1."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Unpacked:
    """The records of one fetch, in the place of the `PartitionRecords` that it reads.

    `next_fetch_offset` is the position that reading has come to: also past what nobody may see.
    """

    __slots__ = ("_fetched", "next_fetch_offset")

    def __init__(self, fetched: PartitionRecords) -> None:
        self._fetched = fetched
        self.next_fetch_offset: int = fetched.next_fetch_offset

    def __iter__(self) -> Iterator[Read]:
        return iter(self._all())

    def _all(self) -> list[Read]:
        """All records from the position on. Raises CorruptRecordException."""
        fetched, position = self._fetched, self.next_fetch_offset
        found: list[Read] = []
        while fetched._records.has_next():
            batch = fetched._records.next_batch()
            if not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {fetched._tp}")
            if self._visible(batch):
                read = [
                    Read(raw.offset, raw.timestamp, raw.key, raw.value, raw.headers or ())
                    for raw in batch
                ]
                if read and read[0].offset < position:
                    # A broker sends whole batches: the first may begin before the position.
                    read = [record for record in read if record.offset >= position]
                found += read
            # That of the batch, not of its last record, which compaction may have taken away.
            position = batch.next_offset
        self.next_fetch_offset = position
        return found

    def _visible(self, batch: Any) -> bool:
        """Whether the records of a batch are there for readers: no marker, and not aborted."""
        fetched = self._fetched
        assert fetched._isolation_level == READ_COMMITTED, fetched._isolation_level
        if batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and fetched._contains_abort_marker(batch):
                fetched._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in fetched._aborted_producers:
                return False
        return not batch.is_control_batch
