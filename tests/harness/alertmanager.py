"""A real Alertmanager, what it tells whom it calls, and amtool."""

import subprocess
from pathlib import Path
from typing import NamedTuple, Self

from aiohttp import web

from stack import alertmanager
from tests.harness.tools import tool

QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


CALLING = """
route: {receiver: pager, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 4d}
receivers: [{name: pager, webhook_configs: [{url: URL, send_resolved: true}]}]
"""
"""Each alert calls by itself, at once, once when it begins and once when it is over."""


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run amtool; the caller judges its return code and output."""
    return subprocess.run(
        [tool("amtool"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class AlertmanagerServer(alertmanager.AlertmanagerServer):
    """An Alertmanager on a free port, whose configuration calls nobody unless it is told."""

    def __init__(self, workdir: Path, config: str = QUIET) -> None:
        tool("prometheus-alertmanager")
        super().__init__(workdir, config)


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
