"""`python -m stack.compose`: the same proof for what docker-compose.yml has started.

Knows how containers are asked and frozen. Must not know how any point is judged. Takes a machine
with Docker, and its stack up, as `tools/check-docker.sh` leaves it.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import yaml
from aiokafka.errors import KafkaError

from stack.alertmanager import Alertmanager
from stack.dashboards import dashboards
from stack.http import get_json
from stack.points import Look, Point, all_ok
from stack.procs import REPOSITORY
from stack.prometheus import Prometheus
from stack.proof import Proof, Subject, Worker
from streams.outfile import OUT_FILE, write_json
from streams.sources.durations import DURATION

FILE = REPOSITORY / "docker-compose.yml"
ONCE = {"topics"}
"""Services that do their work and leave."""
DATASOURCE = "prometheus"
"""As Grafana is provisioned with."""
_LOOK_SECONDS = 2.0


def docker(*arguments: str) -> str:
    """What a docker command prints. Raises OSError in its words if it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"docker {' '.join(arguments)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Compose:
    """The containers of one project."""

    def __init__(self, project: str) -> None:
        project_of = ("--file", str(FILE), "--project-name", project)
        self._command = ("compose", *project_of, "--profile", "simulator")
        self._services: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]

    def containers(self) -> list[dict[str, Any]]:
        """All there are, those that have left included."""
        told = docker(*self._command, "ps", "--all", "--format", "json")
        # One object a line, of older releases a single list.
        values = [json.loads(line) for line in told.splitlines() if line.strip()]
        return [one for value in values for one in (value if isinstance(value, list) else [value])]

    def ready(self) -> Mapping[str, bool]:
        """Whether each is healthy, where it can be asked, or runs, or has done its work."""
        return {one["Name"]: _well(one) for one in self.containers()}

    def published(self, service: str) -> int:
        """The port of this machine, or the first of a range, behind which a service is."""
        (port,) = self._services[service]["ports"]
        return int(re.split("[:-]", port)[1])

    def url(self, service: str) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.published(service)}"

    def worker(self) -> Worker:
        """The last of the workers. `docker pause` stops its clock, as a machine does that hangs."""
        names = [one["Name"] for one in self.containers() if one["Service"] == "worker"]
        if not names:
            raise OSError("no worker is there: `tools/check-docker.sh` starts them")
        name = max(names)
        return Worker(
            name=name,
            freeze=lambda: _quietly("pause", name),
            thaw=lambda: _quietly("unpause", name),
            restarts=lambda: int(docker("inspect", "--format", "{{.RestartCount}}", name)),
            of=len(names),
        )

    def subject(self, token: str) -> Subject:
        """What there is to be proven; panels are asked of Grafana."""
        grafana = f"{self.url('grafana')}/api/datasources/proxy/uid/{DATASOURCE}"
        return Subject(
            bootstrap=f"127.0.0.1:{self.published('kafka')}",
            api=self.url("api"),
            prometheus=Prometheus(self.url("prometheus")),
            alertmanager=Alertmanager(self.url("alertmanager")),
            panels=Prometheus(grafana),
            ready=self.ready,
            worker=self.worker(),
            token=token,
        )


def _quietly(*arguments: str) -> None:
    docker(*arguments)


def _well(container: Mapping[str, Any]) -> bool:
    state, health = container["State"], container["Health"]
    if container["Service"] in ONCE:
        return bool(state == "exited" and container["ExitCode"] == 0)
    return bool(state == "running" and health in {"", "healthy"})


class NobodyIsRoot:
    """No process of any container runs as root."""

    name, says = "users", "nobody is root"

    def __init__(self, compose: Compose) -> None:
        self._compose = compose
        self._users: dict[str, str] = {}

    def look(self) -> bool:
        """Ask each that runs."""
        running = [one for one in self._compose.containers() if one["State"] == "running"]
        self._users = {one["Name"]: docker("exec", one["Name"], "id", "-u") for one in running}
        return bool(running) and "0" not in {user.strip() for user in self._users.values()}

    def detail(self) -> str:
        """Who is who."""
        return ", ".join(f"{name} is {user.strip()}" for name, user in self._users.items())


class Provisioned:
    """Grafana shows every committed dashboard."""

    name, says = "dashboards", "Grafana has every dashboard"

    def __init__(self, grafana: str) -> None:
        self._grafana = grafana
        self._missing: list[str] = []

    def look(self) -> bool:
        """Ask for the list."""
        found = get_json(f"{self._grafana}/api/search?type=dash-db") or []
        there = {board["uid"] for board in found}
        self._missing = [name for name, board in dashboards().items() if board["uid"] not in there]
        return not self._missing

    def detail(self) -> str:
        """How many, or which are missing."""
        if self._missing:
            return f"missing: {', '.join(self._missing)}"
        return f"{len(dashboards())} dashboards"


def public_token() -> str:
    """The token that the file names for whoever has set no other."""
    found = re.search(r'its token is "(.+?)"', FILE.read_text())
    return found[1] if found else ""


def _points(compose: Compose, proof: Proof) -> Iterator[Point]:
    extra: list[Look] = [NobodyIsRoot(compose), Provisioned(compose.url("grafana"))]
    yield from map(Point, extra)
    yield from proof.points


@click.command("compose", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--project", default="creator-pulse", show_default=True, help="Name of the project.")
@click.option("--token", default=public_token, help="For the API; default: the public one.")
@click.option("--duration", type=DURATION, default=900, show_default=True, help="At the longest.")
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was seen to this JSON file.",
)
def main(project: str, token: str, duration: float, report: Path | None) -> None:
    """Prove that what docker compose has started works, point by point.

    \b
    Examples:
      tools/check-docker.sh                                 starts it first, and ends it
      python -m stack.compose --report compose.json         of a stack that runs
    """
    began = time.monotonic()

    def tell(line: str) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  {line}", err=True)

    try:
        compose = Compose(project)
        proof = Proof(compose.subject(token), tell, brief=False)
        points = list(_points(compose, proof))
        while not all_ok(points) and time.monotonic() - began < duration:
            seconds = time.monotonic() - began
            proof.step(seconds)
            for point in points:
                if point.take(seconds):
                    tell(point.told())
            time.sleep(_LOOK_SECONDS)
    except (KafkaError, OSError, ValueError) as error:
        raise click.ClickException(str(error) or repr(error)) from error
    click.echo("\n".join(point.told() for point in points))
    if report is not None:
        document = {"ok": all_ok(points), "points": [point.report() for point in points]}
        write_json(report, document)
    if not all_ok(points):
        raise click.ClickException("not all points are met")


if __name__ == "__main__":
    sys.exit(main())
