"""The server: who is let in, what is refused and how that is told, and what is answered."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.api import http, openapi, shapes
from streams.api.routes import ROUTES
from streams.api.tokens import make
from tests.unit.api.caller import MINUTE, NOON, Api, alert, campaign, profile, said, score, window

ADA = "instagram:ada"
SPIKE = f"follower_spike:{NOON}:{ADA}"
V1 = "/api/v1"
MARK = {"x-pulse-request": "1"}


def filled(api: Api) -> Api:
    api.put(score(ADA, 40.0), profile(ADA, "ada"), score("a/b c?", 60.0), campaign("c1", ADA))
    api.put(alert(ADA), said(SPIKE, ADA), window(ADA, NOON - MINUTE, likes=3))
    return api


# ---- who is let in ----


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
async def test_without_a_token_nothing_but_a_sign_of_life_is_answered(api: Api, route: Any):
    answer = await api.ask(route.method, route.path.replace("{", "").replace("}", ""), role=None)
    if route.path == "/healthz":
        assert (answer.status, answer.json) == (200, {"ok": True, "reasons": [], "facts": {}})
    elif route.path == "/session":
        # The way in and out: it tells nothing, and takes a token in its body.
        assert answer.status in {204, 415}
    else:
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path", ["/docs", "/page/none", f"{V1}/openapi.json", f"{V1}/none", "/healthz/"]
)
async def test_unknown_paths_and_the_description_tell_strangers_nothing(api: Api, path: str):
    assert (await api.ask("GET", path, role=None)).status == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic dTpw", "Bearer " + "x" * 9_000]
)
async def test_another_token_is_refused(api: Api, header: str):
    answer = await api.ask("GET", f"{V1}/me", role=None, headers={"authorization": header})
    assert answer.status == 401


async def test_a_viewer_reads_and_may_not_command(api: Api):
    filled(api)
    assert (await api.ask("GET", f"{V1}/me")).json["role"] == "viewer"
    for path, body in (
        (f"{V1}/alerts/{SPIKE}/commands", {"action": "acknowledge"}),
        (f"{V1}/commands", {"action": "wake", "creator_id": ADA}),
    ):
        answer = await api.ask("POST", path, body)
        assert (answer.status, answer.json["title"]) == (403, "Not allowed")
    assert api.sent == []


async def test_sparklines_are_the_hours_of_the_last_day_of_those_that_are_asked_for(api: Api):
    hour = 60 * MINUTE
    api.put(window(ADA, NOON - 2 * hour, likes=5), window(ADA, NOON - 2 * hour + MINUTE, likes=2))
    api.put(window(ADA, NOON, likes=1), window(ADA, NOON - 24 * hour, likes=9), window("bob"))
    asked = {"creators": [ADA, "nobody"]}
    told = await api.ask("POST", f"{V1}/sparklines", asked)
    assert (told.status, told.json["begin"]) == (200, "2026-01-14T13:00:00Z")
    assert told.json["engagements"] == {ADA: [0] * 21 + [7, 0, 1]}
    many = await api.ask("POST", f"{V1}/sparklines", {"creators": ["x"] * 101})
    assert many.status == 400


async def test_a_release_says_what_it_is_and_where_a_creator_s_dashboard_is(api: Api):
    told = (await api.ask("GET", f"{V1}/about")).json
    assert set(told) == {"version", "creator_link"}
    assert told["creator_link"] == ""


async def test_on_loopback_without_tokens_anybody_is_an_operator_by_a_name_of_loopback(
    open_api: Api,
):
    filled(open_api)
    me = await open_api.ask("GET", f"{V1}/me", role=None)
    assert me.json == {"name": "local", "role": "operator", "via": "loopback", "until": None}
    for host in ("pulse.example", "127.0.0.1.example", "", "[::1", "localhost.example:9120"):
        answer = await open_api.ask("GET", f"{V1}/me", role=None, headers={"host": host})
        assert (answer.status, answer.json["title"]) == (403, "Unknown host"), host


async def test_on_loopback_a_page_of_another_site_cannot_command(open_api: Api):
    filled(open_api)
    path, body = f"{V1}/alerts/{SPIKE}/commands", {"action": "acknowledge"}
    assert (await open_api.ask("POST", path, body, role=None)).status == 403
    evil = {**MARK, "origin": "http://evil.example"}
    assert (await open_api.ask("POST", path, body, role=None, headers=evil)).status == 403
    assert (await open_api.ask("POST", path, body, role=None, headers=MARK)).status == 202


# ---- sessions ----


async def login(api: Api, role: str = "operator", **headers: str) -> Any:
    return await api.ask(
        "POST", "/session", {"token": api.tokens[role]}, role=None, headers={**MARK, **headers}
    )


async def test_a_token_is_exchanged_for_a_session_that_ends_by_log_out(api: Api):
    answer = await login(api)
    assert (answer.status, answer.json["via"]) == (200, "session")
    set_cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=strict" in set_cookie
    assert "Path=/" in set_cookie
    assert api.tokens["operator"] not in set_cookie
    cookie = {"cookie": "other=1; " + set_cookie.partition(";")[0]}
    me = (await api.ask("GET", f"{V1}/me", role=None, headers=cookie)).json
    assert (me["name"], me["until"]) == ("operator-1", "2026-01-16T00:00:00Z")
    assert (await api.ask("DELETE", "/session", role=None, headers=cookie)).status == 403
    gone = await api.ask("DELETE", "/session", role=None, headers={**cookie, **MARK})
    assert (gone.status, "Max-Age=0" in gone.headers["set-cookie"]) == (204, True)
    assert (await api.ask("GET", f"{V1}/me", role=None, headers=cookie)).status == 401


async def test_a_session_commands_from_our_own_page_only(api: Api):
    filled(api)
    cookie = {"cookie": (await login(api)).headers["set-cookie"].partition(";")[0]}
    own = {"origin": "http://127.0.0.1:9120", "sec-fetch-site": "same-origin"}
    path, body = f"{V1}/alerts/{SPIKE}/commands", {"action": "useful"}
    for headers, status in (
        ({}, 403),
        (MARK, 202),
        ({**MARK, **own}, 202),
        (own, 403),
        ({**MARK, "origin": "http://127.0.0.1:9121"}, 403),
        ({**MARK, "origin": "null"}, 403),
        ({**MARK, "sec-fetch-site": "same-site"}, 403),
        ({**MARK, "sec-fetch-site": "cross-site"}, 403),
    ):
        answer = await api.ask("POST", path, body, role=None, headers={**cookie, **headers})
        assert answer.status == status, headers
    assert len(api.sent) == 2


async def test_a_session_is_not_begun_for_another_site_or_token(api: Api):
    assert (await login(api, origin="http://evil.example")).status == 403
    answer = await api.ask("POST", "/session", {"token": "x"}, role=None, headers=MARK)
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


async def test_behind_tls_cookies_are_secure_and_the_public_origin_counts(tmp_path: Path):
    api = Api(tmp_path, api_public_url="https://pulse.example")
    answer = await login(api, origin="https://pulse.example")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers
    assert (await login(api, origin="http://127.0.0.1:9120")).status == 403
    api.close()


# ---- limits ----


async def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path):
    api = Api(tmp_path, api_requests_per_minute=60)
    statuses = [(await api.ask("GET", f"{V1}/me")).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    refused = await api.ask("GET", f"{V1}/me")
    assert refused.headers["retry-after"] == "2"
    assert (await api.ask("GET", f"{V1}/me", role="operator")).status == 200
    assert (await api.ask("GET", "/healthz", role=None)).status == 200
    api.now += 1.0
    assert (await api.ask("GET", f"{V1}/me")).status == 200
    api.close()


async def test_guessing_tokens_is_limited_by_address(tmp_path: Path):
    api = Api(tmp_path, api_requests_per_minute=60)
    guesses = [
        (await api.ask("GET", f"{V1}/me", role=None, headers={"authorization": "Bearer x"})).status
        for _ in range(11)
    ]
    assert guesses == [401] * 10 + [429]
    api.close()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 20_000, {}, 413),
        (b"x" * 20_000, {"content-length": "5"}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"", {}, 400),
        (b"{}", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 16_000, {}, 400),
        (b'{"action": "delete"}', {}, 400),
        (b'{"action": "snooze"}', {}, 400),
        (b'{"action": "acknowledge", "seconds": 5}', {}, 400),
        (b'{"action": "snooze", "seconds": 0}', {}, 400),
        (b'{"action": "snooze", "seconds": 1e300}', {}, 400),
        (b'{"action": "useful", "by": "somebody else"}', {}, 400),
        (b'{"action": "useful", "note": "' + b"n" * 1_001 + b'"}', {}, 400),
    ],
)
async def test_a_body_that_is_not_as_described_is_refused(
    api: Api, body: bytes, headers: dict[str, str], status: int
):
    filled(api)
    path = f"{V1}/alerts/{SPIKE}/commands"
    answer = await api.ask("POST", path, body, role="operator", headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert msgspec.convert(answer.json, shapes.Problem).detail
    assert api.sent == []


@pytest.mark.parametrize(
    "target",
    [
        "/creators?limit=0", "/creators?limit=501", "/creators?limit=x", "/creators?sort=worth",
        "/creators?limit=1&limit=2", "/creators?page=2", "/creators?cursor=x", "/creators?q=%ff",
        "/creators?with_alert=maybe", "/campaigns?offset=-1", "/alerts?state=new", "/alerts?from=x",
        "/alerts?from=2026-01-15T12:00:00", "/alerts?cursor=e30",
        f"/creators/{ADA}/history?step=1s",
        f"/creators/{ADA}/history?from=0", f"/creators/{ADA}/history?from=99999999999999999",
        f"/creators/{ADA}/history?from=5&to=4", "/stream?only=all", "/creators/%ff",
    ],
)  # fmt: skip
async def test_a_query_that_is_not_as_described_is_refused(api: Api, target: str):
    answer = await api.ask("GET", V1 + target)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_a_long_query_is_refused(api: Api):
    assert (await api.ask("GET", f"{V1}/creators?q={'x' * 9_000}")).status == 414


async def test_streams_are_counted_and_no_more_than_allowed_are_open(tmp_path: Path):
    api = Api(tmp_path, api_max_streams=1)
    open_one = asyncio.create_task(api.ask("GET", f"{V1}/stream"))
    while api.desk.streams == 0:
        await asyncio.sleep(0)
    refused = await api.ask("GET", f"{V1}/stream")
    assert (refused.status, refused.headers["retry-after"]) == (503, "10")
    api.hub.close()
    answer = await asyncio.wait_for(open_one, 10)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body.startswith(b"retry: ")
    assert api.desk.streams == 0
    api.close()


async def test_a_stream_ends_when_its_token_is_taken_away(api: Api):
    opened = asyncio.create_task(api.ask("GET", f"{V1}/stream"))
    while api.desk.streams == 0:
        await asyncio.sleep(0)
    assert api.desk.access.tokens is not None
    api.desk.access.tokens.entries.clear()
    assert (await asyncio.wait_for(opened, 10)).status == 200


# ---- what is answered ----


async def test_every_answer_has_the_headers_that_keep_browsers_from_harm(api: Api):
    for target, role in (("/healthz", None), (f"{V1}/me", None), (f"{V1}/me", "viewer")):
        headers = (await api.ask("GET", target, role=role)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


async def test_other_origins_read_only_where_they_are_named(tmp_path: Path):
    api = Api(tmp_path, api_cors_origins="https://board.example")
    for origin, allowed in (("https://board.example", True), ("https://evil.example", False)):
        answer = await api.ask("GET", f"{V1}/me", headers={"origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert "access-control-allow-credentials" not in answer.headers
        before = await api.ask("OPTIONS", f"{V1}/me", role=None, headers={"origin": origin})
        assert (before.status == 204) is allowed
    api.close()


async def test_answers_are_of_the_shapes_that_are_described(api: Api):
    filled(api)
    for target, kind in (
        (f"{V1}/me", shapes.Me),
        ("/readyz", shapes.Health),
        (f"{V1}/creators", shapes.CreatorPage),
        (f"{V1}/creators/{ADA}", shapes.Creator),
        (f"{V1}/creators/{ADA}/history", shapes.Series),
        (f"{V1}/campaigns", shapes.CampaignPage),
        (f"{V1}/campaigns/c1", shapes.CampaignDetail),
        (f"{V1}/alerts", shapes.AlertPage),
        (f"{V1}/alerts/{SPIKE}", shapes.AlertStory),
    ):
        answer = await api.ask("GET", target)
        assert answer.status == 200, answer
        assert msgspec.json.decode(answer.body, type=kind)
    creator = (await api.ask("GET", f"{V1}/creators/{ADA}")).json
    assert creator["engagement"]["windows"]["24h"]["engagements"] == 10
    assert [one["alert_id"] for one in creator["alerts"]] == [SPIKE]
    history = (await api.ask("GET", f"{V1}/creators/{ADA}/history?step=1m")).json
    assert [point["likes"] for point in history["points"]] == [3]


async def test_a_body_that_does_not_come_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "BODY_SECONDS", 0.01)
    filled(api)
    path, headers = f"{V1}/alerts/{SPIKE}/commands", {"content-length": "10"}
    answer = await api.ask("POST", path, None, role="operator", headers={
        **headers, "content-type": "application/json",
    })  # fmt: skip
    assert answer.status == 408


async def test_an_id_may_hold_any_character(api: Api):
    filled(api)
    answer = await api.ask("GET", f"{V1}/creators/a%2Fb%20c%3F")
    assert answer.json["summary"]["creator_id"] == "a/b c?"


@pytest.mark.parametrize(
    "what", ["creators/x", "creators/x/history", "campaigns/x", "alerts/x", "x"]
)
async def test_what_is_not_there_is_told_with_where_to_look(api: Api, what: str):
    answer = await api.ask("GET", f"{V1}/{what}")
    assert answer.status == 404
    assert f"{V1}/" in answer.json["detail"]


async def test_a_nearly_right_alert_is_answered_with_what_may_be_meant(api: Api):
    filled(api)
    assert SPIKE in (await api.ask("GET", f"{V1}/alerts/{SPIKE[:-1]}")).json["detail"]


async def test_a_wrong_method_is_told(api: Api):
    answer = await api.ask("DELETE", f"{V1}/creators")
    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)


# ---- commands ----


@pytest.mark.parametrize("action", ["acknowledge", "useful", "false", "wake"])
async def test_an_operator_says_something_of_an_alert(api: Api, action: str):
    filled(api)
    body = {"action": action, "note": "on it"}
    answer = await api.ask("POST", f"{V1}/alerts/{SPIKE}/commands", body, role="operator")
    assert answer.status == 202
    (sent,) = api.sent
    assert (sent.action, sent.by, sent.note) == (action, "operator-1", "on it")
    assert (sent.alert_id, sent.creator_id, sent.platform) == (SPIKE, ADA, "instagram")
    assert answer.json["command"]["event_id"] == sent.event_id


async def test_a_snooze_lasts_for_so_many_seconds_from_now(api: Api):
    filled(api)
    body = {"action": "snooze", "seconds": 3_600}
    await api.ask("POST", f"{V1}/alerts/{SPIKE}/commands", body, role="operator")
    (sent,) = api.sent
    assert isinstance(sent.until, int)
    assert isinstance(sent.occurred_at, int)
    assert abs(sent.until - sent.occurred_at - 3_600_000) < 1_000


async def test_all_alerts_of_a_creator_are_snoozed_and_awake_again(api: Api):
    filled(api)
    body = {"action": "snooze", "creator_id": ADA, "kind": "follower_spike", "seconds": 60}
    assert (await api.ask("POST", f"{V1}/commands", body, role="operator")).status == 202
    body = {"action": "wake", "creator_id": ADA}
    assert (await api.ask("POST", f"{V1}/commands", body, role="operator")).status == 202
    assert [(c.action, c.kind, c.alert_id) for c in api.sent] == [
        ("snooze", "follower_spike", None),
        ("wake", None, None),
    ]
    body = {"action": "wake", "creator_id": "nobody"}
    assert (await api.ask("POST", f"{V1}/commands", body, role="operator")).status == 404


async def test_of_an_alert_that_is_of_no_creator_nothing_can_be_said(api: Api):
    api.put(alert("", kind="digest"))
    path = f"{V1}/alerts/digest:{NOON}:/commands"
    answer = await api.ask("POST", path, {"action": "acknowledge"}, role="operator")
    assert answer.status == 409


async def test_no_secret_is_in_a_log(api: Api, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    answer = await login(api)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    await api.ask("GET", f"{V1}/me", role=None, headers={"cookie": cookie})
    await api.ask("GET", f"{V1}/me?token={api.tokens['viewer']}", role="operator")
    for secret in (*api.tokens.values(), cookie.partition("=")[2]):
        assert secret not in caplog.text


# ---- the document ----


def test_the_document_describes_every_route_and_is_complete():
    document = openapi.document("1")
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {(route.method, route.path) for route in ROUTES}
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"], name
    ids = [item[m]["operationId"] for item in document["paths"].values() for m in item]
    assert len(ids) == len(set(ids))


def test_made_tokens_differ():
    assert make("a:viewer") != make("a:viewer")
