"""Metrics: the catalogue of what a worker exposes, on a registry of its own.

Knows names, units, labels and buckets. Must not know where the numbers come from: what happens
rarely is pushed by whoever does it, what happens for each event is read at a scrape.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas import alerts, commands, dead_letters, topics
from streams.build import parts, version
from streams.engine.stats import ShardStats
from streams.kafka.checkpoint import Failure
from streams.outputs.alertmanager import OUTCOMES, Push
from streams.outputs.readings import CreatorReading, Reading

PREFIX = "engagement_"
_INBOUND = [topic.name for topic in topics.INBOUND]
_KEYED = [topic.name for topic in topics.KEYED]
_KINDS = list(get_args(alerts.Kind))
_STATUSES = list(get_args(alerts.Status))
_NAMED_PARTS = ("python", "faust-streaming", "aiokafka")
_SNAPSHOTS = ("baseline", "counted", "reconciled", "reset", "stale")
_FOLDED = ("details", "totals")
_CODES = list(get_args(dead_letters.Code))

# The targets for event to commit (1 s, 2 s) are bounds, so that a share within them is exact.
_LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_CHECKPOINT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_PUSH_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
_RECOVERY_BUCKETS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """All metrics of one worker. Every label set that is known exists from the start, at zero.

    `read` is called at each scrape; `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        read: Callable[[], Reading] = Reading,
        clock: Callable[[], float] = time.time,
        process: bool = True,
    ) -> None:
        self.registry = registry
        self._clock = clock
        # A second series beside each counter, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]

        def counter(name: str, help_: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(PREFIX + name, help_, labels, registry=registry)

        def gauge(name: str, help_: str, labels: Iterable[str] = ()) -> Gauge:
            return Gauge(PREFIX + name, help_, labels, registry=registry)

        def histogram(name: str, help_: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(PREFIX + name, help_, buckets=buckets, registry=registry)

        gauge(
            "build_info",
            "Releases of this worker and of what it runs on; always 1.",
            ["version", "python", "faust", "aiokafka"],
        ).labels(version(), *(parts()[name] for name in _NAMED_PARTS)).set(1)
        self._heartbeat = gauge(
            "heartbeat_timestamp_seconds", "When the main loop last had time for its timer."
        )
        self._checkpoint_seconds = histogram(
            "checkpoint_seconds", "Time from snapshot to commit.", _CHECKPOINT_BUCKETS
        )
        self._failures = counter(
            "checkpoint_failures_total",
            "Checkpoints that failed; the worker ends with the first.",
            ["reason"],
        )
        self._latency = histogram(
            "event_to_commit_seconds",
            "Time from the broker's timestamp to the commit of what became of it; one sample for "
            "each batch and topic: its oldest record.",
            _LATENCY_BUCKETS,
        )
        self._state_records = counter(
            "state_records_written_total", "Records written to the changelogs.", ["table"]
        )
        self._state_bytes = counter(
            "state_written_bytes_total", "Keys and values written to the changelogs.", ["table"]
        )
        self._published = counter(
            "records_published_total", "Records committed to outbound topics.", ["topic"]
        )
        self._recovery_seconds = histogram(
            "recovery_seconds", "Time to fence and restore one partition.", _RECOVERY_BUCKETS
        )
        self._pushes = counter(
            "alert_pushes_total", "Requests with alerts, by outcome.", ["alertmanager", "outcome"]
        )
        self._push_seconds = histogram(
            "alert_push_seconds", "Time of one such request.", _PUSH_BUCKETS
        )
        self._pushed = gauge(
            "alert_push_success_timestamp_seconds",
            "When alerts were last received.",
            ["alertmanager"],
        )
        self._restored = counter("restored_records_total", "Changelog records read back.")

        self._touch()
        registry.register(_Readings(read, clock))
        if process:
            ProcessCollector(registry=registry)

    def _touch(self) -> None:
        for table in topics.TABLES:
            self._state_records.labels(table)
            self._state_bytes.labels(table)
        for topic in topics.OUTBOUND:
            self._published.labels(topic.name)
        for reason in get_args(Failure):
            self._failures.labels(reason)
        self.beat()

    def checkpoint_committed(
        self,
        seconds: float,
        state: Mapping[str, tuple[int, int]],
        published: Mapping[str, int],
        oldest: Iterable[float] = (),
    ) -> None:
        """One transaction was committed.

        `state` holds (records, bytes) by table, `published` records by topic, `oldest` the broker's
        timestamps (seconds since the epoch) of the oldest records behind it.
        """
        self._checkpoint_seconds.observe(seconds)
        for table, (records, size) in state.items():
            self._state_records.labels(table).inc(records)
            self._state_bytes.labels(table).inc(size)
        for topic, records in published.items():
            self._published.labels(topic).inc(records)
        now = self._clock()
        for at in oldest:
            self._latency.observe(max(0.0, now - at))

    def checkpoint_failed(self, reason: str) -> None:
        """A transaction was given up, and the process is about to end."""
        self._failures.labels(reason).inc()

    def pushes_to(self, alertmanagers: Iterable[str]) -> None:
        """Alerts will be pushed to these."""
        for name in alertmanagers:
            for outcome in OUTCOMES:
                self._pushes.labels(name, outcome)

    def pushed(self, push: Push) -> None:
        """Alerts were sent, whatever came of it."""
        self._pushes.labels(push.target, push.outcome).inc()
        self._push_seconds.observe(push.seconds)
        if push.outcome == "delivered":
            self._pushed.labels(push.target).set(self._clock())

    def beat(self) -> None:
        """The main loop had time for its timer."""
        self._heartbeat.set(self._clock())

    def restored(self, seconds: float, records: int) -> None:
        """One partition was taken over."""
        self._recovery_seconds.observe(seconds)
        self._restored.inc(records)


class _Readings(Collector):
    """What is read off the shards at a scrape, so that counting costs the hot path nothing."""

    def __init__(self, read: Callable[[], Reading], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        yield from _counters(reading.counted)
        yield _counter(
            "rebalances", "Times that the group gave partitions out.", reading.rebalances
        )
        yield _gauge("partitions_owned", "Partitions held by this worker.", reading.partitions)
        yield _gauge(
            "last_checkpoint_timestamp_seconds",
            "When every owned partition was last found written down.",
            self._clock() - reading.checkpoint_age,
        )
        yield _gauge("creators_known", "Creators with state.", reading.creators)
        yield _gauge(
            "scores_waiting",
            "Creators whose score is due, but waits since a tick writes only so many.",
            reading.scores_waiting,
        )
        yield _gauge("campaigns_known", "Campaigns that are loaded.", reading.campaigns)
        active = {kind: reading.alerts_active[kind] for kind in _KINDS}
        yield _gauges("alerts_active", "Episodes that are firing.", "kind", active)
        digest, loaded_at, failures = reading.rules
        yield _gauges("rules_info", "The rules that hold; always 1.", "digest", {digest: 1})
        yield _gauge("rules_loaded_timestamp_seconds", "When those were read.", loaded_at)
        yield _counter(
            "rules_reload_failures", "Changes of the rules file that could not be used.", failures
        )
        yield _gauges(
            "alerts_unpushed",
            "Alerts whose latest state was not received yet.",
            "alertmanager",
            reading.unpushed,
        )
        lag = {topic: reading.lag.get(topic, 0) for topic in _KEYED}
        yield _gauges("consumer_lag_records", "Records not yet counted.", "topic", lag)
        hidden = {topic: reading.hidden.get(topic, 0) for topic in _KEYED}
        yield _gauges(
            "hidden_records",
            "Records behind the last stable offset, hidden by transactions that are open.",
            "topic",
            hidden,
        )
        yield _gauges(
            "restore_progress_ratio",
            "How much of a partition's state is read back, while that lasts.",
            "partition",
            {str(partition): part for partition, part in sorted(reading.restoring.items())},
        )
        yield _gauges(
            "producer_epoch",
            "Times that a partition was taken from its writer by the next, modulo 32,768.",
            "partition",
            {str(partition): epoch for partition, epoch in sorted(reading.epochs.items())},
        )
        waiting = {topic: reading.waiting[topic] for topic in _KEYED}
        yield _gauges(
            "partitions_waiting",
            "Partitions that are not read on, because the topic is ahead of slower ones.",
            "topic",
            waiting,
        )
        yield _gauges(
            "watermark_timestamp_seconds",
            "Event time up to which windows are closed.",
            "partition",
            {str(partition): at for partition, at in sorted(reading.watermarks.items())},
        )
        yield from _creators(reading.creator_series)


def _counters(counted: ShardStats) -> Iterator[Metric]:
    def by_topic(name: str, help_: str, values: Mapping[str, int], names: list[str]) -> Metric:
        return _counters_by(name, help_, "topic", {topic: values[topic] for topic in names})

    yield by_topic(
        "events_received", "Records read from inbound topics.", counted.received, _INBOUND
    )
    yield by_topic(
        "events_accepted", "Events that changed a creator's state.", counted.accepted, _KEYED
    )
    yield by_topic(
        "events_duplicate", "Events dropped, their id was known.", counted.duplicates, _KEYED
    )
    yield by_topic(
        "events_forwarded", "Events sent on to their partition.", counted.forwarded, _KEYED
    )
    yield _counters_by(
        "events_late",
        "Accepted events whose minute was closed, by whether a sliding window took them.",
        "applied",
        {"true": counted.late[True], "false": counted.late[False]},
    )
    yield _counters_by(
        "snapshots",
        "Polled totals, by what became of them.",
        "outcome",
        {outcome: counted.snapshots[outcome] for outcome in _SNAPSHOTS},
    )
    yield _counter(
        "events_reconciled",
        "Accepted events of a kind that polled totals count for their creator.",
        counted.snapshots["events reconciled"],
    )
    yield _counters_by(
        "state_folded",
        "Entries of one creator's state beyond its bounds, folded away; counts stay exact.",
        "kind",
        {kind: counted.folded[kind] for kind in _FOLDED},
    )
    refused = CounterMetricFamily(
        PREFIX + "dead_letters", "Records refused, by reason.", labels=["topic", "code"]
    )
    for topic in _INBOUND:
        for code in _CODES:
            refused.add_metric([topic, code], counted.dead_letters[topic, code])
    yield refused
    told = CounterMetricFamily(
        PREFIX + "alerts", "Alert records, by step of the life cycle.", labels=["kind", "status"]
    )
    for kind in _KINDS:
        for status in _STATUSES:
            told.add_metric([kind, status], counted.alerts[kind, status])
    yield told
    yield _counters_by(
        "alerts_quiet",
        "Alerts that fired and called nobody, by the reason.",
        "quiet",
        {reason: counted.quiet[reason] for reason in get_args(alerts.Quiet)},
    )
    yield _counters_by(
        "alert_commands",
        "Commands about alerts, by what they ask for; unknown: about no alert that can be.",
        "action",
        {action: counted.orders[action] for action in (*get_args(commands.Action), "unknown")},
    )
    windows = counted.outputs["engagement-windows"]
    yield _counter("windows_closed", "Final windows of a minute.", windows)
    yield _counter(
        "scores_postponed", "Scores written later than they were due.", counted.postponed
    )
    yield _counter("batch_holes", "Batches with a gap before them, read again.", counted.holes)
    yield _gauge(
        "last_event_timestamp_seconds",
        "Highest event time accepted; 0 before any.",
        counted.last_event_ms / 1000,
    )


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, help_, value)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, help_, value)


def _counters_by(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _gauges(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help_, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _creators(creators: list[CreatorReading]) -> Iterator[Metric]:
    def family(name: str, help_: str, value: Callable[[CreatorReading], float | None]) -> Metric:
        told = {creator.creator_id: value(creator) for creator in creators}
        known = {creator: number for creator, number in told.items() if number is not None}
        return _gauges(name, help_, "creator", known)

    yield family(
        "creator_engagements", "Net engagements within the last hour.", lambda c: c.engagements
    )
    yield family(
        "creator_score", "Engagement against the creator's own past, 0 to 100.", lambda c: c.score
    )
    yield family(
        "creator_engagement_ratio",
        "Net engagements of the last 24 hours as a share of the followers.",
        lambda c: c.engagement_rate,
    )
    yield family(
        "creator_sentiment_ratio",
        "Positive less negative comments of the last 24 hours, as a share of them, -1 to 1.",
        lambda c: c.sentiment,
    )
