"""Rules of suspicious engagement: every number, with its reason, of pods and of shares that rise.

Knows the shipped defaults, as `rules` does of all other kinds. Must not know how they are used.
"""

from msgspec import Struct

from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS


class PodRules(Struct, frozen=True, kw_only=True):
    """When the same people comment first on post after post: how many, how often, how soon."""

    early_ms: int = 30 * MINUTE_MS
    """Comments so soon after a post are compared: a pod comes right after the link is shared."""
    max_sketch: int = 24
    """Early commenters of a post that are compared, those with the lowest hashes."""
    max_early: int = 400
    """With more early comments than that, hashes of different people meet: nothing is judged."""
    min_early: int = 12
    """A post with fewer early commenters says nothing, either way."""
    posts: int = 7
    fire_posts: int = 6
    """So many of the last `posts` must have the group, and who is below so many is of the group."""
    min_members: int = 10
    """Fewer are friends of a small account."""
    min_audience: float = 3.0
    """So many times the group is what a post of the creator usually gets in all: where there is no
    audience but a circle of friends, it is no pod."""
    fire_share: float = 0.6
    """Of the early commenters of each of these posts."""
    fire_probability: float = 1e-6
    """Of so loyal, and of so prompt or stock, an audience: each of both must be less likely."""
    regular_rate: float = 0.5
    """All early commenters are taken for regulars, each early on so many of the posts. Of people
    like that, one early commenter in nine is below five of the six other posts, too."""
    between_audiences: float = 0.01
    """Variance of the share of those, as a share of what it could be at most."""
    lockstep_ms: int = 5 * MINUTE_MS
    """A comment by then is prompt."""
    fire_prompt: float = 0.7
    fire_stock: float = 0.7
    """So many of the group's first comments are prompt, or else stock words or emoji alone."""
    prompt_share: float = 0.4
    """What usually is prompt of a post's first half hour: 41 % by SEISMIC's curve, level for five
    minutes, then falling with age to the power 1.24."""
    prior_others: float = 20.0
    """How many comments of other people that counts for."""
    between_manners: float = 0.05
    """Variance between audiences of how prompt, or how often stock, they are, in the same unit."""
    warning_share: float = 0.8
    resolve_posts: int = 2
    """So many posts without it end an episode."""
    max_quiet_ms: int = 3 * DAY_MS
    """So long after the last post with it an episode is over."""
    update_every_ms: int = 12 * HOUR_MS
    cooldown_ms: int = DAY_MS


class ShareRules(Struct, frozen=True, kw_only=True):
    """When a share of what people do is far above the usual: size of the change, tail probability,
    and how many people do it. As it ships, of comments that are stock words or emoji alone."""

    half_life_ms: int = 14 * DAY_MS
    prior_count: float = 20.0
    prior_share: float = 0.2
    """What is assumed before something is known, and for how much that counts."""
    min_known: float = 50.0
    min_count: int = 40
    """So many people, of whom each counts once."""
    alternative_points: float = 0.3
    """The rise that the running test weighs against "as usual"."""
    confirm_ms: int = 2 * MINUTE_MS
    max_pause_ms: int = 2 * HOUR_MS
    max_hold_ms: int = 6 * HOUR_MS
    fire_points: float = 0.3
    fire_ratio: float = 2.0
    fire_share: float = 0.5
    """Audits of accounts take half of the comments for the line."""
    fire_probability: float = 1e-5
    between_posts: float = 0.05
    """Variance of the share between posts, as a share of what it could be at most: a picture of a
    child brings hearts, and a question brings answers."""
    warning_share: float = 0.8
    resolve_points: float = 0.1
    resolve_half_life_ms: int = 20 * MINUTE_MS
    resolve_count: float = 8.0
    """Below so many, with that memory, there is nothing to speak of."""
    update_every_ms: int = HOUR_MS
    cooldown_ms: int = DAY_MS


class HollowRules(ShareRules, frozen=True, kw_only=True):
    """The same, of likes and comments whose account's profile is known: those of accounts that are
    new, or empty in two ways."""

    prior_share: float = 0.1
    min_count: int = 60
    fire_ratio: float = 3.0
    between_posts: float = 0.03
