"""A real Alertmanager, and what it holds for firing.

Knows its command line and its HTTP API. Must not know who sends alerts.
"""

import json
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stack.ports import free_port
from stack.procs import Process
from stack.tools import tool
from stack.waiting import await_condition


class Alertmanager:
    """What the Alertmanager at `url` says."""

    def __init__(self, url: str) -> None:
        self.url = url

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it holds for firing."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            return list(json.load(answer))


class AlertmanagerServer(Alertmanager):
    """An Alertmanager on a port of its own, without a cluster. May be ended and started."""

    def __init__(
        self, workdir: Path, config: str, *, port: int | None = None, log: Path | None = None
    ) -> None:
        workdir.mkdir(parents=True, exist_ok=True)
        self._workdir = workdir
        self._log = log or workdir / "alertmanager.log"
        self._config = workdir / "alertmanager.yml"
        self._config.write_text(config)
        self.port = port or free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.process = self._made()

    def _made(self) -> Process:
        program = tool("prometheus-alertmanager")
        return Process(
            [
                program,
                f"--config.file={self._config}",
                f"--storage.path={self._workdir / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
            log=self._log,
            # The unpacked one looks for its templates below where it is started.
            cwd=program.parent,
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
        self.process = self._made()
        self.process.start()
        await_condition(self.ready, timeout, lambda: f"ready\n{self.process.tail()}")

    def stop(self) -> None:
        """End it; what it knows stays on disk."""
        self.process.end()

    def ready(self) -> bool:
        """Whether it answers. Raises ProcessEnded."""
        self.process.must_run("Alertmanager")
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
