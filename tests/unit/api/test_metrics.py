"""Metrics of the API: what is counted, who may see it, and that strangers cannot make series."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from prometheus.limits import API_SECONDS
from streams.api.history import size_of
from streams.api.metrics import UNKNOWN, ApiMetrics, ApiReading, ReaderReading, moment
from streams.api.server import every_route
from tests.harness.prometheus import promtool
from tests.unit.api.caller import Api

REQUESTS = "pulse_api_requests_total"


def made(reading: ApiReading | None = None) -> ApiMetrics:
    return ApiMetrics(CollectorRegistry(), lambda: reading or ApiReading(), every_route(), False)


def requests(metrics: ApiMetrics, route: str, status: str, method: str = "GET") -> float | None:
    labels = {"method": method, "route": route, "status": status}
    return metrics.registry.get_sample_value(REQUESTS, labels)


def test_every_route_is_there_before_anybody_has_asked() -> None:
    metrics = made()
    for method, route in every_route():
        assert requests(metrics, route, "5xx", method) == 0
    assert requests(metrics, UNKNOWN, "4xx") == 0


@pytest.mark.parametrize("status", [200, 202, 404, 503])
def test_a_request_is_counted_by_its_route_and_class_of_status(status: int) -> None:
    metrics = made()
    metrics.answered("GET", "/metrics", status, 0.02)
    assert requests(metrics, "/metrics", f"{status // 100}xx") == 1
    seconds = {"method": "GET", "route": "/metrics"}
    value = metrics.registry.get_sample_value
    assert value("pulse_api_request_seconds_count", seconds) == 1
    assert value("pulse_api_request_seconds_bucket", seconds | {"le": "0.01"}) == 0
    assert value("pulse_api_request_seconds_bucket", seconds | {"le": str(API_SECONDS)}) == 1


def test_unknown_paths_and_methods_make_no_series() -> None:
    metrics = made()
    before = as_openmetrics(metrics.registry).count(b"\n")
    metrics.answered("BREW", UNKNOWN, 405, 0.1)
    metrics.answered("GET", UNKNOWN, 401, 0.1)
    assert as_openmetrics(metrics.registry).count(b"\n") == before
    assert requests(metrics, UNKNOWN, "4xx") == 2
    assert metrics.registry.get_sample_value("pulse_api_sign_ins_refused_total") == 1


def test_what_is_read_at_a_scrape_is_told() -> None:
    asked = ReaderReading(lag=7, caught_up=True, asked=1_700_000_000.0)
    reading = ApiReading(True, {"now": asked, "history": ReaderReading()}, {"alerts": 3}, streams=2)
    value = made(reading).registry.get_sample_value
    assert value("pulse_api_ready") == 1
    assert value("pulse_api_lag_records", {"reader": "now"}) == 7
    answered = "pulse_api_brokers_answered_timestamp_seconds"
    assert value(answered, {"reader": "now"}) == 1_700_000_000.0
    assert value(answered, {"reader": "history"}) is None, "never asked"
    assert value("pulse_api_records_applied_total", {"topic": "alerts"}) == 3
    assert value("pulse_api_streams") == 2


def test_the_exposition_is_sound() -> None:
    reading = ApiReading(readers={"now": ReaderReading(asked=1.0)}, applied={"alerts": 1})
    metrics = made(reading)
    assert list(text_string_to_metric_families(as_openmetrics(metrics.registry).decode()))


def test_a_second_of_one_clock_is_told_by_the_other() -> None:
    assert moment(0.0) == 0.0
    assert moment(1.0) > 1_600_000_000


def test_the_size_of_a_history_is_that_of_its_files(tmp_path: Path) -> None:
    path = str(tmp_path / "history")
    assert size_of(path) == 0
    Path(path).write_bytes(b"12345")
    Path(f"{path}-wal").write_bytes(b"123")
    assert size_of(path) == 8


async def test_a_viewer_scrapes_and_what_was_asked_is_counted(api: Api) -> None:
    assert (await api.ask("GET", "/api/v1/creators/nobody")).status == 404
    assert (await api.ask("GET", "/metrics", role=None)).status == 401
    answer = await api.ask("GET", "/metrics")
    assert answer.status == 200
    text = answer.body.decode()
    route = "/api/v1/creators/{creator_id}"
    assert f'{REQUESTS}{{method="GET",route="{route}",status="4xx"}} 1.0' in text
    assert f'{REQUESTS}{{method="GET",route="/metrics",status="4xx"}} 1.0' in text
    done = promtool("check", "metrics", stdin=text)
    assert done.returncode == 0, done.stderr


async def test_a_fault_of_the_program_is_counted_as_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.view, "campaigns", None)
    with pytest.raises(AttributeError):
        await api.ask("GET", "/api/v1/campaigns")
    text = (await api.ask("GET", "/metrics")).body.decode()
    assert f'{REQUESTS}{{method="GET",route="/api/v1/campaigns",status="5xx"}} 1.0' in text


async def test_an_openmetrics_client_gets_openmetrics(api: Api) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = await api.ask("GET", "/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")
