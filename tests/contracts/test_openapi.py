"""The API against its own description: made-up requests, right and wrong, from the document."""

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, openapi
from schemathesis.config import SchemathesisConfig

from streams.api.openapi import document
from tests.unit.api.caller import MINUTE, NOON, Api, alert, call, campaign, profile, score, window

EXAMPLES = 25
ADA = "instagram:ada"
DOCUMENT = document("1")
OPERATIONS = [
    (path, method)
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if not path.endswith("/stream")
]
"""Without the stream, which never ends: it has tests of its own."""


def filled(folder: Path) -> Api:
    api = Api(folder, api_requests_per_minute=10_000_000)
    api.put(
        score(ADA), profile(ADA, "ada"), campaign("c1", ADA), alert(ADA), window(ADA, NOON - MINUTE)
    )
    return api


def validator(schema: dict[str, Any]) -> Any:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(whole)


def check(path: str, method: str, status: int, kind: str, body: bytes) -> None:
    """The answer is one that the document describes; a failure of ours is none."""
    described = DOCUMENT["paths"][path][method]["responses"]
    assert str(status) in described, (status, body)
    content = described[str(status)].get("content")
    if content is None:
        assert body == b""
        return
    assert kind in content, (status, kind)
    validator(content[kind]["schema"]).validate(json.loads(body))


def target_of(case: Any) -> tuple[str, dict[str, str], bytes]:
    """What a made-up case says on the wire."""
    made = case.as_transport_kwargs(base_url="http://127.0.0.1:9120")
    import requests

    prepared = requests.Request(
        made["method"],
        made["url"],
        params=made.get("params"),
        json=made.get("json"),
        data=made.get("data"),
    ).prepare()
    headers = {**dict(prepared.headers), **dict(made.get("headers") or {})}
    kept = {
        name.lower(): value
        for name, value in headers.items()
        if value.isascii() and name.lower() not in {"authorization", "cookie", "host"}
    }
    body = prepared.body or b""
    return (
        prepared.url.partition(":9120")[2],
        kept,
        body.encode() if isinstance(body, str) else body,
    )


def _takes_something(path: str, method: str) -> bool:
    operation = DOCUMENT["paths"][path][method]
    return bool(operation["parameters"]) or "requestBody" in operation


CASES = [
    (path, method, mode)
    for path, method in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or _takes_something(path, method)
]


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_answer_to_a_made_up_request_is_one_that_is_described(
    path: str, method: str, mode: GenerationMode, tmp_path: Path
):
    api = filled(tmp_path)
    schema = openapi.from_dict(DOCUMENT, config=SchemathesisConfig())
    strategy = schema[path][method.upper()].as_strategy(generation_mode=mode)
    token = api.tokens["operator"]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy)
    def answered(case: Any) -> None:
        target, headers, body = target_of(case)
        headers |= {"host": "127.0.0.1:9120", "authorization": f"Bearer {token}"}
        answer = asyncio.run(call(api.server.asgi, method.upper(), target, headers, body))
        check(path, method, answer.status, answer.headers.get("content-type", ""), answer.body)

    try:
        answered()
    finally:
        api.close()
