"""Reshard: how the state of one partition is parted when the number of partitions is multiplied.

Knows which records belong to which creator, and what a shard's own record must say afterwards. Must
not know where records are stored.

With a multiple of the old number, all creators of a new partition come from one old one: the new
shard goes on with that one's watermark and duplicate filter, so nothing is closed twice and no
duplicate is forgotten.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from schemas.partitioning import partition_for
from streams.engine import stored
from streams.engine.layout import ENGAGEMENT
from streams.engine.own import RING_TAG, SHARD_KEY, ShardRecord, shard_record

Tables = Mapping[str, Mapping[bytes, bytes]]


class Parted(NamedTuple):
    """What to write by partition and table (None deletes), and who moves to which partition."""

    records: dict[int, dict[str, dict[bytes, bytes | None]]]
    movers: dict[str, int]


def part(
    partition: int, tables: Tables, before: int, after: int, begins: Mapping[int, Mapping[str, int]]
) -> Parted:
    """Part the state of `partition` from `before` to `after` partitions, a multiple of that.

    `begins` are the positions, by topic, where each new partition begins. Raises
    CorruptStateError, or ValueError for a creator that never belonged to `partition`.
    """
    targets = range(partition, after, before)
    records: dict[int, dict[str, dict[bytes, bytes | None]]] = {
        target: {table: {} for table in tables} for target in targets
    }
    movers: dict[str, int] = {}
    for table, stored_records in tables.items():
        for key, value in stored_records.items():
            creator_id = stored.named(key).creator_id
            if creator_id is None:
                continue
            target = partition_for(creator_id.encode(), after)
            if target not in targets:
                raise ValueError(
                    f"partition {partition} of {before} holds state of creator {creator_id!r},"
                    f" which belongs to partition {target % before}"
                )
            if target != partition:
                records[target][table][key] = value
                records[partition][table][key] = None
                movers[creator_id] = target
    engagement = tables.get(ENGAGEMENT, {})
    if SHARD_KEY not in engagement:
        return Parted(records, movers)
    own = shard_record(engagement[SHARD_KEY])
    pages = {key: value for key, value in engagement.items() if key.startswith(RING_TAG)}
    for target in targets:
        if target == partition:
            record = _moved(own, own.positions, own.positions, after)
        else:
            record = _moved(own, begins.get(target, {}), {}, after)
            records[target][ENGAGEMENT] |= pages
        records[target][ENGAGEMENT][SHARD_KEY] = stored.stored_record(record)
    return Parted(records, movers)


def _moved(
    own: ShardRecord, positions: Mapping[str, int], floor: Mapping[str, int], partitions: int
) -> ShardRecord:
    at = dict(positions)
    return msgspec.structs.replace(
        own, positions=at, since=at, settled={}, floor=dict(floor), partitions=partitions
    )
