"""Campaign overview: how the creators are doing, and whether the numbers can be trusted now.

Knows the questions of campaign operations and the metrics that answer them. Must not know how a
panel is drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import units

from grafana.first_look import CREATOR_LINK, attention, numbers
from grafana.panels import (
    MATCHERS,
    bars,
    board,
    columns,
    filled,
    finished,
    instant,
    lines,
    link_of_column,
    number,
    series,
    unit_of_column,
)
from prometheus.limits import FRESH_SECONDS, LAG_RECORDS, STALE_SECONDS

_LOWEST = 10
_SENTIMENT = f'engagement_creator_sentiment_ratio{{{MATCHERS}, creator!="_other"}}'
_RATE = f'engagement_creator_engagement_ratio{{{MATCHERS}, creator!="_other"}}'
_ENGAGEMENTS = f'engagement_creator_engagements{{{MATCHERS}, creator!="_other"}}'
_SCORE = f'engagement_creator_score{{{MATCHERS}, creator!="_other"}}'


def campaign_overview() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    overview = board(
        "Campaign overview",
        "creator-pulse-campaign-overview",
        "How the creators are doing, and whether the numbers can be trusted now.",
        "engagement_build_info",
    )
    filled(overview, {"The first look": [*numbers(), *attention()]})
    _at_a_glance(overview)
    _creators(overview)
    _data(overview)
    return overview


def _at_a_glance(overview: dashboard.Dashboard) -> None:
    overview.with_row(dashboard.Row("At a glance"))
    overview.with_panel(
        finished(
            number(),
            [instant(f"sum(engagement_creators_known{{{MATCHERS}}})")],
            title="Creators tracked",
            description="Creators with state: seen at least once and not erased.",
            unit=units.Short,
            no_value="no worker",
            size=(4, 4),
        )
    )
    overview.with_panel(
        finished(
            number([(None, "green"), (1, "orange")]),
            [instant(f"sum(engagement_alerts_active{{{MATCHERS}}})")],
            title="Alerts firing",
            description="Episodes that are firing now, of all kinds and creators.",
            unit=units.Short,
            no_value="no worker",
            size=(4, 4),
        )
    )
    overview.with_panel(
        finished(
            number(),
            [
                instant(
                    f"sum(rate(engagement_events_accepted_total{{{MATCHERS}}}[$__rate_interval]))"
                )
            ],
            title="Events",
            description="Accepted events per second: without duplicates and dead letters.",
            unit=units.EventsPerSecond,
            no_value="no worker",
            size=(4, 4),
        )
    )
    overview.with_panel(
        finished(
            number([(None, "green"), (FRESH_SECONDS, "orange"), (STALE_SECONDS, "red")]),
            [instant(f"time() - min(engagement_watermark_timestamp_seconds{{{MATCHERS}}})")],
            title="Freshness",
            description=(
                "How far behind now the slowest partition's watermark is: windows and alerts up to"
                " then are final. The allowed lateness (10 s by default) is always part of it."
            ),
            unit=units.Seconds,
            no_value="no events yet",
            size=(4, 4),
        )
    )
    overview.with_panel(
        finished(
            number([(None, "green"), (LAG_RECORDS, "orange")]),
            [instant(f"sum(engagement_consumer_lag_records{{{MATCHERS}}})")],
            title="Consumer lag",
            description="Records that are written and not yet counted, over all inbound topics.",
            unit=units.Short,
            no_value="no worker",
            size=(4, 4),
        )
    )
    overview.with_panel(
        finished(
            number([(None, "green"), (1, "orange")]),
            [instant(f"sum(increase(engagement_dead_letters_total{{{MATCHERS}}}[$__range]))")],
            title="Dead letters",
            description="Records refused within the time range shown, for whatever reason.",
            unit=units.Short,
            no_value="no worker",
            size=(4, 4),
        ).decimals(0)
    )


def _creators(overview: dashboard.Dashboard) -> None:
    overview.with_row(dashboard.Row("Creators"))
    share = unit_of_column(units.PercentUnit, 2)
    leaders = finished(
        columns(
            {
                "creator": "Creator",
                "Value #A": "Score",
                "Value #B": "Engagements 1 h",
                "Value #C": "Engagement rate 24 h",
                "Value #D": "Sentiment 24 h",
            },
            order="Score",
        ),
        [
            instant(f"max by (creator) ({_SCORE})", rows=True),
            instant(f"max by (creator) ({_ENGAGEMENTS})", rows=True),
            instant(f"max by (creator) ({_RATE})", rows=True),
            instant(f"max by (creator) ({_SENTIMENT})", rows=True),
        ],
        title="Top creators by score",
        description=(
            "Score: engagement now against the creator's own past at the same hour and age of"
            " post; 50 is as usual, 75 about three times that, empty until three posts are known."
            " Creators without a series of their own (PULSE_MAX_CREATOR_SERIES) are left out."
        ),
        unit=units.Short,
        no_value="-",
        size=(16, 10),
    )
    leaders.override_by_name("Creator", link_of_column("Creator", CREATOR_LINK))
    leaders.override_by_name("Score", unit_of_column(units.Short, 1))
    leaders.override_by_name("Engagement rate 24 h", share)
    leaders.override_by_name("Sentiment 24 h", unit_of_column(units.Short, 2))
    overview.with_panel(leaders)
    overview.with_panel(
        finished(
            bars([(None, "orange"), (-0.2, "text")], -1, 1),
            [instant(f"bottomk({_LOWEST}, max by (creator) ({_SENTIMENT}))", "{{creator}}")],
            title=f"Sentiment net, {_LOWEST} lowest",
            description=(
                "Positive less negative comments of the last 24 hours, as a share of all of them,"
                " by a lexicon's opinion. Few comments make it jump: look at the engagements, too."
            ),
            unit=units.Short,
            no_value="no comments",
            size=(8, 10),
        )
    )
    overview.with_panel(
        finished(
            lines(),
            [
                series(
                    # The same creators over the whole range: those that lead at its end.
                    f"max by (creator) ({_RATE}) and on (creator)"
                    f" topk(5, max by (creator) ({_RATE} @ end()))",
                    "{{creator}}",
                )
            ],
            title="Engagement rate, five highest",
            description=(
                "Net engagements of the last 24 hours as a share of the followers. Only creators"
                " whose followers are known have one."
            ),
            unit=units.PercentUnit,
            no_value="no followers known",
            size=(12, 7),
        )
    )
    overview.with_panel(
        finished(
            lines(stepped=True),
            [series(f"sum by (kind) (engagement_alerts_active{{{MATCHERS}}})", "{{kind}}")],
            title="Alerts firing by kind",
            description="Episodes that were firing, by kind. Each is one creator's.",
            unit=units.Short,
            no_value="no worker",
            size=(12, 7),
        ).decimals(0)
    )


def _data(overview: dashboard.Dashboard) -> None:
    overview.with_row(dashboard.Row("Data"))
    accepted = f"engagement_events_accepted_total{{{MATCHERS}}}"
    overview.with_panel(
        finished(
            lines(),
            [series(f"sum by (topic) (rate({accepted}[$__rate_interval]))", "{{topic}}")],
            title="Events by topic",
            description="Accepted events per second. A topic that falls silent stands out here.",
            unit=units.EventsPerSecond,
            no_value="no worker",
            size=(12, 7),
        )
    )
    overview.with_panel(
        finished(
            lines(),
            [
                series(
                    f"time() - max by (partition)"
                    f" (engagement_watermark_timestamp_seconds{{{MATCHERS}}})",
                    "partition {{partition}}",
                )
            ],
            title="Freshness by partition",
            description=(
                "How far behind now the watermark of each partition is. It grows while the brokers"
                " cannot be reached, while a partition moves, and during a backlog."
            ),
            unit=units.Seconds,
            no_value="no events yet",
            size=(12, 7),
        )
    )
    lag = f"engagement_consumer_lag_records{{{MATCHERS}}}"
    overview.with_panel(
        finished(
            lines(),
            [series(f"sum by (topic) ({lag})", "{{topic}}")],
            title="Consumer lag by topic",
            description="Records that are written and not yet counted.",
            unit=units.Short,
            no_value="no worker",
            size=(12, 7),
        )
    )
    refused = f"engagement_dead_letters_total{{{MATCHERS}}}"
    overview.with_panel(
        finished(
            lines(),
            [
                series(
                    f"sum by (topic, code) (increase({refused}[$__rate_interval])) > 0",
                    "{{topic}} {{code}}",
                )
            ],
            title="Dead letters by reason",
            description=(
                "Records refused, by inbound topic and reason. What was refused is in the topic"
                " dead-letters, with the exact place of the fault."
            ),
            unit=units.Short,
            no_value="none refused",
            size=(12, 7),
        )
    )
