"""docker-compose.yml agrees with the settings, the command line and the files that it mounts."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from stack.procs import REPOSITORY
from streams.cli import main
from streams.settings import Settings, env_name

COMPOSE = REPOSITORY / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def _ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if "build" in service}


def _environment(service: dict[str, Any]) -> dict[str, str]:
    """The variables as a process would see them where .env sets none."""
    return {
        name: re.sub(r"\$\{[A-Z_]+:-(.*?)\}", r"\1", str(value))
        for name, value in service.get("environment", {}).items()
    }


def test_every_variable_is_a_setting_and_takes_its_value(services: dict[str, Any]) -> None:
    known = {env_name(name) for name in Settings.__dataclass_fields__}
    for name, service in _ours(services).items():
        environment = _environment(service)
        assert {v for v in environment if v.startswith("PULSE_")} <= known, name
        Settings.from_env(environment)


def test_all_of_our_services_speak_of_the_same_topics(services: dict[str, Any]) -> None:
    seen = {
        (settings.bootstrap_servers, settings.topic_prefix, settings.partitions)
        for settings in (Settings.from_env(_environment(s)) for s in _ours(services).values())
    }
    assert len(seen) == 1


def test_every_command_is_one_that_pulse_has(services: dict[str, Any]) -> None:
    context = click.Context(main)
    for name, service in _ours(services).items():
        command = main
        words = list(service["command"])
        while words and isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, (name, service["command"])
            command = found
        assert isinstance(command, click.Command), name
        # Parsing refuses options that do not exist; the command itself does not run.
        command.make_context(name, words)


def test_the_worker_answers_on_the_shipped_port(services: dict[str, Any]) -> None:
    worker = services["worker"]
    port = Settings().http_port
    settings = Settings.from_env(_environment(worker))
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", port)
    assert worker["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert any(f"127.0.0.1:{port}/readyz" in word for word in worker["healthcheck"]["test"])
    assert f"EXPOSE {port}" in (REPOSITORY / "Dockerfile").read_text()


def test_the_worker_is_given_longer_to_stop_than_it_takes(services: dict[str, Any]) -> None:
    assert int(services["worker"]["stop_grace_period"].rstrip("s")) > Settings().stop_timeout


def test_kafka_is_where_our_services_look_for_it(services: dict[str, Any]) -> None:
    kafka = services["kafka"]["environment"]
    listeners = dict(entry.split("://") for entry in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))
    inside = services["worker"]["environment"]["PULSE_BOOTSTRAP_SERVERS"]
    assert listeners["INTERNAL"] == inside
    assert listeners["HOST"].split(":")[1] == Settings().bootstrap_servers.split(":")[1]


def test_whatever_is_mounted_from_here_exists_and_is_read_only(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for mount in service.get("volumes", []):
            source, _, options = mount.partition(":")
            if source.startswith("."):
                assert (REPOSITORY / source).is_dir(), f"{name}: {source} is not there"
                assert options.endswith(":ro"), f"{name}: {mount}"


def test_every_named_volume_is_declared(compose: dict[str, Any]) -> None:
    used = {
        mount.split(":")[0]
        for service in compose["services"].values()
        for mount in service.get("volumes", [])
        if not mount.startswith(".")
    }
    assert used == set(compose["volumes"])


def test_no_port_is_open_beyond_this_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), f"{name}: {port}"


def test_every_foreign_image_is_pinned_and_every_wait_has_a_health_check(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}"


def test_prometheus_scrapes_services_that_exist(services: dict[str, Any]) -> None:
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target
        for job in config["scrape_configs"]
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
    assert f"worker:{Settings().http_port}" in targets
    assert {target.split(":")[0] for target in targets} <= services.keys() | {"localhost"}


def test_grafana_is_provisioned_from_what_is_mounted(services: dict[str, Any]) -> None:
    provisioning = REPOSITORY / "grafana" / "provisioning"
    targets = {mount.split(":")[1] for mount in services["grafana"]["volumes"]}
    for file in _yaml_files(provisioning / "dashboards"):
        for provider in yaml.safe_load(file.read_text())["providers"]:
            assert provider["options"]["path"] in targets, file.name
    addresses = {
        source["url"]
        for file in _yaml_files(provisioning / "datasources")
        for source in yaml.safe_load(file.read_text())["datasources"]
    }
    assert "http://prometheus:9090" in addresses


def test_env_example_names_what_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    example = (REPOSITORY / ".env.example").read_text()
    assert asked == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def _yaml_files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.y*ml"))
    assert found, f"nothing in {folder.relative_to(REPOSITORY)}"
    return found
