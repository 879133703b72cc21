"""An API in this process, without a socket: records put in, requests answered."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from schemas import scores
from schemas.alerts import Alert, Evidence
from schemas.commands import AlertCommand
from schemas.instants import from_ms
from streams.api.access import Access
from streams.api.desk import Desk
from streams.api.health import ApiHealth
from streams.api.history import History, connect
from streams.api.hub import Hub
from streams.api.limiter import Limiter
from streams.api.server import Server
from streams.api.sessions import Sessions
from streams.api.settings import ApiSettings
from streams.api.tokens import Tokens, make
from streams.api.view import View
from streams.follow import Followed

NOON = 1_768_478_400_000
"""2026-01-15T12:00:00Z."""
MINUTE = 60_000
FAR = scores.PostOutlier(
    post_id="p9", campaign_id="c1", age_minutes=90.0, observed=20, expected=80.0, score=-4.0
)


def score(creator_id: str, value: float | None = 50.0, **rest: Any) -> Followed:
    """A record of `engagement-scores`; `engagements` is that of 24 h."""
    at = rest.pop("at", NOON)
    counts = scores.Counts(engagements=rest.pop("engagements", 10))
    made = scores.EngagementScore(
        creator_id=creator_id,
        platform=rest.pop("platform", "instagram"),
        handle=rest.pop("handle", creator_id.partition(":")[2] or creator_id),
        as_of=from_ms(at),
        watermark=from_ms(at),
        score=value,
        windows=scores.CountsByWindow(
            m1=scores.Counts(), m5=scores.Counts(), h1=scores.Counts(), h24=counts
        ),
        **rest,
    )
    return followed("engagement-scores", creator_id, made, at)


def sentiment(creator_id: str, net: float) -> Followed:
    """A record of `sentiment-scores`."""
    mood = scores.Mood(comments=10, net=net)
    made = scores.SentimentScore(
        creator_id=creator_id,
        as_of=from_ms(NOON),
        watermark=from_ms(NOON),
        analyser="a",
        windows=scores.MoodByWindow(m1=mood, m5=mood, h1=mood, h24=mood),
    )
    return followed("sentiment-scores", creator_id, made)


def profile(creator_id: str, handle: str, at: int = NOON, **rest: Any) -> Followed:
    """A record of `creators`."""
    value = {"creator_id": creator_id, "handle": handle, "platform": "instagram", **rest}
    return followed("creators", creator_id, {**value, "event_id": "e", "occurred_at": at}, at)


def campaign(campaign_id: str, *creators: str, name: str = "Spring", **rest: Any) -> Followed:
    """A record of `campaigns`."""
    value = {"campaign_id": campaign_id, "name": name, "creators": list(creators), **rest}
    return followed("campaigns", campaign_id, value)


def alert(creator_id: str, status: str = "firing", at: int = NOON, **rest: Any) -> Followed:
    """A record of `alerts`; the episode began at noon unless `began` says otherwise."""
    kind = rest.pop("kind", "follower_spike")
    began = rest.pop("began", NOON)
    made = Alert(
        alert_id=f"{kind}:{began}:{creator_id}",
        creator_id=creator_id,
        platform="instagram",
        campaign_id=rest.pop("campaign_id", None),
        kind=kind,
        status=status,  # type: ignore[arg-type]
        severity=rest.pop("severity", "warning"),
        started_at=from_ms(began),
        updated_at=from_ms(at),
        ended_at=from_ms(at) if status == "resolved" else None,
        title="t",
        reason="r",
        explanation="suspect",
        evidence=Evidence(
            metric="follows",
            observed=1.0,
            expected=0.1,
            ratio=10.0,
            probability=1e-9,
            window_start=from_ms(began),
            window_end=from_ms(at),
            samples=9,
        ),
        **rest,
    )
    return followed("alerts", made.alert_id, made, at)


def window(creator_id: str, at: int = NOON, likes: int = 1, **rest: Any) -> Followed:
    """A record of `engagement-windows`."""
    made = scores.EngagementWindow(
        creator_id=creator_id,
        window_start=from_ms(at),
        window_end=from_ms(at + MINUTE),
        events=likes,
        likes=likes,
        engagements=likes,
        **rest,
    )
    return followed("engagement-windows", creator_id, made, at)


def said(alert_id: str, creator_id: str, action: str = "acknowledge", at: int = NOON) -> Followed:
    """A record of `alert-commands`."""
    made = AlertCommand(
        event_id=f"{action}-{at}",
        creator_id=creator_id,
        platform="instagram",
        occurred_at=at,
        action=action,  # type: ignore[arg-type]
        by="ops",
        alert_id=alert_id,
    )
    return followed("alert-commands", made.event_id, made, at)


def followed(topic: str, key: str, value: Any, at: int = NOON) -> Followed:
    """Any record; a value of None is a tombstone."""
    raw = None if value is None else msgspec.json.encode(value)
    return Followed(topic, key.encode(), raw, 0, 0, at)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Api:
    """`pulse api` without Kafka, and without a socket. Tokens are in `tokens` by role."""

    def __init__(self, folder: Path, *, open_to_all: bool = False, **settings: Any) -> None:
        path = str(folder / "history.sqlite3")
        made = {role: make(f"{role}-1:{role}") for role in ("viewer", "operator")}
        self.tokens = {role: token for role, (token, _) in made.items()}
        entries = ",".join(entry for _, entry in made.values())
        settings = {"api_database": path, "api_heartbeat": 0.2, **settings}
        self.settings = ApiSettings(api_tokens=None if open_to_all else entries, **settings)
        self.history = History(path, "test")
        self.hub = Hub()
        self.view = View(self.hub)
        self.sent: list[AlertCommand] = []
        self.now = NOON / 1000
        access = Access(
            None if open_to_all else Tokens(entries, None),
            Sessions("s" * 32, self.settings.api_session_seconds),
            self.settings.api_public_url,
        )
        health = ApiHealth(time.monotonic)
        health.phase = ""
        self.desk = Desk(
            self.settings, self.view, access, health, connect(path, reading=True), self._send
        )
        per_minute = self.settings.api_requests_per_minute
        self.server = Server(
            self.desk,
            Limiter(per_minute, max(10, per_minute // 10)),
            frozenset(filter(None, self.settings.api_cors_origins.split(","))),
            clock=lambda: self.now,
        )

    async def _send(self, command: AlertCommand) -> None:
        self.sent.append(command)

    def close(self) -> None:
        """Let go of the files."""
        self.desk.close()
        self.history.close()

    def put(self, *records: Followed) -> None:
        """Records, to the view or to history, as the service hands them on."""
        for record in records:
            if record.topic in {"engagement-windows", "alerts", "alert-commands"}:
                for head, raw in self.history.put([record], {}).alerts:
                    self.view.tell(head, raw)
            else:
                self.view.take(record)

    async def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        role: str | None = "viewer",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, by the token of a role or by none."""
        given = {"host": "127.0.0.1:9120", **(headers or {})}
        if role is not None:
            given["authorization"] = f"Bearer {self.tokens[role]}"
        raw = b""
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            given = {"content-type": "application/json", "content-length": str(len(raw)), **given}
        return await call(self.server.asgi, method, target, given, raw)


async def call(
    app: Any, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> Answer:
    """One request of an ASGI application, read to the end."""
    parts = urlsplit(target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
        "client": ("192.0.2.7", 1234),
        "server": ("127.0.0.1", 9120),
    }
    unfinished = headers.get("content-length", "0") != "0" and not body
    requests = [{"type": "http.request", "body": body, "more_body": unfinished}]
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def send(message: Any) -> None:
        got.append(message)

    await app(scope, receive, send)
    start = got[0]
    found = {n.decode(): v.decode() for n, v in start["headers"]}
    content = b"".join(m.get("body", b"") for m in got[1:])
    return Answer(start["status"], found, content)
