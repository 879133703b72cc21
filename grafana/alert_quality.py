"""Alert quality: whether alerts about creators are worth what they ask of people.

Knows the questions about alerts in sum, and the metrics that answer them. Must not know how a panel
is drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels import board, filled, graph, lines, number, tile
from grafana.queries import grown, highest, lately, of, quantile, rate, total
from streams.engine.units import DAY_MS

_ALERTS = "engagement_alerts_total"
_COMMANDS = "engagement_alert_commands_total"
_QUIET = "engagement_alerts_quiet_total"
_FIRED = 'status="firing"'
_WAITED = "engagement_alert_acknowledgement_seconds"
_HALF = (6, 4)


def alert_quality() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    whole = board(
        "Alert quality",
        "creator-pulse-alert-quality",
        "Whether alerts about creators are worth what they ask of people.",
        "engagement_build_info",
    )
    rows = {
        "In the time range": _sums(),
        "Of which kind": _kinds(),
        "What people do": _people(),
        "The way to people": _pushes(),
    }
    return filled(whole, rows)


def _sums() -> list[Builder[Panel]]:
    false = grown(_COMMANDS, matchers='action="false"')
    judged = grown(_COMMANDS, matchers='action=~"useful|false"')
    return [
        _sum(grown(_ALERTS, matchers=_FIRED), "Fired", "Episodes that have begun, of all kinds."),
        _sum(
            grown(_ALERTS, matchers='status="resolved"'),
            "Resolved",
            "Episodes that have ended. Far fewer than have begun: something stays open.",
        ),
        _sum(
            grown(_COMMANDS, matchers='action="acknowledge"'),
            "Acknowledged",
            "Commands that say: somebody looks after it.",
        ),
        _sum(
            grown(_COMMANDS, matchers='action="snooze"'),
            "Snoozed",
            "Commands by which people want to hear less, of an alert or of a creator.",
        ),
        _sum(
            grown(_QUIET, matchers='reason!~"rate_cap|quiet_hours"'),
            "Suppressed",
            "Alerts that fired and called nobody: snoozed, explained by another, past.",
        ),
        _sum(
            grown(_QUIET, matchers='reason=~"rate_cap|quiet_hours"'),
            "Left to the digest",
            "Alerts that fired in quiet hours or were too many: a digest tells of them.",
        ),
        tile(
            number(),
            f"{false} / ({judged} > 0)",
            title="Judged false",
            description="Of the alerts that people judged, the share that they found false.",
            unit=units.PercentUnit,
            no_value="none judged",
            size=_HALF,
        ),
        tile(
            number(),
            f"sum(rate({of(_ALERTS, _FIRED)}[$__range])) * {DAY_MS // 1000}"
            f" / {total('engagement_creators_known')}",
            title="Per creator and day",
            description="Episodes that begin, by creators and days. At 0.01 a thousand creators are"
            " ten alerts a day.",
            unit=units.Short,
            size=_HALF,
        ).decimals(4),
        tile(
            number(),
            quantile(0.5, _WAITED, "$__range"),
            title="Time to acknowledge, median",
            description="From the beginning of an episode to its first acknowledgement.",
            unit=units.Seconds,
            no_value="none acknowledged",
            size=_HALF,
        ),
        tile(
            number([(None, "green"), (1, "orange")]),
            total("engagement_alerts_unpushed"),
            title="Not yet received",
            description="Alerts that wait for an Alertmanager; for long, only if one is away.",
            unit=units.Short,
            no_value="no Alertmanager",
            size=_HALF,
        ),
    ]


def _sum(query: str, title: str, description: str) -> Builder[Panel]:
    return tile(number(), query, title=title, description=description, unit=units.Short).decimals(0)


def _kinds() -> list[Builder[Panel]]:
    return [
        graph(
            (lately(_ALERTS, "kind", _FIRED), "{{kind}}"),
            title="Fired by kind",
            description="Episodes that have begun, by kind.",
            unit=units.Short,
        ),
        graph(
            (total("engagement_alerts_active", "kind"), "{{kind}}"),
            title="Open by kind",
            description="Episodes that are firing, whoever is called.",
            unit=units.Short,
            made=lambda: lines(stepped=True),
        ),
        graph(
            (total("engagement_alerts_lasting", "kind"), "{{kind}}"),
            title="Open for 8 hours",
            description="Episodes that go on and on: nobody looks after them, or they are no news.",
            unit=units.Short,
            made=lambda: lines(stepped=True),
        ),
        graph(
            (lately(_QUIET, "reason"), "{{reason}}"),
            title="Called nobody, by reason",
            description="Episodes that have begun and called nobody, and why.",
            unit=units.Short,
        ),
    ]


def _people() -> list[Builder[Panel]]:
    return [
        graph(
            (lately(_COMMANDS, "action"), "{{action}}"),
            title="Commands",
            description="What people ask for. Unknown: about no alert that can be.",
            unit=units.Short,
        ),
        graph(
            (quantile(0.5, _WAITED, "$__range"), "median"),
            (quantile(0.9, _WAITED, "$__range"), "90 %"),
            title="Time to acknowledge",
            description="Over the time range before each moment.",
            unit=units.Seconds,
            no_value="none acknowledged",
        ),
    ]


def _pushes() -> list[Builder[Panel]]:
    pushed = highest("engagement_alert_push_success_timestamp_seconds", "alertmanager")
    return [
        graph(
            (
                rate("engagement_alert_pushes_total", "alertmanager, outcome"),
                "{{alertmanager}} {{outcome}}",
            ),
            title="Pushes by outcome",
            description="Requests per second. Rejected: faulty. Failed: tried again.",
            unit=units.RequestsPerSecond,
            no_value="no Alertmanager",
        ),
        graph(
            (quantile(0.99, "engagement_alert_push_seconds"), "99 %"),
            title="Time of a push",
            description="Until an Alertmanager has answered; it fails at 10 s.",
            unit=units.Seconds,
            no_value="no pushes",
        ),
        graph(
            (f"time() - {pushed}", "{{alertmanager}}"),
            title="Since alerts were last received",
            description="By Alertmanager. What fires is sent again each minute, if anything does.",
            unit=units.Seconds,
            no_value="nothing received yet",
        ),
        graph(
            (total("engagement_alerts_unpushed", "alertmanager"), "{{alertmanager}}"),
            title="Alerts that wait",
            description="Their latest state was not received yet.",
            unit=units.Short,
            no_value="no Alertmanager",
        ),
    ]
