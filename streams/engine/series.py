"""Series: one signal counted in bins of equal width, and how unusual each bin is when it comes.

Knows what is usual by the hour of the week, and how far counts stray from it. Must not know what is
counted, or what comes later: a bin is judged by those before it alone.

Expectation: m = (slow * fast)^(1/2) * season. `slow` and `fast` are levels, discounted means of
value / season with half-lives of 2 days and 3 hours; season is a factor for the hour of the week,
shrunk to one for the hour of the day, shrunk to 1. Noise: variance a m + b m^2, so that value / a
is negative binomial with mean m / a and shape 1 / b. Its tail probability is Peizer and Pratt's
(1968) normal one. What is known to be unusual teaches as much as a value 2.5 deviations off
(Huber's psi).

Two refinements. Real counts have heavier tails than any model: beyond 2.5 deviations the tail is
exponential, with a rate and a scale that are learned (peaks over threshold). And a change that is
small but lasts is found by two one-sided CUSUMs of standardised deviations from the slow level,
corrected for their autocorrelation; the stationary tail of such a sum is exponential (Siegmund
1985, with his correction for the overshoot).
"""

# ruff: noqa: FURB136 (calls of max and min would make up a fifth of the cost of a bin)
from math import erfc, exp, inf, log, sqrt
from typing import Literal, NamedTuple

State = Literal["normal", "high", "low", "warming", "gap"]
HOUR_S, DAY_S = 3_600.0, 86_400.0
WARM_BINS = 30
"""So many bins are scored, but called neither high nor low: what is usual is hardly known."""
LASTING_S = 2 * DAY_S
"""Changes that last are looked for from then on: before, a night looks like one."""
ALARM = 1e-4
"""Tail probability from which on a bin is high or low: where the score is 0.5."""
BINS_S = (1.0, 366 * DAY_S)
"""Widths of bins that can be, in seconds."""
WEEKS_S = 21 * DAY_S
"""Until then they must be larger: the first weekends look like one, too."""

_MONDAY = 4 * 24  # the epoch began on a Thursday: hour 96 of it is a Monday's first
_SLOW_S, _FAST_S = 2 * DAY_S, 3 * HOUR_S
_LEAST_FAST, _LEAST_SLOW = 3.0, 24.0
"""Half-lives in bins where bins are wide."""
_NOISE_S, _LEAST_NOISE = 5 * DAY_S, 200.0
_DAY_VISITS, _WEEK_VISITS = 0.5, 0.75
_LEAST_DAY, _LEAST_WEEK = 1.0, 3.0
"""Visits of an hour, and at least so many bins, that the prior of its factor counts for."""
_MOST_RATIO = 8.0
_KEEP = 0.5 ** (1.0 / 21.0)
"""What is kept of an hour at its next visit: a half-life of three weeks, or 21 of them."""
_PRIOR_B, _PRIOR_BINS = 0.5, 12.0
_LEAST_B, _MOST_B = 1e-4, 1.5
_BEND = 0.2
"""Below this share of the level, noise falls with the root of the mean, not with the mean."""
_HUBER, _WINSOR = 2.5, 3.5
_PEAK = 2.5
_PEAK_RATE, _PEAK_SCALE = 0.0062, 0.33
"""P(Z > 2.5), and the mean of Z - 2.5 beyond it, of a standard normal Z."""
_PEAK_PRIOR = 1_000.0
_PEAKS_PRIOR = 6.0
_MOST_EXCESS = 4.0
_LASTING_PRIOR = 300.0
_DRIFT, _OVERSHOOT, _MOST_SUM = 0.75, 0.583, 15.0
_EARLY_DRIFT = 1.0
_MOST_MEAN = 1.6
"""A sum's tail is stretched by so much at most, however often sums were high."""
_FADE = 0.95
"""What is left of a sum at a bin that speaks against it: an end is seen sooner."""
_NOTHING = 1e-30
_CLIP = 3.0
_MOST_RHO, _EARLY_RHO = 0.98, 0.4
_FOLLOW = 3.0
_LEAST_P = 1e-300
_ROOT2 = sqrt(2.0)
_SCORE_RATE = log(2.0) / -log(ALARM)


class Judged(NamedTuple):
    """A bin: what was expected, how unusual it is, and in which direction.

    `score` is 1 - 2^(log p / log 10^4): 0 for p = 1, 0.5 for 1e-4, near 1 for the impossible. `p`
    is a two-sided tail probability in (0, 1], allowing for the two ways of looking.
    """

    expected: float
    score: float
    p: float
    state: State


class Series:
    """What is known of one signal: some 450 numbers, however long it is.

    `bin_s` is the width of a bin in seconds, within `BINS_S`; else ValueError.
    """

    __slots__ = (
        "_b_den",
        "_b_num",
        "_day",
        "_day_weight",
        "_down",
        "_fast",
        "_fast_rate",
        "_high",
        "_hour",
        "_last_z",
        "_lasting_from",
        "_least",
        "_low",
        "_noise_rate",
        "_of_day",
        "_of_week",
        "_product",
        "_ratios",
        "_season",
        "_slow",
        "_slow_rate",
        "_slow_square",
        "_sum_mean",
        "_unit",
        "_up",
        "_visits",
        "_week",
        "_week_weight",
        "_weeks_from",
        "bins",
    )

    def __init__(self, bin_s: float) -> None:
        if not BINS_S[0] <= bin_s <= BINS_S[1]:
            raise ValueError(
                f"Expected bins of {BINS_S[0]:g} to {BINS_S[1]:g} seconds, got {bin_s:g}"
            )
        self.bins = 0
        """Bins seen, gaps left out."""
        self._slow_rate = 1.0 - 0.5 ** (1.0 / max(_SLOW_S / bin_s, _LEAST_SLOW))
        self._fast_rate = 1.0 - 0.5 ** (1.0 / max(_FAST_S / bin_s, _LEAST_FAST))
        self._noise_rate = 1.0 - 0.5 ** (1.0 / max(_NOISE_S / bin_s, _LEAST_NOISE))
        self._of_day = max(_DAY_VISITS * HOUR_S / bin_s, _LEAST_DAY)
        self._of_week = max(_WEEK_VISITS * HOUR_S / bin_s, _LEAST_WEEK)
        self._lasting_from = max(LASTING_S / bin_s, 2.0 * WARM_BINS)
        self._weeks_from = WEEKS_S / bin_s
        self._slow = self._fast = 0.0
        # Sums of ratios and of weights by hour, beyond the prior.
        self._day, self._day_weight = [0.0] * 24, [0.0] * 24
        self._week, self._week_weight = [0.0] * 168, [0.0] * 168
        # The present hour, its factor, and what it teaches when it is over: not yet, or a change
        # would be taken for the hour's way as soon as it begins.
        self._hour, self._season = -1, 1.0
        self._ratios, self._visits = 0.0, 0.0
        self._unit = self._least = 1.0
        self._b_num, self._b_den = _PRIOR_B, 1.0
        # Of each side: how often it passes the peak, by how much, and how many have.
        self._high = [_PEAK_RATE, _PEAK_SCALE, 0.0]
        self._low = [_PEAK_RATE, _PEAK_SCALE, 0.0]
        self._up = self._down = self._last_z = 0.0
        self._slow_square, self._product, self._sum_mean = 1.0, 0.2, 0.5 / _DRIFT

    def gap(self, at_s: float) -> Judged:
        """A bin of which nothing is known: what was expected, and that sums begin anew."""
        hour = int(at_s // HOUR_S)
        if hour != self._hour:
            self._turn(hour)
        self._up = self._down = self._last_z = 0.0
        self._fast += self._fast_rate * (self._slow - self._fast)
        return Judged(sqrt(self._slow * self._fast) * self._season, 0.0, 1.0, "gap")

    def _turn(self, hour: int) -> None:
        """Another hour begins: learn from the one before, and look up what is usual in this."""
        day, day_weight, week, week_weight = (
            self._day,
            self._day_weight,
            self._week,
            self._week_weight,
        )
        if self._visits:
            of_day, of_week = self._hour % 24, (self._hour - _MONDAY) % 168
            day[of_day] = day[of_day] * _KEEP + self._ratios
            day_weight[of_day] = day_weight[of_day] * _KEEP + self._visits
            week[of_week] = week[of_week] * _KEEP + self._ratios
            week_weight[of_week] = week_weight[of_week] * _KEEP + self._visits
            self._ratios = self._visits = 0.0
        self._hour = hour
        of_day, of_week = hour % 24, (hour - _MONDAY) % 168
        prior = self._of_day
        usual = (prior + day[of_day]) / (prior + day_weight[of_day])
        prior = self._of_week
        self._season = (prior * usual + week[of_week]) / (prior + week_weight[of_week])

    def _rescale(self, value: float) -> None:
        """A value below all others: where only zeros came, it says what is next to nothing."""
        if value > _NOTHING:
            self._unit, self._least = 0.0, value

    def step(self, at_s: float, value: float) -> Judged:
        """Judge the bin that begins at `at_s` (epoch seconds), then learn from it.

        `value` is the count in it: finite, 0 or more, whole or not; else ValueError.
        """
        if not 0.0 <= value < inf:
            raise ValueError(f"Expected a count of 0 or more, got {value:g}")
        if value < self._least:
            self._rescale(value)
        elif self._unit and value != int(value):
            self._unit = 0.0
        n = self.bins = self.bins + 1
        unit = self._unit
        if n == 1:
            self._slow = self._fast = value
        # What is usual.
        hour = int(at_s // HOUR_S)
        if hour != self._hour:
            self._turn(hour)
        season = self._season
        slow = self._slow
        least = 0.5 * self._least / n
        mean = sqrt(slow * self._fast) * season
        mean = mean if mean > least else least
        # How far values stray from it.
        b = self._b_num / self._b_den
        b = b if b > _LEAST_B else _LEAST_B
        bend = _BEND * b * slow
        a = bend if bend > unit else unit
        a = a if a > 1e-12 * mean else 1e-12 * mean
        spread = b * (1.0 + 2.0 / n)
        z = deviation(value / a, mean / a, spread if spread < _MOST_B else _MOST_B, unit / a)
        side = self._high if z > 0.0 else self._low
        size = z if z > 0.0 else -z
        p = erfc(size / _ROOT2)
        if size > _PEAK:
            beyond = 2.0 * side[0] * exp((_PEAK - size) / side[1])
            p = beyond if beyond > p else p
        # A change that lasts: deviations from the slow level, added up.
        mean_slow = slow * season
        mean_slow = mean_slow if mean_slow > least else least
        z_slow = (value - mean_slow) / sqrt(mean_slow * (a + b * mean_slow) * self._slow_square)
        z_slow = -_CLIP if z_slow < -_CLIP else _CLIP if z_slow > _CLIP else z_slow
        if n > self._weeks_from:
            drift, most = _DRIFT, _MOST_RHO
        else:
            # Much of what hangs together then is a rhythm that is not known yet.
            drift, most = _EARLY_DRIFT, _EARLY_RHO
        rho = self._product
        rho = 0.0 if rho < 0.0 else rho if rho < most else most
        part = z_slow * sqrt((1.0 - rho) / (1.0 + rho))
        up, down = self._up, self._down
        up = (up if part > 0.0 else _FADE * up) + part - drift
        down = (down if part < 0.0 else _FADE * down) - part - drift
        up = 0.0 if up < 0.0 else _MOST_SUM if up > _MOST_SUM else up
        down = 0.0 if down < 0.0 else _MOST_SUM if down > _MOST_SUM else down
        if n <= self._lasting_from:
            up = down = 0.0
        larger = up if up > down else down
        lasting = exp(-(larger + _OVERSHOOT) / self._sum_mean)
        # The verdict.
        above = z > 0.0
        if lasting < p:
            p, above = lasting, up > down
        p = 2.0 * p
        p = 1.0 if p > 1.0 else p if p > _LEAST_P else _LEAST_P
        if n <= WARM_BINS:
            state: State = "warming"
        elif p > ALARM:
            state = "normal"
        else:
            state = "high" if above else "low"
        judged = Judged(mean, 1.0 - exp(_SCORE_RATE * log(p)), p, state)
        # What the bin teaches.
        self._up, self._down = up, down
        if lasting < ALARM:
            # It has been told: what lasts for half a day becomes what is usual.
            slow += _FOLLOW * self._slow_rate * (self._fast - slow)
        square = mean * (a + b * mean)
        strayed = value - mean
        taken = value
        if size > _HUBER:
            limit = _HUBER * sqrt(square)
            if strayed > limit:
                taken = mean + limit
            elif strayed < -limit:
                taken = mean - limit
        level = taken / season if season > 0.05 else slow
        rate = 1.0 / n
        self._slow = slow + (rate if rate > self._slow_rate else self._slow_rate) * (level - slow)
        fast = self._fast
        self._fast = fast + (rate if rate > self._fast_rate else self._fast_rate) * (level - fast)
        ratio = taken / slow if slow > 0.0 else 1.0
        ratio = ratio if ratio < _MOST_RATIO else _MOST_RATIO
        self._ratios += ratio
        self._visits += 1.0
        rate = 1.0 / (n + _PRIOR_BINS)
        rate = rate if rate > self._noise_rate else self._noise_rate
        most = _WINSOR * _WINSOR * square
        strayed *= strayed
        strayed = strayed if strayed < most else most
        scale = mean + a / b
        scale *= scale
        self._b_num += rate * ((strayed - a * mean) / scale - self._b_num)
        self._b_den += rate * (mean * mean / scale - self._b_den)
        self._learn_tails(z, z_slow, larger, rate)
        return judged

    def _learn_tails(self, z: float, z_slow: float, larger: float, rate: float) -> None:
        """How often and how far deviations pass the peak, and how deviations hang together."""
        rare = rate if rate < 1.0 / _PEAK_PRIOR else 1.0 / _PEAK_PRIOR
        high, low = self._high, self._low
        high[0] -= rare * (high[0] - _PEAK_RATE * 0.1)
        low[0] -= rare * (low[0] - _PEAK_RATE * 0.1)
        if z > _PEAK or z < -_PEAK:
            side, excess = (high, z - _PEAK) if z > 0.0 else (low, -z - _PEAK)
            side[0] += rare
            side[2] += 1.0
            most = _MOST_EXCESS * side[1]
            excess = excess if excess < most else most
            step = 1.0 / (side[2] + _PEAKS_PRIOR)
            side[1] += (step if step > 0.01 else 0.01) * (excess - side[1])
            side[1] = side[1] if side[1] > _PEAK_SCALE else _PEAK_SCALE
        later = self.bins - self._lasting_from
        if later <= 0.0:
            return
        # Only from when the hours of the day are known: before, they hang together by a night.
        rate = 1.0 / (later + _LASTING_PRIOR)
        rate = rate if rate > self._noise_rate else self._noise_rate
        square = z_slow * z_slow * self._slow_square
        self._slow_square += rate * (square - self._slow_square)
        self._slow_square = self._slow_square if self._slow_square > 0.5 else 0.5
        self._product += rate * (z_slow * self._last_z - self._product)
        self._last_z = z_slow
        most = _MOST_EXCESS * self._sum_mean
        mean = self._sum_mean + rare * ((larger if larger < most else most) - self._sum_mean)
        self._sum_mean = 0.5 / _DRIFT if mean < 0.5 / _DRIFT else min(mean, _MOST_MEAN)


def deviation(value: float, mean: float, b: float, unit: float) -> float:
    """How many standard deviations of a normal are as improbable as `value` is, with its sign.

    Of a negative binomial with this mean (> 0) and variance mean + b mean^2, 0 < b <= 1.5. Above
    the mean P(N >= value) counts, below it P(N <= value); `unit` is the distance of two values
    (0 where they are dense). 0 where the mean is within half a unit. By Peizer and Pratt,
    "A normal approximation for binomial, F, beta, and other common, related tail probabilities",
    J. Am. Stat. Assoc. 63 (1968), for the binomial that has the same tail.
    """
    half = 0.5 * unit
    if value - half > mean:
        s = value - half
    elif value + half < mean:
        s = value + half
    else:
        return 0.0
    shape = 1.0 / b
    q = mean / (shape + mean)
    p = shape / (shape + mean)
    n = s - 0.5 + shape
    if n <= 0.01:
        n = 0.01
    d = s + 1.0 / 6.0 - (n + 1.0 / 3.0) * q
    x = s / (n * q)
    y = (shape - 0.5) / (n * p)
    t = 1.0 - x
    if -0.01 < t < 0.01:
        g = t * (1.0 / 3.0 + t / 6.0)
    elif x > 1e-12:
        g = (1.0 - x * x + 2.0 * x * log(x)) / (t * t)
    else:
        g = 1.0
    t = 1.0 - y
    if -0.01 < t < 0.01:
        h = t * (1.0 / 3.0 + t / 6.0)
    elif y > 1e-12:
        h = (1.0 - y * y + 2.0 * y * log(y)) / (t * t)
    else:
        h = 1.0
    inner = 1.0 + p * g + q * h
    if inner <= 0.0:
        return 0.0
    z = d * sqrt(inner / ((n + 1.0 / 6.0) * p * q))
    # On the other side of the mean by the approximation's error: as usual as can be.
    return z if (z > 0.0) == (value > mean) else 0.0
