"""Fleet: how much comes of each platform on one shard, and which of them hardly give anything.

Knows a platform's usual minute and when one falls far short of it. Must not know what other shards
see, or what follows for alerts.

A minute's events are summed over creators, of each at most a multiple of what one usually has, so
that a single viral post is not the platform. What is usual is a discounted mean; counts stray from
it as a negative binomial whose shape is learned.
"""

from collections.abc import Iterator

from msgspec import Struct

from schemas import codec, topics
from schemas.instants import from_ms
from schemas.partitioning import partition_for
from schemas.signals import HOME, FleetSignal
from streams.engine.alerting import Lean
from streams.engine.registry import Output, Registry
from streams.engine.rules import OutageRules
from streams.engine.tails import lower_tail
from streams.engine.units import HOUR_MS, MINUTE_MS

_MOST_SOURCES = 64
_SILENT_MINUTES = 5
"""Minutes in a row without any event that are judged one by one: the rest of a longer silence, that
event time has jumped over, is taken at once."""
_SIGNAL_EVERY_MS = 6 * HOUR_MS


class Source(Struct, array_like=True):
    """One platform: `level` events in a usual minute, `each` of one creator who is active in it.

    `noise` is the variance of a minute's count beyond that of a Poisson one, by the minutes that
    fell short, as a share of the square of what was expected. `low_ms` is since when hardly
    anything comes (0: it does), `calm` how many minutes ago that ended, as it seems.
    """

    minutes: int = 0
    level: Lean = 0
    each: Lean = 0
    noise: Lean = 0
    low_ms: int = 0
    calm: int = 0
    told_ms: int = 0

    def take(self, end_ms: int, got: float, creators: int, rules: OutageRules) -> None:
        """Take in the minute that ended at `end_ms`."""
        if not self.low_ms:
            if self._falls_short(got, rules):
                self.low_ms, self.calm = end_ms - MINUTE_MS, 0
            else:
                self._learn(got, creators, rules)
        elif got >= rules.resolve_ratio * self.level:
            self.calm += 1
            if self.calm >= rules.resolve_minutes:
                self.low_ms = 0
        elif end_ms - self.low_ms >= rules.max_episode_ms:
            self.low_ms, self.minutes = 0, 0
        else:
            self.calm = 0

    def skip(self, minutes: int, end_ms: int, rules: OutageRules) -> None:
        """Take in so many minutes up to `end_ms` in which nothing came of any platform."""
        if not self.low_ms:
            self.level *= 2.0 ** (-minutes / rules.half_life_minutes)
        elif end_ms - self.low_ms >= rules.max_episode_ms:
            self.low_ms, self.minutes = 0, 0

    def judged(self, rules: OutageRules) -> bool:
        """Whether enough is known of the platform, and enough comes of it and of its creators."""
        least = max(rules.min_expected, rules.min_creators * self.each)
        return self.minutes >= rules.min_minutes and self.level >= least

    def _falls_short(self, got: float, rules: OutageRules) -> bool:
        if not self.judged(rules):
            return False
        if got > rules.fire_ratio * self.level:
            return False
        shape = 1.0 / max(self.noise, rules.noise_floor)
        return lower_tail(got, self.level, shape) <= rules.fire_probability

    def _learn(self, got: float, creators: int, rules: OutageRules) -> None:
        self.minutes += 1
        rate = max(1.0 / self.minutes, 1.0 - 2.0 ** (-1.0 / rules.half_life_minutes))
        settled = self.minutes - rules.clip_minutes
        if settled > 0 and self.level > 0.01:
            # Only how far it falls short says how far it may: a platform that grows, or has only
            # just begun, would seem to stray as widely for hours. Twice, since half are above.
            short = max(self.level - got, 0.0)
            beyond = 2.0 * short * short - self.level
            share = min(max(beyond / (self.level * self.level), 0.0), 1.0)
            self.noise += max(1.0 / settled, rate) * (share - self.noise)
        self.level += rate * (got - self.level)
        if creators:
            self.each += rate * (got / creators - self.each)


class FleetState(Struct, array_like=True):
    """All platforms; minutes below `minute` are over. `open` are those that are not, as [sum, n].

    A minute is written over several ticks, between which the state may be stored.
    """

    minute: int = 0
    sources: dict[str, Source] = {}
    open: dict[int, dict[str, list[Lean]]] = {}


class Fleet:
    """Counts minutes by platform, and tells a platform's home what it sees."""

    __slots__ = ("_registry", "dark", "rules", "said", "state")

    def __init__(self, registry: Registry, rules: OutageRules) -> None:
        self._registry = registry
        self.rules = rules
        self.state = FleetState()
        self.dark: frozenset[str] = frozenset()
        """Platforms of which hardly anything comes: nobody can tell how their creators do."""
        self.said = False
        """Whether something was said to a platform's home since that was last set back."""

    def restore(self, state: FleetState) -> None:
        """Go on from a stored state."""
        self.state = state
        self._see()

    def count(self, minute: int, platform: str | None, events: int) -> None:
        """A creator of the platform had so many events in a minute that is closed."""
        if platform is None:
            return
        sources = self.state.sources
        source = sources.get(platform)
        if source is None:
            if len(sources) >= _MOST_SOURCES:
                return
            source = sources[platform] = Source()
        most = self.rules.clip * source.each
        taken = events if source.minutes < self.rules.clip_minutes else min(events, most)
        seen = self.state.open.setdefault(minute, {}).setdefault(platform, [0, 0])
        seen[0] += taken
        seen[1] += 1

    def close(self, minute: int) -> None:
        """All minutes below `minute` are counted."""
        state, silent = self.state, 0
        over = state.minute
        while over < minute:
            silent = 0 if over in state.open else silent + 1
            if silent > _SILENT_MINUTES:
                later = min((m for m in state.open if over < m < minute), default=minute)
                for source in state.sources.values():
                    source.skip(later - over, later * MINUTE_MS, self.rules)
                over, silent = later, 0
            else:
                self._close(over)
                over += 1
        state.minute = max(state.minute, minute)
        self._see()

    def _close(self, minute: int) -> None:
        seen = self.state.open.pop(minute, {})
        end_ms = (minute + 1) * MINUTE_MS
        for platform, source in self.state.sources.items():
            got, creators = seen.get(platform, (0, 0))
            before = source.low_ms
            source.take(end_ms, got, int(creators), self.rules)
            due = source.judged(self.rules) and end_ms - source.told_ms >= _SIGNAL_EVERY_MS
            if before or source.low_ms or due:
                source.told_ms = end_ms
                self._signal(platform, source, end_ms, got)

    def _see(self) -> None:
        self.dark = frozenset(self._low())

    def _low(self) -> Iterator[str]:
        for platform, source in self.state.sources.items():
            if source.low_ms:
                yield platform

    def _signal(self, platform: str, source: Source, end_ms: int, got: float) -> None:
        registry, home = self._registry, HOME + platform
        signal = FleetSignal(
            event_id=f"{registry.partition}:{end_ms}",
            creator_id=home,
            platform=platform,
            occurred_at=from_ms(end_ms),
            partition=registry.partition,
            got=round(got, 1),
            expected=round(source.level, 1),
            # A minute as usual is not low, though more must follow until that is over here.
            low_since=from_ms(source.low_ms) if source.low_ms and not source.calm else None,
        )
        key = home.encode()
        topic = topics.FLEET_SIGNALS.name
        partition = partition_for(key, registry.partitions)
        registry.outputs.append(Output(topic, key, codec.encode(signal), partition))
        self.said = True
