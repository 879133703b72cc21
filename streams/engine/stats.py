"""Stats: what a shard has done, as plain counters, for whoever measures it.

Knows names and additions only. Must not know metrics libraries; counts start anew with a process.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

ANSWER_BOUNDS: Final = (60, 300, 900, 3_600, 14_400, 86_400)
"""Seconds by which it is told how long alerts waited for an acknowledgement."""


@dataclass(slots=True)
class ShardStats:
    """Counts since the shard was made or restored in this process."""

    received: Counter[str] = field(default_factory=Counter)
    """Records read, by topic."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Events counted, by topic."""
    dead_letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (topic, code)."""
    forwarded: Counter[str] = field(default_factory=Counter)
    """Records sent on to their right partition, by topic."""
    duplicates: Counter[str] = field(default_factory=Counter)
    late: Counter[bool] = field(default_factory=Counter)
    """Late events, by whether a sliding window still took them."""
    snapshots: Counter[str] = field(default_factory=Counter)
    """Polled totals by what became of them: counted, baseline, stale, reset, reconciled."""
    folded: Counter[str] = field(default_factory=Counter)
    """Entries of hostile or very busy creators that were folded away: details of open panes, and
    polled totals."""
    outputs: Counter[str] = field(default_factory=Counter)
    """Records written, by topic."""
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Alert records, by (kind, status)."""
    quiet: Counter[str] = field(default_factory=Counter)
    """Alerts that fired and called nobody, by the reason."""
    orders: Counter[str] = field(default_factory=Counter)
    """Commands by action; those about nothing that is known as `unknown`."""
    answered: Counter[int] = field(default_factory=Counter)
    """Alerts by how long they fired until they were acknowledged for the first time: the bound of
    `ANSWER_BOUNDS` that it is within, else 0."""
    answer_seconds: int = 0
    """The sum of those times."""
    holes: int = 0
    """Batches that did not join on to the position."""
    postponed: int = 0
    """Scores that were due in a tick which had written as many as it may."""
    last_event_ms: int = 0
    """Highest event time accepted."""

    def answer(self, seconds: int) -> None:
        """An alert was acknowledged for the first time, so long after its beginning."""
        seconds = max(seconds, 0)
        self.answered[next((bound for bound in ANSWER_BOUNDS if seconds <= bound), 0)] += 1
        self.answer_seconds += seconds
