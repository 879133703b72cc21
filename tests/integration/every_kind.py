"""Lives in which every kind of alert begins, changes and ends, side by side in one stream.

Knows what happens to each creator, and when. Must not know detectors, rules, Kafka or Alertmanager.

All that happens begins before `NOW`, changes and still goes on at `CHANGED`, and is over by `OVER`.
Only of the crowd some begin later or end earlier. Times are ms since the start of a life.
"""

import random
from collections.abc import Iterable
from itertools import count, islice

from schemas.partitioning import partition_for
from tests.harness.driver import Item
from tests.integration.deployment import PARTITIONS
from tests.scenarios.life import DAY, HOUR, MINUTE, NICE, START, Life
from tests.scenarios.test_comment_cases import said
from tests.scenarios.test_suspicious_cases import EMPTY, REAL, STOCK, below

TODAY = 14 * DAY
NOW = TODAY + 13 * HOUR
CHANGED = NOW + 100 * MINUTE
OVER = NOW + 4 * DAY
MIDST = NOW - 9 * MINUTE
"""Some of it has begun by then, some is only suspected."""
OUT, BACK = NOW - 10 * MINUTE, CHANGED + 10 * MINUTE
"""Between these the feed of `DARK` gives hardly anything."""
DARK = "tiktok"
CROWDED = 3
"""The partition of the crowd: what is too much to call for there concerns nobody else."""


def hushed(life: Life, begin: float, end: float, left: float) -> Life:
    """The same life, of whose likes and comments in [begin, end) only a share is left."""
    dice = random.Random(7)
    kept = [
        (at, topic, event)
        for at, topic, event in life.items
        if topic not in {"likes", "comments"}
        or not begin <= at - START < end
        or dice.random() < left
    ]
    life.items = kept
    return life


def stifled_posts() -> Life:
    """Live posts that suddenly get a tenth, and in the afternoon what they should again."""
    life = Life(1, 40_000, "ada")
    life.days(11, 14, 500)
    life.days(14, 15, 800, hours=(8.5, 10.5, 12.0, 14.5))
    return hushed(life, NOW - 40 * MINUTE, CHANGED + 20 * MINUTE, 0.1)


def a_stifled_post() -> Life:
    """One post each other day, the last of which suddenly gets a tenth for some hours."""
    life = Life(2, 40_000, "ben")
    for day in range(2, 14, 2):
        life.days(day, day + 1, 400, hours=(11.0,))
    life.post(TODAY + 11.5 * HOUR, 1_000)
    return hushed(life, NOW - 40 * MINUTE, CHANGED + 20 * MINUTE, 0.1)


def weak_posts() -> Life:
    """Four posts in a row at a quarter of the usual; those of the next days do well."""
    life = Life(3, 42_000, "cora")
    life.days(8, 14, 200, hours=(7.0, 12.0, 16.0))
    for hours in (15, 10, 5.5, 3):
        life.post(NOW - hours * HOUR, 45)
    life.days(15, 16, 200)
    return life


def fading_posts() -> Life:
    """Posts that get less and less for five weeks, then none for two days, and one more."""
    life = Life(40, 40_000, "dora")
    life.items.clear()
    life.add("creators", -44 * DAY, handle="dora.makes", followers=40_000)
    for day in range(-44, 12):
        worth = 60 * 0.86 ** (max(day + 22, 0) / 7)
        life.days(day, day + 1, worth, spread=0.1, hours=(10.5, 20.0))
    life.post(TODAY + 10.3 * HOUR, 25)
    return life


def silenced_posts(creator: str, platform: str, begin: float, end: float) -> Life:
    """Posts that get nothing at all for a while."""
    life = Life(5, 40_000, creator, platform)
    life.days(11, 14, 700)
    life.days(14, 15, 1_600, hours=(8.5, 10.5, 12.4))
    return hushed(life, begin, end, 0.0)


def bought_followers() -> Life:
    """Usually five an hour, and then some thirty a minute, 84 % of them empty."""
    life = Life(6, 18_000, "bob")
    life.days(9, 14, 60)
    life.stream("follows", 8 * DAY, TODAY + 2 * DAY, 5)
    life.burst("follows", NOW - 20 * MINUTE, CHANGED + 5 * MINUTE, 2_500, [EMPTY] * 21 + [REAL] * 4)
    return life


def leaving_followers() -> Life:
    """As many leave as come, and then hundreds within two hours."""
    life = Life(7, 50_000, "flo")
    life.days(11, 15, 60)
    life.stream("follows", 8 * DAY, TODAY + 2 * DAY, 10)
    life.stream("follows", 8 * DAY, TODAY + 2 * DAY, 9, action="unfollow")
    life.burst("follows", NOW - 40 * MINUTE, CHANGED + 10 * MINUTE, 1_200, action="unfollow")
    return life


def a_viral_post() -> Life:
    """A post of a campaign that gets more than twenty times the usual."""
    life = Life(8, 26_000, "gwen")
    life.days(8, 14, 100)
    life.post(NOW - 25 * MINUTE, 2_000, by_age=2 * HOUR, campaign_id="spring")
    return life


def angry_comments() -> Life:
    """Usually 9 % of comments are negative, and then a half, below an old post."""
    life = Life(9, 65_000, "hal")
    for day in range(7, 13):
        for hour in (8, 13, 19):
            begin = day * DAY + hour * HOUR
            said(life, begin, begin + 3 * HOUR, 60, 60, 0.09, 0.5)
    said(life, NOW - 40 * MINUTE, CHANGED + 5 * MINUTE, 900, 600, 0.5, 0.2)
    # Of an old post nobody knows any more when it was published.
    life.items = [i for i in life.items if i[1] != "posts" or i[0] < START + NOW - HOUR]
    return life


def ordinary_comments(seed: int, creator: str, comments: int) -> Life:
    """Three posts a day, with so many comments over forty minutes, one in five of stock words."""
    life = Life(seed, 65_000, creator)
    for day in range(7, 14):
        for hour in (8, 13, 19):
            at = day * DAY + hour * HOUR
            post_id = life.post(at, 100)
            for number in range(comments):
                words = STOCK if number % 5 == 0 else NICE
                below(life, at, post_id, [f"s{life.dice.randrange(20_000)}"], 40 * MINUTE, words)
    return life


def a_pod() -> Life:
    """For days the same twenty people minutes after each post, and then no more."""
    life = ordinary_comments(10, "ivy", 2)
    life.days(14, 15, 100, hours=(13.2, 19.0))
    life.days(15, 16, 100)
    for at, _, post in [item for item in life.items if item[1] == "posts"]:
        if 11.5 * DAY <= at - START < TODAY + 16 * HOUR:
            names = [f"pod{n}" for n in range(20) if life.dice.random() < 0.95]
            below(life, at - START, post["post_id"], names, 4 * MINUTE)
    return life


def stock_comments() -> Life:
    """Hundreds of comments that could stand below any post, below an old one."""
    life = ordinary_comments(11, "jon", 25)
    at = NOW - 20 * MINUTE
    names = [f"b{n}" for n in range(500)]
    below(life, at, "old", names, CHANGED + 5 * MINUTE - at, STOCK)
    return life


def hollow_likes() -> Life:
    """Hundreds of likes of empty accounts, of an old post."""
    life = Life(12, 65_000, "kim")
    life.days(7, 14, 60)
    for _, topic, event in life.items:
        if topic == "likes":
            event["actor"] = EMPTY if life.dice.random() < 0.08 else REAL  # type: ignore[index]
    at = NOW - 20 * MINUTE
    for number in range(1_000):
        when = life.dice.uniform(at, CHANGED + 5 * MINUTE)
        profile = EMPTY if life.dice.random() < 0.85 else REAL
        life.add("likes", when, post_id="old", actor_id=f"e{number}", actor=profile)
    return life


def on_partition(prefix: str, partition: int, many: int) -> list[str]:
    """The first so many ids with a prefix that belong to a partition."""
    names = (f"{prefix}-{n}" for n in count())
    mine = (name for name in names if partition_for(name.encode(), PARTITIONS) == partition)
    return list(islice(mine, many))


def a_crowd() -> list[Life]:
    """Creators of one partition who lose followers at once, more of them than anybody is called
    for; four more do while there is still no room."""
    lives = []
    for number, name in enumerate(on_partition("fan", CROWDED, 22)):
        life = Life(100 + number, 30_000, name)
        life.stream("follows", TODAY, NOW - HOUR, 1)
        begin = NOW + 40 * MINUTE if number >= 18 else NOW - 12 * MINUTE
        life.burst("follows", begin, begin + 5 * MINUTE, 130, action="unfollow")
        lives.append(life)
    return lives


def a_failing_feed() -> list[Life]:
    """Creators with a like a minute each, whose platform gives a twentieth for two hours.

    Afterwards one after the other falls silent, so slowly that this is no outage.
    """
    lives = []
    for partition in range(PARTITIONS):
        for name in on_partition("many", partition, 42):
            life = Life(len(lives), 900, name, DARK)
            life.items.clear()
            end = life.dice.uniform(BACK + 15 * MINUTE, BACK + 135 * MINUTE)
            life.stream("likes", OUT - 60 * MINUTE, end, 60, post_id="p")
            lives.append(hushed(life, OUT, BACK, 0.05))
    return lives


def bystanders() -> list[Life]:
    """One creator of each partition with a like each five minutes, so that time goes on there."""
    lives = []
    for partition in range(PARTITIONS):
        (name,) = on_partition("pat", partition, 1)
        life = Life(0, 900, name)
        at: float = TODAY
        while at < OVER:
            life.add("likes", at, post_id="p", actor_id="a")
            at += 5 * MINUTE if at < CHANGED + HOUR else HOUR
        for edge in (MIDST, NOW, CHANGED, OVER):
            life.add("likes", edge - 1, post_id="p", actor_id="a")
        lives.append(life)
    return lives


HAPPENS = {
    "ada": ("engagement_drop", "across_posts"),
    "ben": ("engagement_drop", "single_post"),
    "cora": ("engagement_drop", "weak_posts"),
    "dora": ("engagement_drop", "slow_decline"),
    "eve": ("silence", "no_engagement"),
    "bob": ("follower_spike", "suspect"),
    "flo": ("unfollow_wave", "after_post"),
    "gwen": ("viral_post", "above_usual"),
    "hal": ("sentiment_crisis", "inversion"),
    "ivy": ("suspicious_engagement", "pod"),
    "jon": ("suspicious_engagement", "stock_comments"),
    "kim": ("suspicious_engagement", "hollow_burst"),
    f"platform:{DARK}": ("source_outage", "source"),
    "": ("digest", "rate_cap"),
}
"""What must be told of whom; beside that, a wave of unfollows of each of the crowd."""
SPARED = "nia"
"""A creator of the dark platform whose posts get nothing as long as its feed fails."""


def lives() -> list[Life]:
    """All of them."""
    return [
        stifled_posts(),
        a_stifled_post(),
        weak_posts(),
        fading_posts(),
        silenced_posts("eve", "x", NOW - 20 * MINUTE, CHANGED + 20 * MINUTE),
        silenced_posts(SPARED, DARK, OUT, BACK),
        bought_followers(),
        leaving_followers(),
        a_viral_post(),
        angry_comments(),
        a_pod(),
        stock_comments(),
        hollow_likes(),
        *a_crowd(),
        *a_failing_feed(),
        *bystanders(),
    ]


def happened(begin: float, end: float, some: Iterable[Life]) -> list[Item]:
    """What happened in [begin, end), in the order of time."""
    items = [item for life in some for item in life.items if begin <= item[0] - START < end]
    return sorted(items, key=lambda item: item[0])
