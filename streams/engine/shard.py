"""Shard: the whole state of the creators of one partition, and the only doors to it.

Knows what arrives (batches), what passes (time) and what leaves (snapshots). Must not know who
delivers, stores or publishes. Events are handled in `intake`, time in `calendar`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from streams.engine.calendar import MOST_SHOWN, MOST_WRITTEN, Calendar
from streams.engine.creator import Creator
from streams.engine.dedup import DuplicateFilter
from streams.engine.desk import Desk, DeskState
from streams.engine.detours import Spans
from streams.engine.effects import Effects
from streams.engine.fleet import Fleet, FleetState
from streams.engine.intake import Intake
from streams.engine.layout import (
    ENGAGEMENT,
    SENTIMENT,
    TABLE_OF,
    TAGS,
    VERSION,
    CorruptStateError,
    wrong_version,
)
from streams.engine.own import RING_TAG, SHARD_KEY, ShardRecord, ring, ring_page, shard_record
from streams.engine.poison import PoisonNotes, is_poison_note
from streams.engine.registry import Output, Registry
from streams.engine.roster import Roster
from streams.engine.rulebook import RuleBook
from streams.engine.sentiment import Analyser, load_default
from streams.engine.stats import ShardStats
from streams.engine.turns import MOST_SCORES, Turns
from streams.engine.watermark import NO_HEADS, Watermark


class Record(Protocol):
    """One record as fetched; aiokafka's ConsumerRecord is one. `timestamp` is ms, or -1."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Batch(NamedTuple):
    """One chained drain of one topic-partition: its records, and the positions [start, end).

    `topic` is the logical name. `start` is None where the edge does not know what came before.
    """

    topic: str
    start: int | None
    records: Sequence[Record]
    end: int


class Tick(NamedTuple):
    """Time passes, as told by the edge.

    `now_ms` is the wall clock, for pacing and elapsed time; it stands still where only events move
    time. `undrained` are the inbound topics that still have unread records. `frozen` while the edge
    cannot know that. `heads` are the event times of the next records of undrained topics, where
    they are known. Without `emit` scores stay owed: the edge says it when they leave at once. What
    one tick may not close or write of them, those after it do.
    """

    now_ms: int
    undrained: frozenset[str]
    frozen: bool = False
    heads: Mapping[str, int] = NO_HEADS
    emit: bool = True


class Snapshot(NamedTuple):
    """One consistent cut: changed state records by table (None deletes), outputs, positions."""

    tables: dict[str, dict[bytes, bytes | None]]
    outputs: list[Output]
    positions: dict[str, int]


class ShardConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard needs to be told. Times in milliseconds.

    `partitions` is the number of partitions of every keyed topic. `actor_secret` (1-64 bytes) keys
    the hash of actor ids; changing it makes every actor a new one. About `most_live` creators are
    held as objects, the others as bytes. Each tick writes at most `most_scores` scores; None
    is no limit. `most_closed` are the panes and the minutes that a tick closes, unless
    event time runs away from it; None is no limit.
    """

    partitions: int
    actor_secret: bytes = b"development"
    lateness_ms: int = 10_000
    score_interval_ms: int = 1_000
    duplicate_horizon: int = 200_000
    most_live: int = 16_384
    most_scores: int | None = MOST_SCORES
    most_closed: tuple[int, int] | None = (MOST_SHOWN, MOST_WRITTEN)
    rules: RuleBook = RuleBook()


class WrongPartitionsError(Exception):
    """The state is parted by another number of partitions than this worker works with."""

    def __init__(self, stored: int, wanted: int) -> None:
        super().__init__(
            f"the state is parted by {stored} partitions, but PULSE_PARTITIONS is {wanted}. Set it"
            f" back to {stored}; or, to work with more from now on, stop all workers and run"
            f" `pulse state migrate --partitions N`, with N a multiple of {stored}"
        )


_encode = msgspec.msgpack.Encoder().encode


class Shard:
    """The state of one partition. `apply` and `advance` are the only ways to change it."""

    def __init__(
        self,
        partition: int,
        config: ShardConfig,
        analyser: Analyser | None = None,
        roster: Roster | None = None,
    ) -> None:
        self.partition = partition
        self.config = config
        self.stats = ShardStats()
        self._positions: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._settled: Spans = {}
        self._floor: dict[str, int] = {}
        self._poison = PoisonNotes()
        self._watermark = Watermark(config.lateness_ms)
        self._duplicates = DuplicateFilter(config.duplicate_horizon)
        self._registry = Registry(partition, config.partitions, self.stats, config.most_live)
        self._turns = Turns(self._registry, config.score_interval_ms, config.most_scores)
        self._desk = Desk(self._registry, config.rules.base.desk, roster or Roster())
        self._fleet = Fleet(self._registry, config.rules.base.outage)
        analyser = analyser or load_default()
        self._calendar = Calendar(
            self._registry,
            self._watermark,
            config.rules,
            self._turns,
            analyser,
            self._desk,
            self._fleet,
            config.most_closed,
        )
        effects = Effects(self._registry, self._calendar, self._desk, analyser, config.actor_secret)
        self._intake = Intake(
            self._registry,
            self._calendar,
            self._watermark,
            self._duplicates,
            effects,
            self._settled,
        )

    @property
    def positions(self) -> Mapping[str, int]:
        """The next offset of each inbound topic that was ever positioned."""
        return self._positions

    @property
    def clocks(self) -> Mapping[str, int]:
        """The highest event time read of each inbound topic, in ms."""
        return self._watermark.clocks

    @property
    def watermark_ms(self) -> int | None:
        """Event time up to which windows are closed."""
        return self._watermark.at

    @property
    def stream_ms(self) -> int:
        """Event time that scores are as of; 0 before any event."""
        return self._watermark.stream

    @property
    def creators(self) -> int:
        """Creators known."""
        return self._registry.known()

    @property
    def dark(self) -> frozenset[str]:
        """Platforms of which hardly anything comes here."""
        return self._fleet.dark

    def scores_waiting(self) -> int:
        """Creators whose score was due, but is left for the next tick. Looks at all creators."""
        return self._turns.waiting()

    def judge_by(self, book: RuleBook) -> None:
        """From here on other rules hold; open episodes go on under them."""
        self._calendar.book, self._desk.rules = book, book.base.desk
        self._fleet.rules = book.base.outage

    def firing(self) -> Iterable[bytes]:
        """The last record of every alert that is firing, committed or about to be."""
        return self._desk.firing({creator for creator, _ in self._calendar.active})

    def live_creators(self) -> Iterable[Creator]:
        """Creators held as objects, for those who look at this process: do not change them."""
        return self._registry.live.values()

    def apply(self, batch: Batch) -> int | None:
        """Take a batch; None when taken, else the position to seek back to (there was a hole).

        Raises ProcessingError, after which the shard must be given up.
        """
        position = self._positions.get(batch.topic)
        if position is None:
            position = batch.start if batch.start is not None else batch.end - len(batch.records)
            if batch.records:
                position = min(position, batch.records[0].offset)
            self._since[batch.topic] = position
        elif batch.start is None or batch.start > position:
            self.stats.holes += 1
            return position
        records = batch.records
        if records and records[0].offset < position:
            records = [record for record in records if record.offset >= position]
        if records:
            self.stats.received[batch.topic] += len(records)
            records, aside = self._poison.split(batch.topic, records)
            for record, error in aside:
                self._intake.set_aside(batch.topic, record, error)
            self._intake.take(batch.topic, records)
        self._positions[batch.topic] = max(position, batch.end)
        return None

    def advance(self, tick: Tick) -> None:
        """Let time pass: close what the watermark has passed, and emit the scores that are due."""
        self._watermark.tick(tick.now_ms, tick.undrained, frozen=tick.frozen, heads=tick.heads)
        self._desk.told_ms = tick.now_ms
        self._calendar.advance()
        if tick.emit or self._turns.more:
            self._calendar.emit(tick.now_ms)

    def dirty(self) -> int:
        """State records and outputs that a snapshot would hold now, roughly; long ones count more.

        A dead letter or late event counts once more for each KiB.
        """
        registry = self._registry
        outputs = len(registry.outputs) + registry.weight
        return 3 * len(registry.dirty) + outputs + len(self._duplicates.dirty())

    @property
    def speaks(self) -> bool:
        """Whether the next snapshot tells another shard something."""
        return self._fleet.said

    def take_snapshot(self) -> Snapshot:
        """One consistent cut of what changed since the last; what it takes is not given again."""
        registry = self._registry
        engagement: dict[bytes, bytes | None] = {}
        tables: dict[str, dict[bytes, bytes | None]] = {ENGAGEMENT: engagement, SENTIMENT: {}}
        for creator_id, creator in registry.take_dirty():
            key = creator_id.encode()
            if creator is None:
                for tag in TAGS:
                    tables[TABLE_OF[tag]][tag + key] = None
                continue
            for tag, value in creator.records():
                tables[TABLE_OF[tag]][tag + key] = value
        for page, raw in self._duplicates.take_pages():
            engagement[RING_TAG + page.to_bytes(4, "big")] = VERSION + raw
        for key in self._poison.take_cured():
            engagement[key] = None
        record = ShardRecord(
            dict(self._positions),
            self._watermark.clocks,
            self._watermark.at,
            self._watermark.stream,
            self._duplicates.accepted,
            self._duplicates.capacity,
            self._since,
            self._settled,
            self._floor,
            self.config.partitions,
            self._turns.more,
            self._desk.state,
            self._fleet.state,
        )
        engagement[SHARD_KEY] = VERSION + _encode(record)
        self._fleet.said = False
        return Snapshot(tables, registry.take_outputs(), dict(self._positions))

    @classmethod
    def restore(
        cls,
        partition: int,
        config: ShardConfig,
        tables: Mapping[str, Mapping[bytes, bytes]],
        analyser: Analyser | None = None,
        roster: Roster | None = None,
    ) -> "Shard":
        """The shard as stored.

        Raises CorruptStateError for a record that cannot be read, and WrongPartitionsError.
        """
        shard = cls(partition, config, analyser, roster)
        engagement = tables.get(ENGAGEMENT, {})
        shard._poison.restore(engagement)
        raw = engagement.get(SHARD_KEY)
        if raw is None:
            if not all(map(is_poison_note, engagement)) or tables.get(SENTIMENT):
                raise CorruptStateError(SHARD_KEY, "the shard's own record is missing")
            return shard
        record = shard_record(raw)
        if record.partitions not in {0, config.partitions}:
            raise WrongPartitionsError(record.partitions, config.partitions)
        shard._positions = record.positions
        shard._watermark.clocks = record.clocks
        shard._watermark.at = record.watermark
        shard._watermark.stream = record.stream_ms
        shard._since, shard._floor = record.since, record.floor
        shard._turns.more, shard._desk.state = record.more_scores, record.desk or DeskState()
        shard._fleet.restore(record.fleet or FleetState())
        shard._settled.update(record.settled)
        pages: dict[int, bytes] = {}
        stored: dict[str, dict[bytes, bytes]] = {}
        for table in (engagement, tables.get(SENTIMENT, {})):
            for key, value in table.items():
                if key.startswith(RING_TAG):
                    number, page = ring_page(record, key, value)
                    pages[number] = page
                elif key != SHARD_KEY and not is_poison_note(key):
                    if key[:1] not in TAGS:
                        raise CorruptStateError(key, f"unknown tag {key[:1]!r}")
                    if value[:1] != VERSION:
                        # Told at once, though the creator may be touched much later.
                        raise CorruptStateError(key, wrong_version(value))
                    stored.setdefault(_creator_id(key), {})[key[:1]] = value
        shard._duplicates = ring(record, pages, config.duplicate_horizon)
        shard._intake.duplicates = shard._duplicates
        shard._calendar.restore(shard._registry.restore(stored))
        return shard


def _creator_id(key: bytes) -> str:
    try:
        return key[1:].decode()
    except UnicodeDecodeError as error:
        raise CorruptStateError(key, str(error)) from error
