"""The plan: everything that decides what a simulated world does.

Knows the knobs and their ranges. Must not know how events come about.
"""

from typing import Literal, NamedTuple

from msgspec import Struct

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


IncidentKind = Literal[
    "engagement_drop", "follower_spike", "unfollow_wave", "viral_post", "sentiment_crisis"
]
Incidents = Literal["default", "all", "none"]


class Timed(NamedTuple):
    """One event: when it happens (epoch milliseconds), its topic and its JSON object."""

    at_ms: int
    topic: str
    event: dict[str, object]


class Effect(Struct, frozen=True, kw_only=True):
    """One thing that happens to a creator (or `platform:NAME`) in [starts_at, ends_at), epoch ms.

    What `kind` and `size` mean, `twists` and `crowds` say.
    """

    creator_id: str
    kind: str
    starts_at: int
    ends_at: int
    size: float


class Incident(Effect, frozen=True, kw_only=True):
    """One injected incident within [starts_at, ends_at), epoch milliseconds: what is to be told of.

    `size` is, for an `engagement_drop`, the share of engagement that is left (0.03-0.1); for a
    `follower_spike`, the number of follows; for an `unfollow_wave`, that of unfollows; for a
    `viral_post`, how many times the reactions to a usual post come on top; for a
    `sentiment_crisis`, the number of angry comments; for a `source_outage`, the share of events
    that still arrives. A viral post, and the one below which people are angry, is the newest then.
    """

    kind: IncidentKind | Literal["source_outage"]


class Plan(Struct, frozen=True, kw_only=True):
    """What to simulate: events with `start_ms` <= time < `end_ms`.

    `volume` scales all reactions (1.0 is usual). `live_ms` is when a reader starts to watch live:
    the default incidents lie around it; without one, they lie in the last two hours. `incidents`
    is "default" (three drops that are under way when live begins, one spike soon after), "all"
    (those, and one of each other kind around that time), "none", or a number of drops and spikes
    spread over the last part of the plan. Each incident has a creator of its own. A `scenario`
    takes the place of all that.
    """

    seed: int = 1
    start_ms: int
    end_ms: int
    creators: int = 32
    volume: float = 1.0
    live_ms: int | None = None
    incidents: Incidents | int = "default"
    scenario: str | None = None

    def __post_init__(self) -> None:
        if self.start_ms > self.end_ms:
            raise ValueError("the plan ends before it starts")
        if self.creators < 1:
            raise ValueError("the plan needs at least one creator")
        if not self.volume > 0:
            raise ValueError("the volume must be positive")
        if self.live_ms is not None and not self.start_ms <= self.live_ms <= self.end_ms:
            raise ValueError("the live start lies outside the plan")
        if isinstance(self.incidents, int) and self.incidents < 0:
            raise ValueError("the number of incidents must not be negative")

    @property
    def history_end_ms(self) -> int:
        """Where the history ends, epoch milliseconds: where live begins, or with the plan."""
        return self.end_ms if self.live_ms is None else self.live_ms
