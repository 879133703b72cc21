"""Follow rules: every limit of detection that is about followers, with its reason where it has one.

Knows numbers only. Must not know how they are used.
"""

from msgspec import Struct

from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS


class DeliveryRules(Struct, frozen=True, kw_only=True):
    """When followers come as a machine sends them: how evenly, and how round their number is."""

    min_bins: int = 6
    """Whole minutes (of a burst: panes of 10 s, of a trickle: hours) that are compared."""
    min_even: float = 40.0
    """Followers within them."""
    even_probability: float = 1e-3
    """That counts stray so little if each follower comes by chance of its own; people come in
    clumps and fade away, so theirs stray more than that."""
    even_variance: float = 0.05
    """The same of hours, which stray with at least this relative variance."""
    min_round: float = 90.0
    round_probability: float = 0.01
    """That a number is so close to a round one."""


class SpikeRules(Struct, frozen=True, kw_only=True):
    """When followers come too fast: effect size, tail probability and size against the audience."""

    windows_ms: tuple[int, ...] = (MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS)
    min_history_ms: int = 6 * HOUR_MS
    min_follows: float = 100.0
    min_share: float = 0.001
    """Net new followers within a window, as a share of all followers."""
    fire_ratio: float = 4.0
    fire_probability: float = 2e-4
    half_life_ms: int = 7 * DAY_MS
    prior_hours: float = 4.0
    prior_rate_share: float = 0.00005
    """Follows per hour of an unknown creator, as a share of followers."""
    prior_rate_floor: float = 1.0
    dispersion_prior: float = 1.0
    dispersion_prior_weight: float = 12.0
    first_day_doubt: float = 1.5
    """Relative variance of the rate at the first hour of a creator; none is left after a day."""
    learn_ceiling: float = 4.0
    """An hour counts in the baseline with at most this multiple of what was expected."""
    learn_freely_hours: float = 24.0
    """Of a creator who is known for so many hours it counts with at most twice that."""
    critical_ratio: float = 50.0
    resolve_ratio: float = 2.0
    resolve_window_ms: int = 10 * MINUTE_MS
    update_every_ms: int = 30 * MINUTE_MS
    update_growth: float = 1.5
    cooldown_ms: int = 6 * HOUR_MS
    cooldown_growth: float = 2.0
    """Within the cooldown only a spike that is larger by this factor opens another episode."""
    viral_ratio: float = 2.0
    viral_count: int = 30
    viral_growth: float = 1.0
    """Followers that a viral post explains are told of from this multiple of the least on."""
    recent_post_ms: int = 6 * HOUR_MS
    rise_ratio: float = 1.3
    """Engagement above this multiple of usual accompanies a spike."""
    profile_half_life_ms: int = 30 * MINUTE_MS
    min_profiles: float = 20.0
    """New followers whose profile is known, discounted, for their profiles to say anything."""
    hollow_share: float = 0.5
    """From this share of empty or new profiles on they make a spike suspect by themselves."""
    real_share: float = 0.25
    """Up to this share they speak against it."""
    trickle_alternative: float = 4.0
    """The rise that the running test of hours weighs against "as usual"."""
    trickle_hour_share: float = 0.5
    """An hour counts in that test with at most this share of `min_follows`."""
    trickle_min_hours: int = 4
    trickle_min_history_ms: int = 3 * DAY_MS
    trickle_max_hold_ms: int = 36 * HOUR_MS
    trickle_mood: float = 0.15
    """Relative variance of a day: its hours stray from the usual together."""
    trickle_probability: float = 1e-7
    trickle_calm: float = 2.0
    """A trickle is over when half an hour brings no more than this, or than is usual."""
    trickle_update_ms: int = 3 * HOUR_MS
    review_after_ms: int = DAY_MS
    """So long after its end a spike is judged again, by who has stayed; sooner if another comes."""
    review_share: float = 0.5
    """Where fewer of those gained are left by then the spike was suspect."""


class WaveRules(Struct, frozen=True, kw_only=True):
    """When followers leave too fast: effect size, tail probability, share of the audience."""

    min_history_ms: int = 6 * HOUR_MS
    min_losses: float = 100.0
    min_share: float = 0.003
    """Net losses since the suspicion began, as a share of all followers."""
    alternative: float = 4.0
    """The rise that the running test weighs against "as usual"."""
    max_hold_ms: int = 12 * HOUR_MS
    fire_ratio: float = 5.0
    fire_probability: float = 1e-7
    shape: float = 1.0
    """Negative binomial shape of a count of losses: purges and quarrels come in clumps."""
    half_life_ms: int = 7 * DAY_MS
    prior_hours: float = 4.0
    prior_rate_share: float = 0.00003
    """Net losses per hour of an unknown creator, as a share of followers."""
    prior_rate_floor: float = 0.5
    learn_ceiling: float = 4.0
    """An hour counts in the baseline with at most this multiple of what was expected."""
    critical_share: float = 0.02
    resolve_ratio: float = 2.0
    resolve_half_life_ms: int = 20 * MINUTE_MS
    update_every_ms: int = 30 * MINUTE_MS
    update_growth: float = 1.5
    cooldown_ms: int = 6 * HOUR_MS
    cooldown_growth: float = 1.5
    """Within the cooldown only a wave that is larger by this factor opens another episode."""
    recent_post_ms: int = 6 * HOUR_MS
