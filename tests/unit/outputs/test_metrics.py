"""Metrics: the exact exposition, and that series come and go as they should."""

from collections import Counter
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from schemas import topics
from streams.build import parts, version
from streams.engine.stats import ShardStats
from streams.outputs.families import UNITS
from streams.outputs.metrics import Metrics
from streams.outputs.readings import Call, CreatorReading, Reading, Source, Survey

GOLDEN = Path(__file__).parent / "golden_metrics.txt"


def exposition(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def a_busy_reading() -> Reading:
    return Reading(
        counted=ShardStats(
            received=Counter(likes=12, campaigns=1),
            accepted=Counter(likes=9),
            duplicates=Counter(likes=2),
            forwarded=Counter(likes=1),
            late=Counter({True: 1}),
            dead_letters=Counter({("campaigns", "not_json"): 1}),
            alerts=Counter({("follower_spike", "firing"): 1}),
            outputs=Counter({"engagement-windows": 3}),
            snapshots=Counter({"counted": 6, "baseline": 1, "events reconciled": 2}),
            folded=Counter(details=5, totals=1),
            answered=Counter({300: 2, 0: 1}),
            answer_seconds=90_400,
            holes=1,
            postponed=4,
            last_event_ms=1_700_000_001_250,
        ),
        watermarks={1: 1_700_000_000.0, 0: 1_700_000_001.5},
        lag={"likes": 40},
        lag_seconds={"likes": 1.5},
        hidden={"likes": 3},
        restoring={3: 0.25},
        epochs={0: 7, 1: 2},
        waiting=Counter(likes=2),
        ready=True,
        partitions=2,
        configured=4,
        rebalances=1,
        checkpoint_age=0.5,
        creators=2,
        scores_waiting=7,
        campaigns=3,
        uncommitted=12,
        found=Survey(
            active=Counter(follower_spike=2),
            lasting=Counter(follower_spike=1),
            quiet=Counter(snoozed=1),
            calls=[Call("ada", "follower_spike", "critical", "spring")],
            creators=[
                CreatorReading("ada", 10, score=61.5, engagement_rate=0.05, sentiment=-0.25),
                CreatorReading("_other", 3),
            ],
            unshown=(0, 1),
            sources={"instagram": Source(2, 1, 1_700_000_001.0, low=1, over=3, under=2)},
            standing={"spring": Counter(below=1, usual=0, above=2)},
        ),
    )


def test_the_exposition_is_exactly_as_agreed():
    registry = CollectorRegistry()
    metrics = Metrics(registry, a_busy_reading, clock=lambda: 1_700_000_002.0, process=False)
    metrics.checkpoint_committed(
        0.02,
        state={"engagement": (3, 900)},
        published={"engagement-scores": 2},
        oldest=[1_700_000_001.5],
    )
    metrics.checkpoint_failed("fenced")
    metrics.restored(0.4, records=7)
    text = exposition(registry)
    release = parts()
    for value, name in (
        (version(), "VERSION"),
        (release["python"], "PYTHON"),
        (release["faust-streaming"], "FAUST"),
        (release["aiokafka"], "AIOKAFKA"),
    ):
        text = text.replace(f'="{value}"', f'="{name}"', 1)
    assert text == GOLDEN.read_text(), "if this change is meant, name it in CHANGELOG.md"


def test_openmetrics_takes_the_exposition_with_a_unit_wherever_a_name_ends_with_one():
    registry = CollectorRegistry()
    Metrics(registry, a_busy_reading, process=False).pushes_to(["am:9093"])
    families = list(text_string_to_metric_families(as_openmetrics(registry).decode()))
    assert [family.name for family in families] == [f.name for f in registry.collect()]
    for family in families:
        last = family.name.rpartition("_")[2]
        assert family.unit == (last if last in UNITS else "")


def test_every_known_series_is_there_before_anything_has_happened():
    registry = CollectorRegistry()
    Metrics(registry)
    for topic in topics.INBOUND:
        labels = {"topic": topic.name}
        assert registry.get_sample_value("engagement_events_received_total", labels) == 0
        labels |= {"code": "not_json"}
        assert registry.get_sample_value("engagement_dead_letters_total", labels) == 0
    for topic in topics.OUTBOUND:
        labels = {"topic": topic.name}
        assert registry.get_sample_value("engagement_records_published_total", labels) == 0


def test_the_series_of_a_creator_ends_when_it_leaves_the_set():
    reading = Reading(found=Survey(creators=[CreatorReading("ada", 10, score=50.0)]))
    registry = CollectorRegistry()
    Metrics(registry, lambda: reading)
    assert registry.get_sample_value("engagement_creator_score", {"creator": "ada"}) == 50.0
    reading.found = Survey()
    assert registry.get_sample_value("engagement_creator_score", {"creator": "ada"}) is None


def test_an_unknown_number_has_no_series():
    registry = CollectorRegistry()
    found = Survey(creators=[CreatorReading("ada", 10)])
    Metrics(registry, lambda: Reading(found=found))
    assert registry.get_sample_value("engagement_creator_engagements", {"creator": "ada"}) == 10
    assert registry.get_sample_value("engagement_creator_score", {"creator": "ada"}) is None


def test_the_number_of_series_does_not_depend_on_traffic():
    quiet, busy = CollectorRegistry(), CollectorRegistry()
    Metrics(quiet, process=False)
    Metrics(
        busy, lambda: Reading(counted=a_busy_reading().counted, lag={"likes": 9}), process=False
    )
    assert exposition(quiet).count("\n") == exposition(busy).count("\n")


def exemplars(registry: CollectorRegistry, name: str) -> list[dict[str, str]]:
    families = text_string_to_metric_families(as_openmetrics(registry).decode())
    samples = [sample for family in families for sample in family.samples]
    return [s.exemplar.labels for s in samples if s.name == name and s.exemplar]


def test_openmetrics_names_the_event_that_waited_longest_and_the_last_alert():
    registry = CollectorRegistry()
    told = {("silence", "firing"): ("silence:1:ada", 1_700_000_000.0)}
    metrics = Metrics(registry, lambda: Reading(told=told), clock=lambda: 100.0, process=False)
    metrics.checkpoint_committed(0.1, {}, {}, [99.9, 96.0], event_id="e-17")
    name = "engagement_event_to_commit_seconds_bucket"
    assert exemplars(registry, name) == [{"event_id": "e-17"}]
    (sample,) = [
        sample
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and sample.exemplar
    ]
    assert sample.labels == {"le": "5.0"}
    assert exemplars(registry, "engagement_alerts_total") == [{"alert_id": "silence:1:ada"}]
    assert "#  {" not in exposition(registry), "the plain format has none"


def test_an_id_that_is_longer_than_openmetrics_allows_is_left_out():
    registry = CollectorRegistry()
    told = {("silence", "firing"): ("x" * 121, 1.0)}
    metrics = Metrics(registry, lambda: Reading(told=told), process=False)
    metrics.checkpoint_committed(0.1, {}, {}, [1.0], event_id="x" * 121)
    assert exemplars(registry, "engagement_event_to_commit_seconds_bucket") == []
    assert exemplars(registry, "engagement_alerts_total") == []
