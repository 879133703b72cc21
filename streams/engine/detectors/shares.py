"""Shares: whether a share of what people do is far above a creator's usual one.

Knows the usual share, the running comparison with it and how improbable a stretch is. Must not know
what the share is of, or when anybody is told.

The same test as for comments that turn (`sentiment_crisis`, which calls `gain` and `tail`): a
one-sided CUSUM of "as usual" against a share well above it finds where a stretch began, and its
share varies like a Beta.
"""

import math

from msgspec import Struct, field

from streams.engine.alerting import Lean
from streams.engine.detectors.authors import newcomers
from streams.engine.facts import Act, PaneFacts, Remark
from streams.engine.suspicion_rules import ShareRules
from streams.engine.tails import beta_upper_tail

MOST_QUOTED = 3
_MOST_POSTS = 3


def gain(total: int, hits: int, usual: float, other: float) -> float:
    """What so many hits say for a share `other` rather than `usual`: a log likelihood ratio.

    Both shares are in (0, 1).
    """
    return hits * math.log(other / usual) + (total - hits) * math.log((1.0 - other) / (1.0 - usual))


def tail(total: int, hits: int, usual: float, known: float, between: float) -> float:
    """Probability of so large a share: between posts, by chance, and not knowing the usual.

    `total` > 0; `known` > 0 is how much the usual share is learned from, `between` the variance
    between posts as a share of what it could be at most.
    """
    spread = between + 1.0 / total
    spread += 1.0 / known
    return beta_upper_tail((hits - 0.5) / total, usual, min(spread, 0.5))


class Usual(Struct, array_like=True):
    """Discounted sums of acts, and of those of the sort, as of `last_ms`."""

    last_ms: int = 0
    total: Lean = 0
    hits: Lean = 0

    def learn(self, now_ms: int, total: int, hits: int, rules: ShareRules) -> None:
        """Take in what is nothing special."""
        keep = 2.0 ** (-max(now_ms - self.last_ms, 0) / rules.half_life_ms)
        self.last_ms = now_ms
        self.total = self.total * keep + total
        self.hits = self.hits * keep + hits

    def share(self, rules: ShareRules) -> float:
        """The usual share, in (0, 1)."""
        known = rules.prior_count
        return (self.hits + known * rules.prior_share) / (self.total + known)


class Stretch(Struct, array_like=True):
    """What came since a suspicion began at `since_ms`; `posts` has acts and hits of the first few.

    Each account counts once: `total` are so many accounts, by the sketch `known` of 256 bits. The
    recent sums are those of what still comes, with a short memory, while an episode is on.
    """

    since_ms: int
    last_ms: int
    cusum: Lean = 0
    total: int = 0
    hits: int = 0
    known: bytes = bytes(32)
    posts: dict[str, tuple[int, int]] = {}
    quoted: list[Remark] = []
    recent_total: Lean = 0
    recent_hits: Lean = 0
    probability: Lean = 1

    @property
    def share(self) -> float:
        """The share of the sort, of all that counts."""
        return self.hits / max(self.total, 1)

    def hear(self, acts: list[Act], facts: PaneFacts, quotes: list[Remark]) -> tuple[int, int]:
        """Add acts of a pane, one of each account; how many count, and are of the sort."""
        if not acts:
            return 0, 0
        self.known, kept = newcomers(self.known, acts)
        hits = 0
        for _, mark in kept:
            hit = mark & 1
            hits += hit
            post_id = facts.post_of(mark)
            if post_id in self.posts or (post_id and len(self.posts) < _MOST_POSTS):
                n, of_sort = self.posts.get(post_id, (0, 0))
                self.posts[post_id] = n + 1, of_sort + hit
        self.total += len(kept)
        self.hits += hits
        if quotes and len(self.quoted) < MOST_QUOTED:
            self.quoted = [*self.quoted, *quotes][:MOST_QUOTED]
        return len(kept), hits


class Share(Struct, array_like=True):
    """The usual share of one sort of acts of one creator, and the stretch that is suspected."""

    usual: Usual = field(default_factory=Usual)
    stretch: Stretch | None = None

    def update(
        self,
        now_ms: int,
        acts: list[Act],
        facts: PaneFacts,
        quotes: list[Remark],
        rules: ShareRules,
    ) -> bool:
        """Take in the acts of one pane; whether the stretch since some moment is convincing."""
        stretch, usual = self.stretch, self.usual
        if stretch is not None and self._stale(now_ms, rules):
            self._release(now_ms, rules)
            stretch = None
        hits = sum([mark & 1 for _, mark in acts])
        if stretch is None:
            # Of somebody hardly known nothing would be convincing: what comes is learned at once.
            known = usual.total >= rules.min_known
            if not (known and hits and self._gain(len(acts), hits, rules) > 0.0):
                usual.learn(now_ms, len(acts), hits, rules)
                return False
            stretch = self.stretch = Stretch(now_ms, now_ms)
        total, hits = stretch.hear(acts, facts, quotes)
        stretch.last_ms = now_ms
        stretch.cusum += self._gain(total, hits, rules)
        if stretch.cusum <= 0.0:
            self._release(now_ms, rules)
            return False
        return self._convincing(now_ms, stretch, rules)

    def begin(self) -> None:
        """An episode of this stretch is on from here on."""
        stretch = self.stretch
        assert stretch is not None
        stretch.recent_total, stretch.recent_hits = stretch.total, stretch.hits

    def follow(
        self,
        now_ms: int,
        acts: list[Act],
        facts: PaneFacts,
        quotes: list[Remark],
        rules: ShareRules,
    ) -> bool:
        """Take in the acts of one pane while an episode is on; whether it is over."""
        stretch = self.stretch
        assert stretch is not None
        stretch.hear(acts, facts, quotes)
        # The sketch of a large flood is full, but what comes is no less: here one act of each
        # author and pane counts.
        still = dict(acts)
        total, hits = len(still), sum([mark & 1 for mark in still.values()])
        keep = 2.0 ** (-(now_ms - stretch.last_ms) / rules.resolve_half_life_ms)
        stretch.last_ms = now_ms
        stretch.recent_total = stretch.recent_total * keep + total
        stretch.recent_hits = stretch.recent_hits * keep + hits
        calm = self.usual.share(rules) + rules.resolve_points
        return (
            stretch.recent_total < rules.resolve_count
            or stretch.recent_hits <= calm * stretch.recent_total
        )

    def confirm(self, rules: ShareRules) -> None:
        """Judge once more, for an update: the least probability so far is told."""
        stretch = self.stretch
        assert stretch is not None
        stretch.probability = min(stretch.probability, self._tail(stretch, rules))

    def rest(self, now_ms: int, rules: ShareRules) -> None:
        """Nothing may come for long: keep no suspicion that is over."""
        if self.stretch is not None and self._stale(now_ms, rules):
            self._release(now_ms, rules)

    def _stale(self, now_ms: int, rules: ShareRules) -> bool:
        stretch = self.stretch
        assert stretch is not None
        return (
            now_ms - stretch.last_ms > rules.max_pause_ms
            or now_ms - stretch.since_ms > rules.max_hold_ms
        )

    def _release(self, now_ms: int, rules: ShareRules) -> None:
        """A suspicion that came to nothing: what was held back is usual, too."""
        stretch, self.stretch = self.stretch, None
        if stretch is not None:
            self.usual.learn(now_ms, stretch.total, stretch.hits, rules)

    def _gain(self, total: int, hits: int, rules: ShareRules) -> float:
        share = self.usual.share(rules)
        other = min(share + rules.alternative_points, 0.95)
        return gain(total, hits, share, other) if other > share else 0.0

    def _convincing(self, now_ms: int, stretch: Stretch, rules: ShareRules) -> bool:
        if (
            stretch.total < rules.min_count
            or self.usual.total < rules.min_known
            or now_ms - stretch.since_ms < rules.confirm_ms
        ):
            return False
        share, usual = stretch.share, self.usual.share(rules)
        least = max(usual + rules.fire_points, rules.fire_ratio * usual, rules.fire_share)
        if share < least:
            return False
        stretch.probability = self._tail(stretch, rules)
        return stretch.probability <= rules.fire_probability

    def _tail(self, stretch: Stretch, rules: ShareRules) -> float:
        usual, known = self.usual.share(rules), self.usual.total + rules.prior_count
        return tail(stretch.total, stretch.hits, usual, known, rules.between_posts)
