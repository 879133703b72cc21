"""HTTP as far as it is needed to ask the parts of a stack how they are."""

import json
import urllib.error
import urllib.request
from typing import Any

_SECONDS = 5.0


def get(url: str, token: str = "") -> tuple[int, bytes]:
    """Status and body; status 0 while nothing answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


def get_json(url: str, token: str = "") -> Any:
    """The JSON value there; None if the status is not 200."""
    status, body = get(url, token)
    return json.loads(body) if status == 200 else None
