"""Posts that are far from usual at their age are shown, the furthest first, and no others."""

import math

import pytest

from schemas.scores import PostOutlier
from streams.engine.course import Course, LivePost
from streams.engine.outliers import MOST, outliers
from streams.engine.rules import OutlierRules, Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine.watch import Watch
from tests.unit.engine import crowd
from tests.unit.engine.crowd import START_MS, Creator

RULES = Rules()
FAR = OutlierRules()
NOW = START_MS + DAY_MS
CREATOR = Creator(level=400.0)
NOON = START_MS + 4 * DAY_MS + 12 * HOUR_MS


def course(*posts: LivePost, level: float = 100.0, known: int = 10) -> Course:
    """A creator whose posts are usually worth `level`."""
    made = Course(posts=[*posts])
    made.levels.count, made.levels.weight, made.levels.mean = known, known, math.log(level)
    return made


def post(post_id: str, got: int, due: float = 1.0, age: int = 4 * HOUR_MS) -> LivePost:
    return LivePost(post_id, NOW - age, "image", "spring", got, due)


def shown(found: Course) -> list[str]:
    return [one.post_id for one in outliers(found, NOW, RULES)]


def test_a_post_is_shown_with_what_it_has_and_what_is_usual_at_its_age() -> None:
    (found,) = outliers(course(post("p", 25, due=0.8, age=200 * MINUTE_MS)), NOW, RULES)
    assert found.published() == PostOutlier(
        post_id="p",
        campaign_id="spring",
        age_minutes=200.0,
        observed=25,
        expected=80.0,
        score=-3.2,
    )


@pytest.mark.parametrize(("got", "far"), [(299, False), (301, True), (34, False), (33, True)])
def test_far_is_three_times_as_many_or_a_third(got: int, far: bool) -> None:
    assert shown(course(post("p", got))) == ["p"] * far


@pytest.mark.parametrize("got", [0, -4])
def test_a_post_that_got_nothing_is_as_far_as_can_be(got: int) -> None:
    (found,) = outliers(course(post("p", got)), NOW, RULES)
    assert (found.published().observed, found.published().score) == (0, -200.0)


def test_what_a_suspicion_holds_back_is_the_posts_own() -> None:
    held = post("p", 30, due=0.5)
    held.held_got, held.held_due = 90, 0.5
    assert shown(course(held)) == []


@pytest.mark.parametrize(
    ("quiet", "told"),
    [
        (course(post("young", 900, age=FAR.min_age_ms - 1)), course(post("p", 900))),
        (course(post("few", 0), level=23.0), course(post("p", 0), level=24.0)),
        (course(post("few", 71), level=8.0), course(post("p", 72), level=8.0)),
        (course(post("p", 900), known=FAR.min_posts - 1), course(post("p", 900), known=3)),
    ],
)
def test_what_is_young_or_counted_on_little_says_nothing(quiet: Course, told: Course) -> None:
    assert shown(quiet) == []
    assert shown(told) == ["p"]


def test_the_furthest_come_first_and_are_few() -> None:
    found = course(post("a", 400), post("b", 10), post("c", 310), post("d", 0), post("e", 100))
    assert shown(found) == ["d", "b", "a"]
    assert len(shown(found)) == MOST


def test_a_viral_post_of_a_small_creator_is_shown_though_little_was_usual() -> None:
    assert shown(course(post("p", 200), level=4.0)) == ["p"]


def life(until_ms: int, **boosts: float) -> Watch:
    """A creator of usual days, with the first post of the fifth day so many times as good."""
    numbered = {int(name[1:]): times for name, times in boosts.items()}
    panes = crowd.days(3, CREATOR, 4.5, boosts=numbered, fading_ms=3 * DAY_MS)
    shown = {at: facts for at, facts in panes.items() if at <= until_ms}
    return crowd.run(shown, CREATOR.info, until_ms).watch


def test_the_watch_shows_a_post_while_it_lives_and_no_longer() -> None:
    watch = life(NOON, n21=8.0)
    assert [one.post_id for one in watch.outliers] == ["post-21"]
    assert crowd.run({}, CREATOR.info, NOON + 2 * DAY_MS, watch=watch).watch.outliers == []


def test_a_deleted_post_is_shown_no_longer() -> None:
    watch = life(NOON, n21=8.0)
    gone = crowd.fresh()
    gone.deleted.append("post-21")
    at = max(NOON, watch.look_ms or 0) // 10_000 * 10_000
    watch.look_ms = at + HOUR_MS
    crowd.run({at: gone}, CREATOR.info, watch=watch)
    assert watch.outliers == []


def test_a_watch_without_anything_new_to_show_keeps_its_list() -> None:
    watch = life(START_MS + 4 * DAY_MS)
    kept = watch.outliers
    looked = watch.course.stepped_ms
    panes = crowd.days(3, CREATOR, 4.5)
    until = START_MS + 4 * DAY_MS + 8 * HOUR_MS
    later = {at: facts for at, facts in panes.items() if START_MS + 4 * DAY_MS < at <= until}
    assert crowd.run(later, CREATOR.info, watch=watch).watch.outliers is kept
    assert (kept, watch.course.stepped_ms > looked) == ([], True)


@pytest.mark.parametrize(("spread", "most"), [(0.3, 0.02), (0.5, 0.1)])
def test_of_usual_posts_few_are_far(spread: float, most: float) -> None:
    lived = far = 0
    creator = Creator(level=400.0, spread=spread)
    panes = crowd.days(1, creator, 8.0)
    watch = crowd.run({}, creator.info).watch
    for at in sorted(panes):
        looked = watch.course.stepped_ms
        watch.on_pane(at, panes[at], creator.info, RULES)
        if watch.course.stepped_ms != looked and watch.course.levels.count >= 10:
            lived += len(watch.course.posts)
            far += len(watch.outliers)
    assert lived > 1_000
    assert far / lived < most
