"""Circle: who comments first, post after post, and whether those are always the same people.

Knows a sketch of each post's early commenters and what makes a pod of them. Must not know when
anybody is told.

Of each post the commenters of its first half hour with the lowest hashes are kept (a bottom-k
sketch). A person's hash is the same below each post, so two sketches hold the same part of all
people up to the lower of their highest hashes: shares within it are those of all early commenters,
however many came.

Loyal followers comment early, too, and so do friends. So two things are asked, each improbable by
itself, and the probability is the larger of both (an intersection-union test): that so many of the
early commenters are there each time, and that so many of them come at once or in stock words.
"""

from bisect import bisect_left
from collections import Counter
from math import comb
from struct import pack, unpack
from typing import NamedTuple

from msgspec import Struct

from streams.engine.facts import Act, PaneFacts, Published
from streams.engine.suspicion_rules import PodRules
from streams.engine.tails import beta_upper_tail

_BITS = 14
_ALL = (1 << _BITS) - 1


class Head(NamedTuple):
    """An early commenter: a hash of 14 bits, and whether the first comment was prompt, or stock."""

    who: int
    prompt: int
    stock: int


class Round(Struct, array_like=True):
    """Early commenters of one post, who wrote `heard` comments; those with the lowest hashes.

    `heads` has 16 bits of each, big-endian, ascending: 14 bits of the hash, then whether the first
    comment was prompt, then whether it was stock.
    """

    post_id: str
    at_ms: int
    heard: int = 0
    heads: bytes = b""

    def hear(self, acts: list[Act], prompt: bool, most: int) -> None:
        """Take in comments of one moment (hashes of 16 bits), and keep at most so many people."""
        self.heard += len(acts)
        kept = list(_numbers(self.heads))
        bits = 2 if prompt else 0
        for actor, mark in acts:
            who = actor & ~3
            place = bisect_left(kept, who)
            if place >= most or (place < len(kept) and kept[place] & ~3 == who):
                continue
            kept.insert(place, who | bits | mark & 1)
        if len(kept) > len(self):
            self.heads = _packed(kept[:most])

    def people(self) -> list[Head]:
        """Who is kept, by hash."""
        return [Head(one >> 2, one >> 1 & 1, one & 1) for one in _numbers(self.heads)]

    def hashes(self) -> set[int]:
        """The hashes that are kept."""
        return {one >> 2 for one in _numbers(self.heads)}

    def due_ms(self, rules: PodRules) -> int:
        """When the first half hour is over."""
        return self.at_ms + rules.early_ms + 1

    def reach(self, most: int) -> int:
        """The hash up to which nobody is missing."""
        return _numbers(self.heads)[-1] >> 2 if len(self) >= most else _ALL

    def __len__(self) -> int:
        """How many people are kept."""
        return len(self.heads) // 2


class Seen(NamedTuple):
    """One post of a pod: so many of the early commenters that are compared are of the group."""

    post_id: str
    at_ms: int
    members: int
    early: int


class Pod(Struct, array_like=True):
    """A group found below post after post: of the people compared `members`, in all about `size`.

    They are `share` of the early commenters, where it would be `usual` of regulars. Of their first
    comments `prompt` are prompt and `stock` are stock. All four in [0, 1].
    """

    members: int
    size: int
    share: float
    usual: float
    prompt: float
    stock: float
    probability: float
    posts: list[Seen]


class Circle(Struct, array_like=True):
    """The post whose first half hour runs, and the latest ones before it, the oldest first.

    Of several posts at once the first is enough to know a pod by.

    `suspects`, 16 bits each, are hashes of people who were below nearly all of these, where they
    are many.
    """

    open: Round | None = None
    past: list[Round] = []
    suspects: bytes = b""

    def take(self, end_ms: int, facts: PaneFacts, rules: PodRules) -> None:
        """Take in the posts and comments of a pane."""
        for post in facts.published:
            if self.open is None and end_ms - post.at_ms <= rules.early_ms:
                self._publish(post)
        one = self.open
        if one is None:
            return
        if one.post_id in facts.deleted:
            self.open = None
            return
        age_ms = end_ms - one.at_ms
        if one.post_id in facts.below and age_ms <= rules.early_ms:
            place = facts.below.index(one.post_id) + 1
            acts = [act for act in facts.talk if act[1] >> 1 == place]
            if acts:
                one.hear(acts, age_ms <= rules.lockstep_ms, rules.max_sketch)

    def finish(self, end_ms: int, rules: PodRules) -> tuple[bool, bool]:
        """Put the open post behind the others if it is due; whether it was, and whether it counts.

        A post with few early commenters says nothing of who always comes, and is not kept. Where
        hardly anybody is below two of the last three posts, there is no circle, and what is older
        is not kept either.
        """
        done = self.open
        if done is None or end_ms < done.due_ms(rules):
            return False, False
        self.open = None
        if len(done) < rules.min_early or done.heard > rules.max_early:
            return True, False
        self.past = [*self.past, done][-rules.posts :]
        if len(self.past) > 2 and not _alike(self.past[-3:], rules):
            self.past = self.past[-2:]
        self.suspects = self._suspects(rules)
        return True, True

    def suspected(self, actor: int) -> bool:
        """Whether somebody is among the suspects."""
        return actor >> 2 in _numbers(self.suspects)

    def pod(self, rules: PodRules, usual_stock: float) -> Pod | None:
        """The pod below the latest posts, the very latest among them; None where there is none.

        `usual_stock` is the share of stock among all comments of this creator.
        """
        rounds = self.past[-rules.posts :]
        if len(rounds) < rules.posts:
            return None
        reach = min(one.reach(rules.max_sketch) for one in rounds)
        often = _often(rounds, reach)
        group = {actor for actor, n in often.items() if n >= rules.fire_posts}
        if len(group) < rules.min_members:
            return None
        views = [_View(one, group, reach) for one in rounds]
        found = [view for view in views if view.told(rules)]
        if len(found) < rules.fire_posts or not views[-1].told(rules):
            return None
        heads = [head for view in found for head in view.members]
        others = [head for view in found for head in view.others]
        members, early = len(heads), len(heads) + len(others)
        share, usual = members / early, _usual(often, rules)
        # The same people on several posts are no more evidence than on one of mean size.
        one = len(found) / early
        spread = min(rules.between_audiences + one, 0.5)
        loyalty = beta_upper_tail(share - 0.5 * one, usual, spread)
        probability = max(loyalty, _manner(heads, others, usual_stock, rules))
        if probability > rules.fire_probability:
            return None
        return Pod(
            len(group),
            round(len(group) * (_ALL + 1) / (reach + 1)),
            share,
            usual,
            sum(head.prompt for head in heads) / members,
            sum(head.stock for head in heads) / members,
            probability,
            [view.seen() for view in found],
        )

    def _publish(self, post: Published) -> None:
        if all(one.post_id != post.post_id for one in self.past):
            self.open = Round(post.post_id, post.at_ms)

    def _suspects(self, rules: PodRules) -> bytes:
        rounds = self.past[1 - rules.posts :]
        if len(rounds) < rules.posts - 1:
            return b""
        often = _often(rounds, min(one.reach(rules.max_sketch) for one in rounds))
        group = sorted(actor for actor, n in often.items() if n >= rules.fire_posts - 1)
        return _packed(group) if len(group) >= rules.min_members else b""


class _View:
    """The early commenters of a post up to the hash `reach`: those of a group, and the others."""

    __slots__ = ("members", "others", "round")

    def __init__(self, one: Round, group: set[int], reach: int) -> None:
        self.round = one
        people = [head for head in one.people() if head.who <= reach]
        self.members = [head for head in people if head.who in group]
        self.others = [head for head in people if head.who not in group]

    def told(self, rules: PodRules) -> bool:
        """Whether it looks like a pod there: large among the first, and prompt or stock."""
        members = len(self.members)
        if members < max(rules.min_members, rules.fire_share * (members + len(self.others))):
            return False
        prompt = sum(head.prompt for head in self.members)
        stock = sum(head.stock for head in self.members)
        return prompt >= rules.fire_prompt * members or stock >= rules.fire_stock * members

    def seen(self) -> Seen:
        """As it is told."""
        one, members = self.round, len(self.members)
        return Seen(one.post_id, one.at_ms, members, members + len(self.others))


def _numbers(raw: bytes) -> tuple[int, ...]:
    return unpack(f">{len(raw) // 2}H", raw)


def _packed(numbers: list[int]) -> bytes:
    return pack(f">{len(numbers)}H", *numbers)


def _alike(rounds: list[Round], rules: PodRules) -> bool:
    """Whether half of a group was below any two of these posts."""
    first, second, third = [one.hashes() for one in rounds]
    shared = max(len(first & second), len(first & third), len(second & third))
    return 2 * shared >= rules.min_members


def _often(rounds: list[Round], reach: int) -> Counter[int]:
    """Below how many of the posts each person was, up to `reach`."""
    return Counter(who for one in rounds for who in one.hashes() if who <= reach)


def _usual(often: Counter[int], rules: PodRules) -> float:
    """The share of a post's first commenters who are there as often as the group, if all of them
    were regulars: the upper tail of a Binomial over the other posts.

    A regular is early on every second post, or as often as the others here come again.
    """
    n, need = rules.posts - 1, rules.fire_posts - 1
    others = [times - 1 for times in often.values() if times < rules.fire_posts]
    again = sum(others) / (n * len(others)) if others else 0.0
    rate = max(rules.regular_rate, again)
    usual = sum(comb(n, k) * rate**k * (1.0 - rate) ** (n - k) for k in range(need, n + 1))
    return min(usual, 0.99)


def _manner(heads: list[Head], others: list[Head], usual_stock: float, rules: PodRules) -> float:
    """Probability of comments so prompt, or so often stock, for the audience of the posts.

    How prompt others are is known from the others here, and before that from a published curve.
    """
    count, known = len(heads), rules.prior_others
    prompt = sum(head.prompt for head in others) + known * rules.prompt_share
    usual = max(prompt / (len(others) + known), rules.prompt_share)
    spread = rules.between_manners + 1.0 / count
    soon, words = sum(head.prompt for head in heads), sum(head.stock for head in heads)
    tails = [
        beta_upper_tail((hits - 0.5) / count, min(share, 0.99), spread)
        for hits, share in ((soon, usual), (words, usual_stock))
    ]
    # Either will do, so the smaller of the two counts double.
    return min(2.0 * min(tails), 1.0)
