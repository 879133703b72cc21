"""Kafka and state: how far reading, writing and taking over are, partition by partition.

Knows the questions of those who run brokers and workers, and the metrics that answer them. Must not
know how a panel is drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels import board, filled, graph, lines, number, tile
from grafana.queries import grown, highest, of, quantile, rate, total
from prometheus.limits import (
    CHECKPOINT_OLD_SECONDS,
    CHECKPOINT_SLOW_SECONDS,
    LAG_RECORDS,
    LAG_SECONDS,
)
from streams.health import LONGEST_WITHOUT_CHECKPOINT

_CHECKPOINT = "engagement_checkpoint_seconds"


def kafka_and_state() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    whole = board(
        "Kafka and state",
        "creator-pulse-kafka-and-state",
        "How far reading, writing and taking over are.",
        "engagement_build_info",
    )
    rows = {
        "Lag": _lag(),
        "Checkpoints and transactions": _checkpoints(),
        "State": _state(),
        "Partitions that move": _moves(),
    }
    return filled(whole, rows)


def _lag() -> list[Builder[Panel]]:
    return [
        tile(
            number([(None, "green"), (LAG_RECORDS, "orange")]),
            total("engagement_consumer_lag_records"),
            title="Unread records",
            description="Written and not yet counted, over all inbound topics.",
            unit=units.Short,
        ),
        tile(
            number([(None, "green"), (LAG_SECONDS, "red")]),
            highest("engagement_consumer_lag_seconds"),
            title="Longest wait",
            description="For how long the oldest unread record has been written, at most.",
            unit=units.Seconds,
        ),
        tile(
            number([(None, "green"), (1, "orange")]),
            total("engagement_hidden_records"),
            title="Hidden records",
            description=(
                "Behind the last stable offset: a producer holds a transaction open, and nobody may"
                " read on."
            ),
            unit=units.Short,
        ),
        graph(
            (total("engagement_consumer_lag_records", "topic"), "{{topic}}"),
            title="Lag in records",
            description="Written and not yet counted, by topic.",
            unit=units.Short,
            size=(12, 8),
        ),
        graph(
            (highest("engagement_consumer_lag_seconds", "topic"), "{{topic}}"),
            title="Lag in seconds",
            description="How long the oldest unread record waits, by when it was written.",
            unit=units.Seconds,
        ),
        graph(
            (total("engagement_hidden_records", "topic"), "{{topic}}"),
            title="Lag behind open transactions",
            description="Records between the last stable offset and the end of the log, by topic.",
            unit=units.Short,
        ),
    ]


def _checkpoints() -> list[Builder[Panel]]:
    last = of("engagement_last_checkpoint_timestamp_seconds")
    return [
        tile(
            number(
                [
                    (None, "green"),
                    (LONGEST_WITHOUT_CHECKPOINT, "orange"),
                    (CHECKPOINT_OLD_SECONDS, "red"),
                ]
            ),
            f"time() - min({last})",
            title="Age of the oldest checkpoint",
            description="Of all workers; below 2 s as a rule. /healthz fails at 30 s.",
            unit=units.Seconds,
        ),
        tile(
            number([(None, "green"), (CHECKPOINT_SLOW_SECONDS, "orange")]),
            quantile(0.99, _CHECKPOINT),
            title="Checkpoint, 99 %",
            description="From the snapshot to the commit. At 10 s the worker ends.",
            unit=units.Seconds,
        ),
        tile(
            number([(None, "green"), (1, "red")]),
            grown("engagement_checkpoint_failures_total"),
            title="Failed checkpoints",
            description="Within the time range shown. Seldom seen: the worker ends with the first.",
            unit=units.Short,
        ),
        graph(
            (quantile(0.5, _CHECKPOINT), "median"),
            (quantile(0.99, _CHECKPOINT), "99 %"),
            title="Duration of checkpoints",
            description="From the snapshot of what changed to the commit of its transaction.",
            unit=units.Seconds,
            size=(12, 8),
        ),
        graph(
            (f"time() - min by (instance) ({last})", "{{instance}}"),
            title="Age of checkpoints",
            description="Since every partition of a worker was last found written down.",
            unit=units.Seconds,
        ),
        graph(
            (rate(_CHECKPOINT + "_count", "instance"), "{{instance}}"),
            title="Transactions",
            description="Committed per second: one for each checkpoint of a partition.",
            unit=units.OpsPerSecond,
        ),
        graph(
            (rate("engagement_checkpoint_failures_total", "reason"), "{{reason}}"),
            title="Failures of checkpoints by reason",
            description="Per second. Fenced: another has the partition. Timeout: slow brokers.",
            unit=units.OpsPerSecond,
        ),
        graph(
            (total("engagement_uncommitted_records", "instance"), "{{instance}}"),
            title="Dirty keys",
            description="Changed records and outputs that wait for the next checkpoint, roughly.",
            unit=units.Short,
        ),
    ]


def _state() -> list[Builder[Panel]]:
    return [
        graph(
            (total("engagement_creators_known", "instance"), "{{instance}}"),
            title="Creators with state",
            description="The size of the state: it grows with creators that were seen, not events.",
            unit=units.Short,
        ),
        graph(
            (highest("process_resident_memory_bytes", "instance"), "{{instance}}"),
            title="Memory of workers",
            description="Resident memory: the state, and what reads and writes it.",
            unit=units.BytesIEC,
        ),
        graph(
            (rate("engagement_state_records_written_total", "table"), "{{table}}"),
            title="Records to changelogs",
            description="Per second, by table: what compaction has to work through.",
            unit=units.RecordsPerSecond,
        ),
        graph(
            (rate("engagement_state_written_bytes_total", "table"), "{{table}}"),
            title="Bytes to changelogs",
            description="Keys and values per second, before compression.",
            unit=units.BytesPerSecondIEC,
        ),
    ]


def _moves() -> list[Builder[Panel]]:
    return [
        graph(
            (rate("engagement_rebalances_total", "instance"), "{{instance}}"),
            title="Rebalances of the group",
            description="Per second; none at rest. Without end: workers lose their sessions.",
            unit=units.OpsPerSecond,
        ),
        graph(
            (highest("engagement_producer_epoch", "partition"), "partition {{partition}}"),
            title="Fences",
            description="Each step fenced off a partition's last writer. At rest there are none.",
            unit=units.Short,
            made=lambda: lines(stepped=True),
        ),
        graph(
            (quantile(0.5, "engagement_recovery_seconds", "$__range"), "median"),
            (quantile(0.99, "engagement_recovery_seconds", "$__range"), "99 %"),
            title="Time to restore a partition",
            description="Over the time range shown: to fence the last writer and read state back.",
            unit=units.Seconds,
            no_value="no partition moved",
        ),
        graph(
            (rate("engagement_restored_records_total", "instance"), "{{instance}}"),
            title="Records restored",
            description="Changelog records read back per second.",
            unit=units.RecordsPerSecond,
        ),
        graph(
            (
                f"min by (partition) ({of('engagement_restore_progress_ratio')})",
                "partition {{partition}}",
            ),
            title="Restores under way",
            description="How much of a partition's state is read back; there only while it lasts.",
            unit=units.PercentUnit,
            no_value="none is restored",
        ),
        graph(
            (rate("engagement_batch_holes_total", "instance"), "{{instance}}"),
            title="Holes",
            description="Batches with a gap before them, read again. At rest there are none.",
            unit=units.OpsPerSecond,
        ),
    ]
