"""Sessions: the cookie that a browser gets for a token.

Knows how a cookie is made, checked and revoked, with time as an argument. Must not know requests.
A cookie holds an id, a name and an end, signed with a key that the token's entry is part of: who
takes the entry away, or changes it, ends its sessions.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from streams.api.tokens import Entry

_COOKIE = re.compile(
    r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9._@-]{1,64})\.(\d{1,12})\.([A-Za-z0-9_-]{43})"
)
_MOST_REVOKED = 100_000


class Sessions:
    """Makes cookies and knows which hold. `secret` None: a random one, for this process alone.

    Logging out ends a session here at once; other instances with the same secret take the cookie
    until its end.
    """

    def __init__(self, secret: str | None, seconds: float) -> None:
        self._key = secret.encode() if secret else secrets.token_bytes(32)
        self.seconds = seconds
        self._revoked: dict[str, int] = {}

    def open(self, entry: Entry, now: float) -> str:
        """A cookie for the owner of a token, at epoch second `now`."""
        body = f"{secrets.token_urlsafe(16)}.{entry.name}.{int(now + self.seconds)}"
        return f"{body}.{self._sign(body, entry)}"

    def who(self, cookie: str, entries: Mapping[str, Entry], now: float) -> Entry | None:
        """Whose cookie this is, while it holds."""
        matched = _COOKIE.fullmatch(cookie)
        if matched is None:
            return None
        session, name, end, signature = matched.groups()
        entry = entries.get(name)
        if entry is None or int(end) <= now or session in self._revoked:
            return None
        body = f"{session}.{name}.{end}"
        return entry if hmac.compare_digest(self._sign(body, entry), signature) else None

    @staticmethod
    def end_of(cookie: str) -> int | None:
        """The epoch second at which a cookie that `who` knows ends."""
        matched = _COOKIE.fullmatch(cookie)
        return int(matched[3]) if matched else None

    def close(self, cookie: str, now: float) -> None:
        """End a session. Only call this with a cookie that `who` knows."""
        matched = _COOKIE.fullmatch(cookie)
        if matched is None:
            return
        if len(self._revoked) >= _MOST_REVOKED:
            self._revoked = {s: end for s, end in self._revoked.items() if end > now}
        self._revoked[matched[1]] = int(matched[3])

    def _sign(self, body: str, entry: Entry) -> str:
        text = f"{body}|{entry.role}|{entry.digest}".encode()
        made = hmac.digest(self._key, text, hashlib.sha256)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
