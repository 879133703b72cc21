"""Detours: records that are not simply counted, and where they go instead.

Knows refusal (dead letters), forwarding to the right partition and lateness. Must not know what
events mean.
"""

import json
from typing import TYPE_CHECKING, Final

import msgspec

from schemas import codec, topics
from schemas.dead_letters import PAYLOAD_LIMIT, DeadLetter, LateEvent
from schemas.events import Campaign
from schemas.instants import from_ms, to_ms
from schemas.partitioning import partition_for
from streams.engine.creator import Creator
from streams.engine.panes import COARSE, FINE_MS, ONE_DAY
from streams.engine.registry import Output, Registry
from streams.engine.watermark import Watermark

if TYPE_CHECKING:
    from streams.engine.shard import Record

MAX_AHEAD_MS: Final = 5 * 60_000
"""How far an event may lie ahead of the broker's time of its record."""
EARLIEST_MS: Final = 946_684_800_000
"""2000-01-01: an earlier event time is a wrong unit or a wrong clock."""
LATEST_MS: Final = 32_503_680_000_000
"""3000-01-01: a later one is nobody's, and leaves no room for what is reckoned from it."""
FORWARDED: Final = "pulse-forwarded-from"
"""Header of a record that was sent on to its right partition; its value names the wrong one."""
KEY_LIMIT: Final = 1_024
"""Bytes of a record's key that a dead letter keeps: as many as the longest identifier may have."""
ID_LIMIT: Final = 256
"""Characters of the longest identifier, as the contract says."""
HEADERS_LIMIT: Final = 16_384
"""Bytes of headers that travel with a forwarded record; with more, none do."""

Spans = dict[str, list[tuple[int, int]]]
"""Offsets [start, end) by topic."""


class Detours:
    """Publishes what became of the records that were not accepted, or came late."""

    __slots__ = ("_registry", "_settled", "_stats", "_watermark")

    def __init__(self, registry: Registry, watermark: Watermark, settled: Spans) -> None:
        self._registry = registry
        self._stats = registry.stats
        self._watermark = watermark
        self._settled = settled

    def away(self, topic: str, record: "Record", key: bytes) -> bool:
        """Whether `key` belongs to another partition; then the record is sent on, once."""
        registry = self._registry
        right = partition_for(key, registry.partitions)
        if right == registry.partition:
            return False
        if any(name == FORWARDED for name, _ in record.headers):
            error = f"Forwarded to partition {registry.partition}, but belongs to {right}"
            self.refuse(topic, record, codec.Fault("misrouted", error, "$.creator_id"))
            return True
        self._stats.forwarded[topic] += 1
        spans = self._settled.get(topic, ())
        if any(start <= record.offset < end for start, end in spans):
            # Its copy lies in the right partition, and will be read there again.
            return True
        headers = tuple(record.headers)
        if sum(len(name) + len(value or b"") for name, value in headers) > HEADERS_LIMIT:
            headers = ()
        header = (FORWARDED, str(registry.partition).encode())
        registry.outputs.append(Output(topic, key, record.value, right, (*headers, header)))
        registry.weight += len(record.value or b"") >> 10
        return True

    def refuse(self, topic: str, record: "Record", fault: codec.Fault) -> None:
        """Publish a dead letter."""
        self._stats.dead_letters[topic, fault.code] += 1
        raw, key = record.value, record.key
        if key is not None:
            key = key[:KEY_LIMIT]
        letter = DeadLetter(
            topic=topic,
            partition=0 if topic == topics.CAMPAIGNS.name else self._registry.partition,
            offset=record.offset,
            code=fault.code,
            error=fault.error,
            path=fault.path,
            key=None if key is None else key.decode(errors="replace"),
            payload=None if raw is None else raw[:PAYLOAD_LIMIT],
            payload_bytes=0 if raw is None else len(raw),
            received_at=from_ms(min(max(0, record.timestamp), LATEST_MS)),
        )
        self._registry.publish(topics.DEAD_LETTERS.name, key, letter)
        self._registry.weight += min(letter.payload_bytes, PAYLOAD_LIMIT) >> 10

    def late(self, topic: str, record: "Record", creator: Creator, ms: int) -> None:
        """Publish a late event, whose minute was closed before event time `ms` was read."""
        at = self._watermark.at or 0
        newest = max(self._watermark.stream // FINE_MS, creator.head())
        applied = ms // FINE_MS // COARSE > newest // COARSE - ONE_DAY
        self._stats.late[applied] += 1
        late = LateEvent(
            topic=topic,
            partition=self._registry.partition,
            offset=record.offset,
            late_by_seconds=(at - ms) / 1000,
            applied_to_score=applied,
            watermark=from_ms(at),
            event=msgspec.Raw(_as_sent(topic, record.value or b"null")),
        )
        self._registry.publish(topics.LATE_EVENTS.name, creator.creator_id.encode(), late)
        self._registry.weight += len(record.value or b"") >> 10


def _as_sent(topic: str, raw: bytes) -> bytes:
    """An accepted event in `raw` as it is; with members that some readers of JSON refuse, without.

    Nobody has looked at what members that the contract does not know hold.
    """
    try:
        msgspec.json.decode(raw)
        # As lists of pairs: in a dictionary the last member of a name hides others of that name.
        rest = [json.loads(raw, object_pairs_hook=list)]
        while rest:
            value = rest.pop()
            if isinstance(value, list | tuple):
                rest += value
            elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
                break
        else:
            return raw
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    return codec.encode(codec.decode(topic, raw))  # type: ignore[arg-type]


def creator_of(key: bytes | None) -> str | None:
    """The creator that a record's key names, or None where no identifier reads like that."""
    try:
        creator_id = (key or b"").decode()
    except UnicodeDecodeError:
        return None
    return creator_id if 0 < len(creator_id) <= ID_LIMIT else None


def ahead(ms: int, written: int) -> codec.Fault:
    """The fault of an event time too far ahead of the broker's."""
    error = (
        f"Expected at most {MAX_AHEAD_MS // 1000} s ahead of the broker's time "
        f"{_written_out(written)}, got {_written_out(ms)}"
    )
    return codec.Fault("time_future", error, "$.occurred_at")


def out_of_time(ms: int) -> codec.Fault:
    """The fault of an event time before or after anything that can be meant."""
    if ms >= LATEST_MS:
        latest = _written_out(LATEST_MS)
        error = f"Expected a time before {latest}, got {_written_out(ms)}"
    else:
        hint = " (seconds? milliseconds are expected)" if ms > 0 else ""
        error = f"Expected a time after {_written_out(EARLIEST_MS)}, got {_written_out(ms)}{hint}"
    return codec.Fault("time_range", error, "$.occurred_at")


def _written_out(ms: int) -> str:
    """A time for a message. An offset can carry one out of the years that have a date."""
    try:
        return from_ms(ms).isoformat()
    except OverflowError:
        return f"{ms} ms since 1970"


def campaign_of(raw: bytes, written: int) -> Campaign | codec.Fault:
    """The campaign in a record that the broker wrote at `written`, or why it is refused.

    Every worker reads campaigns, and the owner of partition 0 reports the faulty ones: both must
    judge alike.
    """
    campaign = codec.decode(topics.CAMPAIGNS.name, raw)
    if isinstance(campaign, Campaign) and campaign.occurred_at is not None:
        ms = to_ms(campaign.occurred_at)
        if 0 <= written < ms - MAX_AHEAD_MS:
            return ahead(ms, written)
        if not EARLIEST_MS <= ms < LATEST_MS:
            return out_of_time(ms)
    return campaign  # type: ignore[return-value]
