"""deploy/kubernetes is what Kubernetes takes, and agrees with the settings, commands and pages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import kubernetes_validate
import pytest
import yaml

from deploy.__main__ import RESOURCE, RULES, resource
from prometheus.alerts import JOB
from stack.procs import REPOSITORY
from streams.api.routes import ROUTES
from streams.api.settings import ApiSettings
from streams.cli import main
from streams.declared import env_name
from streams.settings import Settings

FOLDER = REPOSITORY / "deploy" / "kubernetes"
VERSIONS = ("1.31", "1.34")
"""The oldest and the newest that are meant to take it."""
OPERATED = {"PodMonitor", "PrometheusRule"}
"""Of the Prometheus Operator: Kubernetes itself has no schema for them."""
FIELDS = Settings.__dataclass_fields__ | ApiSettings.__dataclass_fields__
PAGES = {
    "worker": {"/healthz", "/readyz", "/metrics"},
    "api": {route.path for route in ROUTES if route.need == "open" and route.method == "GET"},
}


class Found(NamedTuple):
    """One resource, and the file that it is in."""

    file: Path
    body: dict[str, Any]


def resources() -> list[Found]:
    """All resources of all manifests."""
    return [
        Found(file, body)
        for file in sorted(FOLDER.rglob("*.yaml"))
        if file.name != "kustomization.yaml"
        for body in yaml.safe_load_all(file.read_text())
    ]


ALL = resources()


def of(kind: str, name: str | None = None) -> dict[str, Any]:
    """The only resource of that kind, and name if one is given."""
    (found,) = (
        body for _, body in ALL if body["kind"] == kind and name in (None, body["metadata"]["name"])
    )
    return found


def pods() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Component, labels and spec of each template of pods."""
    for _, body in ALL:
        if template := body.get("spec", {}).get("template"):
            labels = template["metadata"]["labels"]
            yield labels["app.kubernetes.io/component"], labels, template["spec"]


PODS = {component: spec for component, _, spec in pods()}
LABELS = {component: labels for component, labels, _ in pods()}


def container(component: str) -> dict[str, Any]:
    (only,) = PODS[component]["containers"]
    assert isinstance(only, dict)
    return only


def environment() -> dict[str, str]:
    data: dict[str, str] = of("ConfigMap")["data"]
    return data


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("found", ALL, ids=lambda found: found.body["kind"])
def test_kubernetes_takes_every_resource(found: Found, version: str) -> None:
    if found.body["kind"] in OPERATED:
        assert found.body["apiVersion"] == "monitoring.coreos.com/v1"
        return
    kubernetes_validate.validate(found.body, version, strict=True)


def test_the_kustomization_lists_all_there_is_but_the_template_of_the_secret() -> None:
    listed = set()
    for folder in (FOLDER, FOLDER / "monitoring"):
        document = yaml.safe_load((folder / "kustomization.yaml").read_text())
        listed |= {folder / name for name in document["resources"]}
        assert all((folder / name).is_dir() for name in document.get("components", ()))
    there = {found.file for found in ALL}
    assert there - listed == {FOLDER / "secret.example.yaml"}
    assert listed <= there


def test_every_variable_is_a_setting_and_takes_its_value() -> None:
    secret = of("Secret")["stringData"]
    assert {*environment(), *secret} <= {env_name(name) for name in FIELDS}
    settings = Settings.from_env(environment())
    token = "a:viewer:" + "0" * 64
    api = ApiSettings.from_env(environment() | {"PULSE_API_TOKENS": token})
    assert (settings.http_host, api.api_host) == ("0.0.0.0", "0.0.0.0")
    hidden = {env_name(name) for name, field in FIELDS.items() if field.metadata["secret"]}
    assert not hidden & environment().keys(), "secrets belong in the Secret"
    assert secret.keys() <= hidden


def test_an_empty_template_starts_nothing_that_others_can_reach_without_a_token() -> None:
    assert set(of("Secret")["stringData"].values()) == {""}
    with pytest.raises(Exception, match="PULSE_API_TOKENS"):
        ApiSettings.from_env(environment() | of("Secret")["stringData"])


def test_every_pod_has_the_settings_and_waits_for_the_secret() -> None:
    assert PODS.keys() == {"worker", "api", "topics"}
    for component in PODS:
        (settings, secret) = container(component)["envFrom"]
        assert settings == {"configMapRef": {"name": of("ConfigMap")["metadata"]["name"]}}
        assert secret == {"secretRef": {"name": of("Secret")["metadata"]["name"]}}


def test_every_command_is_one_that_pulse_has() -> None:
    for component in PODS:
        command: click.Command = main
        for word in container(component)["args"]:
            assert isinstance(command, click.Group), component
            found = command.get_command(click.Context(main), word)
            assert found is not None, (component, word)
            command = found
        command.make_context(component, [])


def test_every_image_is_the_one_of_this_release() -> None:
    document = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    (image,) = document["images"]
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    for component in PODS:
        assert container(component)["image"] == f"{image['name']}:{image['newTag']}"
        assert f"image: {container(component)['image']}\n" in compose


def test_ports_are_those_that_ship_and_probes_ask_for_pages_that_are_there() -> None:
    ports = {"worker": Settings().http_port, "api": ApiSettings().api_port}
    for component, number in ports.items():
        only = container(component)
        (port,) = only["ports"]
        assert port["containerPort"] == number
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = only[probe]["httpGet"]
            assert asked["port"] == port["name"]
            assert asked["path"] in PAGES[component], (component, probe)
        assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container("worker")["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for service in ("creator-pulse-api", "creator-pulse-api-instances"):
        assert of("Service", service)["spec"]["ports"][0]["port"] == ports["api"]


def test_every_pod_is_restricted_and_bounded() -> None:
    (user,) = re.findall(r"^USER (\d+):", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    for component, pod in PODS.items():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, component
        assert context["runAsUser"] == int(user), component
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, component
        assert pod["automountServiceAccountToken"] is False, component
        assert container(component)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, component
        assert "memory" in container(component)["resources"]["limits"], component
    namespace = of("Namespace")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"


def test_what_is_written_to_is_a_volume() -> None:
    for component in ("worker", "api"):
        mounts = {
            mount["name"]: mount["mountPath"] for mount in container(component)["volumeMounts"]
        }
        assert mounts["tmp"] == "/tmp"
    claimed = of("StatefulSet")["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]
    database = ApiSettings.from_env(
        environment() | {"PULSE_API_TOKENS": "a:viewer:" + "0" * 64}
    ).api_database
    assert {"name": claimed, "mountPath": str(Path(database).parent)} in container("api")[
        "volumeMounts"
    ]


def test_whatever_selects_pods_finds_those_that_it_is_about() -> None:
    for _, body in ALL:
        spec = body.get("spec", {})
        chosen = spec.get("selector") or spec.get("podSelector")
        if chosen is None:
            continue
        wanted = chosen.get("matchLabels", chosen)
        found = {name for name, labels in LABELS.items() if wanted.items() <= labels.items()}
        name = body["metadata"]["name"].removeprefix("creator-pulse").strip("-")
        about = {"": {"worker"} if body["kind"] == "PodMonitor" else PODS.keys()}
        assert found == about.get(name, {name.removesuffix("-instances")}), body["kind"]


def test_there_are_never_more_workers_than_partitions() -> None:
    scaled = of("HorizontalPodAutoscaler")["spec"]
    assert scaled["maxReplicas"] == Settings.from_env(environment()).partitions
    target = scaled["scaleTargetRef"]
    assert of(target["kind"], target["name"])["spec"]["replicas"] == scaled["minReplicas"]


def test_a_worker_is_one_of_many_and_is_given_longer_to_stop_than_it_takes() -> None:
    assert of("Deployment")["metadata"]["name"] == "creator-pulse-worker", "no static membership"
    for component in ("worker", "api"):
        assert PODS[component]["terminationGracePeriodSeconds"] > Settings().stop_timeout
    assert of("Deployment")["spec"]["strategy"]["rollingUpdate"] == {
        "maxSurge": 0,
        "maxUnavailable": 1,
    }


def test_prometheus_scrapes_workers_under_the_job_of_the_rules() -> None:
    monitor = of("PodMonitor")["spec"]
    assert LABELS["worker"][monitor["jobLabel"]] == JOB
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == container("worker")["ports"][0]["name"]
    assert endpoint["path"] in PAGES["worker"]
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    assert endpoint["interval"] == config["global"]["scrape_interval"]


def test_brokers_and_alertmanager_are_let_through() -> None:
    policy = of("NetworkPolicy", "creator-pulse")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy, "what is not named below may not come in"
    open_ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    settings = Settings.from_env(environment())
    needed = [settings.bootstrap_servers, settings.alertmanager_urls]
    assert {int(address.rpartition(":")[2]) for address in needed} <= open_ports
    for component in ("worker", "api"):
        (rule,) = of("NetworkPolicy", f"creator-pulse-{component}")["spec"]["ingress"]
        (port,) = rule["ports"]
        assert port["port"] == container(component)["ports"][0]["name"]


def test_the_rules_are_those_of_prometheus() -> None:
    assert RESOURCE.read_text() == resource(RULES.read_text()), "run `python -m deploy`"
    assert of("PrometheusRule")["spec"] == yaml.safe_load(RULES.read_text())
