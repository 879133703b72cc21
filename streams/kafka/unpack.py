"""Unpack: the records of one fetch, read whole batches at a time.

Knows how aiokafka lays out what a broker sent, and which of it a `read_committed` reader may see.
Must not know what a record means.

aiokafka takes one record at a time, and makes another object of what it took, which costs three
times as much as taking it. What it takes has all that a shard needs, and is handed on as it is.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException

from streams.engine.shard import Record


class Unpacked:
    """The records of one fetch, in the place of the `PartitionRecords` that it reads.

    `next_fetch_offset` is the position that reading has come to: also past what nobody may see.
    """

    __slots__ = ("_fetched", "next_fetch_offset")

    def __init__(self, fetched: PartitionRecords) -> None:
        self._fetched = fetched
        self.next_fetch_offset: int = fetched.next_fetch_offset

    def __iter__(self) -> Iterator[Record]:
        return iter(self._all())

    def _all(self) -> list[Record]:
        """All records from the position on. Raises CorruptRecordException."""
        fetched, position = self._fetched, self.next_fetch_offset
        found: list[Record] = []
        while fetched._records.has_next():
            batch = fetched._records.next_batch()
            if not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {fetched._tp}")
            if self._visible(batch):
                read = list(batch)
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
