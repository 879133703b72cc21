"""What people say: what must be told, and what must not."""

from typing import Any

import pytest

from streams.engine.sentiment import Label, Verdict, load_default
from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver
from tests.scenarios.life import DAY, HOUR, LIVES, MINUTE, START, Life, play, told

SEEDS = range(LIVES)
ANGRY = ("this is awful", "what a scam", "so disappointed", "I hate this", "terrible and sad")
GLAD = ("I love this", "so good", "great, thank you", "wonderful", "happy for you")
CALM = ("where is this?", "see you there", "new one?", "the third one", "which camera")
NOON = 14 * DAY + 12 * HOUR


def said(
    life: Life, begin: float, end: float, count: int, authors: int, negative: float, glad: float
) -> None:
    """Comments at random moments by random authors, with these shares of negative and glad ones."""
    names = [f"{begin}-{number}" for number in range(authors)]
    post_id = life.post(begin - MINUTE, 0)
    for number in range(count):
        dice = life.dice.random()
        words = ANGRY if dice < negative else GLAD if dice < negative + glad else CALM
        author = names[number % authors] if number < authors else life.dice.choice(names)
        life.comment(life.dice.uniform(begin, end), post_id, author, life.dice.choice(words))


def ordinary(seed: int, a_post: int = 60, days: int = 14, followers: int = 65_000) -> Life:
    """Three posts a day; how they are received differs from post to post."""
    life = Life(seed, followers)
    for day in range(days):
        for hour in (8, 13, 19):
            negative = min(max(life.dice.gauss(0.09, 0.04), 0.0), 0.25)
            begin = day * DAY + hour * HOUR
            said(life, begin, begin + 3 * HOUR, a_post, a_post, negative, 0.5)
    return life


def crises(life: Life, until: float) -> list[dict[str, Any]]:
    """What is told of comments; that posts get nothing but comments here is another matter."""
    return [a for a in play(life, until=until) if a["kind"] == "sentiment_crisis"]


@pytest.mark.parametrize("seed", SEEDS)
def test_half_of_two_hundred_comments_in_anger_are_a_crisis(seed: int) -> None:
    life = ordinary(seed)
    said(life, NOON, NOON + 30 * MINUTE, 220, 160, 0.47, 0.2)
    life.add("likes", NOON + 3 * HOUR, post_id="p", actor_id="a")
    alerts = crises(life, until=NOON + 6 * HOUR)
    assert told(alerts) == [("sentiment_crisis", "inversion")]
    assert told(alerts, "resolved") == [("sentiment_crisis", "inversion")]
    firing = next(a for a in alerts if a["status"] == "firing")
    evidence = firing["evidence"]
    assert evidence["window_end"] < alerts[-1]["ended_at"]
    assert evidence["authors"] >= 15
    assert evidence["observed"] / 0.25 > evidence["expected"] / 0.09
    quoted = [comment["text"] for comment in evidence["comments"]]
    assert quoted
    assert set(quoted) <= set(ANGRY)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_loud_account_is_no_crisis(seed: int) -> None:
    life = ordinary(seed)
    said(life, NOON, NOON + 30 * MINUTE, 60, 50, 0.09, 0.5)
    said(life, NOON, NOON + 30 * MINUTE, 100, 1, 1.0, 0.0)
    assert crises(life, until=NOON + 3 * HOUR) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wave_of_praise_is_no_crisis(seed: int) -> None:
    life = ordinary(seed)
    said(life, NOON, NOON + 30 * MINUTE, 300, 250, 0.05, 0.8)
    assert crises(life, until=NOON + 3 * HOUR) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_an_angry_hour_of_a_creator_with_few_comments_is_no_crisis(seed: int) -> None:
    life = ordinary(seed, a_post=4, followers=11_000)
    said(life, NOON, NOON + HOUR, 6, 6, 0.7, 0.1)
    assert crises(life, until=NOON + 3 * HOUR) == []


@pytest.mark.parametrize("seed", range(20))
def test_posts_that_are_received_better_or_worse_are_no_crisis(seed: int) -> None:
    assert crises(ordinary(1_000 + seed), until=15 * DAY) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_creator_who_is_always_criticised_has_no_crisis(seed: int) -> None:
    life = Life(seed, 65_000)
    for day in range(14):
        begin = day * DAY + 12 * HOUR
        said(life, begin, begin + 3 * HOUR, 120, 100, 0.45, 0.3)
    assert crises(life, until=15 * DAY) == []


def test_the_creators_own_answers_do_not_count() -> None:
    life = ordinary(1)
    post_id = life.post(NOON, 0)
    for number in range(200):
        life.comment(NOON + number * 5_000, post_id, life.creator, "this is awful, I hate it")
    assert crises(life, until=NOON + 3 * HOUR) == []


def test_a_restart_in_the_middle_of_a_crisis_neither_repeats_nor_loses_it() -> None:
    def tell(crash: bool) -> list[dict[str, object]]:
        life = ordinary(2)
        said(life, NOON, NOON + 40 * MINUTE, 300, 220, 0.5, 0.2)
        driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
        items = sorted(life.items, key=lambda item: item[0])
        for part in range(24 * 15):
            begin, end = START + part * HOUR, START + (part + 1) * HOUR
            for half in (begin, begin + HOUR / 4):
                until = begin + HOUR / 4 if half == begin else end
                driver.run([item for item in items if half <= item[0] < until])
                if crash and driver.now_ms:
                    driver.crash()
        for _ in range(4 * 60):
            driver.tick(driver.now_ms + MINUTE)
        return [a for a in driver.published["alerts"] if a["kind"] == "sentiment_crisis"]

    whole = tell(crash=False)
    assert whole[0]["status"] == "firing"
    assert whole[-1]["status"] == "resolved"
    assert tell(crash=True) == whole


def test_what_is_quoted_is_cut_and_has_no_characters_that_act() -> None:
    life = ordinary(3)
    post_id = life.post(NOON, 0)
    text = "awful \x1b[31m\u202e terrible\n" + "so sad " * 100
    for number in range(150):
        life.comment(NOON + number * 5_000, post_id, f"a{number}", text)
    alert = crises(life, until=NOON + HOUR)[0]
    for comment in alert["evidence"]["comments"]:
        assert len(comment["text"]) <= 140
        assert comment["text"].isprintable()


def test_one_loud_account_hardly_moves_the_mood() -> None:
    moods = []
    for angry in (0, 100):
        life = Life(1, 20_000)
        said(life, HOUR, HOUR + 20 * MINUTE, 40, 40, 0.0, 1.0)
        said(life, HOUR + 20 * MINUTE, HOUR + 30 * MINUTE, angry, 1, 1.0, 0.0)
        life.add("likes", HOUR + 35 * MINUTE, post_id="p", actor_id="a")
        driver = ShardDriver(ShardConfig(partitions=1))
        driver.run(sorted(life.items, key=lambda item: item[0]))
        driver.settle()
        moods.append(next(iter(driver.latest["sentiment-scores"].values()))["windows"]["1h"])

    quiet, loud = moods
    assert quiet["net"] == 1.0
    assert (loud["negative"], loud["repeated"]) == (3, 97)
    assert loud["net"] > 0.8


def test_lures_are_counted_and_are_no_mood() -> None:
    life = Life(1, 20_000)
    said(life, HOUR, HOUR + 20 * MINUTE, 40, 40, 1.0, 0.0)
    for number in range(60):
        words = "DM me for promo, great deals, love you"
        life.comment(HOUR + 21 * MINUTE + number, "p", f"bot-{number}", words)
    life.add("likes", HOUR + 35 * MINUTE, post_id="p", actor_id="a")
    driver = ShardDriver(ShardConfig(partitions=1))
    driver.run(sorted(life.items, key=lambda item: item[0]))
    driver.settle()

    mood = next(iter(driver.latest["sentiment-scores"].values()))["windows"]["1h"]
    assert (mood["comments"], mood["spam"], mood["net"]) == (40, 60, -1.0)


class Gloomy:
    """An analyser to which neutral texts with such an end are negative."""

    def __init__(self, version: str, ending: str) -> None:
        self.version, self._ending = version, ending
        self._cheerful = load_default()

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        verdict = self._cheerful.judge(text, lang)
        gloomy = verdict.label is Label.NEUTRAL and text.endswith(self._ending)
        return Verdict(Label.NEGATIVE, -0.5) if gloomy else verdict


def crises_after_a_change(
    life: Life, at_ms: float, version: str = "gloomy", ending: str = ""
) -> list[dict[str, Any]]:
    """What is told where a worker comes up with another analyser at a moment."""
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
    items = sorted(life.items, key=lambda item: item[0])
    driver.run([item for item in items if item[0] < START + at_ms])
    driver.analyser = Gloomy(version, ending)
    driver.crash()
    driver.run([item for item in items if item[0] >= START + at_ms])
    return [a for a in driver.published["alerts"] if a["kind"] == "sentiment_crisis"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_of_model_that_finds_four_times_as_much_negative_is_no_crisis(seed: int) -> None:
    life = ordinary(seed, days=20)
    assert crises_after_a_change(life, NOON) == []
    # Without a name of its own it would be one.
    usual = load_default().version
    assert told(crises_after_a_change(life, NOON, usual))[0][0] == "sentiment_crisis"


def test_a_crisis_by_a_new_model_is_told_when_its_usual_is_known() -> None:
    life = ordinary(2, days=20)
    said(life, NOON + 5 * DAY, NOON + 5 * DAY + 40 * MINUTE, 300, 220, 0.9, 0.05)
    life.add("likes", NOON + 5 * DAY + HOUR, post_id="p", actor_id="a")
    assert told(crises_after_a_change(life, NOON, ending="?"))[0][0] == "sentiment_crisis"


def test_a_crisis_that_is_on_ends_with_the_model_by_which_it_was_one() -> None:
    life = ordinary(2, days=18)
    said(life, NOON, NOON + 40 * MINUTE, 300, 220, 0.5, 0.2)
    alerts = crises_after_a_change(life, NOON + 30 * MINUTE)
    assert [alert["status"] for alert in alerts] == ["firing", "resolved"]
    assert alerts[1]["title"] == "Comments of @ada.makes are judged by another model now"
    assert alerts[1]["alert_id"] == alerts[0]["alert_id"]
