"""Pipeline: whether the workers do their work, and where it is held up.

Knows the questions of those who run it, in the order in which data flow, and the metrics that
answer them. Must not know how a panel is drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels import board, filled, graph, lines, number, tile
from grafana.queries import of, quantile, rate
from prometheus.limits import (
    CHECKPOINT_OLD_SECONDS,
    CHECKPOINT_SLOW_SECONDS,
    LAG_SECONDS,
    OBJECTIVE,
    OBJECTIVE_SECONDS,
)
from streams.health import LONGEST_WITHOUT_CHECKPOINT

_LATENCY = "engagement_event_to_commit_seconds"


def pipeline() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    whole = board(
        "Pipeline",
        "creator-pulse-pipeline",
        "Whether the workers do their work, and where it is held up. Alerts lead here.",
        "engagement_build_info",
    )
    return filled(
        whole,
        {
            "Symptoms": _symptoms(),
            "What comes in": _input(),
            "Time": _time(),
            "Commits and state": _commits(),
            "What goes out": _output(),
            "Workers": _workers(),
        },
    )


def _symptoms() -> list[Builder[Panel]]:
    within = rate(f"{_LATENCY}_bucket", matchers=f'le="{OBJECTIVE_SECONDS}"')
    return [
        tile(
            number([(None, "red"), (1, "green")]),
            f"sum({of('engagement_ready')})",
            title="Workers that process",
            description="Workers that are ready: as many as run, unless some wait or restore.",
            unit=units.Short,
        ),
        tile(
            number([(None, "green"), (1, "red")]),
            f"max({of('engagement_partitions_configured')})"
            f" - sum({of('engagement_partitions_owned')})",
            title="Partitions without worker",
            description="Their creators have no new scores. Not 0 for moments at a rebalance.",
            unit=units.Short,
        ),
        tile(
            number([(None, "red"), (OBJECTIVE, "green")]),
            f"{within} / {rate(_LATENCY + '_count')}",
            title=f"Committed within {OBJECTIVE_SECONDS:g} s",
            description=(
                f"The objective is {OBJECTIVE:.0%}: of the oldest record of each batch, from the"
                " broker's time to the commit of what became of it."
            ),
            unit=units.PercentUnit,
            no_value="nothing arrives",
        ),
        tile(
            number([(None, "green"), (LAG_SECONDS / 5, "orange"), (LAG_SECONDS, "red")]),
            f"max({of('engagement_consumer_lag_seconds')})",
            title="Oldest unread record",
            description="For how long it has been written; those that nobody may read count, too.",
            unit=units.Seconds,
        ),
        tile(
            number(
                [
                    (None, "green"),
                    (LONGEST_WITHOUT_CHECKPOINT, "orange"),
                    (CHECKPOINT_OLD_SECONDS, "red"),
                ]
            ),
            f"time() - min({of('engagement_last_checkpoint_timestamp_seconds')})",
            title="Oldest checkpoint",
            description="Of all workers; below 2 s as a rule. /healthz fails at 30 s.",
            unit=units.Seconds,
        ),
        tile(
            number([(None, "green"), (1, "orange")]),
            f"sum({of('engagement_alerts_unpushed')})",
            title="Alerts not pushed",
            description="What waits for an Alertmanager; for long, only if one is away.",
            unit=units.Short,
            no_value="no Alertmanager",
        ),
    ]


def _input() -> list[Builder[Panel]]:
    refused = rate("engagement_dead_letters_total")
    return [
        graph(
            (rate("engagement_events_received_total", "topic"), "{{topic}}"),
            title="Records read by topic",
            description="Records per second as they are read, good or not.",
            unit=units.RecordsPerSecond,
        ),
        graph(
            (refused, "refused"),
            (rate("engagement_events_duplicate_total"), "duplicate"),
            (rate("engagement_events_late_total"), "late"),
            (rate("engagement_events_forwarded_total"), "on a wrong partition"),
            title="What is not as it should be",
            description=(
                "Records per second that were refused, came twice, came after their minute was"
                " closed, or were sent on to their partition."
            ),
            unit=units.RecordsPerSecond,
        ),
        graph(
            (f"max by (topic) ({of('engagement_consumer_lag_seconds')})", "{{topic}}"),
            title="Oldest unread record by topic",
            description="How long it has been written, at most. It grows while a topic is held up.",
            unit=units.Seconds,
        ),
        graph(
            (f"sum by (topic) ({of('engagement_hidden_records')})", "{{topic}} hidden"),
            (f"sum by (topic) ({of('engagement_partitions_waiting')})", "{{topic}} waits"),
            title="Held up on purpose",
            description=(
                "Records behind a producer's open transaction, which nobody may read, and"
                " partitions that wait for topics that are behind in event time."
            ),
            unit=units.Short,
        ),
    ]


def _time() -> list[Builder[Panel]]:
    return [
        graph(
            (quantile(0.5, _LATENCY), "median"),
            (quantile(0.99, _LATENCY), "99 %"),
            title="From broker to commit",
            description="Of the oldest record of each batch; scores are published with the commit.",
            unit=units.Seconds,
            no_value="nothing arrives",
        ),
        graph(
            (
                f"time() - max by (partition) ({of('engagement_watermark_timestamp_seconds')})",
                "partition {{partition}}",
            ),
            title="Lag of event time by partition",
            description=(
                "How far behind now windows are final; the allowed lateness is part of it. One"
                " line that climbs alone is stuck, all of them are a backlog or brokers away."
            ),
            unit=units.Seconds,
            no_value="no events yet",
        ),
        graph(
            (f"sum by (instance) ({of('engagement_scores_waiting')})", "{{instance}}"),
            title="Scores that wait",
            description="Creators whose score is due: a partition writes 5,000 in a second.",
            unit=units.Short,
        ),
        graph(
            (rate("engagement_windows_closed_total", "instance"), "{{instance}}"),
            title="Windows closed",
            description="Final minutes per second. None although events come: time stands still.",
            unit=units.RecordsPerSecond,
        ),
    ]


def _commits() -> list[Builder[Panel]]:
    return [
        graph(
            (quantile(0.5, "engagement_checkpoint_seconds"), "median"),
            (quantile(0.99, "engagement_checkpoint_seconds"), "99 %"),
            title="Time of a checkpoint",
            description=(
                f"From the snapshot to the commit. {CHECKPOINT_SLOW_SECONDS:g} s are long, at 10 s"
                " the worker ends."
            ),
            unit=units.Seconds,
        ),
        graph(
            (rate("engagement_state_written_bytes_total", "table"), "{{table}}"),
            title="State written",
            description="Keys and values written to the changelogs, before compression.",
            unit=units.BytesPerSecondIEC,
        ),
        graph(
            (
                f"max by (partition) ({of('engagement_producer_epoch')})",
                "partition {{partition}}",
            ),
            title="Changes of hands",
            description=(
                "Each step is a takeover of a partition. Steps without rebalances of your own are"
                " somebody else with this PULSE_APP_ID."
            ),
            unit=units.Short,
            made=lambda: lines(stepped=True),
        ),
        graph(
            (rate("engagement_rebalances_total", "instance"), "{{instance}}"),
            title="Rebalances",
            description="Per second; at rest there are none. Without end: workers lose sessions.",
            unit=units.OpsPerSecond,
        ),
    ]


def _output() -> list[Builder[Panel]]:
    return [
        graph(
            (rate("engagement_records_published_total", "topic"), "{{topic}}"),
            title="Records published by topic",
            description="Committed records per second: what readers of the outputs see.",
            unit=units.RecordsPerSecond,
        ),
        graph(
            (
                rate("engagement_alert_pushes_total", "alertmanager, outcome"),
                "{{alertmanager}} {{outcome}}",
            ),
            title="Pushes to Alertmanagers",
            description="Requests per second by outcome. Rejected: faulty. Failed: tried again.",
            unit=units.RequestsPerSecond,
            no_value="no Alertmanager",
        ),
    ]


def _workers() -> list[Builder[Panel]]:
    return [
        graph(
            (rate("process_cpu_seconds_total", "instance"), "{{instance}}"),
            title="Cores in use",
            description="A worker uses one core at most; at 1 it cannot do more.",
            unit=units.Short,
        ),
        graph(
            (f"sum by (instance) ({of('process_resident_memory_bytes')})", "{{instance}}"),
            title="Memory",
            description="Resident memory of each worker. It grows with creators, then stays.",
            unit=units.BytesIEC,
        ),
    ]
