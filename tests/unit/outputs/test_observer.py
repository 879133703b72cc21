"""Observer: what is remembered of shards that come and go, and of what was committed."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from schemas import codec
from schemas.alerts import Alert, Evidence
from schemas.partitioning import partition_for
from streams.engine.registry import Output
from streams.engine.shard import Batch, Shard, ShardConfig, Snapshot, Tick
from streams.outputs.metrics import Metrics
from streams.outputs.observer import Observer

NOW_MS = 1_700_000_000_000
CONFIG = ShardConfig(partitions=2)
CREATORS = [name for n in range(30) if partition_for((name := f"c{n}").encode(), 2) == 0]


class FakeSeam:
    rebalances = 3
    ready = True
    silent = False
    options = SimpleNamespace(partitions=2)
    slots = MappingProxyType(
        {
            0: SimpleNamespace(producer=SimpleNamespace(epoch=4)),
            1: SimpleNamespace(producer=SimpleNamespace(epoch=None)),
        }
    )

    def hidden(self) -> dict[tuple[str, int], int]:
        return {("likes", 0): 2, ("likes", 1): 1}

    def checkpoint_age(self) -> float:
        return 0.25

    def lag(self) -> dict[tuple[str, int], int]:
        return {("likes", 0): 5, ("likes", 1): 7, ("posts", 0): 1}

    def brokers_silent(self) -> bool:
        return self.silent

    def waiting_topics(self) -> list[str]:
        return ["likes", "likes"]


def likes(creators: Iterable[str], start: int = 0) -> Batch:
    records = [
        SimpleNamespace(
            offset=start + n,
            timestamp=NOW_MS,
            key=creator.encode(),
            value=(
                f'{{"event_id":"{start + n}","creator_id":"{creator}","platform":"x",'
                f'"occurred_at":{NOW_MS},"post_id":"p","actor_id":"a"}}'
            ).encode(),
            headers=(),
        )
        for n, creator in enumerate(creators)
    ]
    return Batch("likes", start, records, start + len(records))


def a_shard(creators: Iterable[str]) -> Shard:
    shard = Shard(0, CONFIG)
    shard.apply(likes(creators))
    shard.advance(Tick(NOW_MS, frozenset()))
    return shard


@pytest.fixture
def observer() -> Observer:
    return Observer(max_creator_series=2)


@pytest.fixture
def registry(observer: Observer) -> CollectorRegistry:
    registry = CollectorRegistry()
    seam: Any = FakeSeam()
    observer.attach(seam, Metrics(registry, observer.read, clock=lambda: NOW_MS / 1000))
    return registry


def test_counters_never_fall_when_a_partition_goes_and_comes_back(observer: Observer):
    observer.hooks.on_restored(0, a_shard(CREATORS[:2]), 0.1)
    assert observer.read().counted.accepted["likes"] == 2
    observer.hooks.on_dropped(0)
    assert observer.read().counted.accepted["likes"] == 2
    assert observer.read().creators == 0
    observer.hooks.on_restored(0, a_shard(CREATORS[:3]), 0.1)
    assert observer.read().counted.accepted["likes"] == 5
    assert observer.read().creators == 3


def test_a_reading_joins_shards_and_seam(observer: Observer, registry: CollectorRegistry):
    observer.hooks.on_restored(0, a_shard(CREATORS[:1]), 0.1)
    reading = observer.read()
    assert reading.ready
    assert reading.partitions == 1
    assert reading.configured == 2
    assert reading.rebalances == 3
    assert reading.checkpoint_age == 0.25
    assert reading.lag == {"likes": 12, "posts": 1}
    assert reading.hidden == {"likes": 3}
    assert reading.epochs == {0: 4}
    assert reading.waiting == Counter(likes=2)
    assert reading.watermarks == {0: NOW_MS / 1000 - 10}


def test_a_worker_whose_brokers_are_silent_is_not_ready(observer: Observer):
    seam: Any = FakeSeam()
    observer.attach(seam, Metrics(CollectorRegistry()))
    seam.silent = True
    assert not observer.read().ready


def test_what_was_written_since_a_topic_was_drained_waits_no_longer_than_that(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
):
    seam: Any = FakeSeam()
    now = NOW_MS / 1000
    monkeypatch.setattr("streams.outputs.observer.time.time", lambda: now)
    monkeypatch.setattr(seam, "lag", lambda: {("likes", 0): unread})
    observer.attach(seam, Metrics(CollectorRegistry()))
    observer.hooks.on_restored(0, a_shard(CREATORS[:1]), 0.1)
    unread = 0
    observer.arrived(0, likes(CREATORS[:1]))
    now += 3_600
    observer.look_for_lag()
    unread = 5
    now += 2
    observer.look_for_lag()
    assert observer.read().lag_seconds == {"likes": 2}
    seam.silent, unread = True, 0
    now += 60
    observer.look_for_lag()
    unread = 5
    assert observer.read().lag_seconds == {"likes": 62}, "old answers tell nothing"
    observer.hooks.on_dropped(0)
    assert observer.read().lag_seconds == {}


def test_a_reading_tells_how_many_scores_wait(observer: Observer):
    shard = Shard(0, ShardConfig(partitions=2, most_scores=1))
    shard.apply(likes(CREATORS[:3]))
    shard.advance(Tick(NOW_MS, frozenset()))
    observer.hooks.on_restored(0, shard, 0.1)
    observer.hooks.on_restored(1, Shard(1, CONFIG), 0.1)
    assert observer.read().scores_waiting == 2


def test_the_most_active_creators_have_series(observer: Observer):
    many, some, few = CREATORS[:3]
    observer.hooks.on_restored(0, a_shard([many] * 5 + [some] * 3 + [few]), 0.1)
    assert observer.read().found.creators == []
    observer.survey()
    series = observer.read().found.creators
    assert [(creator.creator_id, creator.engagements) for creator in series] == [
        (many, 5),
        (some, 3),
        ("_other", 1),
    ]


def test_a_restore_is_known_while_it_lasts(observer: Observer, registry: CollectorRegistry):
    observer.hooks.on_restore_progress(1, 40, 100)
    assert observer.restoring == {1: (40, 100)}
    assert observer.read().restoring == {1: 0.4}
    observer.hooks.on_restored(1, Shard(1, CONFIG), 0.5)
    assert observer.restoring == {}
    assert registry.get_sample_value("engagement_restored_records_total") == 100
    assert registry.get_sample_value("engagement_recovery_seconds_count") == 1


def test_a_restore_that_is_given_up_is_no_longer_told(observer: Observer):
    observer.hooks.on_restore_progress(1, 40, 100)
    observer.hooks.on_dropped(1)
    assert observer.read().restoring == {}


def test_a_failed_checkpoint_is_told_by_its_kind(observer: Observer, registry: CollectorRegistry):
    observer.hooks.on_failed(0, "fenced")
    name, fenced = "engagement_checkpoint_failures_total", {"reason": "fenced"}
    assert registry.get_sample_value(name, fenced) == 1
    assert observer.report()["checkpoint_failures"] == {"fenced": 1}


def test_what_is_committed_is_counted_by_topic_and_table(
    observer: Observer, registry: CollectorRegistry
):
    snapshot = Snapshot(
        tables={"engagement": {b"key": b"12345", b"gone": None}, "sentiment": {}},
        outputs=[
            Output("engagement-scores", b"k", b"v", 0),
            Output("engagement-scores", b"k", b"v", 0),
            Output("likes", b"k", b"v", 1),
        ],
        positions={},
    )
    observer.hooks.on_committed(0, snapshot, 0.01)
    assert observer.published == Counter({"engagement-scores": 2})

    def sample(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"engagement_{name}", labels)

    assert sample("records_published_total", topic="engagement-scores") == 2
    assert sample("records_published_total", topic="likes") is None
    assert sample("state_records_written_total", table="engagement") == 2
    assert sample("state_written_bytes_total", table="engagement") == len(b"key12345gone")
    assert sample("checkpoint_seconds_count") == 1


def test_the_latency_of_a_batch_ends_with_the_commit_that_covers_it(
    observer: Observer, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
):
    now = 100.0
    monkeypatch.setattr("streams.outputs.observer.time.monotonic", lambda: now)
    empty = Snapshot({}, [], {})
    observer.arrived(0, likes(CREATORS[:1]))
    now = 100.4
    observer.arrived(0, likes(CREATORS[:1], start=1))
    now = 100.5
    observer.hooks.on_committed(0, empty, 0.2)
    assert registry.get_sample_value("engagement_event_to_commit_seconds_count") == 1
    now = 101.0
    observer.hooks.on_committed(0, empty, 0.1)
    assert registry.get_sample_value("engagement_event_to_commit_seconds_count") == 2


def exemplars(registry: CollectorRegistry, name: str) -> list[dict[str, str]]:
    samples = [sample for family in registry.collect() for sample in family.samples]
    return [s.exemplar.labels for s in samples if s.name == f"engagement_{name}" and s.exemplar]


def test_the_event_that_waited_longest_and_the_last_alert_are_named(
    observer: Observer, registry: CollectorRegistry, an_alert: Any
):
    late = likes(CREATORS[:1], start=7)
    late.records[0].timestamp = NOW_MS - 1
    observer.arrived(0, likes(CREATORS[:1]))
    observer.arrived(0, late)
    outputs = [Output("alerts", b"a1", codec.encode(an_alert("firing")), 0)]
    observer.hooks.on_committed(0, Snapshot({}, outputs, {}), 0.0)
    assert exemplars(registry, "event_to_commit_seconds_bucket") == [{"event_id": "7"}]
    assert exemplars(registry, "alerts_total") == [{"alert_id": "a1"}]


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"\xff", b"[]", b'{"event_id":1}', b"[" * 9_999]
)
def test_what_is_no_event_has_no_name_and_does_no_harm(
    observer: Observer, registry: CollectorRegistry, value: bytes | None
):
    batch = likes(CREATORS[:1])
    batch.records[0].value = value
    observer.arrived(0, batch)
    observer.hooks.on_committed(0, Snapshot({}, [], {}), 0.0)
    assert registry.get_sample_value("engagement_event_to_commit_seconds_count") == 1
    assert exemplars(registry, "event_to_commit_seconds_bucket") == []


def test_the_report_tells_what_was_committed(observer: Observer):
    shard = a_shard(CREATORS[:2])
    observer.hooks.on_restored(0, shard, 0.1)
    observer.hooks.on_committed(0, shard.take_snapshot(), 0.1)
    report = observer.report()
    assert report["events"] == 2
    assert report["events_by_topic"] == {"likes": 2}
    assert report["scores"] == 2
    assert report["alerts"] == []
    assert report["checkpoints"] == 1


def test_alerts_that_begin_are_kept_for_the_report(observer: Observer, an_alert: Any):
    begun, ended = an_alert("firing"), an_alert("resolved")
    outputs = [Output("alerts", b"a1", codec.encode(alert), 0) for alert in (begun, ended)]
    observer.hooks.on_committed(0, Snapshot({}, outputs, {}), 0.1)
    assert [alert["alert_id"] for alert in observer.report()["alerts"]] == ["a1"]
    assert observer.report()["published"] == {"alerts": 2}


@pytest.fixture
def an_alert() -> Any:
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)

    def make(status: Any) -> Alert:
        return Alert(
            alert_id="a1",
            creator_id="c1",
            platform="x",
            campaign_id=None,
            kind="follower_spike",
            status=status,
            severity="warning",
            started_at=now,
            updated_at=now,
            ended_at=None,
            title="Followers of c1 jump",
            reason="400 new followers in an hour, 20 expected",
            explanation="unknown",
            evidence=Evidence(
                metric="follows",
                observed=400,
                expected=20,
                ratio=20,
                probability=1e-9,
                window_start=now,
                window_end=now,
                samples=7,
            ),
        )

    return make
