"""A mailbox: takes what is sent to it by SMTP, and a place where JSON is posted. Calls nobody.

Lives in the event loop that starts it.
"""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import Any, Self

from aiohttp import web


class Mailbox:
    """As much of an SMTP server as a client needs that does not log in."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def address(self) -> str:
        """Host and port."""
        assert self._server is not None
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                mail = email.message_from_bytes(raw[:-5], policy=email.policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 well\r\n")
            if verb == b"QUIT":
                break
        writer.close()


class Hook:
    """A place to post JSON to."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
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
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def _take(self, request: web.Request) -> web.Response:
        self.posted.append(await request.json())
        self.tokens.append(request.headers.get("authorization"))
        return web.Response(text="ok")
