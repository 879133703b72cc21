"""API: whether those who look at the live page are served, and with what is true now.

Knows the questions of those who run `pulse api`, and the metrics that answer them. Must not know
how a panel is drawn.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels import board, filled, graph, number, tile
from grafana.queries import grown, highest, of, quantile, rate, total
from prometheus.limits import API_FAILURES, API_SECONDS, LAG_RECORDS

_REQUESTS, _SECONDS = "pulse_api_requests_total", "pulse_api_request_seconds"
_NO_API = "no API"


def api() -> dashboard.Dashboard:
    """The dashboard, for files and for tests."""
    whole = board(
        "API",
        "creator-pulse-api",
        "Whether those who look at the live page are served, and with what is true now.",
        "pulse_api_build_info",
    )
    return filled(whole, {"Symptoms": _symptoms(), "Requests": _requests(), "Reading": _reading()})


def _symptoms() -> list[Builder[Panel]]:
    failed = rate(_REQUESTS, matchers='status="5xx"')
    return [
        tile(
            number([(None, "red"), (1, "green")]),
            total("pulse_api_ready"),
            title="Instances that are ready",
            description="As many as run, unless some have not read all yet or brokers are silent.",
            unit=units.Short,
            no_value=_NO_API,
        ),
        tile(
            number([(None, "green"), (LAG_RECORDS, "red")]),
            highest("pulse_api_lag_records"),
            title="Records not shown yet",
            description="Written and not yet read, of the instance and reader that has most.",
            unit=units.Short,
            no_value=_NO_API,
        ),
        tile(
            number([(None, "green"), (API_FAILURES, "red")]),
            f"{failed} / {rate(_REQUESTS)}",
            title="Requests that fail",
            description="Share that ends in a fault of the server, or is turned away for room.",
            unit=units.PercentUnit,
            no_value="no requests",
        ),
        tile(
            number([(None, "green"), (API_SECONDS, "orange")]),
            quantile(0.99, _SECONDS),
            title="Answered within, 99 %",
            description="Over all routes; of a stream, the time until it begins.",
            unit=units.Seconds,
            no_value="no requests",
        ),
        tile(
            number(),
            total("pulse_api_streams"),
            title="Listeners",
            description="Open live streams; PULSE_API_MAX_STREAMS bounds them.",
            unit=units.Short,
            no_value=_NO_API,
        ),
        tile(
            number(),
            grown("pulse_api_sign_ins_refused_total"),
            title="Refused for their token",
            description="Within the time range: no token, a wrong one, or one that was taken away.",
            unit=units.Short,
            no_value=_NO_API,
        ).decimals(0),
    ]


def _requests() -> list[Builder[Panel]]:
    return [
        graph(
            (rate(_REQUESTS, "route"), "{{route}}"),
            title="Requests by route",
            description="Answers per second, whatever they said.",
            unit=units.RequestsPerSecond,
            no_value=_NO_API,
        ),
        graph(
            (rate(_REQUESTS, "status"), "{{status}}"),
            title="Requests by class of status",
            description="4xx: the client is at fault, or not let in. 5xx: the server is.",
            unit=units.RequestsPerSecond,
            no_value=_NO_API,
        ),
        graph(
            (quantile(0.5, _SECONDS), "median"),
            (quantile(0.99, _SECONDS), "99 %"),
            title="Time of requests",
            description="Until the answer is made, over all routes.",
            unit=units.Seconds,
            no_value="no requests",
        ),
        graph(
            (total("pulse_api_streams", "instance"), "{{instance}}"),
            (rate("pulse_api_streams_dropped_total", "instance"), "{{instance}} dropped per s"),
            title="Streams",
            description="Open ones, and those ended since their listener is let in no more.",
            unit=units.Short,
            no_value=_NO_API,
        ),
        graph(
            (rate("pulse_api_commands_total", "instance"), "{{instance}}"),
            title="Commands of operators",
            description="Acknowledgements, snoozes and judgements written per second.",
            unit=units.OpsPerSecond,
            no_value=_NO_API,
        ),
        graph(
            (highest("process_resident_memory_bytes", "instance"), "{{instance}}"),
            title="Memory of processes",
            description="Resident memory, which grows with creators, then stays.",
            unit=units.BytesIEC,
            no_value=_NO_API,
        ),
    ]


def _reading() -> list[Builder[Panel]]:
    answered = of("pulse_api_brokers_answered_timestamp_seconds")
    return [
        graph(
            (highest("pulse_api_lag_records", "reader"), "{{reader}}"),
            title="Lag by reader",
            description="Now: scores, profiles, campaigns. History: windows, alerts, commands.",
            unit=units.Short,
            no_value=_NO_API,
        ),
        graph(
            (f"time() - min by (instance, reader) ({answered})", "{{instance}} {{reader}}"),
            title="Since the brokers answered",
            description="They are asked each 5 s; from 20 s on an instance is not ready.",
            unit=units.Seconds,
            no_value=_NO_API,
        ),
        graph(
            (rate("pulse_api_records_applied_total", "topic"), "{{topic}}"),
            title="Records taken in",
            description="Per second, by topic.",
            unit=units.RecordsPerSecond,
            no_value=_NO_API,
        ),
        graph(
            (highest("pulse_api_history_bytes", "instance"), "{{instance}}"),
            title="Size of history",
            description="The database with what is not merged yet. Retention bounds it.",
            unit=units.BytesIEC,
            no_value=_NO_API,
        ),
    ]
