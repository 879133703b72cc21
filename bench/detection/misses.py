"""Misses: which condition of a detector stood in the way of an incident that was not told of.

Knows which numbers can be eased, one at a time: a life is played again with each, and what finds
the incident then had refused it. Must not judge whether a condition is right.
"""

from typing import Any

from msgspec.structs import replace

from bench.detection.life import Life
from bench.detection.play import play
from bench.detection.truth import Incident, tells
from streams.engine.rules import Rules

_WEAK = {
    "weak: fewer engagements (16)": {"min_expected": 16.0},
    "weak: effect (60 % in place of 32 %)": {"fire_ratio": 0.6},
    "weak: probability (100 times)": {"fire_probability": (1e-5, 2e-3, 2.5e-2, 6e-3)},
    "weak: a post up to 110 % does not end a run": {"weak_ratio": 1.1},
}
_DROP = {
    "drop: fewer engagements (15)": {"min_expected": 15.0},
    "drop: effect (60 % in place of 38 %)": {"fire_ratio": 0.6, "pending_ratio": 0.6},
    "drop: probability (1,000 times)": {"fire_probability": 5e-4},
    "drop: held for 9 h": {"max_hold_ms": 9 * 3_600_000, "max_outdone_ms": 9 * 3_600_000},
}
_SPIKE = {
    "spike: fewer follows (90)": {"min_follows": 90.0},
    "spike: no share of followers": {"min_share": 0.0},
    "spike: ratio (2.5 in place of 4)": {"fire_ratio": 2.5},
    "spike: probability (1e-3)": {"fire_probability": 1e-3},
    "spike: viral counts like others": {"viral_growth": 1.0},
}
_EASED: dict[str, list[tuple[str, dict[str, dict[str, Any]]]]] = {
    "engagement_drop": [
        *((name, {"weak": numbers}) for name, numbers in _WEAK.items()),
        *((name, {"drop": numbers}) for name, numbers in _DROP.items()),
    ],
    "follower_spike": [(name, {"spike": numbers}) for name, numbers in _SPIKE.items()],
}


def refused(life: Life, incident: Incident) -> list[str]:
    """The conditions that refused it alone; else all of them together, or something else."""
    rules = Rules()
    eased = _EASED.get(incident.kinds[0], [])
    alone = [name for name, numbers in eased if _found(life, incident, _changed(rules, numbers))]
    if alone or not eased:
        return alone
    for _, numbers in eased:
        rules = _changed(rules, numbers)
    return ["several together" if _found(life, incident, rules) else "something else"]


def _changed(rules: Rules, numbers: dict[str, dict[str, Any]]) -> Rules:
    return replace(
        rules, **{name: replace(getattr(rules, name), **new) for name, new in numbers.items()}
    )


def _found(life: Life, incident: Incident, rules: Rules) -> bool:
    return any(tells(alert, incident) for alert in play(life, rules))
