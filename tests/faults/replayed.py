"""What workers wrote, compared with an undisturbed run over the journal, record by record.

Knows published records as parsed JSON. Must not know how the undisturbed run was made.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.faults.verdict import Found

EXAMPLES = 8


@dataclass
class Replayed:
    """What the undisturbed run has published, and what is wrong with the journal itself."""

    windows: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    scores: dict[str, dict[str, Any]]
    events: int
    faults: list[str]


@dataclass
class Comparison:
    """Every difference, counted."""

    episodes: int = 0
    alerts_missing: int = 0
    """Records of alerts in the undisturbed run only."""
    alerts_extra: int = 0
    replay_windows_differ: int = 0
    replay_scores_differ: int = 0
    journal_faults: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether nothing differs, and there was something to compare."""
        return self.episodes > 0 and not (
            self.alerts_missing
            + self.alerts_extra
            + self.replay_windows_differ
            + self.replay_scores_differ
            + self.journal_faults
        )


def compare(replayed: Replayed, found: Found) -> Comparison:
    """Compare alerts and windows as wholes, and the latest score of each creator."""
    result = Comparison(journal_faults=len(replayed.faults))
    result.examples += replayed.faults[:EXAMPLES]
    missing, extra = _apart(replayed.alerts, found.alerts)
    result.episodes = len({alert["alert_id"] for alert in found.alerts})
    result.alerts_missing, result.alerts_extra = len(missing), len(extra)
    result.examples += [f"alert only in the replay: {text}" for text in missing[:EXAMPLES]]
    result.examples += [f"alert only of workers: {text}" for text in extra[:EXAMPLES]]
    missing, extra = _apart(replayed.windows, found.windows)
    result.replay_windows_differ = max(len(missing), len(extra))
    result.examples += [f"window only in the replay: {text}" for text in missing[:EXAMPLES]]
    for creator in found.scores:
        ours, theirs = replayed.scores.get(creator), found.scores[creator]
        if ours != theirs:
            result.replay_scores_differ += 1
            if result.replay_scores_differ <= EXAMPLES:
                result.examples.append(f"score of {creator}: {_difference(ours, theirs)}")
    return result


def _apart(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """What only one of both has, as text."""
    first = Counter(orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in ours)
    second = Counter(orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in theirs)
    return sorted((first - second).elements()), sorted((second - first).elements())


def _difference(ours: dict[str, Any] | None, theirs: dict[str, Any]) -> str:
    if ours is None:
        return "not in the replay"
    names = [name for name in theirs if ours.get(name) != theirs[name]]
    return ", ".join(f"{name} {theirs[name]} instead of {ours.get(name)}" for name in names)[:400]
