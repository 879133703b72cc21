"""However a backlog is read, its topics go abreast, nothing comes late, and all of it arrives."""

import json
from collections import defaultdict
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.engine.sentiment import load_default
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from streams.kafka.convoy import Convoy, event_time
from streams.kafka.replay import Replay
from tests.harness.driver import Raw

BEGIN = 1_768_478_400_000
SKEW = 600_000
LATENESS = 10_000
NAMES = ("likes", "follows", "posts")
ANALYSER = load_default()
CONFIG = ShardConfig(partitions=1, lateness_ms=LATENESS, duplicate_horizon=512)

Log = dict[str, list[Raw]]
TWICE = [HealthCheck.data_too_large]
"""Two readings of the longest logs need more choices than are made: such examples are left out."""


def record(topic: str, offset: int, at_ms: int) -> Raw:
    event = {
        "event_id": f"{topic}-{offset}",
        "creator_id": f"creator-{offset % 3}",
        "platform": "x",
        "occurred_at": at_ms,
        "post_id": "p",
        "actor_id": "a",
    }
    return Raw(offset, at_ms + 50, b"k", json.dumps(event).encode())


@st.composite
def logs(draw: st.DrawFn, disorder: int = LATENESS) -> Log:
    """Some topics with days behind them, dense or sparse, in order but for the lateness."""
    made: Log = {}
    for topic in NAMES:
        gaps = draw(st.lists(st.sampled_from([0, 1_000, 40_000, 900_000, 86_400_000]), max_size=15))
        at = BEGIN + draw(st.integers(0, 7_200_000))
        made[topic] = []
        for offset, gap in enumerate(gaps):
            at += gap
            back = draw(st.integers(0, disorder))
            made[topic].append(record(topic, offset, at - back))
            if draw(st.integers(0, 9)) == 0:
                made[topic][-1] = Raw(offset, at, b"k", b"not json")
    return made


class Reading:
    """Reads logs in batches of any size and order, as the transport would, into a shard."""

    def __init__(self, convoy: Convoy, log: Log, data: st.DataObject) -> None:
        self.convoy = convoy
        self.log = log
        self.data = data
        self.read = dict.fromkeys(log, 0)
        self.shard = Shard(0, CONFIG, ANALYSER)
        for topic in log:
            self.shard.apply(Batch(topic, 0, (), 0))
        self.tables: dict[str, dict[bytes, bytes]] = defaultdict(dict)
        self.outputs: dict[str, list[str]] = defaultdict(list)
        self.applied: list[tuple[str, Raw, dict[str, int], dict[str, int]]] = []

    def behind(self) -> frozenset[str]:
        return frozenset(topic for topic, at in self.read.items() if at < len(self.log[topic]))

    def undrained(self) -> frozenset[str]:
        positions = self.shard.positions
        return frozenset(t for t, records in self.log.items() if positions[t] < len(records))

    def run(self, *, by_wall: bool, crashes: bool = False) -> None:
        now = 0
        while self.undrained():
            before = (dict(self.read), dict(self.shard.positions))
            for topic in self.readable():
                self.deliver(topic)
                self.release()
            if by_wall:
                now += 100
                self.shard.advance(Tick(now, self.undrained(), False, self.convoy.heads()))
            assert before != (self.read, self.shard.positions), "nothing moves any more"
            if self.data.draw(st.integers(0, 5)) == 0:
                self.take_outputs()
                if crashes:
                    self.crash()
        self.release()
        if (tick := self.convoy.at_rest(self.behind())) is not None:
            self.shard.advance(tick)
        self.take_outputs()

    def readable(self) -> Iterator[str]:
        order = self.data.draw(st.permutations(sorted(self.log)))
        wanted = [t for t in order if self.convoy.wants(t) and t in self.behind()]
        # Reading may be slow, but not for ever.
        count = self.data.draw(st.integers(1, len(wanted))) if wanted else 0
        return iter(wanted[:count])

    def deliver(self, topic: str) -> None:
        start, left = self.read[topic], len(self.log[topic]) - self.read[topic]
        end = start + self.data.draw(st.integers(1, left))
        self.read[topic] = end
        self.convoy.join(Batch(topic, start, self.log[topic][start:end], end))

    def release(self) -> None:
        while (move := self.convoy.next(self.shard.clocks, self.behind())) is not None:
            if isinstance(move, Tick):
                self.shard.advance(move)
                continue
            if move.records:
                shard = self.shard
                reached, positions = dict(shard.clocks), dict(shard.positions)
                self.applied.append((move.topic, move.records[-1], reached, positions))
            assert self.shard.apply(move) is None

    def take_outputs(self) -> None:
        snapshot = self.shard.take_snapshot()
        for output in snapshot.outputs:
            self.outputs[output.topic].append((output.value or b"").decode())
        for table, records in snapshot.tables.items():
            for key, value in records.items():
                if value is None:
                    self.tables[table].pop(key, None)
                else:
                    self.tables[table][key] = value

    def crash(self) -> None:
        """Go on in another process, from what was last written down."""
        self.convoy.disband()
        self.shard = Shard.restore(0, CONFIG, self.tables, ANALYSER)
        self.read = dict(self.shard.positions)


@settings(max_examples=200, deadline=None)
@given(logs(), st.data())
def test_a_backlog_is_worked_off_with_nothing_late_in_whatever_order_it_is_read(
    log: Log, data: st.DataObject
) -> None:
    reading = Reading(Convoy(SKEW), log, data)
    reading.run(by_wall=True)
    assert reading.outputs["late-events"] == []
    assert reading.shard.positions == {topic: len(records) for topic, records in log.items()}
    valid = sum(record.value != b"not json" for records in log.values() for record in records)
    assert reading.shard.stats.accepted.total() == valid


@settings(max_examples=200, deadline=None)
@given(logs(disorder=0), st.data())
def test_no_record_runs_further_ahead_of_a_slower_topic_than_the_skew(
    log: Log, data: st.DataObject
) -> None:
    reading = Reading(Convoy(SKEW), log, data)
    reading.run(by_wall=True)
    for topic, last, clocks, positions in reading.applied:
        at = event_time(last)
        for other in log.keys() - {topic}:
            times = map(event_time, log[other][positions[other] :])
            coming = next((t for t in times if t is not None), None)
            if at is not None and coming is not None:
                assert at <= max(coming, clocks.get(other, 0)) + SKEW


@settings(max_examples=200, deadline=None, suppress_health_check=TWICE)
@given(logs(disorder=30 * LATENESS), st.data())
def test_a_replay_by_events_gives_the_same_in_whatever_batches_it_is_read(
    log: Log, data: st.DataObject
) -> None:
    first, second = (Reading(Replay(), log, data) for _ in range(2))
    first.run(by_wall=False)
    second.run(by_wall=False)
    assert first.outputs == second.outputs
    assert first.shard.watermark_ms == second.shard.watermark_ms
    assert first.shard.positions == {topic: len(records) for topic, records in log.items()}


@settings(max_examples=200, deadline=None)
@given(logs(), st.data())
def test_a_replay_by_events_has_nothing_late_and_leaves_the_last_windows_open(
    log: Log, data: st.DataObject
) -> None:
    reading = Reading(Replay(), log, data)
    reading.run(by_wall=False)
    assert reading.outputs["late-events"] == []
    clocks = reading.shard.clocks
    assert reading.shard.watermark_ms == (max(clocks.values()) - LATENESS if clocks else None)


@settings(max_examples=100, deadline=None, suppress_health_check=TWICE)
@given(logs(disorder=30 * LATENESS), st.data())
def test_a_replay_by_events_gives_the_same_though_it_is_interrupted(
    log: Log, data: st.DataObject
) -> None:
    first, second = (Reading(Replay(), log, data) for _ in range(2))
    first.run(by_wall=False)
    second.run(by_wall=False, crashes=True)
    for topic in first.outputs.keys() | second.outputs.keys():
        assert sorted(first.outputs[topic]) == sorted(second.outputs[topic])
    assert first.shard.watermark_ms == second.shard.watermark_ms
