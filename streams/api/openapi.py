"""OpenAPI: the list of routes as an OpenAPI 3.1 document.

Knows how shapes become schemas, parameters and answers. Must not know handlers.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from streams.api import shapes
from streams.api.access import COOKIE, MARK
from streams.api.routes import ROUTES, Route

Document = dict[str, Any]
_REF = "#/components/schemas/{name}"
_PART = re.compile(r"\{(\w+)\}")
_PROBLEMS = {
    400: "The path, query or body is not as described.",
    401: "No valid token or session.",
    403: "The role does not allow it, or the request may come from another site.",
    404: "There is none.",
    408: "The body did not come in time.",
    409: "It cannot be done with this one.",
    413: "The body is too long.",
    414: "The query is too long.",
    415: "The body is not JSON.",
    429: "Too many requests; see Retry-After.",
    503: "Not now; `reasons` or `detail` tell why.",
}


def document(version: str, routes: Iterable[Route] = ROUTES) -> Document:
    """The document, as JSON has it."""
    routes = list(routes)
    kinds: list[Any] = [shapes.Problem]
    kinds += [kind for route in routes for kind in (route.gives, route.body, route.query) if kind]
    unique = list(dict.fromkeys(kinds))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REF)
    by_kind: dict[Any, Any] = dict(zip(unique, schemas, strict=True))
    queries = {route.query.__name__ for route in routes if route.query}
    paths: Document = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, by_kind, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "creator-pulse",
            "version": version,
            "description": "Live engagement, sentiment and alerts of creators. Reading needs a "
            "viewer's token, commands an operator's. With a session, changes need the header "
            f"{MARK}.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {name: made for name, made in components.items() if name not in queries},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def _operation(route: Route, by_kind: dict[Any, Any], components: Document) -> Document:
    made: Document = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 320},
            }
            for name in _PART.findall(route.path)
        ],
        "responses": _responses(route, by_kind),
    }
    if route.need == "open":
        made["security"] = []
    if route.query is not None:
        made["parameters"] += _parameters(components[route.query.__name__])
    if route.method != "GET":
        made["parameters"].append(
            {
                "name": MARK,
                "in": "header",
                "required": route.path == "/session" and route.method == "POST",
                "schema": {"type": "string", "const": "1"},
                "description": "Needed unless a bearer token is sent.",
            }
        )
    if route.body is not None:
        content = {"application/json": {"schema": by_kind[route.body]}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _parameters(query: Document) -> list[Document]:
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
        for name, schema in query["properties"].items()
    ]


def _without_null(schema: Document) -> Document:
    """A parameter that is not given is left out; null cannot be said in a query."""
    kinds = schema.get("anyOf")
    if kinds is None:
        return schema
    rest = [kind for kind in kinds if kind != {"type": "null"}]
    outer = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**outer, **rest[0]} if len(rest) == 1 else {**outer, "anyOf": rest}


def _responses(route: Route, by_kind: dict[Any, Any]) -> Document:
    done: Document = {"description": route.summary}
    if route.gives is not None:
        done["content"] = {route.kind: {"schema": by_kind[route.gives]}}
    elif route.kind != "application/json":
        done["content"] = {route.kind: {"schema": {"type": "string"}}}
    statuses = {400, 403, 429, *route.also}
    if route.need != "open":
        statuses.add(401)
    if route.query is not None:
        statuses.add(414)
    if route.body is not None:
        statuses |= {408, 413, 415}
    made = {str(route.status): done}
    for status in sorted(statuses):
        # Health tells of itself in the same shape, well or not.
        own = status == 503 and route.gives is shapes.Health
        schema = by_kind[shapes.Health if own else shapes.Problem]
        kind = "application/json" if own else "application/problem+json"
        made[str(status)] = {
            "description": _PROBLEMS[status],
            "content": {kind: {"schema": schema}},
        }
    return made
