"""Core: the pure core under the load of the benchmarks, without Kafka.

Knows how a live edge would feed one shard that works off a backlog, and what each of its doors
costs. Must not know what is compared with what.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from aiokafka import ConsumerRecord

from bench.load import TOPICS, Placement, Stream, events
from schemas.codec import decode
from streams.engine.shard import Batch, Shard, Snapshot, Tick

EVENTS_PER_TICK = 1_500
"""What a shard of four gets in a tenth of a second, when a worker does 60,000 events/s."""
TICK_MS = 100
TICKS_PER_CHECKPOINT = 5
UNDRAINED = frozenset(TOPICS)
"""All that are written to: more is always to come. The others are empty, and hold nothing back."""

Event = tuple[str, int, bytes]
"""Topic, creator's rank, value."""
Step = list[Batch]
"""What arrives between two ticks: one batch for each topic."""


def _skewed(stream: Iterable[Event], ahead: int) -> Iterator[Event]:
    """The same events, those of the fullest topic held back until `ahead` more have come."""
    held: deque[tuple[int, Event]] = deque()
    for number, event in enumerate(stream):
        while held and held[0][0] + ahead <= number:
            yield held.popleft()[1]
        if event[0] == TOPICS[0]:
            held.append((number, event))
        else:
            yield event
    for _number, event in held:
        yield event


def steps(
    stream: Stream,
    per_tick: int = EVENTS_PER_TICK,
    *,
    partition: int = 0,
    partitions: int = 1,
    ahead: int = 0,
) -> Iterator[Step]:
    """The stream as the shard of `partition` would get it: `per_tick` events in each step.

    With `ahead`, as from a backlog: every topic but the fullest is read that many events of the
    stream earlier, which is what large fetches of sparse topics come to.
    """
    place = Placement(partitions, stream.creators)
    keys, homes = place.keys, place.partitions
    mine: Iterable[Event] = (event for event in events(stream) if homes[event[1]] == partition)
    if ahead:
        mine = _skewed(mine, ahead)
    positions: dict[str, int] = defaultdict(int)
    while chunk := list(islice(mine, per_tick)):
        records: dict[str, list[ConsumerRecord]] = defaultdict(list)
        for topic, rank, value in chunk:
            at = positions[topic]
            positions[topic] = at + 1
            size = len(value)
            record = ConsumerRecord(
                topic, partition, at, stream.end_ms, 1, keys[rank], value, None, 0, size, ()
            )
            records[topic].append(record)
        yield [
            Batch(topic, taken[0].offset, taken, taken[-1].offset + 1)
            for topic, taken in records.items()
        ]


@dataclass
class Costs:
    """CPU seconds of each door, over `events` events; the last snapshots' sizes."""

    events: int = 0
    apply: float = 0.0
    advance: float = 0.0
    snapshot: float = 0.0
    records: int = 0
    outputs: int = 0
    state_bytes: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def total(self) -> float:
        """CPU seconds altogether."""
        return self.apply + self.advance + self.snapshot

    def micro(self, seconds: float) -> float:
        """Microseconds per event."""
        return seconds / self.events * 1e6


def _nothing() -> None:
    pass


def drive(
    shard: Shard,
    load: Iterable[Step],
    now_ms: int,
    *,
    keep: bool = False,
    between: Callable[[], None] = _nothing,
) -> Costs:
    """Feed a shard as a live edge would; what it cost.

    With `keep`, the snapshots are kept. `between` is called after each step, at nobody's cost.
    """
    costs, clock = Costs(), time.thread_time
    for number, step in enumerate(load, 1):
        now_ms += TICK_MS
        began = clock()
        for batch in step:
            hole = shard.apply(batch)
            assert hole is None, f"{batch.topic} was refused at {hole}"
        applied = clock()
        shard.advance(Tick(now_ms, UNDRAINED))
        advanced = clock()
        costs.apply += applied - began
        costs.advance += advanced - applied
        costs.events += sum(len(batch.records) for batch in step)
        if number % TICKS_PER_CHECKPOINT == 0:
            began = clock()
            snapshot = shard.take_snapshot()
            costs.snapshot += clock() - began
            if keep:
                costs.snapshots.append(snapshot)
            _measure(costs, snapshot)
        between()
    return costs


def _measure(costs: Costs, snapshot: Snapshot) -> None:
    costs.outputs += len(snapshot.outputs)
    for table in snapshot.tables.values():
        costs.records += len(table)
        costs.state_bytes += sum(len(k) + len(v or b"") for k, v in table.items())


def decoding(load: Iterable[Step]) -> float:
    """CPU seconds of decoding alone."""
    began = time.thread_time()
    for step in load:
        for batch in step:
            for record in batch.records:
                decode(batch.topic, record.value or b"")
    return time.thread_time() - began
