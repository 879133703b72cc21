"""Trouble: what went wrong, as people are told it.

Knows how exceptions name themselves. Must not know who raised them, or what to do about it.
"""

import os
import re
from typing import Final

_NUMBER: Final = re.compile(r"(\[Error -?\d+\] )?")
_CALL: Final = re.compile(r"\[Errno (\d+)\] Connect call failed")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def why(error: BaseException) -> str:
    """The text of an exception. The name of its class becomes words, where that is all there is.

    Those of aiokafka begin with that name: `[Error 29] TopicAuthorizationFailedError: likes` is
    "topic authorization failed: likes". A timeout without a text is "no answer in time", and what
    the system refuses is what it says of it, without its number: of a host with several addresses
    asyncio tells of the call to each.
    """
    name, said = type(error).__name__, str(error)
    if isinstance(error, OSError):
        if calls := _CALL.findall(said):
            return ", ".join(dict.fromkeys(os.strerror(int(number)) for number in calls))
        if error.errno and "Connect call failed" in said:
            return os.strerror(error.errno)
        if error.strerror and not error.filename:
            return error.strerror
    head, named, rest = said.partition(name)
    if said and not (named and _NUMBER.fullmatch(head)):
        return said
    if isinstance(error, TimeoutError):
        return "no answer in time"
    kind = " ".join(_WORD.findall(re.sub("(Error|Exception)$", "", name))).lower()
    return f"{kind or name}{rest}"
