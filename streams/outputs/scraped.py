"""Scraped: the metrics that are read off the shards at a scrape, so that counting costs nothing.

Knows their names, labels and where each is in a `Reading`. Must not know how a reading is made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from schemas import alerts, commands, dead_letters, topics
from streams.engine.stats import ANSWER_BOUNDS, ShardStats
from streams.outputs.families import PREFIX, counter, counters_by, gauge, gauges, labels_of, unit_of
from streams.outputs.readings import Reading
from streams.outputs.surveyed import surveyed

_INBOUND = [topic.name for topic in topics.INBOUND]
_KEYED = [topic.name for topic in topics.KEYED]
_KINDS = list(get_args(alerts.Kind))
_STATUSES = list(get_args(alerts.Status))
_SNAPSHOTS = ("baseline", "counted", "reconciled", "reset", "stale")
_FOLDED = ("details", "totals")
_CODES = list(get_args(dead_letters.Code))


class Readings(Collector):
    """Exposes what `read` returns; `clock` gives seconds since the epoch."""

    def __init__(self, read: Callable[[], Reading], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        yield from _counters(reading.counted, reading.told)
        yield counter("rebalances", "Times that the group gave partitions out.", reading.rebalances)
        yield gauge("ready", "1 while events are processed, 0 while not.", reading.ready)
        yield gauge("partitions_owned", "Partitions held by this worker.", reading.partitions)
        yield gauge(
            "partitions_configured", "Partitions that all workers share.", reading.configured
        )
        yield gauge(
            "last_checkpoint_timestamp_seconds",
            "When every owned partition was last found written down.",
            self._clock() - reading.checkpoint_age,
        )
        yield gauge("creators_known", "Creators with state.", reading.creators)
        yield gauge(
            "scores_waiting",
            "Creators whose score is due, but waits since a tick writes only so many.",
            reading.scores_waiting,
        )
        yield gauge("campaigns_known", "Campaigns that are loaded.", reading.campaigns)
        yield gauge(
            "uncommitted_records",
            "State records and outputs that checkpoints would write now, roughly.",
            reading.uncommitted,
        )
        yield from surveyed(reading.found)
        digest, loaded_at, failures = reading.rules
        yield gauges("rules_info", "The rules that hold; always 1.", "digest", {digest: 1})
        yield gauge("rules_loaded_timestamp_seconds", "When those were read.", loaded_at)
        yield counter(
            "rules_reload_failures", "Changes of the rules file that could not be used.", failures
        )
        yield gauges(
            "alerts_unpushed",
            "Alerts whose latest state was not received yet.",
            "alertmanager",
            reading.unpushed,
        )
        yield _by_topic("consumer_lag_records", "Records not yet counted.", reading.lag)
        yield _by_topic(
            "consumer_lag_seconds",
            "For how long the oldest record that is not yet counted has been written, at most.",
            reading.lag_seconds,
        )
        yield _by_topic(
            "hidden_records",
            "Records behind the last stable offset, hidden by transactions that are open.",
            reading.hidden,
        )
        yield _by_partition(
            "restore_progress_ratio",
            "How much of a partition's state is read back, while that lasts.",
            reading.restoring,
        )
        yield _by_partition(
            "producer_epoch",
            "Times that a partition was taken from its writer by the next, modulo 32,768.",
            reading.epochs,
        )
        yield _by_topic(
            "partitions_waiting",
            "Partitions that are not read on, because the topic is ahead of slower ones.",
            reading.waiting,
        )
        yield _by_partition(
            "watermark_timestamp_seconds",
            "Event time up to which windows are closed.",
            reading.watermarks,
        )


def _by_topic(name: str, help_: str, values: Mapping[str, float]) -> Metric:
    """A gauge of every topic that is keyed by creator, 0 where there is no value."""
    return gauges(name, help_, "topic", {topic: values.get(topic, 0) for topic in _KEYED})


def _by_partition(name: str, help_: str, values: Mapping[int, float]) -> Metric:
    return gauges(name, help_, "partition", {str(p): at for p, at in sorted(values.items())})


def _counters(
    counted: ShardStats, last: Mapping[tuple[str, str], tuple[str, float]]
) -> Iterator[Metric]:
    def by_topic(name: str, help_: str, values: Mapping[str, int], names: list[str]) -> Metric:
        return counters_by(name, help_, "topic", {topic: values[topic] for topic in names})

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
    yield counters_by(
        "events_late",
        "Accepted events whose minute was closed, by whether a sliding window took them.",
        "applied",
        {"true": counted.late[True], "false": counted.late[False]},
    )
    yield counters_by(
        "snapshots",
        "Polled totals, by what became of them.",
        "outcome",
        {outcome: counted.snapshots[outcome] for outcome in _SNAPSHOTS},
    )
    yield counter(
        "events_reconciled",
        "Accepted events of a kind that polled totals count for their creator.",
        counted.snapshots["events reconciled"],
    )
    yield counters_by(
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
            alert_id, at = last.get((kind, status), ("", 0.0))
            labels = labels_of(alert_id=alert_id)
            exemplar = None if labels is None else Exemplar(labels, 1.0, at)
            told.add_metric([kind, status], counted.alerts[kind, status], exemplar=exemplar)
    yield told
    yield counters_by(
        "alerts_quiet",
        "Alerts that fired and called nobody, by the reason.",
        "reason",
        {reason: counted.quiet[reason] for reason in get_args(alerts.Quiet)},
    )
    yield counters_by(
        "alert_commands",
        "Commands about alerts, by what they ask for; unknown: about no alert that can be.",
        "action",
        {action: counted.orders[action] for action in (*get_args(commands.Action), "unknown")},
    )
    yield _answered(counted)
    windows = counted.outputs["engagement-windows"]
    yield counter("windows_closed", "Final windows of a minute.", windows)
    yield counter("scores_postponed", "Scores written later than they were due.", counted.postponed)
    yield counter("batch_holes", "Batches with a gap before them, read again.", counted.holes)
    yield gauge(
        "last_event_timestamp_seconds",
        "Highest event time accepted; 0 before any.",
        counted.last_event_ms / 1000,
    )


def _answered(counted: ShardStats) -> Metric:
    """Shards count by bound, so that nothing but counters need be added up."""
    within, buckets = 0, []
    for bound in ANSWER_BOUNDS:
        within += counted.answered[bound]
        buckets.append((f"{bound:.1f}", within))
    buckets.append(("+Inf", within + counted.answered[0]))
    name = "alert_acknowledgement_seconds"
    return HistogramMetricFamily(
        PREFIX + name,
        "Time from the beginning of an alert to its first acknowledgement.",
        buckets=buckets,
        sum_value=counted.answer_seconds,
        unit=unit_of(name),
    )
