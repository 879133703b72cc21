"""Tokens: who may come in, and with which role.

Knows entries `NAME:ROLE:SHA256` and how a token is compared with them. Must not know requests. What
is configured is the SHA-256 of a token: tokens are made by `make`, of 256 random bits, so that
nothing is won by a slow hash. No token is kept, logged or in a `repr`.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, cast

Role = Literal["viewer", "operator"]
_ENTRY = re.compile(r"([A-Za-z0-9._@-]{1,64}):(viewer|operator):([0-9a-f]{64})")
MAX_TOKEN_CHARS = 512


class Principal(NamedTuple):
    """Somebody who was let in. `via_cookie`: by a browser's session, which others may abuse."""

    name: str
    role: Role
    via_cookie: bool = False


class Entry(NamedTuple):
    """One token as configured."""

    name: str
    role: Role
    digest: str

    def __repr__(self) -> str:
        return f"Entry({self.name}:{self.role})"


def digest(token: str) -> str:
    """What stands for a token in the configuration: SHA-256 of its UTF-8, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def make(who: str) -> tuple[str, str]:
    """A new token for `NAME:ROLE`, and its entry. Raises ValueError where `who` is neither."""
    token = f"pulse_{secrets.token_urlsafe(32)}"
    line = f"{who}:{digest(token)}"
    if not _ENTRY.fullmatch(line):
        raise ValueError(
            f"{who!r} is not NAME:ROLE: expected a name of a-z A-Z 0-9 . _ @ -, a colon, "
            "and viewer or operator"
        )
    return token, line


def parse(lines: Iterable[str]) -> dict[str, Entry]:
    """Entries by name; empty lines and those with # in front are passed by.

    Raises ValueError, without what was given, for a line that is none and for a name given twice.
    """
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        matched = _ENTRY.fullmatch(text)
        if matched is None:
            raise ValueError(
                f"entries such as lena:operator:SHA256 (64 hex digits); number {number} is none"
            )
        name, role, hashed = matched.groups()
        if name in found:
            raise ValueError(f"each name once; {name} is there twice")
        found[name] = Entry(name, cast("Role", role), hashed)
    return found


class Tokens:
    """The entries in force. Those of a file are read again when it has changed (`look`)."""

    def __init__(self, inline: str | None, file: str | None) -> None:
        """Raises ValueError or OSError where the file cannot be used."""
        self._inline = parse(inline.split(",")) if inline else {}
        self._file = Path(file) if file else None
        self._stamp: tuple[int, int, int] | None = None
        self.entries: dict[str, Entry] = dict(self._inline)
        self.look()

    def look(self) -> bool:
        """Read the file again if it is another one now; whether it was.

        Raises ValueError or OSError where it cannot be used; the entries stay then.
        """
        if self._file is None:
            return False
        found = self._file.stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if stamp == self._stamp:
            return False
        try:
            read = parse(self._file.read_text().splitlines())
        except ValueError as error:
            raise ValueError(f"{self._file}: expected {error}") from error
        self.entries, self._stamp = {**read, **self._inline}, stamp
        return True

    def who(self, token: str) -> Entry | None:
        """Whose token this is. Every entry is compared, each in constant time."""
        if not token or len(token) > MAX_TOKEN_CHARS:
            return None
        given = digest(token)
        found = None
        for entry in self.entries.values():
            if hmac.compare_digest(entry.digest, given):
                found = entry
        return found
