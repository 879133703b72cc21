"""The verdict: what was found, compared with what the oracle expects, window by window.

Knows the published records and every way in which they can be wrong. Must not know workers,
brokers or faults: it is given parsed records, so that it can be tried on doctored ones.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.faults.oracle import (
    COUNTED,
    Counts,
    Expected,
    Window,
    add,
    contribution,
    identity,
    minute_of,
)
from tests.faults.story import NAME

LATE_TOLERANCE = 0.001
"""Share of the injected late events by which the late set may differ."""
CLOSER = "closer-"
"""How the creators are named whose only event ends the last minutes."""
EXAMPLES = 5


@dataclass
class Found:
    """The records of the output topics, read committed, as parsed JSON."""

    windows: list[dict[str, Any]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The latest record by creator."""
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Verdict:
    """Every difference, counted; all zero when nothing is wrong, `late_*` aside."""

    events: int = 0
    lost: int = 0
    doubled: int = 0
    windows: int = 0
    windows_wrong: int = 0
    windows_twice: int = 0
    late_expected: int = 0
    late_found: int = 0
    late_missing: int = 0
    late_unexpected: int = 0
    late_twice: int = 0
    late_unapplied: int = 0
    creators: int = 0
    scores_wrong: int = 0
    dead_letters: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether all is exact, and the late set as good as the one that was made."""
        exact = (
            self.lost
            + self.doubled
            + self.windows_wrong
            + self.windows_twice
            + self.late_twice
            + self.late_unapplied
            + self.scores_wrong
            + self.dead_letters
        )
        apart = self.late_missing + self.late_unexpected
        return exact == 0 and self.events > 0 and apart <= LATE_TOLERANCE * self.late_expected


def judge(expected: Expected, found: Found) -> Verdict:
    """Compare all that was found with all that was expected."""
    verdict = Verdict(events=expected.events)
    counted = _windows(found, verdict)
    late = _late(expected, found, verdict)
    for window, counts in late.items():
        add(counted.setdefault(window, Counter()), counts)
    _compare(expected, counted, verdict)
    _scores(expected, found, verdict)
    verdict.dead_letters = len(found.dead_letters)
    return verdict


def _windows(found: Found, verdict: Verdict) -> dict[Window, Counts]:
    counted: dict[Window, Counts] = {}
    for record in found.windows:
        if record["creator_id"].startswith(CLOSER):
            continue
        window = Window(record["creator_id"], _ms(record["window_start"]))
        verdict.windows += 1
        if window in counted:
            verdict.windows_twice += 1
            _note(verdict, f"{window} was written twice")
        if _ms(record["window_end"]) != window.minute + 60_000:
            verdict.windows_wrong += 1
            _note(verdict, f"{window} ends at {record['window_end']}")
        add(counted.setdefault(window, Counter()), _counts(record, verdict, window))
    return counted


def _late(expected: Expected, found: Found, verdict: Verdict) -> dict[Window, Counts]:
    counted: dict[Window, Counts] = {}
    seen: Counter[str] = Counter()
    for record in found.late:
        topic, event = record["topic"], record["event"]
        name = identity(topic, event)
        seen[name] += 1
        verdict.late_unapplied += not record["applied_to_score"]
        window = Window(event["creator_id"], minute_of(event))
        held = counted.setdefault(window, Counter())
        add(held, contribution(topic, event))
        add(held, expected.revealed.get(name, Counter()))
    verdict.late_expected, verdict.late_found = len(expected.late), len(seen)
    missing, unexpected = expected.late - seen.keys(), seen.keys() - expected.late
    verdict.late_missing, verdict.late_unexpected = len(missing), len(unexpected)
    verdict.late_twice = sum(number - 1 for number in seen.values())
    for name in sorted(missing)[:EXAMPLES]:
        _note(verdict, f"{name} was late and is not in late-events")
    for name in sorted(unexpected)[:EXAMPLES]:
        _note(verdict, f"{name} was in time and is in late-events")
    return counted


def _compare(expected: Expected, counted: dict[Window, Counts], verdict: Verdict) -> None:
    for window in expected.windows.keys() | counted.keys():
        wanted = expected.windows.get(window, Counter())
        got = counted.get(window, Counter())
        apart = got["events"] - wanted["events"]
        verdict.lost += max(0, -apart)
        verdict.doubled += max(0, apart)
        if wrong := _differences(wanted, got):
            verdict.windows_wrong += 1
            _note(verdict, f"{window}: {wrong}")


def _scores(expected: Expected, found: Found, verdict: Verdict) -> None:
    days = expected.day()
    strangers = {
        creator
        for creator, record in found.scores.items()
        if creator not in days
        and not creator.startswith(CLOSER)
        and record["windows"]["24h"]["events"]
    }
    for creator in days.keys() | strangers:
        if creator.startswith(NAME):
            continue  # of theirs, 24 hours hold a part only
        verdict.creators += 1
        record = found.scores.get(creator)
        got = _counts(record["windows"]["24h"], verdict, creator) if record else Counter()
        if wrong := _differences(days.get(creator, Counter()), got):
            verdict.scores_wrong += 1
            _note(verdict, f"24 h of {creator}: {wrong}")


def _counts(record: dict[str, Any], verdict: Verdict, where: object) -> Counts:
    """A record's counts; a wrong sum of engagements is noted as a difference."""
    counts = Counter(record)
    counts["revenue_cents"] = round(record["revenue"] * 100)
    net = (
        record["likes"]
        - record["unlikes"]
        + record["comments"]
        - record["uncomments"]
        + record["shares"]
        - record["unshares"]
        + record["saves"]
        - record["unsaves"]
    )
    if record["engagements"] != net:
        verdict.windows_wrong += 1
        _note(
            verdict, f"{where}: engagements {record['engagements']}, and their parts come to {net}"
        )
    return Counter({name: counts[name] for name in COUNTED})


def _differences(wanted: Counts, got: Counts) -> str:
    return ", ".join(
        f"{name} {got[name]} instead of {wanted[name]}"
        for name in COUNTED
        if got[name] != wanted[name]
    )


def _note(verdict: Verdict, what: str) -> None:
    if len(verdict.examples) < 4 * EXAMPLES:
        verdict.examples.append(what)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
