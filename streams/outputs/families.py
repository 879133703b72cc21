"""Families: metrics as they are exposed at a scrape, with name, unit and label in house style.

Knows the prefix and how a unit shows in a name. Must not know any metric.
"""

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "engagement_"
UNITS = ("seconds", "bytes", "ratio", "records")
"""What a name may end with, before `_total`: one unit for each metric, and always the base one."""

_MOST_OF_AN_EXEMPLAR = 128
"""Characters of its labels, by OpenMetrics."""


def unit_of(name: str) -> str:
    """The unit that a name ends with; empty for plain numbers, which have none."""
    last = name.removesuffix("_total").rpartition("_")[2]
    return last if last in UNITS else ""


def labels_of(**labels: str) -> dict[str, str] | None:
    """The labels of an exemplar; None where one is empty, or they are longer than may be."""
    size = sum(len(name) + len(value) for name, value in labels.items())
    return labels if all(labels.values()) and size <= _MOST_OF_AN_EXEMPLAR else None


def counter(name: str, help_: str, value: float) -> Metric:
    """A counter without labels."""
    return CounterMetricFamily(PREFIX + name, help_, value, unit=unit_of(name))


def gauge(name: str, help_: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(PREFIX + name, help_, value, unit=unit_of(name))


def counters_by(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    """A counter for each value of one label."""
    family = CounterMetricFamily(PREFIX + name, help_, labels=[label], unit=unit_of(name))
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def gauges(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    """A gauge for each value of one label."""
    family = GaugeMetricFamily(PREFIX + name, help_, labels=[label], unit=unit_of(name))
    for value, number in values.items():
        family.add_metric([value], number)
    return family
