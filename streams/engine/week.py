"""Week: how what a creator gets spreads over the days of the week.

Knows what came on each day of the week for what was expected, how far days stray, and whether the
difference between them is more than chance. Must not know hours, or what is counted.
"""

import math

from msgspec import Struct

from streams.engine.rules import BaselineRules
from streams.engine.units import HOUR_MS

_DAYS = 7
_BLEND = 3
"""A day's factor fades into the next one's within so many hours before and after its end."""


class Week(Struct, array_like=True):
    """A factor for each day of the week; a fresh one is `Week()`.

    A creator's day begins at the hour of the day (UTC) when least comes, `dawn`, which is settled
    after a week (-1 until then, when `day` is the first day). Days are numbered since the epoch, so
    that the number modulo 7 is the day of the week. `got` and `due` are of the day that goes on, in
    tenths; `means` (hundredths) and `weights` (tenths) are of the logarithm of got over due of each
    day of the week; `square` (hundredths) and `degrees` (tenths) sum up how far days stray from
    those. `factors` are in percent; there are none while no difference is plain. Whole numbers
    take less room in a state that is stored.
    """

    dawn: int = -1
    day: int = 0
    got: int = 0
    due: int = 0
    means: list[int] = []
    weights: list[int] = []
    square: int = 0
    degrees: int = 0
    factors: list[int] = []

    def at(self, ms: int) -> float:
        """The factor at an instant, > 0, without a step from day to day; `factors` are known."""
        hours = ms // HOUR_MS - self.dawn
        day, hour = hours // 24 % _DAYS, hours % 24
        factors = self.factors
        factor = factors[day]
        if _BLEND <= hour < 24 - _BLEND:
            return factor / 100.0
        late = hour >= _BLEND
        other = factors[(day + 1 if late else day - 1) % _DAYS]
        part = hour + ms % HOUR_MS / HOUR_MS
        away = (24.0 - part if late else part) / _BLEND
        return (factor + (1.0 - away) / 2.0 * (other - factor)) / 100.0

    def unsettled(self, hour: int) -> bool:
        """Whether days have no beginning yet, though a week has been seen by that hour."""
        if self.dawn >= 0:
            return False
        self.day = self.day or hour // 24
        return hour // 24 - self.day >= _DAYS

    def settle(self, hour: int, quietest: int) -> None:
        """From that hour on begin days at the `quietest` hour of the day."""
        self.dawn = quietest
        self.day = (hour - quietest) // 24

    def learn(self, hour: int, got: float, due: float, rules: BaselineRules) -> None:
        """Take in an hour, numbered since the epoch: `got` came where `due` is usual then."""
        if self.dawn < 0:
            return
        day = (hour - self.dawn) // 24
        if day > self.day:
            self._close(rules)
            self.day, self.got, self.due = day, 0, 0
        if day == self.day:
            self.got += round(10.0 * got)
            self.due += round(10.0 * due)

    def _close(self, rules: BaselineRules) -> None:
        if self.due < 10.0 * rules.week_min_due:
            return
        if not self.means:
            self.means, self.weights = [0] * _DAYS, [0] * _DAYS
        few, far, n = 10.0 * rules.week_few, rules.week_clip, self.day % _DAYS
        x = math.log((max(self.got, 0) + few) / (self.due + few))
        x = min(max(x, -far), far)
        weight, off = self.weights[n] / 10.0, x - self.means[n] / 100.0
        keep = 2.0 ** (-1.0 / rules.week_half_life)
        if weight:
            # A day strays from the mean of the earlier ones by its own variance and theirs.
            fade = keep ** (1.0 / _DAYS)
            own = off * off * weight / (weight + 1.0)
            self.square = round(self.square * fade + 100.0 * own)
            self.degrees = round(self.degrees * fade + 10.0)
        weight = weight * keep + 1.0
        self.means[n] = round(self.means[n] + 100.0 * off / weight)
        self.weights[n] = round(10.0 * weight)
        self.factors = self._judged(rules)

    def _judged(self, rules: BaselineRules) -> list[int]:
        """Factors shrunk to 1 by how much of the difference between days may be chance.

        That is the positive part of a James-Stein estimate: 1 - c * (variance of a mean by chance)
        / (variance of the means), none of the difference where chance would do.
        """
        known = [n for n in range(_DAYS) if self.weights[n] >= 10.0 * rules.week_min_weight]
        if len(known) < rules.week_min_days:
            return []
        prior = rules.week_prior_days
        noise = (prior * rules.week_prior_noise + self.square / 100.0) / (
            prior + self.degrees / 10.0
        )
        chance = noise * sum(10.0 / self.weights[n] for n in known) / len(known)
        means = [self.means[n] / 100.0 for n in known]
        middle = sum(means) / len(means)
        between = sum((mean - middle) ** 2 for mean in means) / (len(means) - 1)
        trust = 1.0 - rules.week_doubt * chance / between if between > 0.0 else 0.0
        if trust <= 0.0:
            return []
        raised = [math.exp(trust * (mean - middle)) for mean in means]
        whole = sum(raised) / len(raised)
        factors = [100] * _DAYS
        for n, factor in zip(known, raised, strict=True):
            factors[n] = max(round(100.0 * factor / whole), 1)
        return factors
