"""The plan: what a campaign is to do, and in which order its faults come.

Knows the kinds of faults and how often each must come. Must not know how a fault is made.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.load import Tamper

KINDS = (
    "kill",
    "kill_in_transaction",
    "kill_in_restore",
    "kill_in_revocation",
    "kill_in_rebalance",
    "stop",
    "freeze",
    "join",
    "broker_kill",
    "broker_stop",
    "slow_network",
    "connection_cut",
    "full_buffer",
    "changelog_cut",
    "memory",
    "disk_full",
)
"""What a campaign mixes, the cheapest first; `docs/exactness.md` says what each does."""
ON_REQUEST = ("oversize",)
"""What only `--kinds` asks for."""
LONGEST = "broker_stop"
"""A minute without a broker: never more often than the others need to come."""


def schedule(seed: int, faults: int) -> list[str]:
    """So many kinds in the order of the seed, each as often as the others, but for `LONGEST`."""
    chance = random.Random(seed)
    whole, rest = divmod(faults, len(KINDS))
    others = [kind for kind in KINDS if kind != LONGEST]
    kinds = [kind for kind in KINDS for _ in range(whole)]
    kinds += [others[at % len(others)] for at in range(rest)]
    excess = max(0, kinds.count(LONGEST) - 3)
    for _ in range(excess):
        kinds[kinds.index(LONGEST)] = chance.choice(others)
    chance.shuffle(kinds)
    return kinds


def chosen(seed: int, counts: Mapping[str, int]) -> list[str]:
    """Exactly these kinds, in the order of the seed. Raises ValueError for an unknown kind."""
    if unknown := counts.keys() - {*KINDS, *ON_REQUEST}:
        raise ValueError(f"unknown kinds of faults: {', '.join(sorted(unknown))}")
    kinds = list(Counter(counts).elements())
    random.Random(seed).shuffle(kinds)
    return kinds


@dataclass(frozen=True)
class Plan:
    """What a campaign is to do. Event time runs `behind_ms` behind the wall clock, so that one last
    event ends every minute.
    """

    workdir: Path
    kinds: list[str]
    seed: int = 1
    events: int = 1_000_000
    creators: int = 2_000
    partitions: int = 4
    workers: int = 2
    pause_s: tuple[float, float] = (0.5, 2.0)
    """Undisturbed time before each fault, at least and at most."""
    lateness_s: int = 120
    """Longer than any outage, so that only what was made late is late."""
    behind_ms: int = 900_000
    history_hours: int = 26
    incidents: int = 8
    """Follower spikes and engagement drops that the load contains, about half of each."""
    broker_down_s: float = 60.0
    without: str | None = None
    tamper: Tamper | None = None
    prefix: str = ""
    app_id: str = "creator-pulse"
    env: Mapping[str, str] = field(default_factory=dict)
