"""HTTP as far as it is needed to ask the parts of a stack how they are."""

import json
import urllib.error
import urllib.request
from typing import Any

_SECONDS = 5.0


def get(url: str) -> tuple[int, bytes]:
    """Status and body; status 0 while nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


def get_json(url: str) -> Any:
    """The JSON value there; None if the status is not 200."""
    status, body = get(url)
    return json.loads(body) if status == 200 else None
