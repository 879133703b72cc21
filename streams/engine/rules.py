"""Rules: every number that detection depends on, with its reason.

Knows the shipped defaults. Must not know how they are used; nothing here is tuned per demo.
"""

from msgspec import Struct

from schemas.alerts import Kind
from streams.engine.follow_rules import DeliveryRules, SpikeRules, WaveRules
from streams.engine.suspicion_rules import HollowRules, PodRules, ShareRules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS


class BaselineRules(Struct, frozen=True, kw_only=True):
    """What is learned of a creator, and how fast.

    A post is followed until `post_life_ms`, at most `max_posts` at a time (the newest). Its level
    enters the creator's baseline once, at `level_age_ms`.
    """

    max_posts: int = 8
    post_life_ms: int = 30 * HOUR_MS
    level_age_ms: int = 4 * HOUR_MS
    level_memory: float = 40.0
    """Posts after which a level's weight in the baseline has fallen to 1/e."""
    level_prior_share: float = 0.01
    """Level of an unknown creator's post, as a share of followers, until posts are known."""
    level_prior_floor: float = 20.0
    spread_prior: float = 0.6
    """Assumed log standard deviation of post-to-post quality before it is learned."""
    spread_prior_weight: float = 4.0
    spread_ceiling: float = 0.9
    level_clip: float = 2.5
    """A level counts in the baseline with at most so many standard deviations from the mean."""
    level_clip_posts: int = 3
    recent_posts: int = 10
    """Posts whose levels are kept one by one, for the picture in an alert."""
    max_media_types: int = 6
    media_prior_weight: float = 3.0
    """Posts of one type after which that type's own level counts as much as the creator's."""
    curve_memory: float = 40.0
    curve_prior_posts: float = 0.5
    """Posts that the published curve of engagement by age weighs against a creator's own."""
    rhythm_half_life_days: float = 7.0
    rhythm_prior: float = 0.01
    rhythm_prior_count: float = 30.0
    """How much a flat rhythm weighs in each hour: this share of all engagement learned from, and so
    many engagements more."""
    week_half_life: float = 4.0
    """Weeks in which what is known of a day of the week loses half its weight."""
    week_min_due: float = 10.0
    """A day of which less was expected says nothing of its day of the week."""
    week_few: float = 5.0
    """Counted on top of what came and was expected: the logarithm of a small count strays far."""
    week_clip: float = 1.5
    """The logarithm of what came for what was expected counts with at most so much."""
    week_min_weight: float = 2.0
    """Days of a kind that must be known, discounted: three weeks."""
    week_min_days: int = 5
    """Kinds of days that must be known: few post on each."""
    week_prior_noise: float = 0.1
    week_prior_days: float = 7.0
    """Assumed variance of such a logarithm from week to week, and for how many days that counts."""
    week_doubt: float = 2.0
    """Days must differ with more than this multiple of the variance that chance makes: twice that
    chance makes in one creator of ten."""
    near_half_life_ms: int = 45 * MINUTE_MS
    """How fast a post's own level follows what it gets. Smooth changes (night, weekend, a decay
    steeper than the learned one) are followed; a cliff is not."""
    burst_ratio: float = 2.5
    burst_count: float = 6.0
    """A step counts in a post's recent level with at most this multiple of what was expected, and
    so many more: one burst does not make a level."""
    start_doubt: float = 0.05
    """Relative variance of what a post gets, divided by its share of a level so far: how a post
    starts says little of its level."""
    sure_young: float = 6.0
    sure_grown: float = 40.0
    """The course so far of a post foretells the rest at best with this negative binomial shape:
    the first number for a post just published, the second more at the reference age."""
    near_prior: float = 4.0
    """Engagements that a post's level over its whole life weighs beside the recent ones."""
    noise_block_ms: int = 30 * MINUTE_MS
    noise_prior: float = 0.04
    """Assumed relative variance of half an hour's count around its expectation."""
    clump_prior: float = 2.0
    """Assumed variance of short counts over their mean: engagement comes in clumps."""
    clump_prior_weight: float = 20.0
    clump_memory: float = 400.0
    clump_bounds: tuple[float, float] = (1.0, 8.0)
    noise_prior_weight: float = 8.0
    noise_memory: float = 150.0
    noise_floor: float = 0.02
    noise_hold_ms: int = 110 * MINUTE_MS
    """A suspicion given up within that time was noise; one that lasts is a night, or a new habit,
    that is yet to be learned."""
    score_half_life_ms: int = 40 * MINUTE_MS
    score_min_posts: int = 3
    score_prior_posts: float = 4.0
    score_prior_count: float = 5.0


class DropRules(Struct, frozen=True, kw_only=True):
    """When engagement has dropped: effect size, tail probability and a second look agree."""

    step_ms: int = 2 * MINUTE_MS
    max_step_ms: int = 30 * MINUTE_MS
    step_count: float = 6.0
    """A creator is looked at when about this many engagements are expected since the last look."""
    min_history_ms: int = 24 * HOUR_MS
    min_posts: int = 3
    known_count: int = 12
    known_share: float = 0.1
    """A post's own level, not only the creator's, predicts it after so many engagements, and after
    so large a share of what it gets in its first hours."""
    alternative: float = 0.35
    """The fall that the running test weighs against "as usual"."""
    max_hold_ms: int = 3 * HOUR_MS
    """A suspicion that has not become an alert by then is taken back into the baseline."""
    max_outdone_ms: int = HOUR_MS
    """The same while most of what is expected comes from posts younger than the suspicion."""
    refute_expected: float = 10.0
    refute_ratio: float = 0.5
    """New posts that get this share of what the creator's posts usually get end a suspicion."""
    pending_expected: float = 12.0
    pending_ratio: float = 0.42
    pending_probability: float = 1e-3
    confirm_ms: int = 6 * MINUTE_MS
    confirm_expected: float = 8.0
    confirm_ratio: float = 0.45
    min_expected: float = 40.0
    min_known: float = 4.0
    known_ratio: float = 0.45
    """Posts from before the fall must show it, too, if only on few engagements: a run of weak posts
    is no drop of engagement."""
    fire_ratio: float = 0.38
    fire_probability: float = 3e-7
    fire_relief: float = 50.0
    """The limit for the tail probability; above `min_expected` of known posts it rises with the
    square of that, up to this multiple: where much was expected, little hangs on a tail's shape."""
    silence_expected: float = 120.0
    """Where nothing at all came of so many engagements, hardly a fortieth can be left: silence."""
    usual_ratio: float = 0.6
    """What the posts get must also be below this share of what the creator's posts usually get at
    their age: the day after a viral post is no drop."""
    critical_ratio: float = 0.12
    resolve_ratio: float = 0.6
    resolve_half_life_ms: int = 20 * MINUTE_MS
    resolve_expected: float = 8.0
    resolve_after_ms: int = 10 * MINUTE_MS
    max_episode_ms: int = 2 * DAY_MS
    """After that the new level is the creator's usual one."""
    update_every_ms: int = 30 * MINUTE_MS
    cooldown_ms: int = 3 * HOUR_MS

    def limit(self, expected: float) -> float:
        """The largest tail probability that fires, where known posts should have got so much."""
        scale = max(expected / self.min_expected, 1.0)
        return self.fire_probability * min(scale * scale, self.fire_relief)


class WeakRules(Struct, frozen=True, kw_only=True):
    """When the latest posts all did badly: effect size and tail probability over a run of them."""

    min_posts: int = 6
    min_typed: float = 2.5
    """Posts of the very type that must be known, discounted."""
    min_expected: float = 24.0
    """Engagements that are usual (geometric mean) for a post until it is judged: some 50 on the
    arithmetic mean and until 5 h."""
    few: float = 3.0
    """Counted on top of both what came and what is usual: the logarithm of a small count strays far
    down by chance."""
    longest_run: int = 5
    weak_ratio: float = 1.0
    """A post above this share of the usual ends a run."""
    fire_ratio: float = 0.32
    """The geometric mean of the run's shares of the usual."""
    fire_probability: tuple[float, ...] = (1e-7, 2e-5, 7e-4, 1.5e-4)
    """For one post, two, three, and more. Runs that overlap are judged anew with each post, some
    three times a day; a single post may be weak for reasons of its own."""
    critical_ratio: float = 0.15
    resolve_ratio: float = 0.65
    resolve_posts: int = 2
    update_every_ms: int = HOUR_MS
    max_quiet_ms: int = 3 * DAY_MS
    """So long after the last weak post came of age an episode is over."""
    cooldown_ms: int = DAY_MS


class SlowRules(Struct, frozen=True, kw_only=True):
    """When posts get less and less over weeks. Distances are logarithms of fast over slow mean."""

    slow_half_life_ms: int = 84 * DAY_MS
    fast_half_life_ms: int = 5 * DAY_MS
    min_history_ms: int = 28 * DAY_MS
    min_level: float = 20.0
    """A post that is worth less says little: its count is mostly chance."""
    min_weight: float = 5.0
    """Posts behind the fast mean, discounted."""
    suspect_distance: float = -0.1
    refute_distance: float = -0.03
    """Once behind, the fast mean must come so close to the slow one to start anew."""
    confirm_ms: int = 14 * DAY_MS
    """The fast mean must have been behind for so long: a week of holidays is no decline."""
    fire_distance: float = -0.22
    fire_probability: float = 0.05
    """Reckoned with about twice the variance of a discounted mean (1 in 70 with the true one), and
    on top of the fortnight before."""
    resolve_distance: float = -0.08
    update_every_ms: int = 7 * DAY_MS
    max_quiet_ms: int = 3 * DAY_MS
    """Without a post for so long there is nothing to follow."""
    max_episode_ms: int = 21 * DAY_MS
    cooldown_ms: int = 14 * DAY_MS


class ViralRules(Struct, frozen=True, kw_only=True):
    """When a post does far better than usual: effect size, count and tail probability."""

    min_posts: int = 5
    min_count: int = 100
    least_usual: float = 5.0
    """What is usual counts as no less: a creator's first reactions are no viral post."""
    fire_ratio: float = 6.0
    probability: float = 2e-5
    warning_ratio: float = 20.0
    hurry_count: int = 50
    """So many new engagements of one post are looked at without waiting for the next step."""
    update_growth: float = 2.0
    update_every_ms: int = 30 * MINUTE_MS
    calm_ms: int = HOUR_MS
    resolve_ratio: float = 1.0
    """It is over when an hour brings less than this share of a usual post's first."""
    explains_ms: int = 12 * HOUR_MS
    """So long after its end a viral post explains new followers."""


class OutlierRules(Struct, frozen=True, kw_only=True):
    """When a live post is shown as far from what is usual at its age. That calls nobody, so it is
    an effect size on enough engagements, and no tail probability."""

    min_posts: int = 3
    min_age_ms: int = 30 * MINUTE_MS
    ratio: float = 3.0
    """So many times what is usual, or less than one in so many."""
    min_expected: float = 24.0
    """So many are usual by then; a post above the usual may have `ratio` times as many instead."""


class CrisisRules(Struct, frozen=True, kw_only=True):
    """When comments turn: size of the change, tail probability, and how many people say so."""

    half_life_ms: int = 14 * DAY_MS
    prior_comments: float = 20.0
    prior_negative: float = 0.1
    prior_positive: float = 0.35
    """What is assumed of comments before some are known, and how many those count for."""
    min_known: float = 50.0
    min_comments: int = 30
    min_authors: int = 15
    alternative_points: float = 0.2
    """The rise of the negative share that the running test weighs against "as usual"."""
    confirm_ms: int = 2 * MINUTE_MS
    max_pause_ms: int = 2 * HOUR_MS
    max_hold_ms: int = 6 * HOUR_MS
    fire_points: float = 0.15
    fire_ratio: float = 2.0
    fire_probability: float = 3e-5
    between_posts: float = 0.03
    """Variance of the negative share between posts, as a share of what it could be at most: some
    are criticised more than others."""
    critical_share: float = 0.6
    resolve_points: float = 0.07
    resolve_half_life_ms: int = 20 * MINUTE_MS
    resolve_comments: float = 8.0
    """Below so many comments, with that memory, there is no crisis to speak of."""
    update_every_ms: int = 30 * MINUTE_MS
    cooldown_ms: int = 6 * HOUR_MS


class OutageRules(Struct, frozen=True, kw_only=True):
    """When a platform as a whole gives hardly anything. Of everybody: a platform is one."""

    half_life_minutes: float = 30.0
    """How fast a usual minute follows: nights come and go more slowly."""
    min_minutes: int = 45
    min_expected: float = 30.0
    """Events that a partition must expect in a minute: fewer say nothing."""
    min_creators: float = 5.0
    """Creators whose usual events these must be: of few, it is rather they than the platform."""
    clip: float = 8.0
    """One creator counts with at most so many times what one usually has."""
    clip_minutes: int = 10
    noise_floor: float = 0.02
    fire_ratio: float = 0.3
    fire_probability: float = 1e-4
    """A minute with at most this share of what is usual, and this tail probability, is low: from
    then on drops and silence of the platform's creators are not judged."""
    confirm_ms: int = 3 * MINUTE_MS
    fire_share: float = 0.6
    """It is told when partitions with this share of what is usual say so for that long."""
    resolve_ratio: float = 0.6
    resolve_minutes: int = 2
    resolve_share: float = 0.3
    max_episode_ms: int = 24 * HOUR_MS
    """After that the platform is judged anew, by what it gives now."""
    update_every_ms: int = 30 * MINUTE_MS


class DeskRules(Struct, frozen=True, kw_only=True):
    """Whom alerts call: how many at most, when not, and what becomes of the rest."""

    past_ms: int = 15 * MINUTE_MS
    """An alert that is found so long after it was due calls nobody: a replay must not."""
    max_per_hour: int = 60
    """Alerts of all creators that call within an hour; each of n partitions has an n-th of that."""
    max_per_campaign_hour: int = 20
    critical_factor: float = 2.0
    """Critical alerts call up to this multiple of both."""
    quiet_from: int = 0
    """Minute of the day, UTC, at which the quiet hours begin: until `quiet_until` only critical
    alerts call. Both alike: there are none."""
    quiet_until: int = 0
    digest_after_ms: int = 5 * MINUTE_MS
    """A digest tells of those that were too many so long after the first of them."""
    digest_every_ms: int = 15 * MINUTE_MS
    digest_end_ms: int = HOUR_MS
    """It ends when so long none was too many."""
    off: tuple[Kind, ...] = ()
    """Kinds of alerts that are on record only."""
    digest_names: int = 8
    """Alerts that a digest names; the others it counts."""


class Rules(Struct, frozen=True, kw_only=True):
    """All rules; the defaults are what ships."""

    baseline: BaselineRules = BaselineRules()
    drop: DropRules = DropRules()
    spike: SpikeRules = SpikeRules()
    delivery: DeliveryRules = DeliveryRules()
    wave: WaveRules = WaveRules()
    weak: WeakRules = WeakRules()
    slow: SlowRules = SlowRules()
    viral: ViralRules = ViralRules()
    outlier: OutlierRules = OutlierRules()
    crisis: CrisisRules = CrisisRules()
    pod: PodRules = PodRules()
    stock: ShareRules = ShareRules()
    hollow: HollowRules = HollowRules()
    outage: OutageRules = OutageRules()
    desk: DeskRules = DeskRules()
