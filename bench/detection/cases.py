"""Cases: what can be done to a life, and what should be told of it.

Knows incidents and what only looks like one. Must not know detectors: it imports nothing of the
product.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bench.detection.audience import by_appointment, circle, sold
from bench.detection.life import (
    DAY,
    HOUR,
    MINUTE,
    STEADY,
    Crowd,
    Dice,
    Life,
    draft,
    expected,
    live,
    rhythm,
    somebody,
)
from bench.detection.truth import Excuse, Incident, Truth

DROP = ("engagement_drop", "silence")
SPIKE = ("follower_spike",)
SUSPICION = ("suspicious_engagement",)
PACKAGES = (100, 150, 200, 250, 300, 500)
LEAST = 50.0
"""Engagements that each post of a promised drop should have had 5 h after it."""
Made = tuple[Life, Truth]


def quiet(dice: Dice) -> Made:
    """Four ordinary weeks."""
    return live(draft(somebody(dice), dice, 28)), Truth("quiet")


def weak_run(dice: Dice) -> Made:
    """The last three posts get only a share; the older ones go on as ever."""
    while True:
        worth = math.exp(dice.uniform(math.log(60), math.log(400)))
        made = draft(somebody(dice, worth=worth), dice, 24)
        posts = [post for post in made.posts if post.at < 22 * DAY + 12 * HOUR][-3:]
        if len(posts) == 3 and all(
            expected(made.person, post, 5 * HOUR) >= LEAST for post in posts
        ):
            break
    hard = dice.random() < 0.5
    left = float(dice.uniform(0.03, 0.2) if hard else dice.choice([0.3, 0.4, 0.5, 0.65, 0.8]))
    for post in posts:
        post.worth *= left
    until = posts[-1].at + 5 * HOUR + MINUTE
    made.posts = [post for post in made.posts if post.at <= posts[-1].at]
    made.end = until
    steady = made.person.spread <= STEADY
    row = "drop, three posts" if steady else "drop, three posts, uneven"
    what = Incident(row, DROP, posts[0].at, until, 1 - left, promised=hard and steady)
    return live(made), Truth("weak_run", [what])


def live_drop(dice: Dice) -> Made:
    """All live posts get only a share, from an hour after a post on."""
    made = draft(somebody(dice), dice, 18)
    posts = [post for post in made.posts if post.at > 14 * DAY] or made.posts
    at = posts[0].at + int(dice.uniform(0.3, 2.0) * HOUR)
    left = float(dice.choice([0.0, 0.1, 0.2, 0.35, 0.5]))
    made.stifled.append((at, at + 8 * HOUR, left))
    made.end = at + 9 * HOUR
    what = Incident("drop, live posts", DROP, at, at + 9 * HOUR, 1 - left)
    return live(made), Truth("live_drop", [what])


def slow_decline(dice: Dice) -> Made:
    """8 % less each week, for six weeks."""
    made = draft(somebody(dice), dice, 77)
    for post in made.posts:
        post.worth *= 0.92 ** min(max((post.at - 35 * DAY) / (7 * DAY), 0.0), 6.0)
    what = Incident("slow decline", DROP, 35 * DAY, 77 * DAY, 0.39)
    return live(made), Truth("slow_decline", [what])


def bought(dice: Dice, begin: int, end: int, count: int) -> Crowd:
    """Followers that are bought: half of the sellers send them evenly, others at random."""
    return Crowd(begin, end, count, 0.92, str(dice.choice(["even", "loose"])))


def spike(dice: Dice) -> Made:
    """Followers come at five to fifty times the usual, 100 or more of them within 30 minutes.

    Usual is the day's mean, or what is usual at that hour where that is more. Of half of those that
    are bought so many come as a package has, and now and then a few more.
    """
    cause = str(dice.choice(["organic_viral", "campaign", "suspect", "unexplained"]))
    ratio = float(dice.choice([5, 7, 10, 20, 50]))
    count = int(math.exp(dice.uniform(math.log(100), math.log(600))))
    person = somebody(dice, follows_per_hour=2 * count / ratio)
    person = replace(person, followers=max(person.followers, int(1_000 * person.follows_per_hour)))
    if cause == "unexplained":
        person = replace(person, knows_profiles=False)
    made = draft(person, dice, 12)
    late = [post for post in made.posts if post.at > 9 * DAY] or made.posts
    post = late[0]
    at = post.at + int(dice.uniform(1, 3) * HOUR)
    if cause == "organic_viral":
        post.worth = person.worth * dice.uniform(8, 25)
    if cause == "campaign":
        post.campaign, post.worth = "summer", person.worth * dice.uniform(0.8, 1.8)
    busy = max(float(rhythm(person, np.array([at + 15 * MINUTE]))[0]), 1.0)
    count = round(count * busy)
    if cause == "suspect":
        if dice.random() < 0.5:
            count = next((size for size in PACKAGES if size >= count), 1_000)
            count += int(dice.choice([0, 0, 1, 4]))
        made.extra_follows.append(bought(dice, at, at + 30 * MINUTE, count))
    else:
        made.extra_follows.append(Crowd(at, at + 30 * MINUTE, count, 0.12))
    made.end = at + 12 * HOUR
    mark = "no profiles" if cause == "suspect" and not person.knows_profiles else ""
    what = Incident(
        "follower spike", SPIKE, at, at + HOUR, ratio, promised=True, cause=cause, mark=mark
    )
    excuses = [Excuse(("viral_post",), post.at, made.end)] if cause == "organic_viral" else []
    return live(made), Truth("spike", [what], excuses)


def drip(dice: Dice) -> Made:
    """Followers bought, and delivered over a day."""
    made = draft(somebody(dice), dice, 12)
    at = int(10 * DAY + dice.uniform(0, 12) * HOUR)
    made.extra_follows.append(bought(dice, at, at + DAY, int(dice.integers(400, 1_500))))
    what = Incident("bought, drip-fed", SPIKE, at, at + DAY, cause="suspect")
    return live(made), Truth("drip", [what])


def raid(dice: Dice) -> Made:
    """Within an hour or two many strangers write that they are angry."""
    made = draft(somebody(dice), dice, 18)
    posts = [post for post in made.posts if post.at > 14 * DAY] or made.posts
    at = posts[0].at + int(dice.uniform(0.3, 4) * HOUR)
    until, count = at + int(dice.uniform(0.7, 2) * HOUR), int(dice.integers(40, 160))
    misread = dice.random() < 0.25
    made.remarks.append((at, until, count, 1 if misread else -1))
    row = "raid of sarcasm, misread" if misread else "raid of negative comments"
    what = Incident(row, ("sentiment_crisis",), at, until + HOUR, count)
    excuse = Excuse(("viral_post",), at, until + DAY)
    return live(made), Truth("raid", [what], [excuse])


def wave(dice: Dice) -> Made:
    """Followers leave, within an hour or within ten."""
    made = draft(somebody(dice), dice, 14)
    at, span = int(dice.uniform(10, 12) * DAY), int(dice.choice([HOUR, 10 * HOUR]))
    least = 0.003 * made.person.followers
    count = int(max(100, least) * dice.uniform(1.2, 4))
    made.extra_losses.append((at, at + span, count))
    what = Incident("unfollow wave", ("unfollow_wave",), at, at + span + HOUR, count)
    return live(made), Truth("wave", [what])


def overlap(dice: Dice) -> Made:
    """Followers are bought while live posts are stifled."""
    made = draft(somebody(dice, knows_profiles=True, worth=300.0), dice, 18)
    posts = [post for post in made.posts if post.at > 14 * DAY] or made.posts
    at = posts[0].at + HOUR
    made.stifled.append((at, at + 8 * HOUR, 0.05))
    made.extra_follows.append(bought(dice, at, at + 20 * MINUTE, 400))
    made.end = at + 9 * HOUR
    return live(made), Truth(
        "overlap",
        [
            Incident("two at once: drop", DROP, at, at + 9 * HOUR, 0.95),
            Incident("two at once: bought", SPIKE, at, at + HOUR, 50, cause="suspect"),
        ],
    )


def decoy(dice: Dice) -> Made:
    """What only looks like an incident: nothing but a viral post may be told of."""
    name = str(dice.choice(["viral, then decay", "holiday", "pause", "reset", "tier"]))
    made = draft(somebody(dice), dice, 28)
    truth = Truth(name)
    if name == "viral, then decay":
        post = next((p for p in made.posts if p.at > 15 * DAY), made.posts[-1])
        post.worth = made.person.worth * dice.uniform(12, 40)
        truth.excuses.append(Excuse(("viral_post", *SPIKE), post.at, post.at + 3 * DAY))
    elif name == "holiday":
        for post in made.posts:
            post.worth *= 0.6 if 18 * DAY <= post.at < 25 * DAY else 1.0
    elif name == "pause":
        made.posts = [p for p in made.posts if not 15 * DAY <= p.at < 22 * DAY]
    elif name == "reset":
        made.polled, made.resets = 10, [int(dice.uniform(15, 25) * DAY)]
    else:
        at = int(dice.uniform(10, 25) * DAY)
        made.followers = [(0, 9_900), (at, 10_400)]
    return live(made), truth


def pod(dice: Dice) -> Made:
    """From the fourteenth day on a circle comments below each post as soon as it is out."""
    made = draft(somebody(dice), dice, 26)
    members = circle(dice, int(dice.integers(12, 26)))
    within, stock = int(dice.uniform(3, 15) * MINUTE), float(dice.uniform(0.4, 0.95))
    for number, post in enumerate(made.posts):
        if post.at > 14 * DAY:
            made.pushes.append(by_appointment(dice, number, post.at, members, within, stock))
    what = Incident("pod", SUSPICION, 14 * DAY, made.end, cause="pod")
    return live(made), Truth("pod", [what], [_risen(14 * DAY, made.end)])


def stock_comments(dice: Dice) -> Made:
    """Comments in stock words are bought for a post."""
    return _sold(dice, comments=True)


def hollow_likes(dice: Dice) -> Made:
    """Likes of hollow accounts are bought for a post; profiles come with likes."""
    return _sold(dice, comments=False)


def _sold(dice: Dice, comments: bool) -> Made:
    made = draft(somebody(dice, **({} if comments else {"knows_profiles": True})), dice, 18)
    number = next((n for n, p in enumerate(made.posts) if p.at > 14 * DAY), 0)
    at = made.posts[number].at + int(dice.uniform(0.2, 3) * HOUR)
    count = int(dice.integers(60, 200) if comments else dice.integers(100, 400))
    made.pushes.append(sold(dice, number, at, int(dice.uniform(1, 8) * HOUR), count, comments))
    row = "stock comments, bought" if comments else "likes of hollow accounts"
    cause = "stock_comments" if comments else "hollow_burst"
    what = Incident(row, SUSPICION, at, at + 12 * HOUR, count, cause=cause)
    return live(made), Truth("sold", [what], [_risen(at, made.end)])


def _risen(begin: int, end: int) -> Excuse:
    """What is bought may make a post look viral, and what comes after it look weak."""
    return Excuse(("viral_post", *DROP), begin, end)


CASES: tuple[tuple[Callable[[Dice], Made], int], ...] = (
    (quiet, 330),
    (decoy, 80),
    (weak_run, 240),
    (live_drop, 80),
    (slow_decline, 30),
    (spike, 200),
    (drip, 30),
    (raid, 80),
    (wave, 50),
    (overlap, 20),
    (pod, 40),
    (stock_comments, 40),
    (hollow_likes, 40),
)
"""Each case, and how many lives of it a whole run has: some 2,700 weeks."""


def make(case: Callable[[Dice], Made], seed: int, number: int) -> Made:
    """The life of this number of a case: always the same for the same seed."""
    place = [made for made, _ in CASES].index(case)
    return case(np.random.default_rng([seed, place, number]))
