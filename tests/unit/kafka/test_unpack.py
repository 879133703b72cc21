"""What is read of a fetch is what aiokafka reads of it, at once."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.kafka.unpack import Unpacked

LIKES = TopicPartition("likes", 3)
ABORT = struct.pack(">hh", 0, 0)
COMMIT = struct.pack(">hh", 0, 1)
_BASE, _CRC, _ATTRIBUTES = 0, 17, 21
_CONTROL = 0x20


def batch(
    first: int, values: Sequence[bytes | None], *, producer: int = -1, transactional: bool = False
) -> bytearray:
    """Records from the offset `first` on, as a broker would send them."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=transactional,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 16,
    )
    for at, value in enumerate(values):
        builder.append(at, 1_000 + at, b"key-%d" % at, value, [("sent", b"on")] if at % 2 else [])
    raw = builder.build()
    struct.pack_into(">q", raw, _BASE, first)
    return raw


def marker(at: int, producer: int, kind: bytes) -> bytearray:
    """The end of a producer's transaction, at the offset `at`."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=True,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=-1,
        batch_size=1 << 10,
    )
    builder.append(0, 1_000, kind, b"", [])
    raw = builder.build()
    struct.pack_into(">q", raw, _BASE, at)
    attributes = struct.unpack_from(">h", raw, _ATTRIBUTES)[0]
    struct.pack_into(">h", raw, _ATTRIBUTES, attributes | _CONTROL)
    struct.pack_into(">I", raw, _CRC, calc_crc32c(raw[_ATTRIBUTES:]))
    return raw


def fetched(
    *batches: bytearray, position: int = 0, aborted: Sequence[tuple[int, int]] = ()
) -> PartitionRecords:
    return PartitionRecords(
        LIKES,
        MemoryRecords(bytes(b"".join(batches))),
        list(aborted),
        position,
        None,
        None,
        True,
        READ_COMMITTED,
    )


def shown(record: Any) -> tuple[Any, ...]:
    """What a shard needs of a record."""
    return record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


FETCHES = {
    "nothing": {},
    "one batch": {"batches": [batch(5, [b"a", b"b", None])], "position": 5},
    "a batch that begins before the position": {
        "batches": [batch(5, [b"a", b"b", b"c"]), batch(8, [b"d"])],
        "position": 7,
    },
    "a hole that compaction left": {
        "batches": [batch(5, [b"a"]), batch(90, [b"b", b"c"])],
        "position": 5,
    },
    "a transaction that was committed": {
        "batches": [
            batch(0, [b"a", b"b"], producer=7, transactional=True),
            marker(2, 7, COMMIT),
        ],
    },
    "a transaction that was aborted, beside one that was not": {
        "batches": [
            batch(0, [b"a"], producer=7, transactional=True),
            batch(1, [b"b"], producer=8, transactional=True),
            marker(2, 7, ABORT),
            batch(3, [b"c"], producer=7, transactional=True),
            marker(4, 7, COMMIT),
            marker(5, 8, COMMIT),
        ],
        "aborted": [(7, 0)],
    },
    "nothing but what was aborted": {
        "batches": [batch(0, [b"a"], producer=7, transactional=True), marker(1, 7, ABORT)],
        "aborted": [(7, 0)],
    },
}


@pytest.mark.parametrize("what", FETCHES)
def test_it_reads_what_aiokafka_reads_and_comes_to_the_same_position(what: str) -> None:
    given = dict(FETCHES[what])
    batches = given.pop("batches", [])
    theirs = fetched(*batches, **given)  # type: ignore[misc, arg-type]
    read = [shown(record) for record in theirs]

    ours = Unpacked(fetched(*batches, **given))  # type: ignore[misc, arg-type]

    assert [shown(record) for record in ours] == read
    assert ours.next_fetch_offset == theirs.next_fetch_offset


def test_what_is_aborted_is_not_read() -> None:
    ours = Unpacked(
        fetched(
            batch(0, [b"lost"], producer=7, transactional=True),
            marker(1, 7, ABORT),
            batch(2, [b"kept"]),
            aborted=[(7, 0)],
        )
    )

    assert [(record.offset, record.value) for record in ours] == [(2, b"kept")]


def test_a_batch_with_a_wrong_checksum_is_refused_and_the_position_stays() -> None:
    broken = batch(5, [b"a", b"b"])
    broken[-1] ^= 0xFF
    ours = Unpacked(fetched(batch(3, [b"x", b"y"]), broken, position=3))

    with pytest.raises(CorruptRecordException, match="Invalid CRC"):
        list(ours)

    assert ours.next_fetch_offset == 3
