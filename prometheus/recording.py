"""Recording: what dashboards and alerts ask for again and again, once for all.

Knows metrics and how they add up over workers. Must not know when a number is too high.

Names are `level:metric:operations`; the level is what is left of the labels. A `job` is a
deployment.
"""

from prometheus.limits import OBJECTIVE_SECONDS
from prometheus.model import Group, Recording

WORKER = "instance, pod"
"""Labels that name one worker; whatever else targets have (a cluster, a namespace) stays."""
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Over which the objective of freshness is judged."""


def slow_share(window: str) -> str:
    """Name of the share of what arrives that is not committed in time, over a window."""
    return f"job:engagement_event_to_commit_slow:ratio_rate{window}"


def _rate(metric: str, *gone: str) -> str:
    return f"sum without ({', '.join((WORKER, *gone))}) (rate({metric}[5m]))"


def _quantile(metric: str) -> Recording:
    name = f"job:{metric}:p99_rate5m"
    return Recording(name, f"histogram_quantile(0.99, {_rate(metric + '_bucket')})")


def _slow(window: str) -> Recording:
    metric = "engagement_event_to_commit_seconds"
    within = f'{metric}_bucket{{le="{OBJECTIVE_SECONDS}"}}'
    return Recording(
        slow_share(window),
        f"1 - sum without ({WORKER}, le) (rate({within}[{window}]))"
        f" / sum without ({WORKER}) (rate({metric}_count[{window}]))",
    )


_BY_TOPIC = [
    Recording(
        "job_topic:engagement_events_received:rate5m", _rate("engagement_events_received_total")
    ),
    Recording(
        "job_topic:engagement_events_accepted:rate5m", _rate("engagement_events_accepted_total")
    ),
    Recording(
        "job_topic:engagement_dead_letters:rate5m", _rate("engagement_dead_letters_total", "code")
    ),
    Recording(
        "job_topic:engagement_dead_letters_per_received:ratio_rate5m",
        "job_topic:engagement_dead_letters:rate5m / job_topic:engagement_events_received:rate5m",
    ),
    Recording(
        "job_topic:engagement_consumer_lag_records:sum",
        f"sum without ({WORKER}) (engagement_consumer_lag_records)",
    ),
    Recording(
        "job_topic:engagement_hidden_records:sum",
        f"sum without ({WORKER}) (engagement_hidden_records)",
    ),
    Recording(
        "job_topic:engagement_consumer_lag_seconds:max",
        f"max without ({WORKER}) (engagement_consumer_lag_seconds)",
    ),
]
_BY_PARTITION = [
    Recording(
        f"job_partition:{metric}:max",
        f"max without ({WORKER}) ({metric})",
    )
    for metric in ("engagement_watermark_timestamp_seconds", "engagement_producer_epoch")
]
_BY_JOB = [
    Recording(
        "job:engagement_consumer_lag_records:sum",
        "sum without (topic) (job_topic:engagement_consumer_lag_records:sum)",
    ),
    Recording(
        "job:engagement_watermark_lag_seconds:max",
        "time() - min without (partition)"
        " (job_partition:engagement_watermark_timestamp_seconds:max)",
    ),
    Recording(
        "job:engagement_events_late_per_accepted:ratio_rate5m",
        f"{_rate('engagement_events_late_total', 'applied')}\n/\n"
        "sum without (topic) (job_topic:engagement_events_accepted:rate5m)",
    ),
    _quantile("engagement_event_to_commit_seconds"),
    _quantile("engagement_checkpoint_seconds"),
]


def groups() -> list[Group]:
    """All recording rules. Long windows are asked for less often."""
    return [
        Group("creator-pulse.recording", [*_BY_TOPIC, *_BY_PARTITION, *_BY_JOB]),
        Group("creator-pulse.freshness", [_slow(window) for window in WINDOWS], interval="30s"),
    ]
