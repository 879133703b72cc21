"""What docker compose says of its containers, as documented, and what is made of it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from stack import compose
from stack.compose import Compose


def container(service: str, number: int = 1, **told: Any) -> dict[str, Any]:
    name = f"creator-pulse-{service}-{number}"
    usual = {"State": "running", "Health": "healthy", "ExitCode": 0}
    return {"Name": name, "Service": service} | usual | told


WELL = [
    container("kafka"),
    container("topics", State="exited", Health=""),
    container("worker"),
    container("worker", 2),
    container("simulator", Health=""),
]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The one answer that docker gives."""
    answer: list[str] = []
    monkeypatch.setattr(compose, "docker", lambda *_arguments: answer[0])
    return answer


def lines(containers: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in containers)


def not_ready(containers: Iterable[dict[str, Any]], told: list[str]) -> list[str]:
    told[:] = [lines(containers)]
    return [name for name, ready in Compose("p").ready().items() if not ready]


def test_all_are_ready_once_they_are_healthy_or_run_or_have_done_their_work(
    told: list[str],
) -> None:
    assert not_ready(WELL, told) == []


@pytest.mark.parametrize(
    "ill",
    [
        container("worker", 2, Health="unhealthy"),
        container("worker", 2, Health="starting"),
        container("worker", 2, State="paused"),
        container("topics", State="exited", ExitCode=1, Health=""),
        container("topics", Health=""),
        container("simulator", State="restarting", Health=""),
    ],
    ids=lambda one: f"{one['Service']} {one['State']} {one['Health']}",
)
def test_one_that_is_not_is_named(ill: dict[str, Any], told: list[str]) -> None:
    others = [one for one in WELL if one["Name"] != ill["Name"]]
    assert not_ready([*others, ill], told) == [ill["Name"]]


def test_older_releases_tell_all_in_one_list(told: list[str]) -> None:
    told[:] = [json.dumps(WELL)]
    assert Compose("p").containers() == WELL


def test_the_last_worker_is_the_one_that_is_frozen(told: list[str]) -> None:
    told[:] = [lines(WELL)]
    assert Compose("p").worker().name == "creator-pulse-worker-2"


def test_without_a_worker_it_says_how_to_start_one(told: list[str]) -> None:
    told[:] = [lines(WELL[:2])]
    with pytest.raises(OSError, match=r"tools/check-docker\.sh"):
        Compose("p").worker()


def test_addresses_are_those_that_the_file_publishes() -> None:
    shipped = Compose("p")
    assert shipped.url("grafana") == "http://127.0.0.1:3000"
    assert shipped.published("worker") == 9108
    assert shipped.published("kafka") == 9092


def test_a_docker_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(OSError, match="Cannot connect to the Docker daemon"):
        compose.docker("compose", "ps")
