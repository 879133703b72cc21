"""Follow rate: how many net follows a creator usually has in an hour, by the hour of the day.

Knows the learned rate, its rhythm and how far hours stray from it. Must not know what is concluded
from that. Plain data, discounted, updated in O(1).
"""

from msgspec import Struct, field

from streams.engine.baselines import Rhythm
from streams.engine.follow_rules import SpikeRules
from streams.engine.rules import BaselineRules
from streams.engine.units import DAY_MS, HOUR_MS

_MOST_HOURS = 7 * 24
"""Growth that polling reveals is spread over so many hours at most."""


class FollowRate(Struct, array_like=True):
    """Net follows per hour: a discounted Gamma-Poisson rate with learned overdispersion.

    `got` are those of the current hour. `excess` and `square` are discounted sums over hours of
    (seen - expected)^2 - expected and of expected^2: their ratio is the relative variance beyond
    chance.
    """

    first_ms: int = 0
    hour_ms: int = 0
    got: int | float = 0
    total: float = 0.0
    hours: float = 0.0
    excess: float = 0.0
    square: float = 0.0
    rhythm: Rhythm = field(default_factory=Rhythm)

    def mean(self, followers: int | None, rules: SpikeRules) -> float:
        """Expected net follows in an hour, over all hours of the day; > 0."""
        prior = max(rules.prior_rate_floor, rules.prior_rate_share * (followers or 0))
        got = max(self.total + rules.prior_hours * prior, 0.0)
        return max(got / (self.hours + rules.prior_hours), 0.05)

    def at(
        self, ms: int, followers: int | None, rules: SpikeRules, baseline: BaselineRules
    ) -> float:
        """Expected net follows per hour at an instant, > 0."""
        return max(self.mean(followers, rules) * self.rhythm.at(ms, baseline), 0.05)

    def shape(self, rate: float, rules: SpikeRules) -> float:
        """Negative binomial shape of a window's count: learned dispersion and the rate's own."""
        known = rules.dispersion_prior_weight * max(rate, 1.0) ** 2
        variance = (known * rules.dispersion_prior + self.excess) / (known + self.square)
        # Before a day is over nobody knows what its other hours are like.
        rest = rules.first_day_doubt * max(1.0 - self.hours / 24.0, 0.0)
        own = 1.0 / (self.total + 1.0 if self.total > 0 else 1.0)
        return 1.0 / (max(variance, 0.05) + rest + own)

    def strayed(self) -> float:
        """The variance of an hour's count beyond chance, >= 0: where as many leave as come, it says
        more than the rate."""
        return max(self.excess / max(self.hours, 1.0), 0.0)

    def spread(
        self,
        per_ms: float,
        since_ms: int,
        end_ms: int,
        followers: int | None,
        rules: SpikeRules,
        baseline: BaselineRules,
    ) -> None:
        """Take in growth that came evenly within [since_ms, end_ms), as polling reveals it.

        Its earlier hours were closed as if nothing had come.
        """
        begun = end_ms // HOUR_MS * HOUR_MS
        most = rules.learn_ceiling * self.mean(followers, rules) + 5.0
        self.got += per_ms * (end_ms - max(since_ms, begun))
        first = since_ms // HOUR_MS
        for hour in range(max(first, begun // HOUR_MS - _MOST_HOURS), begun // HOUR_MS):
            part = min(begun, (hour + 1) * HOUR_MS) - max(since_ms, hour * HOUR_MS)
            came = min(per_ms * part, most)
            self.total += came
            self.rhythm.amend(hour, came, baseline)

    def roll(
        self, now_ms: int, followers: int | None, rules: SpikeRules, baseline: BaselineRules
    ) -> None:
        """Close the hours that ended by `now_ms`; hours without any follow count as zero."""
        if not self.first_ms:
            self.first_ms = now_ms
            self.hour_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
            return
        if now_ms < self.hour_ms:
            return
        keep = 2.0 ** (-HOUR_MS / rules.half_life_ms)
        mean, hour = self.mean(followers, rules), self.hour_ms // HOUR_MS - 1
        due = self.at(self.hour_ms - HOUR_MS // 2, followers, rules, baseline)
        # Of a creator who is new nobody knows yet what is too much.
        unknown = 1.0 + rules.learn_freely_hours / (self.hours + 1.0)
        got = min(self.got, rules.learn_ceiling * unknown * due + 5.0)
        self.total = self.total * keep + got
        self.hours = self.hours * keep + 1.0
        self.excess = self.excess * keep + (got - due) ** 2 - due
        self.square = self.square * keep + due * due
        self.rhythm.close(hour, got, mean, baseline)
        self.got = 0
        idle = min((now_ms - self.hour_ms) // HOUR_MS, 30 * DAY_MS // HOUR_MS)
        self.hour_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
        if idle:
            faded = keep**idle
            held = (1.0 - faded) / (1.0 - keep)
            self.total *= faded
            self.hours = self.hours * faded + held
            mean = self.mean(followers, rules)
            self.excess = self.excess * faded + (mean * mean - mean) * held
            self.square = self.square * faded + mean * mean * held
            for later in range(hour + 1, hour + 1 + min(idle, 24)):
                self.rhythm.close(later, 0.0, mean, baseline)
