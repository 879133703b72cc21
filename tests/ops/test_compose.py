"""docker-compose.yml agrees with the settings, the command line and the files that it mounts."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from prometheus.alerts import API_JOB, JOB
from stack import scrape
from stack.procs import REPOSITORY
from streams.api import tokens
from streams.api.routes import ROUTES
from streams.api.settings import ApiSettings
from streams.cli import main
from streams.declared import env_name
from streams.settings import Settings

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


def _filled(value: object) -> str:
    """A value where .env sets nothing."""
    return re.sub(r"\$\{[A-Z_]+:-(.*?)\}", r"\1", str(value))


def _environment(service: dict[str, Any]) -> dict[str, str]:
    """The variables as a process would see them where .env sets none."""
    return {name: _filled(value) for name, value in service.get("environment", {}).items()}


def test_the_file_is_what_compose_specifies() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_variable_is_a_setting_and_takes_its_value(services: dict[str, Any]) -> None:
    fields = {*Settings.__dataclass_fields__, *ApiSettings.__dataclass_fields__}
    known = {env_name(name) for name in fields}
    for name, service in _ours(services).items():
        environment = _environment(service)
        assert {v for v in environment if v.startswith("PULSE_")} <= known, name
        Settings.from_env(environment)
        ApiSettings.from_env(environment)


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


def test_every_worker_answers_on_a_port_of_its_own(services: dict[str, Any]) -> None:
    worker = services["worker"]
    port = Settings().http_port
    settings = Settings.from_env(_environment(worker))
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", port)
    last = port + settings.partitions - 1
    assert worker["ports"] == [f"127.0.0.1:{port}-{last}:{port}"]
    assert 2 <= int(_filled(worker["scale"])) <= settings.partitions
    assert "container_name" not in worker
    assert any(f"127.0.0.1:{port}/readyz" in word for word in worker["healthcheck"]["test"])


def test_the_api_answers_on_the_shipped_port_and_keeps_its_database(
    services: dict[str, Any],
) -> None:
    api = services["api"]
    settings = ApiSettings.from_env(_environment(api))
    port = ApiSettings().api_port
    assert (settings.api_host, settings.api_port) == ("0.0.0.0", port)
    assert api["ports"] == [f"127.0.0.1:{port}:{port}"]
    (mount,) = api["volumes"]
    assert mount == f"api-data:{Path(settings.api_database).parent}"
    paths = {route.path for route in ROUTES if route.need == "open"}
    (asked,) = re.findall(rf"127\.0\.0\.1:{port}(/\w+)", " ".join(api["healthcheck"]["test"]))
    assert asked in paths


def test_the_token_that_the_file_names_opens_the_api(services: dict[str, Any]) -> None:
    (named,) = re.findall(r'its token is "(.+?)"', COMPOSE.read_text())
    (entry,) = tokens.parse([_environment(services["api"])["PULSE_API_TOKENS"]]).values()
    assert entry.role == "operator"
    assert entry.digest == tokens.digest(named)


def test_what_must_write_its_last_state_is_given_longer_to_stop_than_it_takes(
    services: dict[str, Any],
) -> None:
    for name in ("worker", "api"):
        assert int(services[name]["stop_grace_period"].rstrip("s")) > Settings().stop_timeout, name


def test_only_the_simulator_waits_to_be_asked_for(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "profiles" in service} == {"simulator"}


def test_every_service_is_bounded_and_comes_back(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert {"mem_limit", "cpus", "pids_limit"} <= service.keys(), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only") or name == "kafka", name
        once = name == "topics"
        assert service["restart"] == ("on-failure:3" if once else "unless-stopped"), name


def test_whoever_is_no_worker_is_not_asked_for_a_workers_health(services: dict[str, Any]) -> None:
    for name, service in _ours(services).items():
        check = service["healthcheck"]
        assert check.get("disable") or check["test"], name


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
    workers, *others = config["scrape_configs"]
    (group,) = workers["dns_sd_configs"]
    assert (group["names"], group["port"]) == (["worker"], Settings().http_port)
    targets = [
        target
        for place in (*others, *config["alerting"]["alertmanagers"])
        for group in place["static_configs"]
        for target in group["targets"]
    ]
    assert {target.split(":")[0] for target in targets} <= services.keys() | {"localhost"}


def test_prometheus_has_the_token_that_the_api_takes_as_shipped(services: dict[str, Any]) -> None:
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    (api,) = [job for job in config["scrape_configs"] if job["job_name"] == API_JOB]
    known = tokens.Tokens(_environment(services["api"])["PULSE_API_TOKENS"], None)
    assert known.who(api["authorization"]["credentials"]) is not None


def test_without_containers_only_addresses_and_paths_differ() -> None:
    addresses = {
        "worker": ["127.0.0.1:1", "127.0.0.1:2"],
        "api": ["127.0.0.1:3"],
        "alertmanager": ["127.0.0.1:4"],
        "localhost": ["127.0.0.1:5"],
    }
    config = scrape.adapted(addresses)
    shipped = yaml.safe_load((scrape.SHIPPED / "prometheus.yml").read_text())
    assert config["global"] == shipped["global"]
    assert config["rule_files"] == [str(scrape.SHIPPED / "rules.yml")]
    jobs = {job["job_name"]: job["static_configs"] for job in config["scrape_configs"]}
    assert jobs.keys() == {job["job_name"] for job in shipped["scrape_configs"]}
    assert scrape.JOB == JOB
    assert jobs[JOB] == [{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]
    with pytest.raises(KeyError, match="worker"):
        scrape.adapted({"localhost": [], "alertmanager": []})


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


def test_the_check_on_a_docker_machine_is_about_this_image_and_can_be_read_by_bash() -> None:
    script = REPOSITORY / "tools" / "check-docker.sh"
    (image,) = {
        service["image"]
        for service in _ours(yaml.safe_load(COMPOSE.read_text())["services"]).values()
    }
    assert f"IMAGE={image}\n" in script.read_text()
    read = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
