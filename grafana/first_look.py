"""First look: what campaign operations want to know in the morning, from left to right.

Knows the questions: is the data whole, what has happened, who needs somebody, which campaigns and
posts, what mood, who was not called. Must not know how a panel is drawn.
"""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.creator import UID
from grafana.panels import (
    columns,
    finished,
    graph,
    instant,
    lines,
    link_of_column,
    number,
    tile,
    unit_of_column,
)
from grafana.queries import grown, highest, of, total
from prometheus.limits import CAMPAIGN_BELOW, SOURCE_OLD_SECONDS

CREATOR_LINK = f"/d/{UID}?var-creator=${{__value.text:percentencode}}&${{__url_time_range}}"
"""From a cell with a creator to its dashboard."""
_FIVE = 5
_CALLING = "engagement_alerts_calling"
_ALERTS = "engagement_alerts_total"
_ROSTER = "engagement_roster_creators"
_POSTS = "engagement_posts_far"


def numbers() -> list[Builder[Panel]]:
    """What has happened in the time range: set it to the night."""
    return [
        _number(
            grown(_ALERTS, matchers='status="firing"'),
            "Opened",
            "Alerts that have begun within the time range: set it to the night.",
        ),
        _number(
            grown(_ALERTS, matchers='status="resolved"'),
            "Resolved",
            "Alerts that have ended within the time range.",
        ),
        _number(
            total("engagement_alerts_lasting"),
            "Stayed open",
            "Alerts that have been firing for 8 hours and still are.",
        ),
        _number(
            total("engagement_alerts_silent", matchers='reason="snoozed"'),
            "Snoozed",
            "Alerts that are firing while their creator, or they themselves, are snoozed.",
        ),
        _number(
            total("engagement_alerts_silent", matchers='reason!~"snoozed|rate_cap|quiet_hours"'),
            "Suppressed",
            "Alerts that are firing and call nobody: acknowledged, explained, past, switched off.",
        ),
        _number(
            total("engagement_alerts_silent", matchers='reason=~"rate_cap|quiet_hours"'),
            "Digested",
            "Alerts that are firing and were too many, or came in quiet hours: in the digest.",
        ),
    ]


def _number(query: str, title: str, description: str) -> Builder[Panel]:
    return tile(number(), query, title=title, description=description, unit=units.Short).decimals(0)


def attention() -> list[Builder[Panel]]:
    """Where to look next."""
    return [_sources(), _people(), _campaigns(), _posts(), _mood(), _quiet()]


def _sources() -> Builder[Panel]:
    heard = total("engagement_source_creators", "platform", 'heard="true"')
    age = highest("engagement_source_last_event_timestamp_seconds", "platform")
    table = finished(
        columns(
            {
                "platform": "Platform",
                "Value #A": "Last event",
                "Value #B": "Creators heard of, 24 h",
                "Value #C": "Partitions that miss it",
            },
            order="Last event",
            steps=[(None, "text"), (SOURCE_OLD_SECONDS, "orange")],
        ),
        [
            instant(f"time() - {age}", rows=True),
            instant(f"{heard} / {total('engagement_source_creators', 'platform')}", rows=True),
            instant(total("engagement_source_low_partitions", "platform"), rows=True),
        ],
        title="Is the data of each platform whole and current?",
        description=(
            "How long ago the last event was, of how many of its creators anything came within a"
            " day, and on how many partitions far less comes than usually."
        ),
        unit=units.Short,
        no_value="no platform known",
        size=(12, 8),
    )
    table.override_by_name("Last event", unit_of_column(units.Seconds, 0))
    table.override_by_name("Creators heard of, 24 h", unit_of_column(units.PercentUnit, 0))
    return table


def _people() -> Builder[Panel]:
    urgent = " or ".join(
        f"{weight} * {of(_CALLING, f'severity={severity!r}')}".replace("'", '"')
        for severity, weight in (("critical", 100), ("warning", 10), ("info", 1))
    )
    table = finished(
        columns(
            {
                "creator": "Creator",
                "kind": "Why",
                "severity": "Severity",
                "campaign": "Campaign",
                "Value": "Urgency",
            },
            order="Urgency",
        ),
        [
            instant(
                f"sum by (creator, kind, severity, campaign) ({urgent})"
                f" and on (creator) topk({_FIVE}, sum by (creator) ({urgent}))",
                rows=True,
            )
        ],
        title="Who needs somebody now",
        description=(
            "The five creators with the most urgent alerts that call and that nobody has"
            " acknowledged, why, and in which campaign. Urgency: critical 100, warning 10, info 1."
        ),
        unit=units.Short,
        no_value="nobody",
        size=(12, 8),
    )
    table.override_by_name("Creator", link_of_column("Creator", CREATOR_LINK))
    return table


def _campaigns() -> Builder[Panel]:
    below = total(_ROSTER, "campaign", 'standing="below"')
    everybody = total(_ROSTER, "campaign")
    table = finished(
        columns(
            {"campaign": "Campaign", "Value #A": "Below expectation", "Value #B": "Creators"},
            order="Below expectation",
            steps=[(None, "text"), (CAMPAIGN_BELOW, "orange")],
        ),
        [
            instant(f"{below} / ({everybody} > 0)", rows=True),
            instant(everybody, rows=True),
        ],
        title="Campaigns below expectation",
        description=(
            "Of the creators of a running campaign that have a score, the share that does worse"
            " than their own past lets expect (below 40), and how many they are."
        ),
        unit=units.Short,
        no_value="no campaign runs",
        size=(6, 8),
    )
    table.override_by_name("Below expectation", unit_of_column(units.PercentUnit, 0))
    return table


def _posts() -> Builder[Panel]:
    return finished(
        columns(
            {"platform": "Platform", "Value #A": "Far below", "Value #B": "Far above"},
            order="Far below",
        ),
        [
            instant(total(_POSTS, "platform", 'direction="under"'), rows=True),
            instant(total(_POSTS, "platform", 'direction="over"'), rows=True),
        ],
        title="Posts far from what is usual at their age",
        description=(
            "Live posts that have three times what their creator's posts usually have by then, or a"
            " third of it. The live page names them. Many far below at once are a platform's, or a"
            " source's, rather than the creators'."
        ),
        unit=units.Short,
        no_value="no platform known",
        size=(6, 8),
    )


def _mood() -> Builder[Panel]:
    mood = highest("engagement_creator_sentiment_ratio", "creator", 'creator!="_other"')
    at_end = mood.replace("})", "} @ end())")
    return graph(
        (f"{mood} and on (creator) bottomk({_FIVE}, {at_end})", "{{creator}}"),
        title="Where the mood is lowest",
        description=(
            "Positive less negative comments of a day as a share of all: the five lowest now, over"
            " time. What people say is with the creator's alerts on the live page."
        ),
        unit=units.Short,
        no_value="no comments",
        size=(6, 8),
    )


def _quiet() -> Builder[Panel]:
    return graph(
        (total("engagement_alerts_silent", "reason"), "{{reason}}"),
        title="Who is not called for, by reason",
        description="Alerts that are firing and call nobody: look at them, at least once.",
        unit=units.Short,
        made=lambda: lines(stepped=True),
        size=(6, 8),
    )
