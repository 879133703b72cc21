"""Server: the routes as an ASGI application, with what guards all of them.

Knows headers, roles, rates and how a failure is told. Must not know what is answered.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Served
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.api import files, openapi
from streams.api.access import Refused
from streams.api.desk import Desk
from streams.api.http import Call, asked_of, body_of, path_part, problem, query_of
from streams.api.limiter import Limiter
from streams.api.metrics import UNKNOWN, ApiMetrics
from streams.api.routes import BASE, ROUTES, Route
from streams.api.tokens import Principal
from streams.build import version

log = logging.getLogger(__name__)
_SECURE = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
Answering = Callable[[Request], Awaitable[Any]]


_DESCRIPTION, _METRICS = f"{BASE}/openapi.json", "/metrics"


def every_route() -> list[tuple[str, str]]:
    """(method, path) of all that is answered, but the files of the page."""
    return [*((route.method, route.path) for route in ROUTES),
            ("GET", _DESCRIPTION), ("GET", _METRICS)]  # fmt: skip


def _file(file: files.File) -> Answering:
    # The page holds nothing that is known: whoever is to sign in needs it first.
    async def answered(request: Request) -> Response:
        return files.sent(file, request)

    return answered


class Server:
    """Lets requests in and hands them to the desk."""

    def __init__(
        self,
        desk: Desk,
        limiter: Limiter,
        origins: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
        metrics: ApiMetrics | None = None,
    ) -> None:
        self._desk = desk
        self._metrics = metrics or ApiMetrics(CollectorRegistry(), process=False)
        self._limiter = limiter
        self._origins = origins
        self._clock = clock
        self.requests = 0
        self.refused = 0
        self._document = msgspec.json.encode(openapi.document(version()))
        served = [
            Served(route.path, self._endpoint(route), methods=[route.method]) for route in ROUTES
        ]
        for one in served:
            if one.path == f"{BASE}/stream" and one.methods:
                one.methods.discard("HEAD")  # it would never end
        for path, answered in ((_DESCRIPTION, self._openapi), (_METRICS, self._scrape)):
            served.append(Served(path, self._guarded("viewer", answered, path)))
        served += [Served(path, _file(file)) for path, file in files.files().items()]
        app = Starlette(
            routes=served,
            exception_handlers={HTTPException: self._missing, Exception: self._failed},  # type: ignore[dict-item]
        )
        app.router.redirect_slashes = False
        self.asgi = self._outer(app)

    def _endpoint(self, route: Route) -> Answering:
        async def answered(request: Request, who: Principal | None) -> Any:
            parts = {name: path_part(raw) for name, raw in request.path_params.items()}
            query = query_of(request, route.query) if route.query else None
            body = await body_of(request, route.body) if route.body else None
            call = Call(who, asked_of(request), self._clock(), parts, query, body)
            try:
                return await route.handler(self._desk, call)
            except (KafkaError, TimeoutError) as error:
                log.warning("a command could not be written: %r", error)
                raise Refused(
                    503, "Kafka does not answer", "the command may not be written: try again"
                ) from error

        return self._guarded(route.need, answered, route.path)

    def _guarded(
        self,
        need: Any,
        answered: Callable[[Request, Principal | None], Awaitable[Any]],
        path: str = UNKNOWN,
    ) -> Answering:
        async def endpoint(request: Request) -> Any:
            began, status = time.perf_counter(), 500
            try:
                answer = await checked(request)
                status = getattr(answer, "status_code", 200)
                return answer
            finally:
                took = time.perf_counter() - began
                self._metrics.answered(request.method, path, status, took)

        async def checked(request: Request) -> Any:
            self.requests += 1
            try:
                asked = asked_of(request)
                now = self._clock()
                # Whoever only asks for a sign of life is neither counted nor looked at.
                who = None
                if request.url.path != "/healthz":
                    who = self._desk.access.who(asked, now)
                    self._limit(request, who, now)
                self._desk.access.require(who, need, asked)
                return await answered(request, who)
            except Refused as refused:
                self.refused += 1
                return problem(refused)

        return endpoint

    def _limit(self, request: Request, who: Principal | None, now: float) -> None:
        address = request.client.host if request.client else ""
        wait = self._limiter.take(f"token {who.name}" if who else f"address {address}", now)
        if wait > 0.0:
            refused = Refused(
                429,
                "Too many requests",
                f"the limit is PULSE_API_REQUESTS_PER_MINUTE: try again in {wait:.1f} s, or follow "
                f"{BASE}/stream instead of asking again and again",
            )
            refused.headers["Retry-After"] = str(int(wait) + 1)
            raise refused

    async def _openapi(self, _request: Request, _who: Principal | None) -> Response:
        return Response(self._document, media_type="application/json")

    async def _scrape(self, request: Request, _who: Principal | None) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._metrics.registry), headers={"content-type": kind})

    async def _missing(self, request: Request, error: HTTPException) -> Response:
        # An unknown path tells no more to strangers than a known one.
        async def none(_request: Request, _who: Principal | None) -> Response:
            if error.status_code == 405:
                refused = Refused(405, "Wrong method", f"the path does not take {request.method}")
                refused.headers.update(error.headers or {})
                raise refused
            raise Refused(
                error.status_code, "Unknown path", f"see {BASE}/openapi.json for what there is"
            )

        answered: Response = await self._guarded("viewer", none)(request)
        return answered

    async def _failed(self, request: Request, error: Exception) -> Response:
        # The trace is logged by what serves.
        log.error("%s %s failed: %r", request.method, request.url.path, error)
        return problem(
            Refused(500, "Failed", "a fault of this program; its log has the trace: please report")
        )

    def _outer(self, app: ASGIApp) -> ASGIApp:
        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            origin = next((v for n, v in scope["headers"] if n == b"origin"), b"").decode("latin-1")
            allowed = origin in self._origins
            extra = list(_SECURE)
            if self._desk.access.cookie_secure:
                extra.append(_HSTS)
            if self._origins:
                extra.append((b"vary", b"Origin"))
            if allowed:
                extra.append((b"access-control-allow-origin", origin.encode("latin-1")))

            async def with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    given = message.get("headers", ())
                    names = {name for name, _ in given}
                    # A page may have a policy of its own.
                    more = [(name, value) for name, value in extra if name not in names]
                    message["headers"] = [*given, *more]
                await send(message)

            if allowed and scope["method"] == "OPTIONS":
                extra.extend(
                    (
                        (b"access-control-allow-methods", b"GET, POST"),
                        (
                            b"access-control-allow-headers",
                            b"Authorization, Content-Type, Last-Event-ID",
                        ),
                        (b"access-control-max-age", b"600"),
                    )
                )
                await Response(status_code=204)(scope, receive, with_headers)
                return
            # Ids may hold any character: a part of the path is decoded after the path was parted.
            raw = scope.get("raw_path")
            if raw:
                scope = {**scope, "path": raw.decode("latin-1")}
            await app(scope, receive, with_headers)

        return outer
