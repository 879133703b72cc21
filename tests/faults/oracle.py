"""The oracle: what the workers must have counted, told by a second, far simpler program.

Knows the contract's counting rules and which events were made late. Must not know how workers
count: it imports nothing of theirs, and keeps everything in plain dictionaries.
"""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

MINUTE_MS = 60_000

Counts = Counter[str]
"""Counts by their published names, zeros left out; `revenue_cents` instead of `revenue`."""

COUNTED = (
    "events",
    "likes",
    "unlikes",
    "comments",
    "uncomments",
    "own_comments",
    "shares",
    "unshares",
    "saves",
    "unsaves",
    "views",
    "follows",
    "unfollows",
    "posts",
    "clicks",
    "conversions",
    "refunds",
    "revenue_cents",
)

_ACTIONS = {
    ("likes", "add"): "likes",
    ("likes", "remove"): "unlikes",
    ("comments", "add"): "comments",
    ("comments", "remove"): "uncomments",
    ("shares", "add"): "shares",
    ("shares", "remove"): "unshares",
    ("follows", "follow"): "follows",
    ("follows", "unfollow"): "unfollows",
    ("posts", "publish"): "posts",
    ("conversions", "convert"): "conversions",
    ("conversions", "refund"): "refunds",
}
_DEFAULTS = {"follows": "follow", "posts": "publish", "conversions": "convert"}
_POLLED = {"likes": "likes", "views": "views", "followers": "follows"}


def contribution(topic: str, event: dict[str, Any]) -> Counts:
    """What one accepted event adds; for `counters` without what the totals reveal."""
    if topic == "creators":
        return Counter()
    counts = Counter(events=1)
    if topic == "clicks":
        counts["clicks"] = 1
    name = _ACTIONS.get((topic, event.get("action", _DEFAULTS.get(topic, "add"))))
    if name:
        counts[name] += 1
    if name == "comments" and event["actor_id"] == event["creator_id"]:
        counts["own_comments"] += 1
    if topic == "conversions":
        cents = round(event["value"] * 100)
        counts["revenue_cents"] += cents if name == "conversions" else -cents
    return counts


def minute_of(event: dict[str, Any]) -> int:
    """The start of the minute in which an event occurred, ms since the epoch."""
    return event["occurred_at"] // MINUTE_MS * MINUTE_MS


def identity(topic: str, event: dict[str, Any]) -> str:
    """What makes an event the same as another."""
    return f"{topic}/{event['creator_id']}/{event['event_id']}"


def add(into: Counts, counts: Counts) -> None:
    """Add in place; unlike Counter's own addition it keeps what is below zero."""
    for name, number in counts.items():
        into[name] += number


class Window(NamedTuple):
    """One minute of one creator."""

    creator: str
    minute: int


class Expected:
    """All that must be found: counts by window, and the late set."""

    def __init__(self) -> None:
        self.windows: dict[Window, Counts] = {}
        self.late: set[str] = set()
        self.revealed: dict[str, Counts] = {}
        """What each event of `counters` adds beside itself, by its identity."""
        self._totals: dict[tuple[str, str, str], int] = {}

    def accept(self, topic: str, event: dict[str, Any], *, late: bool) -> None:
        """Count an event that is sent for the first time."""
        counts = contribution(topic, event)
        if topic == "counters":
            self.revealed[identity(topic, event)] = revealed = self._poll(event)
            counts += revealed
        if counts:
            window = Window(event["creator_id"], minute_of(event))
            add(self.windows.setdefault(window, Counter()), counts)
        if late:
            self.late.add(identity(topic, event))

    def _poll(self, event: dict[str, Any]) -> Counts:
        """How much each total has grown since its last snapshot; the first one tells nothing."""
        revealed: Counts = Counter()
        for metric, name in _POLLED.items():
            total = event.get(metric)
            if total is not None:
                key = event["creator_id"], event.get("post_id", ""), metric
                revealed[name] = max(0, total - self._totals.get(key, total))
                self._totals[key] = max(total, self._totals.get(key, total))
        return +revealed

    def day(self) -> dict[str, Counts]:
        """Counts by creator over all windows: the load lasts less than the 24 h window."""
        days: dict[str, Counts] = {}
        for window, counts in self.windows.items():
            add(days.setdefault(window.creator, Counter()), counts)
        return days

    @property
    def events(self) -> int:
        """Accepted events that count."""
        return sum(counts["events"] for counts in self.windows.values())

    def save(self, path: Path) -> None:
        """Write all of it as JSON."""
        record = {
            "windows": [[*window, counts] for window, counts in self.windows.items()],
            "late": sorted(self.late),
            "revealed": self.revealed,
        }
        path.write_bytes(orjson.dumps(record))

    @classmethod
    def load(cls, path: Path) -> "Expected":
        """Read what `save` has written."""
        record = orjson.loads(path.read_bytes())
        expected = cls()
        expected.windows = {
            Window(creator, minute): Counter(counts)
            for creator, minute, counts in record["windows"]
        }
        expected.late = set(record["late"])
        expected.revealed = {name: Counter(counts) for name, counts in record["revealed"].items()}
        return expected
