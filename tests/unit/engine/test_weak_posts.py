"""Weak posts: judged at one age, in a row, and kept out of the baseline until the row has ended."""

import math
import random

import pytest

from schemas.alerts import Alert
from streams.engine.course import Course
from streams.engine.detectors.weak_posts import WeakPosts
from streams.engine.facts import CreatorInfo
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS

RULES = Rules()
INFO = CreatorInfo("ada", "x", "ada", 20_000)
START_MS = 1_760_000_000_000
LIFE_MS = RULES.baseline.level_age_ms


class Blog:
    """Posts of one creator, 8 h apart, each shown to the detector when it comes of age."""

    def __init__(self, usual: float = 300.0, spread: float = 0.3, known: int = 20) -> None:
        self.course, self.weak = Course(), WeakPosts()
        self.alerts: list[Alert] = []
        self.posts = 0
        dice = random.Random(5)
        for _ in range(known):
            self.post(usual * math.exp(dice.gauss(0.0, spread)))

    def post(self, got: float, media: str = "image", *, free: bool = True) -> list[str]:
        """The statuses told when a post has got so many by the reference age."""
        at_ms = START_MS + self.posts * 8 * HOUR_MS
        self.posts += 1
        self.course.publish(f"p{self.posts}", at_ms, media, "spring", RULES.baseline)
        post = self.course.find(f"p{self.posts}")
        assert post is not None
        post.got, post.due = round(got), 1.0
        return self.wait(at_ms + LIFE_MS, free=free)

    def wait(self, now_ms: int, *, free: bool = True) -> list[str]:
        matured = self.course.mature(now_ms, True, RULES)
        told = self.weak.update(now_ms, matured, self.course, INFO, RULES, free=free)
        self.alerts += told
        return [alert.status for alert in told]


def test_three_posts_at_a_quarter_of_the_usual_fire_once_and_update_after() -> None:
    blog = Blog()
    told = [blog.post(75) for _ in range(4)]
    assert told.count(["firing"]) == 1
    assert ["firing"] in told[1:3]
    assert told[3] == ["update"]
    alert = blog.alerts[-1]
    assert [post.post_id for post in alert.evidence.posts] == ["p24", "p23", "p22", "p21"]
    assert alert.evidence.baseline[-4:] == [75.5] * 4
    assert alert.campaign_id == "spring"
    assert {a.alert_id for a in blog.alerts} == {f"engagement_drop:{START_MS + 160 * HOUR_MS}:ada"}


def test_weak_posts_do_not_lower_what_the_next_is_compared_with() -> None:
    blog = Blog()
    before = blog.course.levels.mean
    blog.post(120)
    blog.post(110)
    assert blog.course.levels.mean == before
    assert len(blog.weak.run) == 2
    blog.post(300)
    assert blog.weak.run == []
    assert blog.course.levels.count == 23
    assert blog.course.levels.mean < before


def test_a_suspicion_of_other_things_does_not_hold_up_the_verdict() -> None:
    blog = Blog()
    for number in range(3):
        at_ms = START_MS + (blog.posts + number) * 8 * HOUR_MS
        blog.course.publish(f"held{number}", at_ms, "image", None, RULES.baseline)
        post = blog.course.find(f"held{number}")
        assert post is not None
        post.got, post.due, post.held_got, post.held_due = 20, 0.5, 10, 0.5
        blog.wait(at_ms + LIFE_MS)
    assert [alert.status for alert in blog.alerts][:1] == ["firing"]


def test_one_very_weak_post_of_a_steady_creator_is_told_and_of_an_uneven_one_not() -> None:
    steady, uneven = Blog(spread=0.1, known=60), Blog(spread=0.7, known=60)
    assert steady.post(3) == ["firing"]
    assert steady.alerts[0].explanation == "single_post"
    assert uneven.post(30) == []


def test_a_post_of_a_type_that_is_hardly_known_is_not_judged() -> None:
    blog = Blog()
    assert [blog.post(40, "poll") for _ in range(2)] == [[], []]
    assert blog.weak.run == []


def test_few_engagements_are_not_judged() -> None:
    blog = Blog(usual=20.0)
    assert [blog.post(2) for _ in range(5)] == [[]] * 5


@pytest.mark.parametrize("good", [1, 2])
def test_an_episode_ends_with_the_second_good_post_in_a_row(good: int) -> None:
    blog = Blog()
    for _ in range(3):
        blog.post(60)
    told = [blog.post(280) for _ in range(good)]
    assert told[-1] == (["resolved"] if good == 2 else [])
    assert blog.weak.episode.on == (good < 2)


def test_an_episode_without_another_post_ends_after_three_days() -> None:
    blog = Blog()
    for _ in range(3):
        blog.post(60)
    mean = blog.course.levels.mean
    assert blog.wait(START_MS + 24 * 8 * HOUR_MS + 4 * DAY_MS) == ["resolved"]
    assert blog.alerts[-1].title == "No more posts of @ada to judge"
    assert blog.course.levels.mean < mean, "what nothing has refuted is taken for usual"


def test_a_level_that_lasts_becomes_the_usual() -> None:
    blog = Blog()
    told = [status for _ in range(60) for status in blog.post(75)]
    assert told.count("firing") == 1
    assert not blog.weak.episode.on


def test_while_another_drop_is_on_nothing_fires() -> None:
    blog = Blog()
    assert [blog.post(60, free=False) for _ in range(4)] == [[]] * 4
    blog.weak.forget()
    assert blog.post(60) == []


def test_taking_an_alert_does_not_end_it_but_is_told_at_the_next_look() -> None:
    blog = Blog()
    for _ in range(3):
        blog.post(60)
    blog.weak.episode.told_ms = 0
    assert blog.wait(START_MS + 23 * 8 * HOUR_MS) == ["update"]
    assert blog.weak.episode.on
