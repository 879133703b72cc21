"""Doctored results: one event removed or doubled by hand, to show that the verdict sees it.

Knows how a right result can be made wrong in small ways. Must not know how it is judged.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.faults.oracle import Expected
from tests.faults.story import NAME
from tests.faults.verdict import CLOSER, Found, judge

Doctor = Callable[[Found], Found]


def _with_window(found: Found, change: Callable[[dict[str, Any]], None]) -> Found:
    at = next(
        number
        for number, record in enumerate(found.windows)
        if record["likes"] and not record["creator_id"].startswith(CLOSER)
    )
    record = dict(found.windows[at])
    change(record)
    return replace(found, windows=[*found.windows[:at], record, *found.windows[at + 1 :]])


def _like(number: int) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        for name in ("events", "likes", "engagements"):
            record[name] += number

    return change


def _moved(found: Found) -> Found:
    """A like counted in the next minute of the same creator: the totals stay right."""
    fewer = _with_window(found, _like(-1))
    whole = next(a for a, b in zip(found.windows, fewer.windows, strict=True) if a != b)
    moved = {name: 0 if isinstance(value, int) else value for name, value in whole.items()}
    moved |= {"revenue": 0.0, "events": 1, "likes": 1, "engagements": 1}
    for edge in ("window_start", "window_end"):
        later = datetime.fromisoformat(whole[edge]) + timedelta(minutes=1)
        moved[edge] = later.isoformat().replace("+00:00", "Z")
    return replace(fewer, windows=[*fewer.windows, moved])


def _split(found: Found) -> Found:
    """One window in two records that add up to it."""
    first = _with_window(found, _like(-1))
    whole = next(a for a, b in zip(found.windows, first.windows, strict=True) if a != b)
    rest = {name: 0 if isinstance(value, int) else value for name, value in whole.items()}
    rest |= {"revenue": 0.0, "events": 1, "likes": 1, "engagements": 1}
    return replace(first, windows=[*first.windows, rest])


def _rescored(found: Found) -> Found:
    creator = next(
        name
        for name, record in found.scores.items()
        if record["windows"]["24h"]["likes"] and not name.startswith(NAME)
    )
    record = copy.deepcopy(found.scores[creator])
    _like(1)(record["windows"]["24h"])
    return replace(found, scores=found.scores | {creator: record})


def _unscored(found: Found) -> Found:
    creator = next(name for name in found.scores if not name.startswith((CLOSER, NAME)))
    return replace(found, scores={k: v for k, v in found.scores.items() if k != creator})


DOCTORS: dict[str, Doctor] = {
    "a like removed from a window": lambda found: _with_window(found, _like(-1)),
    "a like doubled in a window": lambda found: _with_window(found, _like(1)),
    "a like in another minute": _moved,
    "a window missing": lambda found: replace(found, windows=found.windows[1:]),
    "a window written twice": lambda found: replace(
        found, windows=found.windows + found.windows[:1]
    ),
    "a window in two parts": _split,
    "a late event removed": lambda found: replace(found, late=found.late[1:]),
    "a late event doubled": lambda found: replace(found, late=found.late + found.late[:1]),
    "a score with one like more": _rescored,
    "a score missing": _unscored,
    "a dead letter": lambda found: replace(found, dead_letters=[{"code": "not_json"}]),
}


def unseen(expected: Expected, found: Found) -> list[str]:
    """The ways of doctoring a right result that the verdict does not see; [] is good."""
    if not judge(expected, found).right:
        return ["the result itself is not right"]
    return [name for name, doctor in DOCTORS.items() if judge(expected, doctor(found)).right]
