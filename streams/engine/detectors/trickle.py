"""Trickle: followers who come for hours, too slowly for a window of minutes.

Knows the running comparison of hours with what is usual, and when the gap is convincing. Must not
know what an alert says, or why they come.

A one-sided CUSUM weighs "as usual" against several times that, hour by hour. Where it leaves zero a
suspicion starts, from which on followers and expectation are summed.
"""

import math

from msgspec import Struct

from streams.engine.alerting import Lean
from streams.engine.facts import PaneFacts
from streams.engine.follow_rules import DeliveryRules, SpikeRules
from streams.engine.tails import chi_square_lower_tail, upper_tail


class Trickle(Struct, array_like=True):
    """A suspicion: what came since `since_ms` until the last hour that is over.

    `hours`, `total` and `square` sum up the whole hours after the first one: their number, and what
    came in each. Of the followers whose profile is `known` since then so many are `hollow`.
    `variance` is that of an hour beyond chance, as it was known when the suspicion began.
    """

    since_ms: int
    variance: float
    cusum: Lean = 0
    got: Lean = 0
    due: Lean = 0
    hours: int = 0
    total: Lean = 0
    square: Lean = 0
    known: int = 0
    hollow: int = 0
    probability: Lean = 1

    def meet(self, facts: PaneFacts) -> None:
        """Take in the profiles of those of one pane."""
        self.known += facts.profiles
        self.hollow += facts.hollow

    def take(self, hour_ms: int, got: float, due: float, idle: int, rules: SpikeRules) -> bool:
        """Take in the hour from `hour_ms` on, in which `due` were usual, and so many idle ones.

        False where nothing is suspected any more.
        """
        alternative = rules.trickle_alternative
        # One hour that is full is for the windows of minutes; it does not tell of hours.
        weight = min(got, rules.trickle_hour_share * rules.min_follows)
        self.cusum += weight * math.log(alternative) - due * (1 + idle) * (alternative - 1.0)
        self.got += got
        self.due += due * (1 + idle)
        if hour_ms > self.since_ms:
            self.hours += 1 + idle
            self.total += got
            self.square += got * got
        return self.cusum > 0.0 and hour_ms - self.since_ms <= rules.trickle_max_hold_ms

    def convincing(self, floor: float, rules: SpikeRules) -> bool:
        """Whether there are too many of them, of at least `floor`; sets the `probability`."""
        if self.hours + 1 < rules.trickle_min_hours or self.got < floor:
            return False
        if self.got < rules.fire_ratio * max(self.due, 1.0):
            return False
        # Hours stray each for itself, and all of them together with the mood of a day.
        spread = (self.hours + 1) * self.variance / self.due**2 + rules.trickle_mood
        self.probability = upper_tail(self.got, self.due, 1.0 / spread)
        return self.probability <= rules.trickle_probability

    def pace(self, rules: DeliveryRules) -> int:
        """So many came each hour, too evenly for hours that stray as they do; 0 if not."""
        hours = self.hours
        if hours < rules.min_bins or self.total < rules.min_even:
            return 0
        mean = self.total / hours
        square = self.square - hours * mean * mean
        chance = chi_square_lower_tail(
            square / (mean + rules.even_variance * mean * mean), hours - 1
        )
        return max(round(mean), 1) if chance <= rules.even_probability else 0

    def share(self, rules: SpikeRules) -> float | None:
        """The share of hollow profiles; None where too few are known."""
        return self.hollow / self.known if self.known >= rules.min_profiles else None
