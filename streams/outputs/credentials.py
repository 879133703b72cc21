"""Credentials: how this worker shows a receiver who it is.

Knows bearer tokens, files that hold one, and HTTP basic authentication. Must not know what is sent,
or to whom. No secret is ever in a log or in a `repr`.
"""

import base64
import logging
import re
from pathlib import Path

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
"""What a header can carry; anything else, such as a second line, is no token."""

Stamp = tuple[int, int, int]
"""By what a file is known to be the same: inode, size, time of change in ns."""


class Credentials:
    """One way to log in: a token, a file with one, or a name and a password; or none at all."""

    def __init__(
        self,
        *,
        token: str | None = None,
        token_file: str | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self._file = Path(token_file) if token_file is not None else None
        self._stamp: Stamp | None = None
        self._complaint = ""
        self._header: str | None = None
        if username is not None:
            login = base64.b64encode(f"{username}:{password or ''}".encode()).decode()
            self._header = f"Basic {login}"
        elif token is not None:
            self._header = f"Bearer {token}"

    def headers(self) -> dict[str, str]:
        """The headers of the next request.

        A file is read again when it has changed; while it holds no token, the last one is used.
        """
        if self._file is not None:
            self._look(self._file)
        return {} if self._header is None else {"Authorization": self._header}

    def _look(self, file: Path) -> None:
        try:
            found = file.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp == self._stamp:
                return
            token = file.read_bytes().decode("ascii", "replace").strip()
        except OSError as error:
            self._complain(f"{file} cannot be read ({error.strerror})")
            return
        if _TOKEN.fullmatch(token):
            self._stamp, self._header, self._complaint = stamp, f"Bearer {token}", ""
        else:
            # Not remembered: a file that is being written has the token in a moment.
            self._complain(f"{file} holds no token: one line of visible ASCII is expected")

    def _complain(self, what: str) -> None:
        if what != self._complaint:
            self._complaint = what
            kept = "the token that it held before" if self._header else "no token"
            log.warning("%s; %s is sent until that is mended", what, kept)
