"""Sensitivity: what `strict` and `sensitive` change of the shipped numbers.

Knows thresholds of firing only: what is learned of a creator is the same at every sensitivity, so
that it can be changed at any time. Must not know the detectors.

`strict` fires less, `sensitive` more: probabilities by one to two orders of magnitude, sizes by a
third to a half. `balanced` is what ships.
"""

from collections.abc import Mapping
from typing import Any, Literal

from streams.engine.rules import Rules

Sensitivity = Literal["strict", "balanced", "sensitive"]
_SHIPPED = Rules()

_STRICT: dict[str, dict[str, Any]] = {
    "drop": {"fire_probability": 1e-9, "fire_ratio": 0.3, "min_expected": 60.0},
    "spike": {
        "fire_probability": 1e-6,
        "fire_ratio": 8.0,
        "min_follows": 200.0,
        "trickle_probability": 1e-9,
    },
    "wave": {"fire_probability": 1e-9, "fire_ratio": 8.0, "min_losses": 200.0},
    "weak": {"fire_probability": (1e-9, 1e-7, 1e-5, 2e-6), "fire_ratio": 0.25},
    "slow": {"fire_probability": 5e-3, "fire_distance": -0.35},
    "viral": {"probability": 5e-7, "fire_ratio": 10.0, "min_count": 200},
    "crisis": {"fire_probability": 1e-7, "fire_points": 0.25, "min_comments": 50},
    "pod": {"fire_probability": 1e-8, "fire_share": 0.75, "min_members": 12},
    "stock": {"fire_probability": 1e-7, "fire_points": 0.4, "min_count": 80},
    "hollow": {"fire_probability": 1e-7, "fire_points": 0.4, "min_count": 120},
}
_SENSITIVE: dict[str, dict[str, Any]] = {
    "drop": {"fire_probability": 5e-6, "fire_ratio": 0.42, "min_expected": 30.0},
    "spike": {
        "fire_probability": 1e-3,
        "fire_ratio": 3.0,
        "min_follows": 60.0,
        "trickle_probability": 1e-5,
    },
    "wave": {"fire_probability": 1e-6, "fire_ratio": 4.0, "min_losses": 60.0},
    "weak": {"fire_probability": (1e-6, 1e-4, 3e-3, 5e-4), "fire_ratio": 0.4, "min_expected": 16.0},
    "slow": {"fire_probability": 0.1, "fire_distance": -0.16},
    "viral": {"probability": 2e-4, "fire_ratio": 5.0, "min_count": 60},
    "crisis": {"fire_probability": 3e-4, "fire_points": 0.1, "min_comments": 20},
    "pod": {"fire_probability": 1e-5, "fire_share": 0.5, "min_audience": 2.0},
    "stock": {"fire_probability": 1e-4, "fire_points": 0.2, "min_count": 25},
    "hollow": {"fire_probability": 1e-4, "fire_points": 0.2, "min_count": 40},
}
_BALANCED: dict[str, dict[str, Any]] = {
    section: {
        name: getattr(getattr(_SHIPPED, section), name)
        for name in sorted(_STRICT[section].keys() | _SENSITIVE[section].keys())
    }
    for section in _STRICT
}


def _preset(changes: dict[str, dict[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    # All name the same numbers, so that one sensitivity replaces another as a whole.
    return {section: shipped | changes[section] for section, shipped in _BALANCED.items()}


PRESETS: Mapping[Sensitivity, Mapping[str, Mapping[str, Any]]] = {
    "strict": _preset(_STRICT),
    "balanced": _BALANCED,
    "sensitive": _preset(_SENSITIVE),
}
"""Numbers by section of `Rules`, for each sensitivity."""
