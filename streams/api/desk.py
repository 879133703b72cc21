"""Desk: what is answered to each question, and what is done for an operator.

Knows the view, history, sessions and how a command is written. Must not know routes or sockets.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.responses import Response

from schemas.commands import AlertCommand
from schemas.instants import from_ms
from streams.alerts import saying
from streams.api import archive, pages, shapes
from streams.api.access import COOKIE, Access, Refused
from streams.api.http import Call, answer, time_of
from streams.api.progress import Tally
from streams.api.settings import ApiSettings
from streams.api.stream import EventStream, Frames, Wish, chunks
from streams.api.tokens import Principal
from streams.api.view import View
from streams.build import version
from streams.web import Verdict

T = TypeVar("T")


class Judge(Protocol):
    """Says how the process is."""

    def alive(self) -> Verdict:
        """Not ok: only a restart helps."""

    def ready(self) -> Verdict:
        """Not ok: what is shown may be old or incomplete."""


class Desk:
    """Answers. `ask` reads history in a thread of its own; `send` writes a command to Kafka."""

    def __init__(
        self,
        settings: ApiSettings,
        view: View,
        access: Access,
        judge: Judge,
        database: sqlite3.Connection,
        send: Callable[[AlertCommand], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self.view = view
        self.access = access
        self._judge = judge
        self._database = database
        self._reader = ThreadPoolExecutor(1, "history-reader")
        self._write = send
        self._frames = Frames(view)
        self.tally = Tally(view, self._ask)
        self.streams = 0
        self.dropped = 0
        """Streams whose listeners were let in no more."""
        self.commands = 0

    def close(self) -> None:
        """Let go of history."""
        self._reader.shutdown(wait=True, cancel_futures=True)
        self._database.close()

    async def _ask(self, question: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, question, self._database, *arguments)

    # ---- how it is ----

    async def healthz(self, _: Call) -> Response:
        """Whether the process lives."""
        verdict = self._judge.alive()
        # No facts: anybody may ask.
        return answer(shapes.Health(ok=verdict.ok, reasons=[]), 200 if verdict.ok else 503)

    async def readyz(self, _: Call) -> Response:
        """Whether what is shown is complete and fresh."""
        verdict = self._judge.ready()
        shown = shapes.Health(ok=verdict.ok, reasons=verdict.reasons, facts=verdict.facts)
        return answer(shown, 200 if verdict.ok else 503)

    # ---- who is there ----

    async def me(self, call: Call) -> Response:
        """Who asks."""
        who = _known(call)
        via = "loopback" if self.access.tokens is None else "session" if who.via_cookie else "token"
        end = self.access.sessions.end_of(call.asked.cookie) if via == "session" else None
        until = from_ms(end * 1000) if end is not None else None
        return answer({"name": who.name, "role": who.role, "via": via, "until": until})

    async def about(self, _: Call) -> Response:
        """Which release this is."""
        return answer(shapes.About(version=version(), creator_link=self._settings.api_creator_link))

    async def login(self, call: Call) -> Response:
        """Exchange a token for a session."""
        tokens = self.access.tokens
        self.access.require_own_page(call.asked)
        if tokens is None:
            raise Refused(
                409, "No tokens", "no tokens are set: sessions are neither needed nor had"
            )
        entry = tokens.who(call.body.token)
        if entry is None:
            raise Refused(401, "Not logged in", "no such token: expected one that is configured")
        sessions = self.access.sessions
        cookie = sessions.open(entry, call.now)
        until = from_ms(int(call.now + sessions.seconds) * 1000)
        made = answer(shapes.Me(name=entry.name, role=entry.role, via="session", until=until))
        self._set_cookie(made, cookie, int(sessions.seconds))
        return made

    async def logout(self, call: Call) -> Response:
        """End the session; fine without one."""
        tokens, sessions = self.access.tokens, self.access.sessions
        cookie = call.asked.cookie
        if cookie:
            self.access.require_own_page(call.asked)
            if tokens is not None and sessions.who(cookie, tokens.entries, call.now):
                sessions.close(cookie, call.now)
        gone = Response(status_code=204)
        self._set_cookie(gone, "", 0)
        return gone

    def _set_cookie(self, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE, value, seconds, path="/", httponly=True, samesite="strict",
            secure=self.access.cookie_secure,
        )  # fmt: skip

    # ---- creators and campaigns ----

    async def creators(self, call: Call) -> Response:
        """A page of creators."""
        try:
            return answer(pages.creators(self.view, call.query))
        except pages.BadCursor as error:
            raise _bad_cursor() from error

    async def creator(self, call: Call) -> Response:
        """One creator."""
        row = self.view.rows.get(call.parts["creator_id"])
        if row is None:
            raise _unknown("creator", call.parts["creator_id"])
        profile = row.profile
        return answer(
            {
                "summary": self.view.summary(row),
                "profile": profile
                and shapes.Profile(person_id=profile.person_id, tags=profile.tags or []),
                "engagement": row.engagement and msgspec.Raw(row.engagement),
                "sentiment": row.mood and msgspec.Raw(row.mood),
                "alerts": [msgspec.Raw(t.raw) for t in self.view.alerts_of(row.creator_id)],
            }
        )

    async def series(self, call: Call) -> Response:
        """The history of one creator."""
        begin = time_of(call.query.from_, "from")
        end = time_of(call.query.to, "to")
        try:
            span = archive.span(begin, end, call.query.step, int(call.now * 1000))
        except archive.BadSpan as error:
            raise Refused(400, "Bad query", str(error)) from error
        creator_id = call.parts["creator_id"]
        found = await self._ask(archive.series, creator_id, span)
        if not found.points and creator_id not in self.view.rows:
            raise _unknown("creator", creator_id)
        return answer(found)

    async def sparklines(self, call: Call) -> Response:
        """The last day of some creators."""
        creators, now_ms = call.body.creators, int(call.now * 1000)
        return answer(await self._ask(archive.sparklines, creators, now_ms))

    async def campaigns(self, call: Call) -> Response:
        """A page of campaigns."""
        return answer(pages.campaigns(self.view, call.query, self.tally.of))

    async def campaign(self, call: Call) -> Response:
        """One campaign."""
        campaign_id = call.parts["campaign_id"]
        campaign = self.view.campaigns.get(campaign_id)
        if campaign is None:
            raise _unknown("campaign", campaign_id)
        summary = pages.campaign_summary(self.view, campaign_id, self.tally.of)
        return answer({"summary": summary, "campaign": campaign})

    # ---- alerts ----

    async def alerts(self, call: Call) -> Response:
        """A page of alerts."""
        begin = time_of(call.query.from_, "from")
        try:
            return answer(await self._ask(archive.alerts, call.query, begin))
        except pages.BadCursor as error:
            raise _bad_cursor() from error

    async def alert(self, call: Call) -> Response:
        """One alert with all that was said."""
        alert_id = call.parts["alert_id"]
        found = await self._ask(archive.story, alert_id)
        if found is None:
            raise await self._no_alert(alert_id)
        return answer(found)

    async def say(self, call: Call) -> Response:
        """Say something of one alert."""
        alert_id, body = call.parts["alert_id"], call.body
        alert = await self._ask(archive.alert, alert_id)
        if alert is None:
            raise await self._no_alert(alert_id)
        if not alert.creator_id:
            raise Refused(
                409,
                "Of no creator",
                f"{alert_id[:100]} is of no creator: nothing can be said of it",
            )
        until = _until(body.action, body.seconds)
        return await self._said(
            body.action, alert.creator_id, alert.platform, call, alert_id=alert_id, until=until
        )

    async def say_of_creator(self, call: Call) -> Response:
        """Snooze or wake all alerts of a creator."""
        body = call.body
        until = _until(body.action, body.seconds)
        if body.creator_id not in self.view.rows and not self.view.alerts_of(body.creator_id):
            raise _unknown("creator", body.creator_id)
        return await self._said(
            body.action, body.creator_id, None, call, kind=body.kind, until=until
        )

    async def _no_alert(self, alert_id: str) -> Refused:
        near = await self._ask(archive.near, alert_id)
        hint = f"; did you mean {near[0]}?" if near else "; GET /api/v1/alerts lists them"
        return Refused(404, "Unknown alert", f"there is no alert {alert_id[:100]!r}{hint}")

    async def _said(
        self, action: Any, creator_id: str, platform: str | None, call: Call, **rest: Any
    ) -> Response:
        try:
            command = saying.made(
                action, creator_id, platform, _known(call).name, call.body.note, **rest
            )
        except saying.Unfit as error:
            raise Refused(400, "Bad command", str(error)) from error
        await self._write(command)
        self.commands += 1
        return answer(shapes.Said(command=command), 202)

    # ---- live ----

    async def stream(self, call: Call) -> EventStream:
        """Live scores and alerts."""
        if self.streams >= self._settings.api_max_streams:
            refused = Refused(
                503,
                "Too many streams",
                f"{self.streams} streams are open, as many as PULSE_API_MAX_STREAMS allows: close "
                "some, or try another instance",
            )
            refused.headers["Retry-After"] = "10"
            raise refused
        query = call.query
        wish = Wish(self.view, query.creator, query.campaign, query.only)
        made = chunks(
            self.view.hub,
            self._frames,
            wish,
            call.asked.headers.get("last-event-id"),
            interval=self._settings.api_stream_interval,
            heartbeat=self._settings.api_heartbeat,
            still=lambda: self._still(call),
        )
        self.streams += 1
        return EventStream(made, self._closed)

    def _closed(self, left: bool) -> None:
        self.streams -= 1
        self.dropped += not left and not self.view.hub.closed

    def _still(self, call: Call) -> bool:
        """Whether whoever opened a stream would still be let in."""
        return self.access.who(call.asked, time.time()) is not None


def _known(call: Call) -> Principal:
    assert call.who is not None, "the route needs a role"
    return call.who


def _bad_cursor() -> Refused:
    return Refused(
        400,
        "Bad cursor",
        "the cursor is not of this query: expected `next` of a page with the same sort and order",
    )


def _unknown(what: str, name: str) -> Refused:
    return Refused(
        404,
        f"Unknown {what}",
        f"there is no {what} {name[:100]!r}; GET /api/v1/{what}s lists them",
    )


def _until(action: str, seconds: float | None) -> int | None:
    if action != "snooze" and seconds is None:
        return None
    if action != "snooze" or seconds is None:
        raise Refused(400, "Bad body", "`seconds` goes with snooze: give it there, and only there")
    return round((time.time() + seconds) * 1000)
