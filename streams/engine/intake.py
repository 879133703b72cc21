"""Intake: what becomes of each record: it is refused, sent on, dropped, late or counted.

Knows the reasons for each. Must not know what an event counts (`effects`), windows' lengths, scores
or alerts.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import xxhash

from schemas import codec, topics
from schemas.events import Conversion, Envelope, Like
from schemas.instants import to_ms
from streams.engine.bounds import MAX_CURRENCIES
from streams.engine.calendar import Calendar
from streams.engine.creator import Creator
from streams.engine.dedup import DuplicateFilter
from streams.engine.detours import (
    EARLIEST_MS,
    LATEST_MS,
    MAX_AHEAD_MS,
    Detours,
    Spans,
    ahead,
    campaign_of,
    creator_of,
    out_of_time,
)
from streams.engine.effects import Effects
from streams.engine.layout import CorruptStateError
from streams.engine.panes import FINE_MS
from streams.engine.registry import Output, Registry
from streams.engine.scores import MINUTE_MS
from streams.engine.watermark import Watermark

if TYPE_CHECKING:
    from streams.engine.shard import Record


class ProcessingError(Exception):
    """The record at `offset` of `topic` could not be processed: a fault of ours, not of the record.

    The shard is half changed and must not be used or written any more.
    """

    def __init__(self, topic: str, offset: int) -> None:
        super().__init__(f"the record at offset {offset} of {topic} could not be processed")
        self.topic = topic
        self.offset = offset


class Intake:
    """Turns records into counts, dead letters, late events and forwards."""

    def __init__(
        self,
        registry: Registry,
        calendar: Calendar,
        watermark: Watermark,
        duplicates: DuplicateFilter,
        effects: Effects,
        settled: Spans,
    ) -> None:
        self._registry = registry
        self._stats = registry.stats
        self._calendar = calendar
        self._watermark = watermark
        self._detours = Detours(registry, watermark, settled)
        self.duplicates = duplicates
        self._effects = effects
        self._seeds = {
            topic.name: xxhash.xxh3_64_intdigest(topic.name.encode()) for topic in topics.INBOUND
        }

    def take(self, topic: str, records: Iterable["Record"]) -> None:
        """Handle records of one topic in order."""
        if topic == topics.CAMPAIGNS.name:
            for record in records:
                self._campaign(record)
            return
        watermark, stats, detours = self._watermark, self._stats, self._detours
        live, duplicates = self._registry.live, self.duplicates
        digest: Callable[[bytes, Any], object] = xxhash.xxh3_64_intdigest
        seed, decode = self._seeds[topic], codec.decode
        kind = topics.BY_NAME[topic].value
        effects, likes = self._effects, kind is Like
        effect, beside = effects.by_type.get(kind), effects.beside.get(kind)
        plain, faults, limit = codec.plain(topic), codec.FAULTS, codec.MAX_EVENT_BYTES
        full = self._full if topic == topics.CONVERSIONS.name else None
        is_ascii = bytes.isascii
        clock = -1
        accepted = 0
        event: Any
        try:
            for record in records:
                raw = record.value
                if raw is None:
                    self._null(topic, record)
                    continue
                try:
                    event = plain(raw) if len(raw) <= limit and is_ascii(raw) else None
                except faults:
                    event = None
                if event is None:
                    event = decode(topic, raw)
                    if event.__class__ is codec.Fault:
                        detours.refuse(topic, record, event)
                        continue
                moment = event.occurred_at
                ms: int = moment if type(moment) is int else to_ms(moment)
                written = record.timestamp
                if written < 0:
                    written = ms
                if ms > written:
                    if ms > written + MAX_AHEAD_MS:
                        detours.refuse(topic, record, ahead(ms, written))
                        continue
                    at = written
                else:
                    at = ms
                if not EARLIEST_MS <= ms < LATEST_MS:
                    detours.refuse(topic, record, out_of_time(ms))
                    continue
                creator_id: str = event.creator_id
                creator = live.get(creator_id) or self._find(topic, record, event)
                if creator is None:
                    continue
                if at > clock:
                    clock = at
                if full is not None and full(topic, record, creator, event):
                    continue
                event_id: str = event.event_id
                if not duplicates.accept(digest(event_id.encode(), creator.seed ^ seed)):
                    stats.duplicates[topic] += 1
                    continue
                accepted += 1
                if beside is not None:
                    beside(creator, event, ms)
                    continue
                fine, minute = at // FINE_MS, ms // MINUTE_MS
                slot = creator.slot
                if fine != slot.fine or minute != slot.minute:
                    slot = self._calendar.open_slot(creator, fine, minute)
                if slot.late:
                    detours.late(topic, record, creator, ms)
                slot.events += 1
                if likes:
                    effects.like(creator, slot, event, at)
                else:
                    slot.counts += effect(creator, slot, event, at)  # type: ignore[misc]
        except (CorruptStateError, MemoryError):
            # Not the record's fault: set aside, it would be lost for what can be mended.
            raise
        except Exception as error:
            raise ProcessingError(topic, record.offset) from error
        if clock >= 0:
            watermark.observe(topic, clock)
            stats.last_event_ms = max(stats.last_event_ms, clock)
        stats.accepted[topic] += accepted

    def set_aside(self, topic: str, record: "Record", error: str) -> None:
        """Make a dead letter of a record that ended the process before, with `error`."""
        why = f"Processing failed, and ended the process, with: {error}"
        self._detours.refuse(topic, record, codec.Fault("processing_error", why, "$"))

    def _find(self, topic: str, record: "Record", event: Envelope) -> Creator | None:
        """The creator of an event that is not in memory; None when the record was sent away."""
        registry = self._registry
        known = registry.get(event.creator_id)
        if known is not None:
            return known
        if self._detours.away(topic, record, event.creator_id.encode()):
            return None
        return registry.create(event.creator_id, event.platform)

    def _full(self, topic: str, record: "Record", creator: Creator, event: Conversion) -> bool:
        """Whether a conversion is in one currency too many; then it is refused."""
        if creator.takes(event.currency):
            return False
        error = (
            f"Expected one of the {MAX_CURRENCIES} currencies that this creator was paid in, "
            f"got {event.currency}: more are not kept for one creator"
        )
        self._detours.refuse(topic, record, codec.Fault("out_of_range", error, "$.currency"))
        return True

    def _null(self, topic: str, record: "Record") -> None:
        """A null value: an erasure on `creators`, a fault elsewhere."""
        creator_id = creator_of(record.key)
        if topic != topics.CREATORS.name or record.key is None or creator_id is None:
            error = "Expected a JSON object, got a null value"
            if topic == topics.CREATORS.name:
                error = "A null value erases the creator named by its key, and this key names none"
            self._detours.refuse(topic, record, codec.Fault("unexpected_null", error, "$"))
            return
        if self._detours.away(topic, record, record.key):
            return
        self._stats.accepted[topic] += 1
        self._calendar.forget(creator_id)
        self._registry.erase(creator_id)
        for outbound in (topics.ENGAGEMENT_SCORES, topics.SENTIMENT_SCORES):
            self._registry.outputs.append(
                Output(outbound.name, record.key, None, self._registry.partition)
            )

    def _campaign(self, record: "Record") -> None:
        topic = topics.CAMPAIGNS.name
        if record.value is not None:
            campaign = campaign_of(record.value, record.timestamp)
            if isinstance(campaign, codec.Fault):
                self._detours.refuse(topic, record, campaign)
                return
        self._stats.accepted[topic] += 1
