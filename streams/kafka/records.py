"""State records as they lie in the changelogs: where each is, and how its key is spelt for people.

Knows changelogs and offsets. Must not know what a record means; the engine tells.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from schemas import topics
from streams.engine.layout import ENGAGEMENT, CorruptStateError
from streams.engine.stored import SHARD, Named, named
from streams.kafka.fuse import FatalError
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from streams.kafka.restore import Take, read_to_end


class StateRecord(NamedTuple):
    """The latest record under one key, by the physical name of its changelog."""

    table: str
    topic: str
    partition: int
    offset: int
    written_ms: int
    key: bytes
    value: bytes

    @property
    def named(self) -> Named:
        """What it is, and whose."""
        return named(self.key)

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key) + len(self.value)


class UnreadableRecord(FatalError):
    """A state record that cannot be read; the message says where it is and how to remove it."""


def shown(key: bytes) -> str:
    """A key as text that needs no quotes in a shell: what is not plain is percent-encoded."""
    return quote_from_bytes(key, safe=":@/.-_~")


def parsed(text: str) -> bytes:
    """The key that `shown` gave as `text`."""
    return unquote_to_bytes(text)


async def read_records(
    options: KafkaOptions,
    partitions: Iterable[int],
    wanted: Callable[[bytes], bool] = lambda _key: True,
) -> list[StateRecord]:
    """The committed records of these partitions whose keys are `wanted`, the latest of each key.

    Raises `KafkaError`, or `TimeoutError` if the brokers do not answer.
    """
    found: list[StateRecord] = []
    for partition in partitions:
        latest: dict[tuple[str, bytes], ConsumerRecord] = {}
        takers = {
            TopicPartition(options.changelog(table), partition): _keeper(table, latest, wanted)
            for table in topics.TABLES
        }
        await read_to_end(options, takers)
        found += _in_order(latest)
    return found


def _keeper(
    table: str, latest: dict[tuple[str, bytes], ConsumerRecord], wanted: Callable[[bytes], bool]
) -> Take:
    def keep(records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            if not wanted(record.key):
                continue
            if record.value is None:
                latest.pop((table, record.key), None)
            else:
                latest[table, record.key] = record

    return keep


def _in_order(latest: dict[tuple[str, bytes], ConsumerRecord]) -> Iterator[StateRecord]:
    for (table, key), record in sorted(latest.items()):
        yield StateRecord(
            table,
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            key,
            record.value or b"",
        )


async def own_record(options: KafkaOptions, partition: int) -> StateRecord | None:
    """The latest record of a shard itself; None before its first checkpoint.

    It is the last of each checkpoint, so the end of the changelog is looked at first.
    """
    latest: dict[tuple[str, bytes], ConsumerRecord] = {}
    tp = TopicPartition(options.changelog(ENGAGEMENT), partition)
    keep = _keeper(ENGAGEMENT, latest, SHARD_RECORD_KEY.__eq__)
    for last in (100, 10_000, None):
        complete = await read_to_end(options, {tp: keep}, last=last)
        if latest or complete:
            break
    return next(_in_order(latest), None)


async def unreadable(
    options: KafkaOptions, partition: int, error: CorruptStateError
) -> UnreadableRecord:
    """`error` with the place of the record, and the command that removes it. Never raises."""
    try:
        found = await read_records(options, [partition], lambda key: key == error.key)
    except (KafkaError, OSError):
        found = []
    return UnreadableRecord(_told(options, partition, error, found[0] if found else None))


def _told(
    options: KafkaOptions, partition: int, error: CorruptStateError, record: StateRecord | None
) -> str:
    key = shown(error.key)
    kind, creator_id = named(error.key)
    what = f"{kind} of creator {creator_id}" if creator_id else kind
    where = f"the state of partition {partition} of {options.app_id}"
    if record is not None:
        when = datetime.fromtimestamp(record.written_ms / 1000, UTC).isoformat(timespec="seconds")
        where = f"{record.topic}[{partition}] at offset {record.offset}, written {when}"
    told = f"{where}: the state record {key} ({what}) cannot be read: {error.why}. "
    newer = (
        "If an older release runs on the state of a newer one, start the newer one again."
        " Otherwise stop all workers and"
    )
    if kind == SHARD:
        return told + (
            f"{newer} make the state anew from the retained events: `pulse reset --to earliest`"
            " shows what that would do"
        )
    return told + (
        f"{newer} run `pulse state delete --partition {partition} --key {key}`, which shows"
        " what would be deleted, and with --yes deletes it; what the record held is then"
        " counted anew"
    )
