"""Metrics: what a worker exposes, on a registry of its own.

Knows names, units, labels and buckets of what happens rarely and is pushed by whoever does it; what
happens for each event is read at a scrape (`scraped`). Must not know where the numbers come from.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from schemas import topics
from streams.build import parts, version
from streams.kafka.checkpoint import Failure
from streams.outputs.alertmanager import OUTCOMES, Push
from streams.outputs.families import PREFIX, labels_of, unit_of
from streams.outputs.readings import Reading
from streams.outputs.scraped import Readings

_NAMED_PARTS = ("python", "faust-streaming", "aiokafka")

# The targets for event to commit (1 s, 2 s) and its objective (5 s) are bounds, so that a share
# within them is exact.
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
            return Counter(PREFIX + name, help_, labels, unit=unit_of(name), registry=registry)

        def gauge(name: str, help_: str, labels: Iterable[str] = ()) -> Gauge:
            return Gauge(PREFIX + name, help_, labels, unit=unit_of(name), registry=registry)

        def histogram(name: str, help_: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(
                PREFIX + name, help_, unit=unit_of(name), buckets=buckets, registry=registry
            )

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
        registry.register(Readings(read, clock))
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
        event_id: str = "",
    ) -> None:
        """One transaction was committed.

        `state` holds (records, bytes) by table, `published` records by topic, `oldest` the broker's
        timestamps (seconds since the epoch) of the oldest records behind it; `event_id` names the
        first of these, if it is known.
        """
        self._checkpoint_seconds.observe(seconds)
        for table, (records, size) in state.items():
            self._state_records.labels(table).inc(records)
            self._state_bytes.labels(table).inc(size)
        for topic, records in published.items():
            self._published.labels(topic).inc(records)
        now = self._clock()
        exemplar = labels_of(event_id=event_id)
        for at in sorted(oldest):
            self._latency.observe(max(0.0, now - at), exemplar)
            exemplar = None

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
