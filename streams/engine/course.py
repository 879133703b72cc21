"""Course: the live posts of one creator, and what they should get next.

Knows each live post's engagement so far and compares every step with two expectations: from the
post's own level, and from what the creator's posts usually get at that age. Must not know what a
drop or a spike is.
"""

import math
from typing import NamedTuple

from msgspec import Struct, field

from streams.engine.baselines import Curve, Levels, Noise, Rhythm
from streams.engine.rules import HOUR_MS, BaselineRules, DropRules, Rules


class LivePost(Struct, array_like=True):
    """One post: `got` of an exposure `due` (share of its level) so far.

    `fresh` waits for the next step; `held_got`, `held_due` are set aside while a suspicion holds
    the level fast. For posts known by polling only, [`covered_ms`, `polled_ms`) is the time whose
    count has arrived and was not looked at; both are 0 for posts with single events.
    """

    post_id: str
    at_ms: int
    media: str = ""
    campaign_id: str | None = None
    got: int = 0
    due: float = 0.0
    fresh: int = 0
    held_got: int = 0
    held_due: float = 0.0
    levelled: bool = False
    covered_ms: int = 0
    polled_ms: int = 0


class Step(NamedTuple):
    """Sums over live posts within (from_ms, to_ms].

    `got` of `due` for posts whose own level is known, `new_got` of `new_due` for posts judged by
    the creator's level, with the variance of that expectation in `new_square`. `top` is the
    largest share in `due` of one post. `usual` is what all would get at the creator's usual level.
    """

    from_ms: int
    to_ms: int
    got: float
    due: float
    top: float
    new_got: float
    new_due: float
    new_square: float
    usual: float


class Course(Struct, array_like=True):
    """All live posts of a creator with the learned baselines; a fresh one is `Course()`."""

    posts: list[LivePost] = []
    curve: Curve = field(default_factory=Curve)
    rhythm: Rhythm = field(default_factory=Rhythm)
    levels: Levels = field(default_factory=Levels)
    noise: Noise = field(default_factory=Noise)
    stepped_ms: int = 0
    tide_got: float = 0.0
    tide_due: float = 0.0
    held_got: float = 0.0
    held_due: float = 0.0
    recent_got: float = 0.0
    recent_usual: float = 0.0
    polled: bool = False

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
        if not post.polled_ms:
            post.covered_ms = max(since_ms, post.at_ms)
        post.polled_ms = end_ms
        post.fresh += amount

    def tide(self, rules: BaselineRules) -> float:
        """Common factor by which live posts lately run ahead of (> 1) or behind expectation."""
        low, high = rules.tide_bounds
        prior = rules.tide_prior
        return min(max((self.tide_got + prior) / (self.tide_due + prior), low), high)

    def step(
        self, to_ms: int, followers: int | None, held: bool, taught: bool, rules: Rules
    ) -> Step:
        """Compare what came since the last step with what was expected.

        `held`: a suspicion stands, levels and tide stay as they were. `taught`: the step may teach
        curve, rhythm and noise (not while an alert is on).
        """
        base, drop = rules.baseline, rules.drop
        from_ms = self.stepped_ms or to_ms
        self.stepped_ms = to_ms
        tide = self.tide(base)
        got = due = top = new_got = new_due = new_square = usual = raw = 0.0
        for post in self.posts:
            start, end = from_ms, to_ms
            if post.polled_ms:
                start, end = post.covered_ms, post.polled_ms
                post.covered_ms = end
            start = max(start, post.at_ms)
            n = post.fresh
            post.fresh = 0
            if end <= start:
                if n:
                    post.got += n
                continue
            share = self._exposure(post.at_ms, start, end)
            mean, shape = self.levels.usual(post.media, followers, base)
            level = (shape + post.got) / (shape / mean + post.due)
            x = level * share
            usual += mean * share
            if post.got >= drop.known_count:
                raw += x
                got += n
                due += x * tide
                top = max(top, x * tide)
            else:
                x *= min(tide, 1.0)
                new_got += n
                new_due += x
                new_square += x * x / (shape + post.got)
            if taught and post.got >= 5:
                self._teach(post, start, end, n, level, share, base)
            if held:
                post.held_got += n
                post.held_due += share
            else:
                post.got += n
                post.due += share
        self._settle(to_ms - from_ms, got, raw, due, held, taught, base)
        keep = 2.0 ** (-(to_ms - from_ms) / base.score_half_life_ms)
        self.recent_got = self.recent_got * keep + got + new_got
        self.recent_usual = self.recent_usual * keep + usual
        return Step(from_ms, to_ms, got, due, top, new_got, new_due, new_square, usual)

    def release(self) -> None:
        """Take what was held back into levels and tide."""
        for post in self.posts:
            post.got += post.held_got
            post.due += post.held_due
            post.held_got = 0
            post.held_due = 0.0
        self.tide_got += self.held_got
        self.tide_due += self.held_due
        self.held_got = self.held_due = 0.0

    def mature(self, now_ms: int, learn: bool, rules: Rules) -> None:
        """Let posts of the reference age into the baseline, and forget those past their life."""
        base = rules.baseline
        gone = False
        for post in self.posts:
            age = now_ms - post.at_ms
            if age >= base.level_age_ms and not post.levelled and not post.held_due:
                post.levelled = True
                if learn and post.due > 0.25:
                    self.levels.learn(post.media, (post.got + 0.5) / post.due, base)
                    self.curve.refresh(base.curve_memory)
            gone = gone or age > base.post_life_ms
        if gone:
            self.posts = [p for p in self.posts if now_ms - p.at_ms <= base.post_life_ms]

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

    def _exposure(self, at_ms: int, start: int, end: int) -> float:
        total = 0.0
        while end - start > HOUR_MS:
            middle = start + HOUR_MS
            total += self.curve.share(start - at_ms, middle - at_ms) * self.rhythm.at(
                start + HOUR_MS // 2
            )
            start = middle
        share = self.curve.share(start - at_ms, end - at_ms)
        return total + share * self.rhythm.at((start + end) // 2)

    def _teach(
        self,
        post: LivePost,
        start: int,
        end: int,
        n: int,
        level: float,
        share: float,
        rules: BaselineRules,
    ) -> None:
        weight = 1.0 / (level + 20.0)
        got, due = weight * n, weight * level * share
        if end - start <= HOUR_MS:
            self.curve.learn(start - post.at_ms, end - post.at_ms, got, due)
            middle = (start + end) // 2
            self.rhythm.learn(middle, got, due / self.rhythm.at(middle), rules)

    def _settle(
        self,
        span_ms: int,
        got: float,
        raw: float,
        due: float,
        held: bool,
        taught: bool,
        rules: BaselineRules,
    ) -> None:
        slow = 4.0 if held else 1.0
        keep = 2.0 ** (-span_ms / (rules.tide_half_life_ms * slow))
        self.tide_got *= keep
        self.tide_due *= keep
        if held:
            self.held_got = self.held_got * keep + got
            self.held_due = self.held_due * keep + raw
        else:
            self.tide_got += got
            self.tide_due += raw
        if taught:
            self.noise.learn(self.stepped_ms, got, due, rules)


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
