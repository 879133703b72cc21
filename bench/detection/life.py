"""Life: some weeks of one made-up creator: posts, reactions, comments, follows.

Knows how an ordinary account behaves, and how a life that was bent is written down. Must not know
detectors, rules, simulators of the product, or what counts as an incident: it imports nothing of
the product.

Worth of a post is log-normal, its reactions come with log-logistic ages, in clumps, thinned by the
hour and the day and by slow noise. Follows are a doubly stochastic process in clumps of its own.
All times are milliseconds since `START_MS`, a Monday at midnight UTC.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from bench.detection.audience import Habits, Push, profiles, stock_words

Array = np.ndarray[Any, Any]
Dice = np.random.Generator
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WEEK = 7 * DAY
START_MS = 1_772_409_600_000
LIFE_OF_POST = 3 * DAY
STEADY = 0.5
"""Log standard deviation of what posts of most creators are worth; of the others it is more."""
LIKE = 2
"""What stands in place of a comment's verdict (-1, 0, 1) where a reaction is no comment."""
_MOST = 3.2
_HOURS = np.array(
    [
        "0.62",
        "0.40",
        "0.25",
        "0.18",
        "0.16",
        "0.22",
        "0.45",
        "0.80",
        "1.00",
        "1.05",
        "1.08",
        "1.15",
        "1.30",
        "1.25",
        "1.10",
        "1.05",
        "1.12",
        "1.28",
        "1.50",
        "1.72",
        "1.85",
        "1.70",
        "1.35",
        "0.95",
    ],
    dtype=float,
)
_HOURS = _HOURS / _HOURS.mean()
_WEEKDAYS = np.array([0.94, 0.95, 0.97, 1.0, 1.02, 1.06, 1.06])


@dataclass(frozen=True)
class Person:
    """What an account is like. `worth` is the median of what a post gets in three days."""

    worth: float
    spread: float
    posts_per_day: int
    zone: float
    half_age: float
    steepness: float
    clump: float
    follows_per_hour: float
    followers: int
    negative: float
    positive: float
    hollow: float
    knows_profiles: bool
    second_media: float
    stock: float

    @property
    def habits(self) -> Habits:
        """Those of the audience."""
        return Habits(self.stock, self.hollow, self.knows_profiles)


def aside(dice: Dice) -> Dice:
    """Other dice, for what came to these lives later: all else stays as it was."""
    return dice.spawn(1)[0]


def somebody(dice: Dice, **fixed: Any) -> Person:
    """An account at random; sparse ones are the majority: the median post gets 91 likes or so."""
    followers = int(math.exp(dice.normal(math.log(25_000), 0.7)))
    person = Person(
        worth=math.exp(dice.normal(math.log(100), 0.75)),
        spread=STEADY if dice.random() < 2 / 3 else dice.uniform(STEADY, 0.8),
        posts_per_day=int(dice.choice([1, 2, 3, 4, 5], p=[0.3, 0.3, 0.2, 0.1, 0.1])),
        zone=dice.uniform(-8, 9),
        half_age=dice.uniform(1.4, 4.0) * HOUR,
        steepness=dice.uniform(1.0, 1.4),
        clump=dice.uniform(1.1, 1.9),
        follows_per_hour=followers * math.exp(dice.normal(math.log(4e-5), 0.6)),
        followers=followers,
        negative=dice.uniform(0.04, 0.18),
        positive=dice.uniform(0.25, 0.5),
        hollow=dice.uniform(0.04, 0.2),
        knows_profiles=bool(dice.random() < 0.5),
        second_media=float(dice.choice([0.0, 0.3])),
        stock=aside(dice).uniform(0.1, 0.35),
    )
    return replace(person, **fixed)


def rhythm(person: Person, at: Array) -> Array:
    """Attention at these instants, about 1 on average."""
    local = at / HOUR + person.zone
    by_hour = np.interp(local % 24.0, np.arange(25), np.append(_HOURS, _HOURS[0]))
    return by_hour * _WEEKDAYS[(local // 24).astype(int) % 7]


@dataclass
class Post:
    """One post; `worth` is what it gets in three days where attention is as on average."""

    at: int
    worth: float
    media: str = "image"
    campaign: str | None = None


@dataclass(frozen=True)
class Crowd:
    """Followers who come within [begin, end), `hollow` being the share of those with no profile.

    `manner`: "won" (in clumps, and fading), "even" (as a queue is worked off), or "loose" (each at
    a moment of its own).
    """

    begin: int
    end: int
    count: int
    hollow: float
    manner: str = "won"


@dataclass
class Draft:
    """A life that can be bent before it is lived, in any order.

    `stifled` are (begin, end, share left) of all reactions; `remarks` are (begin, end, count,
    verdict) of comments. `followers` are (from, number); `polled` gives the minutes between polls,
    0 for single events.
    """

    person: Person
    dice: Dice
    end: int
    posts: list[Post] = field(default_factory=list)
    stifled: list[tuple[int, int, float]] = field(default_factory=list)
    extra_follows: list[Crowd] = field(default_factory=list)
    extra_losses: list[tuple[int, int, int]] = field(default_factory=list)
    remarks: list[tuple[int, int, int, int]] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    followers: list[tuple[int, int]] = field(default_factory=list)
    polled: int = 0
    resets: list[int] = field(default_factory=list)


@dataclass
class Life:
    """A life as it is seen: sorted times, with what belongs to each."""

    end: int
    posts: list[Post]
    reactions: Array
    post_of: Array
    verdicts: Array
    authors: Array
    stock: Array
    """1 where a comment is in stock words, else 0."""
    guests: Array
    """1 for a hollow account, 0 for one with a life, -1 where its profile is not known."""
    follows: Array
    hollow: Array
    """1 or 0 for a known profile, -1 where it is not known."""
    losses: Array
    followers: list[tuple[int, int]]
    polled: int
    resets: list[int]


def draft(person: Person, dice: Dice, days: float) -> Draft:
    """An ordinary life of so many days."""
    end = int(days * DAY)
    made = Draft(person, dice, end, followers=[(0, person.followers)])
    usual = np.linspace(8.0, 21.5, person.posts_per_day + 2)[1:-1] + dice.normal(0, 0.8)
    for day in range(-1, math.ceil(days) + 1):
        for hour in usual:
            if dice.random() < 0.1:
                continue
            at = int(day * DAY + (hour - person.zone + dice.normal(0, 0.6)) * HOUR)
            if 0 < at < end:
                made.posts.append(_post(person, dice, at))
    made.posts.sort(key=lambda post: post.at)
    return made


def _post(person: Person, dice: Dice, at: int) -> Post:
    second = dice.random() < person.second_media
    worth = person.worth * math.exp(dice.normal(0.0, person.spread)) * (1.6 if second else 1.0)
    return Post(at, worth, "video" if second else "image")


def expected(person: Person, post: Post, age: int, since: int = 0) -> float:
    """What a post of this kind gets on average between two ages, by the distribution itself."""
    ages = _ages(person, (np.arange(400) + 0.5) / 400)
    seen = np.where((ages >= since) & (ages < age), rhythm(person, post.at + ages), 0.0)
    mean = person.worth * math.exp(person.spread**2 / 2) * (1.6 if post.media == "video" else 1.0)
    return float(mean * seen.mean())


def _ages(person: Person, u: Array) -> Array:
    return person.half_age * (u / (1.0 - u)) ** (1.0 / person.steepness)


class Reactions(NamedTuple):
    """Columns of all reactions, as a life has them."""

    at: Array
    post_of: Array
    verdicts: Array
    authors: Array
    stock: Array
    guests: Array


def live(made: Draft) -> Life:
    """The life, lived."""
    person, dice, end = made.person, made.dice, made.end
    made.posts = [post for post in made.posts if post.at < end]
    slow = dice.gamma(12.0, 1 / 12.0, end // (HOUR // 2) + 1)
    times, owners = [], []
    for number, post in enumerate(made.posts):
        seen = _reactions(person, dice, post, slow, end)
        times.append(seen)
        owners.append(np.full(len(seen), number))
    at = np.concatenate(times) if times else np.zeros(0)
    post_of = np.concatenate(owners).astype(int) if owners else np.zeros(0, dtype=int)
    keep = np.ones(len(at), dtype=bool)
    for begin, until, left in made.stifled:
        keep &= ~((at >= begin) & (at < until)) | (dice.random(len(at)) < left)
    at, post_of = at[keep], post_of[keep]
    verdicts = _verdicts(made, post_of)
    authors = (dice.pareto(0.6, len(at)) * 40).clip(0, 6_000).astype(int)
    at, post_of, verdicts, authors = _with_remarks(made, at, post_of, verdicts, authors)
    rest = aside(dice)
    stock = stock_words(rest, person.habits, post_of, len(made.posts))
    guests = profiles(rest, person.habits, post_of, len(made.posts))
    seen = Reactions(at, post_of, verdicts, authors, stock, guests)
    for push in made.pushes:
        seen = _pushed(rest, person, seen, push, end)
    order = np.argsort(seen.at, kind="stable")
    follows, hollow = _follows(made, at)
    losses = _clumps(dice, _poisson(person, dice, 0.4 * person.follows_per_hour, end), 1.2, 60_000)
    more = [dice.uniform(a, b, n) for a, b, n in made.extra_losses]
    losses = np.sort(np.concatenate([losses, *more]))
    return Life(
        end,
        made.posts,
        seen.at[order].astype(np.int64),
        *(column[order] for column in seen[1:]),
        follows,
        hollow,
        losses[losses < end].astype(np.int64),
        made.followers,
        made.polled,
        made.resets,
    )


def _reactions(person: Person, dice: Dice, post: Post, slow: Array, end: int) -> Array:
    tries = dice.poisson(post.worth / person.clump * _MOST)
    at = post.at + _ages(person, dice.random(tries))
    at = at[(at < min(end, post.at + LIFE_OF_POST))]
    chance = rhythm(person, at) * slow[(at // (HOUR // 2)).astype(int)] / _MOST
    at = _clumps(dice, at[dice.random(len(at)) < chance], person.clump, 45_000)
    return at[at < end]


def _clumps(dice: Dice, at: Array, mean: float, wait: float) -> Array:
    """Each of these brings on average `mean`, itself included, at short notice."""
    sizes = dice.geometric(1.0 / mean, len(at))
    many = np.repeat(at, sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes) == np.arange(len(many))
    return np.where(first, many, many + dice.exponential(wait, len(many)))


def _verdicts(made: Draft, post_of: Array) -> Array:
    """One in twelve is a comment; posts differ in how much is said against them."""
    dice, person, count = made.dice, made.person, len(made.posts)
    angry = dice.beta(15 * person.negative, 15 * (1 - person.negative), count)[post_of]
    draw = dice.random(len(post_of))
    verdict = np.where(draw < angry, -1, np.where(draw < angry + person.positive, 1, 0))
    return np.where(dice.random(len(post_of)) < 1 / 12, verdict, LIKE)


def _with_remarks(
    made: Draft, at: Array, post_of: Array, verdicts: Array, authors: Array
) -> tuple[Array, Array, Array, Array]:
    dice = made.dice
    for begin, until, count, verdict in made.remarks:
        before = [n for n, post in enumerate(made.posts) if post.at <= begin]
        at = np.append(at, dice.uniform(begin, until, count))
        post_of = np.append(post_of, np.full(count, before[-1]))
        said = np.where(dice.random(count) < 0.9, verdict, 0)
        verdicts = np.append(verdicts, said)
        authors = np.append(authors, dice.integers(10_000, 10_000 + max(20, count // 2), count))
    return at, post_of, verdicts, authors


def _pushed(dice: Dice, person: Person, seen: Reactions, push: Push, end: int) -> Reactions:
    """All reactions, with those of a push; what is said in stock words is mostly kind."""
    count = len(push.times)
    stock = (dice.random(count) < push.stock).astype(int)
    kind = np.where(dice.random(count) < 0.8, 1, 0)
    hollow = (dice.random(count) < push.hollow).astype(int)
    more = Reactions(
        push.times,
        np.full(count, push.post),
        kind if push.comments else np.full(count, LIKE),
        push.authors,
        stock,
        hollow if person.knows_profiles else np.full(count, -1),
    )
    kept = push.times < end
    return Reactions(*(np.append(a, b[kept]) for a, b in zip(seen, more, strict=True)))


def _poisson(person: Person, dice: Dice, per_hour: float, end: int) -> Array:
    hours = np.arange(end // HOUR + 1)
    rates = per_hour * rhythm(person, hours * HOUR) * dice.gamma(6.0, 1 / 6.0, len(hours))
    counts = dice.poisson(rates / 1.2)
    return np.repeat(hours * HOUR, counts) + dice.uniform(0, HOUR, int(counts.sum()))


def _follows(made: Draft, reactions: Array) -> tuple[Array, Array]:
    """Steady ones, one in sixty of those who react, and what is bought or won."""
    dice, person = made.dice, made.person
    steady = _clumps(dice, _poisson(person, dice, person.follows_per_hour, made.end), 1.2, 60_000)
    by_post = reactions[dice.random(len(reactions)) < 1 / 60] + 20_000
    at = [steady, by_post]
    hollow = [(dice.random(len(steady) + len(by_post)) < person.hollow).astype(int)]
    for crowd in made.extra_follows:
        at.append(_crowd(dice, crowd))
        hollow.append((dice.random(crowd.count) < crowd.hollow).astype(int))
    times, empty = np.concatenate(at), np.concatenate(hollow)
    if not person.knows_profiles:
        empty = np.full(len(empty), -1)
    order = np.argsort(times, kind="stable")
    order = order[times[order] < made.end]
    return times[order].astype(np.int64), empty[order]


def _crowd(dice: Dice, crowd: Crowd) -> Array:
    span = crowd.end - crowd.begin
    if crowd.manner == "even":
        gap = span / crowd.count
        places = np.arange(crowd.count) + dice.uniform(0.0, 1.0)
        return crowd.begin + gap * (places + dice.normal(0.0, 0.3, crowd.count)).clip(0)
    if crowd.manner == "loose":
        return dice.uniform(crowd.begin, crowd.end, crowd.count)
    first = crowd.begin + span * dice.beta(1.0, 1.5, crowd.count)
    some = dice.permutation(_clumps(dice, first, 1.4, span / 60))[: crowd.count]
    return crowd.begin + (some - crowd.begin) % span
