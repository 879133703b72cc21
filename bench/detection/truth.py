"""Truth: what was done to a life, and how right the alerts about it are.

Knows incidents, alerts as a kind at a time, and how the two are matched. Must not know how lives
come about, or who raised the alerts. Imports nothing of the product.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Told:
    """An alert that began to fire `at` milliseconds after the start of a life, and the last
    explanation that it gave."""

    kind: str
    explanation: str
    at: int


@dataclass(frozen=True)
class Incident:
    """Something that one of `kinds` should tell of within [begin, until].

    `row` is where it is counted, `size` how large it is in the unit of that row. `promised`: it is
    one of those of which nearly all must be found. `mark` names a part of its row.
    """

    row: str
    kinds: tuple[str, ...]
    begin: int
    until: int
    size: float = 0.0
    promised: bool = False
    cause: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Excuse:
    """Alerts of these kinds within [begin, until] are neither right nor wrong."""

    kinds: tuple[str, ...]
    begin: int
    until: int


@dataclass
class Truth:
    """All that was done to one life."""

    case: str
    incidents: list[Incident] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)


@dataclass
class Verdict:
    """Of each incident the first alert that tells of it, or None; and the false alerts."""

    found: list[tuple[Incident, Told | None]] = field(default_factory=list)
    false: list[Told] = field(default_factory=list)


def judge(truth: Truth, told: Sequence[Told]) -> Verdict:
    """Match alerts with what happened. Several may tell of one incident, and one of several."""
    verdict = Verdict()
    for incident in truth.incidents:
        first = min((t for t in told if tells(t, incident)), key=lambda t: t.at, default=None)
        verdict.found.append((incident, first))
    for alert in told:
        if not any(tells(alert, what) for what in (*truth.incidents, *truth.excuses)):
            verdict.false.append(alert)
    return verdict


def tells(alert: Told, what: Incident | Excuse) -> bool:
    """Whether an alert is of that kind and time."""
    return alert.kind in what.kinds and what.begin <= alert.at <= what.until


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share, in [0, 1]; all of that where nothing was tried."""
    if tries == 0:
        return 0.0, 1.0
    share, square = hits / tries, z * z
    centre = (share + square / (2 * tries)) / (1 + square / tries)
    half = z * math.sqrt(share * (1 - share) / tries + square / (4 * tries**2))
    half /= 1 + square / tries
    return max(0.0, centre - half), min(1.0, centre + half)


def poisson_interval(count: int, exposure: float) -> tuple[float, float]:
    """The 95 % interval of a rate by Wilson and Hilferty's cubes."""
    low = 0.0
    if count:
        low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + 1.96 / (3 * math.sqrt(more))) ** 3
    return low / exposure, high / exposure


def quantile(values: Iterable[float], share: float) -> float | None:
    """The least value that at least `share` of all do not exceed; None of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else None
