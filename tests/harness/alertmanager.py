"""A real Alertmanager, what it tells whom it calls, and amtool."""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest
from aiohttp import web

from tests.harness.ports import free_port
from tests.harness.procs import REPOSITORY, Process
from tests.harness.waiting import await_condition

QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


CALLING = """
route: {receiver: pager, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 4d}
receivers: [{name: pager, webhook_configs: [{url: URL, send_resolved: true}]}]
"""
"""Each alert calls by itself, at once, once when it begins and once when it is over."""


def alertmanager_tool(name: str) -> str:
    """The path of ``prometheus-alertmanager`` or ``amtool``; missing is a failure where CI runs."""
    unpacked = REPOSITORY / ".tools" / "alertmanager" / name
    if unpacked.exists():
        return str(unpacked)
    if found := shutil.which(name):
        return found
    message = f"there is no {name} on this machine: run `make setup-prometheus`"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run amtool; the caller judges its return code and output."""
    return subprocess.run(
        [alertmanager_tool("amtool"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class AlertmanagerServer:
    """An Alertmanager on a free port of its own, without a cluster. May be ended and started."""

    def __init__(self, workdir: Path, config: str = QUIET) -> None:
        workdir.mkdir(parents=True, exist_ok=True)
        self._workdir = workdir
        self._config = workdir / "alertmanager.yml"
        self._config.write_text(config)
        self.port = free_port()
        self.process = self._made()

    def _made(self) -> Process:
        return Process(
            [
                alertmanager_tool("prometheus-alertmanager"),
                f"--config.file={self._config}",
                f"--storage.path={self._workdir / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
            log=self._workdir / "alertmanager.log",
            # The unpacked one looks for its templates below where it is started.
            cwd=Path(alertmanager_tool("prometheus-alertmanager")).parent,
        )

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"

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
        await_condition(self._ready, timeout, lambda: f"ready\n{self.process.tail()}")

    def stop(self) -> None:
        """End it; what it knows stays on disk."""
        self.process.end()

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it holds for firing."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            return list(json.load(answer))

    def _ready(self) -> bool:
        assert self.process.running, f"ended at its start\n{self.process.tail()}"
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Page(NamedTuple):
    """One call: that an alert is `firing` or `resolved`, with its labels."""

    status: str
    labels: dict[str, str]


class Pager:
    """Whom an Alertmanager with the configuration `config` calls: keeps the calls in their order.

    Lives in the event loop that starts it.
    """

    def __init__(self) -> None:
        self.pages: list[Page] = []
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    @property
    def config(self) -> str:
        """A configuration under which every alert calls here."""
        return CALLING.replace("URL", f"http://127.0.0.1:{self._runner.addresses[0][1]}/")

    async def _take(self, request: web.Request) -> web.Response:
        called = await request.json()
        self.pages += [Page(alert["status"], alert["labels"]) for alert in called["alerts"]]
        return web.Response()
