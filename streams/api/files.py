"""Files: the live page as it is sent, and what a browser lets it do.

Knows the folder `page`, kinds of files and the page's policy. Must not know what the page shows.
"""

import gzip
import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

BASE = "/page"
KINDS = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    # No text becomes markup, whatever a script does: the browser refuses.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class File(NamedTuple):
    """One file of the page, plain and packed; `tag` changes with what is in it."""

    body: bytes
    packed: bytes
    kind: str
    tag: str


def files() -> dict[str, File]:
    """All files of the page by the path that they are asked for by."""
    found: dict[str, File] = {}
    _gather(resources.files("streams.api") / "page", BASE, found)
    found["/"] = found.pop(f"{BASE}/index.html")
    return found


def _gather(folder: Traversable, path: str, found: dict[str, File]) -> None:
    for entry in folder.iterdir():
        inner = f"{path}/{entry.name}"
        if entry.is_dir():
            _gather(entry, inner, found)
            continue
        kind = KINDS.get(entry.name.rpartition(".")[2])
        if kind is not None:
            body = entry.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found[inner] = File(body, gzip.compress(body, mtime=0), kind, tag)


def sent(file: File, request: Request) -> Response:
    """A file, or that the browser's own is still right. It asks each time: releases come unsaid."""
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": POLICY,
        "etag": file.tag,
        "vary": "Accept-Encoding",
    }
    known = request.headers.get("if-none-match", "")
    if file.tag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.kind)
    return Response(file.body, headers=headers, media_type=file.kind)
