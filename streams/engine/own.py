"""Own: what a shard stores of itself beside its creators: where it stands, and whom it has seen.

Knows the stored form of that. Must not know what a creator is, or when it is written.
"""

import msgspec

from streams.engine.dedup import MAX_HORIZON, PAGE, DuplicateFilter
from streams.engine.desk import DeskState
from streams.engine.detours import Spans
from streams.engine.fleet import FleetState
from streams.engine.layout import VERSION, CorruptStateError, body, wrong_version

SHARD_KEY = b"\x00shard"
RING_TAG = b"\x00r"


class ShardRecord(msgspec.Struct, array_like=True):
    """The shard's own facts as stored under SHARD_KEY.

    `since` is where reading began; `settled` are offsets [start, end) that were read before that,
    by a state that was reset: records there that belong elsewhere were sent on already. Below
    `floor` records lie where another number of partitions put them. `partitions` is the number that
    the state is parted by; 0 in a state of a release that did not note it. `more_scores` is whether
    scores were due that the last tick has left.
    """

    positions: dict[str, int]
    clocks: dict[str, int]
    watermark: int | None
    stream_ms: int
    accepted: int
    ring: int
    since: dict[str, int] = {}
    settled: Spans = {}
    floor: dict[str, int] = {}
    partitions: int = 0
    more_scores: bool = False
    desk: DeskState | None = None
    fleet: FleetState | None = None


_shard = msgspec.msgpack.Decoder(ShardRecord)


def shard_record(value: bytes) -> ShardRecord:
    """A shard's own record. Raises CorruptStateError."""
    try:
        record = _shard.decode(body(value))
    except (msgspec.DecodeError, ValueError) as error:
        raise CorruptStateError(SHARD_KEY, str(error)) from error
    if not 0 < record.ring <= MAX_HORIZON or record.accepted < 0:
        why = f"a duplicate filter of {record.ring} with {record.accepted} accepted"
        raise CorruptStateError(SHARD_KEY, why)
    return record


def ring_page(record: ShardRecord, key: bytes, value: bytes) -> tuple[int, bytes]:
    """A stored page of the duplicate filter, with its number. Raises CorruptStateError."""
    number = int.from_bytes(key[len(RING_TAG) :], "big")
    if value[:1] != VERSION:
        raise CorruptStateError(key, wrong_version(value))
    if len(value) != 1 + 8 * PAGE or number * PAGE >= record.ring:
        raise CorruptStateError(key, "this page of the duplicate filter has a wrong size or number")
    return number, value[1:]


def ring(record: ShardRecord, pages: dict[int, bytes], capacity: int) -> DuplicateFilter:
    """The duplicate filter as stored, moved to a new capacity if that was changed."""
    stored = DuplicateFilter(record.ring)
    stored.restore(record.accepted, pages)
    wanted = DuplicateFilter(capacity)
    if wanted.capacity == stored.capacity:
        return stored
    held = min(record.accepted, stored.capacity)
    for at in range(record.accepted - held, record.accepted):
        wanted.accept(stored.ring[at % stored.capacity])
    return wanted
