"""HTTP: a request as a handler sees it, and answers and problems as bytes.

Knows JSON, queries, bodies and their limits. Must not know what is asked for.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from schemas.instants import to_ms
from streams.api.access import Asked, Refused
from streams.api.shapes import Problem
from streams.api.tokens import Principal

T = TypeVar("T")
MAX_BODY_BYTES = 16 * 1024
BODY_SECONDS = 10.0
MAX_QUERY_BYTES = 8 * 1024
JSON = "application/json"
_LATEST_MS = 253_402_300_799_999
_encode = msgspec.json.Encoder().encode


class Call(NamedTuple):
    """One request that was let in. `now` is epoch seconds; `parts` are those of the path."""

    who: Principal | None
    asked: Asked
    now: float
    parts: Mapping[str, str]
    query: Any
    body: Any


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(_encode(value), status, headers, JSON)


def problem(refused: Refused) -> Response:
    """Why not, as RFC 9457 has it."""
    shown = Problem(status=refused.status, title=refused.title, detail=refused.detail)
    return Response(_encode(shown), refused.status, refused.headers, "application/problem+json")


def asked_of(request: Request) -> Asked:
    """What access looks at."""
    return Asked(request.method, dict(request.headers), request.url.scheme)


def path_part(raw: str) -> str:
    """A part of the path as it was meant. Raises Refused."""
    try:
        part = unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise Refused(
            400, "Bad path", "an id in the path is not UTF-8: percent-encode its bytes"
        ) from error
    if not 1 <= len(part) <= 512:
        raise Refused(400, "Bad path", "an id in the path has 1 to 512 characters")
    return part


def query_of(request: Request, kind: type[T]) -> T:
    """The query as a `kind`. Raises Refused with the parameter at fault."""
    raw: bytes = request.scope["query_string"]
    if len(raw) > MAX_QUERY_BYTES:
        raise Refused(414, "Query too long", f"expected at most {MAX_QUERY_BYTES} bytes of query")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50
        )
    except ValueError as error:
        raise Refused(
            400, "Bad query", "the query is not percent-encoded UTF-8 of at most 50 fields"
        ) from error
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(400, "Bad query", f"{twice[:50]!r} is given twice: expected once")
    try:
        return msgspec.convert(dict(pairs), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(400, "Bad query", f"{error}: see /api/v1/openapi.json") from error


async def body_of(request: Request, kind: type[T]) -> T:
    """The body as a `kind`. Raises Refused; never holds more than the limit."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != JSON:
        raise Refused(415, "Not JSON", f"the body is {given[:50]!r}: expected {JSON}")
    too_long = Refused(413, "Body too long", f"expected at most {MAX_BODY_BYTES} bytes")
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and int(told[:20]) > MAX_BODY_BYTES:
        raise too_long
    held = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                held += chunk
                if len(held) > MAX_BODY_BYTES:
                    raise too_long
    except TimeoutError as error:
        raise Refused(
            408, "Body too slow", f"expected the whole body within {BODY_SECONDS:g} s"
        ) from error
    try:
        return msgspec.json.decode(bytes(held), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused(400, "Bad body", f"{what}: see /api/v1/openapi.json") from error


def time_of(raw: str | None, name: str) -> int | None:
    """Epoch milliseconds of a time in a query. Raises Refused."""
    if raw is None:
        return None
    expected = Refused(
        400,
        "Bad query",
        f"`{name}` is no time: expected RFC 3339 with an offset (percent-encode a +) or epoch "
        "milliseconds",
    )
    if raw.isascii() and raw.isdecimal():
        if int(raw) > _LATEST_MS:
            raise expected
        return int(raw)
    try:
        moment: datetime = msgspec.convert(raw, datetime)
    except msgspec.ValidationError as error:
        raise expected from error
    if moment.tzinfo is None or moment.year < 1971:
        raise expected
    return to_ms(moment)
