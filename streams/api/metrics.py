"""Metrics: what an instance of the API exposes, on a registry of its own.

Knows names, labels and buckets. Must not know how a request is answered or a record is shown: those
who do it tell, or are asked at a scrape.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

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

from streams.build import parts, version

PREFIX = "pulse_api_"
UNKNOWN = "(unknown)"
"""Stands for all paths that there are not."""
CLASSES = ("2xx", "4xx", "5xx")
FRESH_SECONDS = 0.05
"""How fast one creator is to be answered, as a rule: a bound of the buckets."""
_BUCKETS = (0.005, 0.01, 0.025, FRESH_SECONDS, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class ReaderReading(NamedTuple):
    """How far one reader is: records behind, whether it has read all that there was at its start,
    and when (s since the epoch) the brokers last answered it."""

    lag: int = 0
    caught_up: bool = False
    asked: float = 0.0


class ApiReading(NamedTuple):
    """What is read off at one scrape."""

    ready: bool = False
    readers: Mapping[str, ReaderReading] = {}
    applied: Mapping[str, int] = {}
    """Records taken in, by topic."""
    refused_records: int = 0
    lost_records: int = 0
    streams: int = 0
    dropped: int = 0
    commands: int = 0
    creators: int = 0
    campaigns: int = 0
    alerts: int = 0
    windows: int = 0
    database_bytes: int = 0


class ApiMetrics:
    """All metrics of one instance. `read` is called at each scrape."""

    def __init__(
        self,
        registry: CollectorRegistry,
        read: Callable[[], ApiReading] = ApiReading,
        routes: Iterable[tuple[str, str]] = (),
        process: bool = True,
    ) -> None:
        """Each of the `routes` (method, path) is there from the start, at zero."""
        self.registry = registry
        disable_created_metrics()  # type: ignore[no-untyped-call]
        Gauge(
            PREFIX + "build_info",
            "Releases of this instance and of Python; always 1.",
            ["version", "python"],
            registry=registry,
        ).labels(version(), parts()["python"]).set(1)
        self._requests = Counter(
            PREFIX + "requests_total",
            "Requests answered, by path as the routes have it, and by class of status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            PREFIX + "request_seconds",
            "Time until a request is answered; of a stream, until it begins.",
            ["method", "route"],
            unit="seconds",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._sign_ins = Counter(
            PREFIX + "sign_ins_refused_total",
            "Requests without a token, or with one that does not hold.",
            registry=registry,
        )
        for method, route in (*routes, ("GET", UNKNOWN)):
            self._seconds.labels(method, route)
            for status in CLASSES:
                self._requests.labels(method, route, status)
        registry.register(_Readings(read))
        if process:
            ProcessCollector(registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        if route == UNKNOWN:
            method = "GET"  # a stranger can make up any
        self._requests.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(method, route).observe(seconds)
        if status == 401:
            self._sign_ins.inc()


class _Readings(Collector):
    def __init__(self, read: Callable[[], ApiReading]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        for name, help_, value, unit in (
            ("ready", "1 while what is shown is complete and fresh, 0 while not.",
             float(reading.ready), ""),
            ("streams", "Listeners of the live stream.", reading.streams, ""),
            ("creators", "Creators that are shown.", reading.creators, ""),
            ("campaigns", "Campaigns that are shown.", reading.campaigns, ""),
            ("alerts_open", "Alerts that are shown as firing.", reading.alerts, ""),
            ("history_bytes", "Size of the database of history, with what is not merged yet.",
             reading.database_bytes, "bytes"),
        ):  # fmt: skip
            yield GaugeMetricFamily(PREFIX + name, help_, value, unit=unit)
        for name, help_, count, unit in (
            ("streams_dropped", "Streams ended here: whoever listened is let in no more.",
             reading.dropped, ""),
            ("commands", "Commands about alerts written for operators.", reading.commands, ""),
            ("history_windows", "Windows of creators written to history.", reading.windows, ""),
            ("records_refused", "Records that could not be read, and are not shown.",
             reading.refused_records, ""),
            ("lost_records", "Records that retention dropped before they were read into history.",
             reading.lost_records, "records"),
        ):  # fmt: skip
            yield CounterMetricFamily(PREFIX + name, help_, count, unit=unit)
        yield from _readers(reading.readers)
        applied = CounterMetricFamily(
            PREFIX + "records_applied", "Records taken in.", labels=["topic"]
        )
        for topic, records in reading.applied.items():
            applied.add_metric([topic], records)
        yield applied


def _readers(readers: Mapping[str, ReaderReading]) -> Iterator[Metric]:
    def family(name: str, help_: str, values: dict[str, float], unit: str = "") -> Metric:
        made = GaugeMetricFamily(PREFIX + name, help_, labels=["reader"], unit=unit)
        for reader, value in values.items():
            made.add_metric([reader], value)
        return made

    yield family(
        "lag_records",
        "Records behind a reader's position when the brokers were last asked.",
        {name: float(reader.lag) for name, reader in readers.items()},
        "records",
    )
    yield family(
        "caught_up",
        "1 once all is read that there was at the start, 0 before.",
        {name: float(reader.caught_up) for name, reader in readers.items()},
    )
    yield family(
        "brokers_answered_timestamp_seconds",
        "When the brokers last answered a reader.",
        {name: reader.asked for name, reader in readers.items() if reader.asked},
        "seconds",
    )


def moment(monotonic: float) -> float:
    """A monotonic second as seconds since the epoch; 0 stays 0."""
    return time.time() - (time.monotonic() - monotonic) if monotonic else 0.0
