"""A real Prometheus, and what it says when it is asked.

Knows its command line and its HTTP API. Must not know whom it scrapes.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from stack.ports import free_port
from stack.procs import Process
from stack.tools import tool
from stack.waiting import await_condition


class Prometheus:
    """What the Prometheus at `url` says; Grafana passes the same questions on to its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now and return its series, each with ``metric`` and ``value``."""
        result: list[dict[str, Any]] = self.api("query", query=expression)["result"]
        return result

    def query_range(
        self, expression: str, start: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """Evaluate an expression from ``start`` to ``end`` (s since the epoch): ``values`` each."""
        result: list[dict[str, Any]] = self.api(
            "query_range", query=expression, start=start, end=end, step=step
        )["result"]
        return result

    def label_values(self, selector: str, label: str) -> list[str]:
        """The values of a label among the series of a selector."""
        values: list[str] = self.api(f"label/{label}/values", **{"match[]": selector})
        return values

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
        if body["status"] != "success":
            raise AssertionError(f"{address}: {body}")
        return body["data"]


class PrometheusServer(Prometheus):
    """A Prometheus with the configuration `config`, with its data in `workdir`."""

    def __init__(
        self,
        workdir: Path,
        config: Mapping[str, Any],
        *,
        port: int | None = None,
        log: Path | None = None,
    ) -> None:
        self.port = port or free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        workdir.mkdir(parents=True, exist_ok=True)
        file = workdir / "prometheus.yml"
        file.write_text(yaml.safe_dump(dict(config), sort_keys=False))
        self.process = Process(
            [
                tool("prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={workdir / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
            log=log or workdir / "prometheus.log",
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

    def start(self, timeout: float = 30.0) -> None:
        """Start it and wait until it is ready."""
        self.process.start()
        await_condition(self.ready, timeout, lambda: f"Prometheus is ready\n{self.process.tail()}")

    def ready(self) -> bool:
        """Whether it answers. Raises ProcessEnded."""
        self.process.must_run("Prometheus")
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
