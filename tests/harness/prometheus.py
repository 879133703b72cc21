"""A real Prometheus that scrapes given targets, and promtool."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import yaml

from tests.harness.ports import free_port
from tests.harness.procs import REPOSITORY, Process
from tests.harness.waiting import await_condition


def prometheus_tool(name: str) -> str:
    """Return the path of ``prometheus`` or ``promtool``.

    Without it the test fails where CI runs, and is reported as not run elsewhere: some machines
    cannot have it.
    """
    unpacked = REPOSITORY / ".tools" / "prometheus" / name
    if unpacked.exists():
        return str(unpacked)
    if found := shutil.which(name):
        return found
    message = (
        f"there is no {name} on this machine: run `make setup-prometheus`, or install prometheus"
    )
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def promtool(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool; the caller judges its return code and output."""
    return subprocess.run(
        [prometheus_tool("promtool"), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class PrometheusServer:
    """A Prometheus on a free port, scraping ``targets`` (job name -> ``host:port``) every second.

    ``rule_files`` are loaded as they are. `start` returns once every target was scraped.
    """

    def __init__(
        self,
        workdir: Path,
        targets: Mapping[str, str],
        *,
        rule_files: Sequence[Path] = (),
        interval: str = "1s",
    ) -> None:
        self.targets = dict(targets)
        self.port = free_port()
        self._config = workdir / "prometheus.yml"
        workdir.mkdir(parents=True, exist_ok=True)
        document = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(path.resolve()) for path in rule_files],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [address]}]}
                for job, address in self.targets.items()
            ],
        }
        self._config.write_text(yaml.safe_dump(document))
        self.process = Process(
            [
                prometheus_tool("prometheus"),
                f"--config.file={self._config}",
                f"--storage.tsdb.path={workdir / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
            log=workdir / "prometheus.log",
            cwd=workdir,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.end()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout: float = 30.0) -> None:
        """Start it and wait until every target is up."""
        self.process.start()
        await_condition(self._ready, timeout, lambda: f"Prometheus is ready\n{self.process.tail()}")
        await_condition(
            lambda: (
                self.targets.keys() <= {series["metric"]["job"] for series in self.query("up == 1")}
            ),
            timeout,
            lambda: f"all targets are up, of {self.api('targets')['activeTargets']}",
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now and return its series, each with ``metric`` and ``value``."""
        return self.api("query", query=expression)["result"]

    def query_range(
        self, expression: str, start: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """Evaluate an expression from ``start`` to ``end`` (s since the epoch): ``values`` each."""
        return self.api("query_range", query=expression, start=start, end=end, step=step)["result"]

    def rules(self) -> list[dict[str, Any]]:
        """Return every loaded rule with its ``health`` and ``lastError``."""
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def api(self, path: str, **parameters: str | float) -> Any:
        """Call ``/api/v1/<path>`` and return its data; on a failure, fail in Prometheus's words."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(
                    f"{address}: {error.read().decode(errors='replace')}"
                ) from None
        assert body["status"] == "success", body
        return body["data"]

    def _ready(self) -> bool:
        assert self.process.running, f"Prometheus ended at its start\n{self.process.tail()}"
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
