"""Access: who a request is from, and whether it may do what it asks for.

Knows tokens, sessions, origins and roles, with time as an argument. Must not know routes, bodies or
sockets: it is given headers.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from streams.api.sessions import Sessions
from streams.api.tokens import Principal, Tokens

COOKIE = "pulse_session"
MARK = "x-pulse-request"
"""Header that a page must set itself: no form and no link of another site can."""

Need = Literal["open", "viewer", "operator"]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Refused(Exception):
    """A request that is not let in: a status, and what was wrong, expected and is to be done."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.headers: dict[str, str] = {}


class Asked(NamedTuple):
    """What is looked at of a request; names of headers in lower case."""

    method: str
    headers: Mapping[str, str]
    scheme: str = "http"

    @property
    def cookie(self) -> str:
        """The session's cookie; empty without one."""
        for part in self.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE:
                return value
        return ""

    @property
    def token(self) -> str | None:
        """The bearer token; None without an Authorization header."""
        header = self.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


class Access:
    """Decides. Without `tokens`, whoever can connect is an operator, by the name `local`."""

    def __init__(self, tokens: Tokens | None, sessions: Sessions, public_url: str = "") -> None:
        self.tokens = tokens
        self.sessions = sessions
        self._public = public_url

    @property
    def cookie_secure(self) -> bool:
        """Whether cookies are for TLS only."""
        return self._public.startswith("https:")

    def who(self, asked: Asked, now: float) -> Principal | None:
        """Who asks, at epoch second `now`; None if it is nobody who is known. Raises Refused."""
        if self.tokens is None:
            self._require_local_host(asked)
            return Principal("local", "operator", via_cookie=True)
        token = asked.token
        if token is not None:
            entry = self.tokens.who(token)
            return Principal(entry.name, entry.role) if entry else None
        entry = self.sessions.who(asked.cookie, self.tokens.entries, now) if asked.cookie else None
        return Principal(entry.name, entry.role, via_cookie=True) if entry else None

    def require(self, who: Principal | None, need: Need, asked: Asked) -> None:
        """Raises Refused if `who` has not this role, or another site may be behind the request."""
        if need == "open":
            return
        if who is None:
            refused = Refused(
                401,
                "Not logged in",
                "no valid token or session came with the request: send `Authorization: Bearer "
                "TOKEN`, or exchange a token for a session at POST /session",
            )
            refused.headers["WWW-Authenticate"] = 'Bearer realm="creator-pulse"'
            raise refused
        if need == "operator" and who.role != "operator":
            raise Refused(
                403,
                "Not allowed",
                f"{who.name} is a viewer, and only operators may do this: use an operator's token",
            )
        if who.via_cookie and asked.method not in _SAFE:
            self.require_own_page(asked)

    def require_own_page(self, asked: Asked) -> None:
        """Raises Refused if a request that a browser logs in by itself is not of our own page."""
        if MARK not in asked.headers:
            raise Refused(
                403,
                "Header missing",
                "a change with a session, or without a token, needs the header "
                "`X-Pulse-Request: 1`, which other sites cannot set",
            )
        site = asked.headers.get("sec-fetch-site", "same-origin")
        origin = asked.headers.get("origin")
        if site not in {"same-origin", "none"} or (
            origin is not None and origin.lower() != self.origin(asked)
        ):
            raise Refused(
                403,
                "Another origin",
                "the request comes from a page of another site: expected "
                f"{self.origin(asked)}; set PULSE_API_PUBLIC_URL if that is not its address",
            )

    def origin(self, asked: Asked) -> str:
        """The origin of our own pages."""
        if self._public:
            parts = urlsplit(self._public)
            return f"{parts.scheme}://{parts.netloc}".lower()
        return f"{asked.scheme}://{asked.headers.get('host', '')}".lower()

    def _require_local_host(self, asked: Asked) -> None:
        # A name that leads to loopback would let any page of the web read (DNS rebinding).
        host = asked.headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if name not in _LOCAL:
            raise Refused(
                403,
                "Unknown host",
                "without tokens only 127.0.0.1, [::1] and localhost are answered as Host: use one "
                "of them, or set PULSE_API_TOKENS",
            )
