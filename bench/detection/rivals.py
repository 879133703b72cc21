"""Rivals: three simple rules that vendors document, on the same lives.

Knows hourly counts and means of days, nothing of the product. Where a vendor documents a rise only,
its mirror image stands for a drop, and it is said so in the table.

* k sigma (Socialmetrix): the mean of 24 h above that of 7 days by more than twice the standard
  deviation of those days.
* half of seven days (ThirdEye): 24 h above 150 % or below 50 % of the mean of 7 days.
* hour against seven days (Agility): an hour above 150 % of the hourly mean of 7 days.

Each looks once an hour from the eighth day on, and rests for a day after it has fired.
"""

from collections.abc import Callable

import numpy as np

from bench.detection.life import HOUR, Array, Life
from bench.detection.truth import Told

WARM_HOURS = 168
REST_HOURS = 24
K = 2.0


def _means(counts: Array, hours: int) -> Array:
    """The mean of the `hours` before the end of each hour from `WARM_HOURS` on."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(WARM_HOURS, len(counts) + 1)
    return (total[ends] - total[ends - hours]) / hours


def k_sigma(counts: Array, sign: float) -> Array:
    """Socialmetrix."""
    day, week = _means(counts, 24), _means(counts, 168)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(WARM_HOURS, len(counts) + 1)
    days = [(total[ends - 24 * n] - total[ends - 24 * (n + 1)]) / 24 for n in range(7)]
    return sign * (day - week) > K * np.std(days, axis=0) + 1e-9


def half_of_seven_days(counts: Array, sign: float) -> Array:
    """ThirdEye."""
    day, week = _means(counts, 24), _means(counts, 168)
    return (day > 1.5 * week) if sign > 0 else (day < 0.5 * week)


def hour_against_seven_days(counts: Array, sign: float) -> Array:
    """Agility."""
    hour, week = _means(counts, 1), _means(counts, 168)
    return (hour > 1.5 * week) if sign > 0 else (hour < 0.5 * week)


RULES = {
    "k sigma": k_sigma,
    "50 % of 7 days": half_of_seven_days,
    "hour against 7 days": hour_against_seven_days,
}


def alerts(life: Life, rule: Callable[[Array, float], Array]) -> list[Told]:
    """What one rule says of engagement, follows, losses and negative comments."""
    hours = life.end // HOUR
    signals = (
        ("viral_post", life.reactions, 1.0),
        ("engagement_drop", life.reactions, -1.0),
        ("follower_spike", life.follows, 1.0),
        ("unfollow_wave", life.losses, 1.0),
        ("sentiment_crisis", life.reactions[life.verdicts == -1], 1.0),
    )
    told = []
    for kind, times, sign in signals:
        counts = np.bincount(times // HOUR, minlength=hours + 1)[:hours].astype(float)
        if hours <= WARM_HOURS:
            continue
        rests = 0
        for hour in np.flatnonzero(rule(counts, sign)):
            if hour >= rests:
                told.append(Told(kind, "", int(hour + WARM_HOURS) * HOUR))
                rests = hour + REST_HOURS
    return sorted(told, key=lambda alert: alert.at)
