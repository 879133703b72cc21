"""Course: the live posts of one creator, and what they should get next.

Knows each live post's engagement so far and compares every step with two expectations: from the
post's own level, and from what the creator's posts usually get at that age. Must not know what a
drop or a spike is.
"""

import copy
import math
from typing import NamedTuple

from msgspec import Struct, field

from streams.engine.baselines import Curve, Levels, Noise, Rhythm, effective, stage_of
from streams.engine.rules import BaselineRules, DropRules, Rules


class LivePost(Struct, array_like=True):
    """One post: `got` of an exposure `due` (share of its level) so far.

    `near_got`, `near_due` are the same with a short memory. `fresh` waits for the next step;
    `held_got`, `held_due` are set aside while a suspicion holds the level fast. For posts known by
    polling only, [`covered_ms`, `polled_ms`) is the time whose count has arrived and was not
    looked at; both are 0 for posts with single events. `stage` is that of its age (-1: it teaches
    the curve nothing), `before` what it had got when that began. `viral`: told of as such.
    """

    post_id: str
    at_ms: int
    media: str = ""
    campaign_id: str | None = None
    got: int = 0
    due: float = 0.0
    fresh: int = 0
    near_got: float = 0.0
    near_due: float = 0.0
    held_got: int = 0
    held_due: float = 0.0
    levelled: bool = False
    stage: int = 0
    before: int = 0
    covered_ms: int = 0
    polled_ms: int = 0
    viral: bool = False

    def level(
        self, mean: float, shape: float, clump: float, near: float
    ) -> tuple[float, float, float]:
        """What the post is worth lately, over its life, and the shape (certainty) of the former.

        The creator's usual `mean` with its `shape` is the prior of the post's life, and that the
        prior of its near past, with a weight of at most `near`. Counts weigh by their clumps.
        """
        # More likes may be taken back than were seen given: that is as none.
        sure = shape + max(self.got, 0) / clump
        whole = sure / (shape / mean + self.due / clump)
        sure = min(sure, near)
        weight = sure + max(self.near_got, 0.0) / clump
        return weight / (sure / whole + self.near_due / clump), whole, weight


class Matured(NamedTuple):
    """A post that has reached the reference age, as it compares with the baseline before it.

    Of `got`, `usual` is what the creator's posts of its type have by then (geometric mean); `level`
    is what it is worth; `offset` what its type adds to the logarithm of a level; `variance` that of
    the logarithm of levels. `weight` is the number of posts that the baseline of its type is as
    sure as, `typed` those of the very type, discounted.
    """

    post_id: str
    at_ms: int
    media: str
    campaign_id: str | None
    got: int
    usual: float
    level: float
    offset: float
    variance: float
    weight: float
    typed: float


class Step(NamedTuple):
    """Sums over live posts within (from_ms, to_ms].

    `got` of `due` for posts whose own level is known, `new_got` of `new_due` for posts judged by
    the creator's level. `usual` is what all would get at the creator's usual level.
    """

    from_ms: int
    to_ms: int
    got: float
    due: float
    new_got: float
    new_due: float
    usual: float


class Course(Struct, array_like=True):
    """All live posts of a creator with the learned baselines; a fresh one is `Course()`.

    `trial` is the noise as it will be if the suspicion that stands proves to be nothing but that.
    """

    posts: list[LivePost] = []
    curve: Curve = field(default_factory=Curve)
    rhythm: Rhythm = field(default_factory=Rhythm)
    levels: Levels = field(default_factory=Levels)
    noise: Noise = field(default_factory=Noise)
    stepped_ms: int = 0
    recent_got: float = 0.0
    recent_usual: float = 0.0
    polled: bool = False
    trial: Noise | None = None

    def find(self, post_id: str) -> LivePost | None:
        """The live post of that id, if it is followed."""
        for post in self.posts:
            if post.post_id == post_id:
                return post
        return None

    def publish(
        self, post_id: str, at_ms: int, media: str, campaign_id: str | None, rules: BaselineRules
    ) -> bool:
        """Follow a post from now on; False if it is followed already."""
        if self.find(post_id) is not None:
            return False
        post = LivePost(post_id, at_ms, media, campaign_id)
        if self.polled:
            post.covered_ms = post.polled_ms = at_ms
        self.posts.append(post)
        if len(self.posts) > rules.max_posts:
            self.posts.remove(min(self.posts, key=lambda p: p.at_ms))
        return True

    def forget(self, post_id: str) -> None:
        """Follow a deleted post no longer."""
        self.posts = [p for p in self.posts if p.post_id != post_id]

    def poll(self, post_id: str, amount: int, since_ms: int, end_ms: int) -> None:
        """Take in growth of a post that polling revealed, for the time since `since_ms`."""
        self.polled = True
        post = self.find(post_id)
        if post is None:
            return
        if since_ms > post.polled_ms:
            # The first poll is a baseline: what came before it is in no count.
            post.covered_ms = max(since_ms, post.at_ms)
        post.polled_ms = end_ms
        post.fresh += amount

    def step(
        self,
        to_ms: int,
        followers: int | None,
        rules: Rules,
        *,
        held: bool,
        taught: bool,
        grown: bool,
    ) -> Step:
        """Compare what came since the last step with what was expected.

        `held`: a suspicion stands, levels stay as they were. `taught`: the step may teach curve,
        hours and noise (not while an alert is on). `grown`: the creator has a baseline; before,
        what strays from expectation is the learning, not the creator.
        """
        base, drop = rules.baseline, rules.drop
        from_ms = self.stepped_ms or to_ms
        self.stepped_ms = to_ms
        span = to_ms - from_ms
        near, clump = base.near_prior, self.noise.clumps(base)
        fade = 2.0 ** (-span / base.near_half_life_ms)
        pace = self.rhythm.at((from_ms + to_ms) // 2, base)
        usuals: dict[str, tuple[float, float]] = {}
        got = due = new_got = new_due = usual = plain = 0.0
        for post in self.posts:
            start, end, keep = from_ms, to_ms, fade
            if post.polled_ms:
                start, end = post.covered_ms, post.polled_ms
                post.covered_ms = end
                keep = 2.0 ** ((start - end) / base.near_half_life_ms)
            start = max(start, post.at_ms)
            if end <= start:
                continue
            n = post.fresh
            post.fresh = 0
            share = self.curve.share(start - post.at_ms, end - post.at_ms)
            mean, shape = usuals.get(post.media) or usuals.setdefault(
                post.media, self.levels.usual(post.media, followers, base)
            )
            level, whole, _ = post.level(mean, shape, clump, near)
            known = post.got >= drop.known_count and post.due >= drop.known_share
            x = (level if known else mean) * share * pace
            usual += mean * share
            plain += n if whole <= mean else n * mean / whole
            if known:
                got += n
                due += x
            else:
                new_got += n
                new_due += x
            if held:
                post.held_got += n
                post.held_due += share * pace
            else:
                post.got += n
                post.due += share * pace
                post.near_got = post.near_got * keep + min(
                    n, base.burst_ratio * x + base.burst_count
                )
                post.near_due = post.near_due * keep + share * pace
            if post.stage >= 0:
                self._grow(post, end, taught)
        if taught:
            if grown and held:
                self.trial = self.trial or copy.copy(self.noise)
                self.trial.learn(to_ms, got, due, base)
            elif grown:
                self.noise.learn(to_ms, got, due, base)
        if self.levels.count:
            self.rhythm.learn(to_ms, plain, usual, base, taught=taught)
        usual *= pace
        keep = 2.0 ** (-span / base.score_half_life_ms)
        self.recent_got = self.recent_got * keep + got + new_got
        self.recent_usual = self.recent_usual * keep + usual
        return Step(from_ms, to_ms, got, due, new_got, new_due, usual)

    def skip(self, to_ms: int) -> None:
        """Leave out the time since the last step, and what came in it: not all of it was seen."""
        self.stepped_ms = to_ms
        for post in self.posts:
            post.fresh = 0
            post.covered_ms = post.polled_ms

    def doubt(self, followers: int | None, rules: Rules) -> tuple[float, float]:
        """Relative variances of what was expected since levels are held, of known and new posts.

        They come from not knowing the posts' levels, which err the same way all the time.
        """
        base, drop = rules.baseline, rules.drop
        clump = self.noise.clumps(base)
        known = new = known_sum = new_sum = 0.0
        for post in self.posts:
            if post.held_due > 0.0:
                mean, shape = self.levels.usual(post.media, followers, base)
                if post.got >= drop.known_count and post.due >= drop.known_share:
                    level, _, weight = post.level(mean, shape, clump, base.near_prior)
                    x = level * post.held_due
                    known_sum += x
                    weight = min(weight, base.sure_young + base.sure_grown * post.due)
                    known += x * x / weight
                else:
                    x = mean * post.held_due
                    new_sum += x
                    new += x * x * (1.0 / shape + base.start_doubt / (post.due + post.held_due))
        return known / (known_sum * known_sum or 1.0), new / (new_sum * new_sum or 1.0)

    def release(self, since_ms: int, rules: BaselineRules) -> None:
        """Take what was held back since `since_ms` into the levels."""
        if self.trial is not None:
            if self.stepped_ms - since_ms <= rules.noise_hold_ms:
                self.noise = self.trial
            self.trial = None
        keep = 2.0 ** (-(self.stepped_ms - since_ms) / rules.near_half_life_ms)
        for post in self.posts:
            post.got += post.held_got
            post.due += post.held_due
            post.near_got = post.near_got * keep + post.held_got
            post.near_due = post.near_due * keep + post.held_due
            post.held_got = 0
            post.held_due = 0.0

    def mature(self, now_ms: int, learn: bool, rules: Rules) -> list[Matured]:
        """Those posts that came of age, for whoever decides to `learn` them; forget the oldest.

        A suspicion does not hold that up: what is held back belongs to the post as well.
        """
        base = rules.baseline
        gone = False
        matured = []
        for post in self.posts:
            age = now_ms - post.at_ms
            if age >= base.level_age_ms and not post.levelled:
                post.levelled = True
                if learn and post.due + post.held_due > 0.25:
                    matured.append(self._matured(post, base))
            gone = gone or age > base.post_life_ms
        if gone:
            self.posts = [p for p in self.posts if now_ms - p.at_ms <= base.post_life_ms]
        return matured

    def learn(self, media: str, level: float, rules: BaselineRules) -> None:
        """Take the level of a post that has come of age into the baseline."""
        self.levels.learn(media, level, rules)
        self.curve.refresh(rules)

    def _matured(self, post: LivePost, rules: BaselineRules) -> Matured:
        levels = self.levels
        got, due = max(post.got + post.held_got, 0), post.due + post.held_due
        offset = levels.offset(post.media, rules)
        typed = levels.media.get(post.media, (0.0, 0.0))[0]
        return Matured(
            post.post_id,
            post.at_ms,
            post.media,
            post.campaign_id,
            got,
            math.exp(levels.mean + offset) * due,
            (got + 0.5) / due,
            offset,
            levels.spread(rules),
            effective(min(typed + rules.media_prior_weight, levels.weight), rules.level_memory),
            typed,
        )

    def disregard(self) -> None:
        """Keep the posts of today out of the baseline: an alert ran through their life."""
        for post in self.posts:
            post.levelled = True

    def score(self, now_ms: int, rules: BaselineRules) -> float | None:
        """See `Watch.score`."""
        if self.levels.count < rules.score_min_posts:
            return None
        keep = 2.0 ** (-max(now_ms - self.stepped_ms, 0) / rules.score_half_life_ms)
        prior = rules.score_prior_count
        ratio = (self.recent_got * keep + prior) / (self.recent_usual * keep + prior)
        trust = self.levels.count / (self.levels.count + rules.score_prior_posts)
        power = math.pow(max(ratio, 1e-9), trust)
        return 100.0 * power / (1.0 + power)

    def _grow(self, post: LivePost, now_ms: int, taught: bool) -> None:
        """Let a post that has passed a stage of its life teach the curve."""
        stage = stage_of(now_ms - post.at_ms)
        if stage == post.stage:
            return
        got = post.got + post.held_got
        if not taught:
            post.stage = -1
            return
        if stage == post.stage + 1 and 0 <= post.before <= got:
            whole = got + 20.0
            self.curve.learn(post.stage, post.before / whole, (got - post.before) / whole)
        post.stage, post.before = stage, got


def next_look(step: Step, rules: DropRules) -> int | None:
    """When the next step is due: once about `step_count` engagements are expected; None: never."""
    span = step.to_ms - step.from_ms
    if span <= 0:
        return step.to_ms + rules.step_ms
    rate = (step.due + step.new_due) / span
    if rate <= 0.0:
        return None
    wait = int(min(max(rules.step_count / rate, rules.step_ms), rules.max_step_ms))
    return step.to_ms + wait
