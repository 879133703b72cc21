"""Baselines: what is usual for one creator, learned as events come in.

Knows four learned things: how engagement spreads over a post's age (`Curve`) and over the hours of
the day and the days of the week (`Rhythm`), what a post is worth (`Levels`) and how far counts
stray (`Noise`). Must not know what is concluded from them. All are plain data, discounted, and
updated in O(1).
"""

import itertools
import math

from msgspec import Struct, field

from streams.engine.rules import BaselineRules
from streams.engine.units import HOUR_MS, MINUTE_MS
from streams.engine.week import Week

_THETA = 0.2314843
_FLAT_MS = 5 * MINUTE_MS
_FIRST_MS = 7.5 * MINUTE_MS
_BINS = 10
_REFERENCE_BINS = 6
REFERENCE_AGE_MS = int(_FIRST_MS) << (_REFERENCE_BINS - 1)
"""A post's level is the engagement it gets until this age (4 h) at the day's mean rhythm."""


def _kernel(age_ms: float) -> float:
    """Engagement until `age_ms` under the published prior (SEISMIC), in arbitrary units."""
    if age_ms <= _FLAT_MS:
        return age_ms / _FLAT_MS
    return 1.0 + (1.0 - math.pow(age_ms / _FLAT_MS, -_THETA)) / _THETA


_UNIT = _kernel(REFERENCE_AGE_MS)
_DECAY = (1.0 + _THETA) * math.log(2.0)
_LOG_DENSITY = -(1.0 + _THETA) * math.log(_FIRST_MS / _FLAT_MS) - math.log(_FLAT_MS * _UNIT)
_EDGES = [0.0] + [_FIRST_MS * 2.0**b for b in range(_BINS)]
_PRIOR = [(_kernel(b) - _kernel(a)) / _UNIT for a, b in itertools.pairwise(_EDGES)]


def stage_of(age_ms: int) -> int:
    """The stage of a post's life at an age: 0 until 7.5 minutes, one more for each doubling."""
    return min(max((age_ms - 1) // int(_FIRST_MS), 0).bit_length(), _BINS - 1)


class Curve(Struct, array_like=True):
    """How a post's engagement spreads over its age.

    The published prior times a learned factor for each doubling of age, scaled so that a share of
    1 is reached at `REFERENCE_AGE_MS`. Each doubling is a stage, 0 the first. `before` and `within`
    are sums over posts of what came before and within each stage.
    """

    before: list[float] = []
    within: list[float] = []
    logs: list[float] = []

    def share(self, from_ms: float, to_ms: float) -> float:
        """The share of a post's level that falls between two ages; >= 0, additive."""
        if to_ms > 1.5 * from_ms and to_ms - from_ms > _FIRST_MS:
            middle = (from_ms + to_ms) / 2 if from_ms < _FIRST_MS else math.sqrt(from_ms * to_ms)
            return self.share(from_ms, middle) + self.share(middle, to_ms)
        age = math.log2((from_ms + to_ms) / (2 * _FIRST_MS))
        if from_ms > _FLAT_MS:
            base = math.exp(_LOG_DENSITY - _DECAY * age) * (to_ms - from_ms)
        else:
            base = (_kernel(to_ms) - _kernel(from_ms)) / _UNIT
        if not self.logs:
            return base
        place = age + 0.5
        if place <= 0.0:
            return base * math.exp(self.logs[0])
        if place >= _BINS - 1:
            return base * math.exp(self.logs[-1])
        low = int(place)
        part = place - low
        return base * math.exp(self.logs[low] * (1.0 - part) + self.logs[low + 1] * part)

    def learn(self, stage: int, before: float, within: float) -> None:
        """Take in what one post got before and within a stage of its age, as shares of a whole.

        How much comes within each stage, for what came before, is all that is kept: it does not
        depend on what the curve was taken for at the time.
        """
        if not self.before:
            self.before = [0.0] * _BINS
            self.within = [0.0] * _BINS
        self.before[stage] += before
        self.within[stage] += within

    def refresh(self, rules: BaselineRules) -> None:
        """Take what was learned into the curve, and let old knowledge fade by one post."""
        if not self.before:
            return
        known = rules.curve_prior_posts
        parts = [_PRIOR[0]]
        for prior, earlier, before, within in zip(
            _PRIOR[1:],
            itertools.accumulate(_PRIOR),
            self.before[1:],
            self.within[1:],
            strict=False,
        ):
            growth = (known * prior + within) / (known * earlier + before)
            parts.append(sum(parts) * growth)
        whole = sum(parts[:_REFERENCE_BINS])
        self.logs = [math.log(x / whole / p) for x, p in zip(parts, _PRIOR, strict=True)]
        keep = math.exp(-1.0 / rules.curve_memory)
        self.before = [x * keep for x in self.before]
        self.within = [x * keep for x in self.within]


class Rhythm(Struct, array_like=True):
    """How what a creator gets spreads over the hours of the day (UTC), and the days of the week.

    `got`, `due` are what came in the current hour and what would have by the mean of all hours,
    `num` and `den` the discounted sums of each hour of the day, `den` by what its days are like.
    """

    hour: int = -1
    got: int | float = 0
    due: int | float = 0
    num: list[int] = []
    den: list[int] = []
    week: Week = field(default_factory=Week)

    def at(self, ms: int, rules: BaselineRules) -> float:
        """The factor at an instant, > 0: shrunk to 1, and without a step from hour to hour."""
        if not self.num:
            return 1.0
        num, den = self.num, self.den
        place = ms / HOUR_MS - 0.5
        h = int(place) % 24
        part = place - int(place)
        last, after, later = h - 1, (h + 1) % 24, (h + 2) % 24
        rest = 1.0 - part
        got = rest * (num[last] + num[after]) + part * (num[h] + num[later])
        due = rest * (den[last] + den[after]) + part * (den[h] + den[later])
        got += 2.0 * (rest * num[h] + part * num[after])
        due += 2.0 * (rest * den[h] + part * den[after])
        whole = sum(den)
        prior = rules.rhythm_prior * whole + rules.rhythm_prior_count
        # A level that falls is no rhythm: hours are compared with each other only.
        factor = (prior + got) / (prior + due * (sum(num) + 1.0) / (whole + 1.0))
        return factor * self.week.at(ms) if self.week.factors else factor

    def learn(
        self, ms: int, got: float, due: float, rules: BaselineRules, *, taught: bool = True
    ) -> None:
        """Take in `got` where `due` is usual, whatever the hour.

        Where that is not `taught`, as while an alert is on, the week learns from it nevertheless:
        what comes again week after week is no incident, and what does not is no rhythm.
        """
        hour = ms // HOUR_MS
        if not taught:
            self.week.learn(hour, got, due * self._by_hour(ms, rules), rules)
            return
        if hour != self.hour:
            if self.hour >= 0:
                self.close(self.hour, self.got, self.due, rules)
            self.hour = hour
            self.got = self.due = 0.0
        self.got += got
        self.due += due

    def close(self, hour: int, got: float, due: float, rules: BaselineRules) -> None:
        """Take in a whole hour, numbered since the epoch: `got` came where `due` is the mean."""
        if not self.num:
            self.num = [0] * 24
            self.den = [0] * 24
        h, middle, week = hour % 24, hour * HOUR_MS + HOUR_MS // 2, self.week
        if week.unsettled(hour):
            week.settle(hour, min(range(24), key=lambda h: self.at(h * HOUR_MS, rules)))
        if due > 0.0:
            week.learn(hour, got, due * self._by_hour(middle, rules), rules)
        keep = 2.0 ** (-1.0 / rules.rhythm_half_life_days)
        self.num[h] = int(self.num[h] * keep + max(got, 0.0))
        self.den[h] = int(self.den[h] * keep + due * (week.at(middle) if week.factors else 1.0))

    def amend(self, hour: int, got: float, rules: BaselineRules) -> None:
        """Take in what came in an hour that was closed without it, as polling reveals later."""
        if self.num:
            self.num[hour % 24] += round(got)
            self.week.learn(hour, got, 0.0, rules)

    def _by_hour(self, ms: int, rules: BaselineRules) -> float:
        """The factor, but for that of the day."""
        factor = self.at(ms, rules)
        return factor / self.week.at(ms) if self.week.factors else factor


def effective(weight: float, memory: float) -> float:
    """As many observations, all alike in weight, make a mean as sure as a discounted one.

    That is (sum of weights)^2 / sum of squared weights, where `weight` is the former and each
    observation weighs exp(-1 / memory) of the next: between `weight` and twice that.
    """
    keep = math.exp(-1.0 / memory)
    oldest = max(1.0 - weight * (1.0 - keep), 0.0)
    return weight * weight * (1.0 - keep * keep) / max(1.0 - oldest * oldest, 1e-9)


class Levels(Struct, array_like=True):
    """What a creator's posts are worth: mean and variance of the logarithm of their levels.

    `recent` are the levels of the latest posts, the newest last.
    """

    count: int = 0
    weight: float = 0.0
    mean: float = 0.0
    variance: float = 0.0
    media: dict[str, tuple[float, float]] = {}
    recent: list[int] = []

    def learn(self, media: str, level: float, rules: BaselineRules) -> None:
        """Take in the level (> 0) of one post of a media type.

        One that strays far counts as if it strayed less: a viral post is not what is usual.
        """
        self.recent = [*self.recent[1 - rules.recent_posts :], round(level)]
        x = math.log(level)
        if self.count >= rules.level_clip_posts:
            reach = rules.level_clip * math.sqrt(self.spread(rules))
            x = min(max(x, self.mean - reach), self.mean + reach)
        keep = math.exp(-1.0 / rules.level_memory)
        self.count += 1
        self.weight = self.weight * keep + 1.0
        off = x - self.mean
        step = 1.0 / self.weight
        self.mean += off * step
        self.variance += (off * (x - self.mean) - self.variance) * step
        weight, mean = self.media.get(media, (0.0, 0.0))
        if weight or len(self.media) < rules.max_media_types:
            weight = weight * keep + 1.0
            self.media[media] = (weight, mean + (x - mean) / weight)

    def usual(self, media: str, followers: int | None, rules: BaselineRules) -> tuple[float, float]:
        """Mean level (> 0) of the creator's posts of this type, and its negative binomial shape."""
        prior = max(rules.level_prior_floor, rules.level_prior_share * (followers or 0))
        if not self.count:
            return prior, 0.5
        mean = self.mean + self.offset(media, rules)
        variance = self.spread(rules) * (1.0 + 1.0 / self.weight)
        return math.exp(mean + variance / 2.0), 1.0 / math.expm1(variance)

    def picture(self) -> list[float]:
        """What each of the latest posts was worth, the newest last, as alerts show it."""
        return [float(level) for level in self.recent]

    def spread(self, rules: BaselineRules) -> float:
        """Variance of the logarithm of levels, shrunk to what is assumed before any is known."""
        known = rules.spread_prior_weight
        learned = known * rules.spread_prior**2 + self.weight * self.variance
        return min(learned / (known + self.weight), rules.spread_ceiling**2)

    def degrees(self, rules: BaselineRules) -> float:
        """Degrees of freedom of that variance: from so many values it is known."""
        return self.weight + rules.spread_prior_weight

    def offset(self, media: str, rules: BaselineRules) -> float:
        """What a media type adds to the mean logarithm of a level, shrunk to 0."""
        weight, mean = self.media.get(media, (0.0, 0.0))
        return weight * (mean - self.mean) / (weight + rules.media_prior_weight)


class Noise(Struct, array_like=True):
    """How far engagement falls short of what was expected of live posts.

    `clump` is the variance of short counts over their mean, `drift` the relative variance of half
    an hour's count beyond that; each a mean over `..._weight` discounted observations. Only
    shortfalls are measured (and taken twice): bursts upwards say nothing about falls.
    """

    since_ms: int = 0
    got: float = 0.0
    due: float = 0.0
    clump: float = 0.0
    clump_weight: float = 0.0
    drift: float = 0.0
    drift_weight: float = 0.0

    def learn(self, to_ms: int, got: float, due: float, rules: BaselineRules) -> None:
        """Take in one step; a block is judged when it is full and enough was expected in it."""
        self.got += got
        self.due += due
        if due >= 3.0:
            spread = min(2.0 * min(got - due, 0.0) ** 2 / due, 30.0)
            keep = math.exp(-1.0 / rules.clump_memory)
            self.clump_weight = self.clump_weight * keep + 1.0
            self.clump += (spread - self.clump) / self.clump_weight
        if to_ms - self.since_ms < rules.noise_block_ms:
            return
        if self.due >= 8.0:
            short = min(self.got - self.due, 0.0)
            excess = (2.0 * short**2 - self.clumps(rules) * self.due) / self.due**2
            keep = math.exp(-1.0 / rules.noise_memory)
            self.drift_weight = self.drift_weight * keep + 1.0
            self.drift += (excess - self.drift) / self.drift_weight
        self.since_ms = to_ms
        self.got = self.due = 0.0

    def clumps(self, rules: BaselineRules) -> float:
        """Variance over mean of short counts, to reckon with."""
        known = rules.clump_prior_weight
        mean = known * rules.clump_prior + self.clump_weight * self.clump
        low, high = rules.clump_bounds
        return min(max(mean / (known + self.clump_weight), low), high)

    def drifts(self, rules: BaselineRules) -> float:
        """Relative variance of a longer count beyond that, to reckon with; > 0."""
        known = rules.noise_prior_weight
        mean = known * rules.noise_prior + self.drift_weight * self.drift
        return max(mean / (known + self.drift_weight), rules.noise_floor)
