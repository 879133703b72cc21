"""Queries: expressions that panels of all dashboards are made of.

Knows how metrics add up over the workers that the variables choose. Must not know any metric.
"""

from grafana.panels import MATCHERS


def of(metric: str, matchers: str = "") -> str:
    """The series of a metric; `matchers` are more than those of the variables."""
    return f"{metric}{{{MATCHERS}{f', {matchers}' if matchers else ''}}}"


def total(metric: str, by: str = "", matchers: str = "") -> str:
    """Of a gauge: its sum over workers, for each of the labels `by`."""
    return f"sum{_level(by)} ({of(metric, matchers)})"


def highest(metric: str, by: str = "", matchers: str = "") -> str:
    """Of a gauge: its highest value over workers."""
    return f"max{_level(by)} ({of(metric, matchers)})"


def rate(metric: str, by: str = "", matchers: str = "") -> str:
    """Of a counter: by how much it grows in a second."""
    return f"sum{_level(by)} (rate({of(metric, matchers)}[$__rate_interval]))"


def grown(metric: str, by: str = "", matchers: str = "") -> str:
    """Of a counter: by how much it has grown within the time range shown."""
    return f"sum{_level(by)} (increase({of(metric, matchers)}[$__range]))"


def lately(metric: str, by: str, matchers: str = "") -> str:
    """Of a counter: by how much it has grown in the interval of each point."""
    return f"sum by ({by}) (increase({of(metric, matchers)}[$__rate_interval]))"


def quantile(share: float, metric: str, window: str = "$__rate_interval") -> str:
    """Of a histogram: what that share of the samples does not exceed."""
    buckets = f"sum by (le) (rate({of(metric + '_bucket')}[{window}]))"
    return f"histogram_quantile({share}, {buckets})"


def _level(by: str) -> str:
    return f" by ({by})" if by else ""
