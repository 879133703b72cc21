"""Web: what supervisors and Prometheus ask a worker over HTTP.

Knows four paths and their answers. Must not know how health is judged: `Health` is told. Runs in
the worker's own loop, so that an answer also shows that the loop turns.
"""

import asyncio
from typing import Any, NamedTuple, Protocol

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from streams.build import parts, version


class Verdict(NamedTuple):
    """Whether all is well, and the facts behind it; `reasons` is empty if it is."""

    ok: bool
    reasons: list[str]
    facts: dict[str, Any]


class Health(Protocol):
    """Judges the worker."""

    def alive(self) -> Verdict:
        """Not ok: only a restart helps."""

    def ready(self) -> Verdict:
        """Not ok: the worker does not process events now, and says why."""


class _Collected:
    """What a registry had at one moment, as encoders take it."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """All of it."""
        return self._families


def application(registry: CollectorRegistry, health: Health) -> web.Application:
    """The four pages, for `aiohttp`."""

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # Read in one step, since the shards change between two. Written down in the next and not by
        # a thread, which would get the interpreter from a busy loop only every few milliseconds.
        collected = _Collected(list(registry.collect()))
        await asyncio.sleep(0)
        body = encode(collected)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthz(_: web.Request) -> web.Response:
        return _answer(health.alive())

    async def readyz(_: web.Request) -> web.Response:
        return _answer(health.ready())

    async def version_page(_: web.Request) -> web.Response:
        return _json({"version": version(), "parts": parts()})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/version", version_page)
    return app


def _answer(verdict: Verdict) -> web.Response:
    body = {"ok": verdict.ok, "reasons": verdict.reasons, **verdict.facts}
    return _json(body, 200 if verdict.ok else 503)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return web.Response(body=text, status=status, content_type="application/json")


class WebServer:
    """Serves `application` on one address."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        self._host = host
        self._port = port
        self.url = ""

    async def start(self) -> None:
        """Listen; `url` is known afterwards. Raises OSError if the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise OSError(
                f"cannot listen on {self._host}:{self._port} ({error.strerror or error}); another"
                " worker may be there: give each a PULSE_HTTP_PORT of its own, or 0 for a free one"
            ) from error
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and drop what is open."""
        await self._runner.cleanup()
