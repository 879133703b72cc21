"""Engagement that no audience gives: what must be told, and what loyal followers must not bring."""

from collections.abc import Sequence
from typing import Any

import pytest

from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver
from tests.scenarios.life import DAY, HOUR, LIVES, MINUTE, NICE, START, Life, play, told

SEEDS = range(LIVES)
STOCK = ("nice pic", "🔥🔥🔥", "love it", "wow!", "so cool", "amazing shot", "😍")
EMPTY = {"followers": 0, "following": 900, "posts": 0, "has_avatar": False}
REAL = {"followers": 400, "following": 300, "posts": 80, "has_avatar": True}
HOURS = (8, 13, 19)
LAST = 14 * DAY


def below(
    life: Life,
    at: float,
    post_id: str,
    names: Sequence[str],
    within: float,
    words: Sequence[str] = NICE,
    **fields: Any,
) -> None:
    """One comment of each, at random moments."""
    for name in names:
        when = at + life.dice.uniform(10_000, within)
        life.comment(when, post_id, name, life.dice.choice(words))
        life.items[-1][2].update(fields)  # type: ignore[attr-defined]


def ordinary(
    seed: int,
    days: int = 14,
    fans: int = 0,
    comments: int = 25,
    stock: float = 0.2,
    reactions: int = 100,
) -> Life:
    """Three posts a day, with comments that come over hours; some of the early ones by fans.

    Of `fans` people a half is early at each post; a share of comments is stock, more below some
    posts than others.
    """
    life = Life(seed, 65_000)
    for day in range(days):
        for hour in HOURS:
            at = day * DAY + hour * HOUR
            post_id = life.post(at, reactions)
            loyal = [f"fan{n}" for n in range(fans) if life.dice.random() < 0.5]
            strangers = [f"s{life.dice.randrange(20_000)}" for _ in range(comments)]
            level = min(max(life.dice.gauss(stock, 0.08), 0.0), 0.6)
            for names, within in ((loyal, 25 * MINUTE), (strangers, 40 * MINUTE)):
                for name in names:
                    words = STOCK if life.dice.random() < level else NICE
                    below(life, at, post_id, [name], within, words)
    return life


def join(
    life: Life,
    size: int,
    posts: int,
    within: float = 4 * MINUTE,
    words: Sequence[str] = NICE,
    until: int | None = None,
    present: float = 0.95,
) -> None:
    """A pod, nearly all of whom comment on each of so many posts, up to the `until`-th."""
    published = [item for item in life.items if item[1] == "posts"][:until][-posts:]
    for at, _, post in published:
        names = [f"pod{n}" for n in range(size) if life.dice.random() < present]
        below(life, at - START, post["post_id"], names, within, words)


def suspected(life: Life, until: float) -> list[dict[str, Any]]:
    return [a for a in play(life, until=until) if a["kind"] == "suspicious_engagement"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("size", "comments", "reactions"), [(20, 2, 100), (60, 4, 300)])
def test_the_same_people_minutes_after_each_post_are_a_pod(
    seed: int, size: int, comments: int, reactions: int
) -> None:
    life = ordinary(seed, 8, comments=comments, reactions=reactions)
    join(life, size, 9)
    alerts = suspected(life, 8 * DAY + 4 * DAY)
    assert told(alerts) == [("suspicious_engagement", "pod")]
    assert told(alerts, "resolved") == [("suspicious_engagement", "pod")]
    firing = alerts[0]
    evidence = firing["evidence"]
    assert size * 0.7 <= evidence["authors"] <= size * 1.3
    assert evidence["ratio"] >= 5.0
    assert evidence["probability"] <= 1e-6
    assert len(evidence["posts"]) >= 6
    assert 1 <= len(evidence["comments"]) <= 3
    assert {comment["text"] for comment in evidence["comments"]} <= set(NICE)
    assert "the same" in firing["reason"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pod_that_is_slower_but_has_stock_words_alone_is_a_pod_too(seed: int) -> None:
    life = ordinary(seed, 8, comments=2)
    join(life, 20, 9, within=20 * MINUTE, words=STOCK)
    alerts = suspected(life, 8 * DAY)
    assert told(alerts) == [("suspicious_engagement", "pod")]
    assert "stock words" in alerts[0]["reason"]


@pytest.mark.parametrize("seed", range(8))
def test_loyal_followers_and_changing_moods_are_nothing_suspicious(seed: int) -> None:
    life = ordinary(1_000 + seed, days=21, fans=20, comments=22)
    assert suspected(life, 22 * DAY) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_few_friends_below_each_post_are_no_pod_if_they_come_when_they_come(
    seed: int,
) -> None:
    life = ordinary(seed, comments=2)
    join(life, 20, 30, within=30 * MINUTE)
    assert suspected(life, LAST) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("friends", "reactions"), [(6, 12), (6, 60), (16, 20)])
def test_a_small_account_whose_few_friends_always_come_first_has_no_pod(
    seed: int, friends: int, reactions: int
) -> None:
    life = ordinary(seed, 12, comments=3, reactions=reactions)
    join(life, friends, 30, within=3 * MINUTE, present=1.0)
    assert suspected(life, 12 * DAY) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_thirty_loyal_fans_among_hundreds_who_comment_are_no_pod(seed: int) -> None:
    life = ordinary(seed, 6, comments=200, reactions=1_500)
    join(life, 30, 18, within=5 * MINUTE)
    assert suspected(life, 6 * DAY) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pod_below_six_posts_is_not_told_of_yet(seed: int) -> None:
    life = ordinary(seed, 8, comments=2)
    join(life, 20, 6)
    assert suspected(life, 8 * DAY) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flood_of_stock_comments_is_told_with_examples(seed: int) -> None:
    life = ordinary(seed)
    post_id = life.post(LAST, 100)
    below(life, LAST, post_id, [f"b{n}" for n in range(180)], 30 * MINUTE, STOCK)
    alerts = suspected(life, LAST + 6 * HOUR)
    assert told(alerts) == [("suspicious_engagement", "stock_comments")]
    assert told(alerts, "resolved") == [("suspicious_engagement", "stock_comments")]
    evidence = alerts[0]["evidence"]
    assert evidence["metric"] == "stock_comments"
    assert evidence["authors"] >= 25
    assert {comment["text"] for comment in evidence["comments"]} <= set(STOCK)
    assert [post["post_id"] for post in evidence["posts"]][-1:] == [post_id]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_creator_whose_comments_are_mostly_stock_is_as_usual(seed: int) -> None:
    life = ordinary(seed, stock=0.6)
    post_id = life.post(LAST, 100)
    below(life, LAST, post_id, [f"b{n}" for n in range(100)], 30 * MINUTE, [*STOCK, *NICE[:2]])
    assert suspected(life, LAST + 6 * HOUR) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_few_authors_of_many_stock_comments_are_no_flood(seed: int) -> None:
    life = ordinary(seed)
    post_id = life.post(LAST, 100)
    below(life, LAST, post_id, [f"b{n % 10}" for n in range(180)], 30 * MINUTE, STOCK)
    assert suspected(life, LAST + 6 * HOUR) == []


def with_profiles(life: Life, empty: float) -> Life:
    """Each like carries the profile of its account, of which so many are empty."""
    for _, topic, event in life.items:
        if topic == "likes":
            profile = EMPTY if life.dice.random() < empty else REAL
            event["actor"] = profile  # type: ignore[index]
    return life


@pytest.mark.parametrize("seed", SEEDS)
def test_likes_of_hundreds_of_empty_accounts_are_a_hollow_burst(seed: int) -> None:
    life = with_profiles(ordinary(seed), 0.08)
    post_id = life.post(LAST, 0)
    for number in range(400):
        at = LAST + life.dice.uniform(MINUTE, 30 * MINUTE)
        profile = EMPTY if life.dice.random() < 0.85 else REAL
        life.add("likes", at, post_id=post_id, actor_id=f"e{number}", actor=profile)
    alerts = suspected(life, LAST + 6 * HOUR)
    assert told(alerts) == [("suspicious_engagement", "hollow_burst")]
    assert told(alerts, "resolved") == [("suspicious_engagement", "hollow_burst")]
    evidence = alerts[0]["evidence"]
    assert evidence["profiles"] >= 60
    assert evidence["hollow_profiles"] >= 0.5
    assert alerts[-1]["evidence"]["hollow_profiles"] == pytest.approx(0.85, abs=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_as_many_empty_accounts_as_ever_are_no_burst(seed: int) -> None:
    life = with_profiles(ordinary(seed), 0.25)
    assert suspected(life, LAST) == []


def test_a_restart_at_any_hour_neither_repeats_nor_loses_a_pod() -> None:
    def tell(*, crash: bool) -> list[dict[str, Any]]:
        life = ordinary(2, 7, comments=2)
        join(life, 20, 11, until=-4)
        driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
        items = sorted(life.items, key=lambda item: item[0])
        for hour in range(24 * 7):
            begin, end = START + hour * HOUR, START + (hour + 1) * HOUR
            driver.run([item for item in items if begin <= item[0] < end])
            if not driver.now_ms:
                continue
            if crash:
                driver.crash()
                # A restored shard lets time pass from when it is first told of it, as soon as it
                # runs. Told by the hour only, it would find what is due too late to call for it.
                driver.tick(driver.now_ms + 1)
            while driver.now_ms < end:
                driver.tick(min(driver.now_ms + MINUTE, end))
        alerts = driver.published["alerts"]
        return [a for a in alerts if a["kind"] == "suspicious_engagement"]

    whole = tell(crash=False)
    assert [a["status"] for a in (whole[0], whole[-1])] == ["firing", "resolved"]
    assert whole[-1]["notify"]
    assert tell(crash=True) == whole
