"""Creator: one creator over time, and the way to all those who have no series of their own.

Knows the questions about one creator and the metrics that answer them. Must not know how a panel is
drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels import (
    board,
    columns,
    filled,
    finished,
    given,
    graph,
    instant,
    lines,
    note,
    number,
    one_of,
    tile,
)
from grafana.queries import highest, total

UID = "creator-pulse-creator"
LIVE = "${live}/#/creators/"
_ONE = 'creator="$creator"'
_NONE = "not known"


def creator() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    whole = board(
        "Creator",
        UID,
        "One creator over time. Creators without a series of their own are on the live page.",
        "engagement_build_info",
    )
    whole.with_variable(one_of("creator", "Creator", "engagement_creator_engagements"))
    whole.with_variable(given("live", "Live page", "http://localhost:9120"))
    return filled(whole, {"Now": _now(), "Over time": _course()})


def _now() -> list[Builder[Panel]]:
    alerts = finished(
        columns(
            {"kind": "Alert", "severity": "Severity", "campaign": "Campaign", "Value": "Firing"},
            order="Severity",
        ),
        [
            instant(
                total("engagement_alerts_calling", "kind, severity, campaign", _ONE),
                rows=True,
            )
        ],
        title="Alerts that call somebody",
        description="What fires now, and nobody has acknowledged.",
        unit=units.Short,
        no_value="none",
        size=(12, 5),
    )
    return [
        tile(
            number(),
            highest("engagement_creator_score", matchers=_ONE),
            title="Score",
            description="Engagement against the creator's own past: 50 is as usual, 0 to 100.",
            unit=units.Short,
            no_value=_NONE,
            size=(3, 5),
        ).decimals(1),
        tile(
            number(),
            highest("engagement_creator_engagements", matchers=_ONE),
            title="Engagements, 1 h",
            description="Net engagements of the last hour: what was taken back is subtracted.",
            unit=units.Short,
            no_value=_NONE,
            size=(3, 5),
        ),
        tile(
            number(),
            highest("engagement_creator_engagement_ratio", matchers=_ONE),
            title="Engagement rate, 24 h",
            description="Net engagements of a day as a share of the followers, if these are known.",
            unit=units.PercentUnit,
            no_value=_NONE,
            size=(3, 5),
        ),
        tile(
            number([(None, "orange"), (-0.2, "text")]),
            highest("engagement_creator_sentiment_ratio", matchers=_ONE),
            title="Sentiment, 24 h",
            description="Positive less negative comments as a share of all, -1 to 1.",
            unit=units.Short,
            no_value="no comments",
            size=(3, 5),
        ).decimals(2),
        alerts,
        note(
            "On the live page",
            f"[**$creator** on the live page]({LIVE}${{creator:percentencode}}): charts with what"
            " was expected, posts, alerts with their evidence, acknowledge and snooze.\n\n"
            "Creators without a series of their own (`_other` here) are there, too:"
            " [find one](${live}/#/), or open `"
            f"{LIVE}`*id*.",
            "Where the live page of `pulse api` is, for this creator and for all others.",
            (24, 4),
        ),
    ]


def _course() -> list[Builder[Panel]]:
    return [
        graph(
            (highest("engagement_creator_score", "creator", _ONE), "{{creator}}"),
            title="Score over time",
            description="50 is as usual, 75 about three times that, 25 a third.",
            unit=units.Short,
            no_value=_NONE,
        ),
        graph(
            (highest("engagement_creator_engagements", "creator", _ONE), "{{creator}}"),
            title="Engagements over time",
            description="Net engagements of the hour before each moment.",
            unit=units.Short,
            no_value=_NONE,
        ),
        graph(
            (highest("engagement_creator_sentiment_ratio", "creator", _ONE), "{{creator}}"),
            title="Sentiment over time",
            description="Positive less negative comments of the day before each moment.",
            unit=units.Short,
            no_value="no comments",
        ),
        graph(
            (total("engagement_alerts_calling", "kind", _ONE), "{{kind}}"),
            title="Alerts over time",
            description="When which alert called, until it was acknowledged or over.",
            unit=units.Short,
            no_value="none",
            made=lambda: lines(stepped=True),
        ),
    ]
