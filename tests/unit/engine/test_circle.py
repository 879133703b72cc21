"""The same people, first and at once, below post after post: who is a pod, and who only loyal."""

import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.detectors.circle import Circle, Pod, Round
from streams.engine.facts import PANE_MS, PaneFacts, Published
from streams.engine.suspicion_rules import PodRules
from streams.engine.units import HOUR_MS, MINUTE_MS

RULES = PodRules()
START_MS = 1_768_176_000_000
USUAL_STOCK = 0.2
Comment = tuple[int, int, int]
"""(age in ms, hash of 16 bits, 1 if it is stock)"""


def pane(end_ms: int, post_id: str, comments: Iterable[tuple[int, int]]) -> PaneFacts:
    return PaneFacts(below=[post_id], talk=[(who, 2 + stock) for who, stock in comments])


def show(circle: Circle, number: int, comments: Iterable[Comment], rules: PodRules = RULES) -> bool:
    """One post and its first comments; whether it says anything."""
    at, post_id = START_MS + number * 8 * HOUR_MS, f"p{number}"
    circle.take(at + 1, PaneFacts(published=[Published(post_id, at, None, None)]), rules)
    panes: dict[int, list[tuple[int, int]]] = {}
    for age, who, stock in comments:
        panes.setdefault((age // PANE_MS + 1) * PANE_MS, []).append((who, stock))
    for age in sorted(panes):
        circle.take(at + age, pane(at + age, post_id, panes[age]), rules)
    return circle.finish(at + rules.early_ms + 1, rules)[1]


def people(
    dice: random.Random, names: Iterable[int], within: int, stock: float = 0.2
) -> list[Comment]:
    return [(dice.randrange(within), who, int(dice.random() < stock)) for who in names]


def pods(
    seed: int,
    posts: int = 7,
    size: int = 20,
    strangers: int = 4,
    within: int = 4 * MINUTE_MS,
    stock: float = 0.2,
    present: float = 0.95,
) -> Circle:
    """A circle of people, some strangers, and so many posts."""
    dice, circle = random.Random(seed), Circle()
    members = dice.sample(range(1 << 16), size)
    for number in range(posts):
        came = [who for who in members if dice.random() < present]
        others = dice.sample(range(1 << 16), strangers)
        comments = people(dice, came, within, stock) + people(dice, others, RULES.early_ms)
        show(circle, number, comments)
    return circle


def found(circle: Circle) -> Pod | None:
    return circle.pod(RULES, USUAL_STOCK)


@pytest.mark.parametrize("seed", range(5))
def test_a_group_that_is_first_on_every_post_is_a_pod(seed: int) -> None:
    pod = found(pods(seed))
    assert pod is not None
    assert 15 <= pod.size <= 25
    assert pod.share > 0.7
    assert pod.usual == pytest.approx(7 / 64)
    assert pod.prompt > 0.95
    assert pod.probability <= RULES.fire_probability
    assert [seen.post_id for seen in pod.posts][-1] == "p6"
    assert all(RULES.min_members <= seen.members <= seen.early for seen in pod.posts)


def test_of_a_large_pod_a_part_is_compared_and_its_size_is_estimated() -> None:
    sizes = [pod.size for n in range(8) if (pod := found(pods(n, size=120, strangers=20)))]
    assert len(sizes) >= 6
    assert 80 <= sum(sizes) / len(sizes) <= 160


@pytest.mark.parametrize("seed", range(5))
def test_six_posts_are_not_enough(seed: int) -> None:
    assert found(pods(seed, posts=6)) is None


@pytest.mark.parametrize("seed", range(5))
def test_nine_friends_are_no_pod(seed: int) -> None:
    assert found(pods(seed, size=9, present=1.0)) is None


@pytest.mark.parametrize("seed", range(5))
def test_friends_who_come_when_they_come_are_no_pod(seed: int) -> None:
    assert found(pods(seed, within=RULES.early_ms, present=1.0)) is None


@pytest.mark.parametrize("seed", range(5))
def test_slower_ones_are_a_pod_if_they_speak_in_stock_words_and_the_audience_does_not(
    seed: int,
) -> None:
    circle = pods(seed, within=RULES.early_ms, stock=0.95)
    assert found(circle) is not None
    assert circle.pod(RULES, 0.8) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_group_that_is_lost_among_others_is_no_pod(seed: int) -> None:
    assert found(pods(seed, size=30, strangers=60)) is None


def test_an_audience_of_nothing_but_regulars_is_hardly_ever_one() -> None:
    """The null model itself, at ten thousand times the limit: the limit is no loose word."""
    rules = msgspec.structs.replace(
        RULES, fire_probability=1e-2, min_members=1, fire_share=0.0, fire_prompt=0.0
    )
    dice, told = random.Random(7), 0
    for _ in range(300):
        circle, regulars = Circle(), dice.sample(range(1 << 16), 40)
        for number in range(rules.posts):
            came = [who for who in regulars if dice.random() < rules.regular_rate]
            prompt = [who for who in came if dice.random() < rules.prompt_share]
            late = [who for who in came if who not in prompt]
            comments = people(dice, prompt, rules.lockstep_ms - PANE_MS)
            comments += [(age + rules.lockstep_ms, *rest) for age, *rest in people(dice, late, 60)]
            show(circle, number, comments, rules)
        told += circle.pod(rules, USUAL_STOCK) is not None
    assert told <= 3


def audience(seed: int, size: int, present: float, prompt: float) -> Iterable[Circle]:
    """Fifteen posts of such people, and three strangers each: the circle after each of them."""
    dice, circle = random.Random(seed), Circle()
    names = dice.sample(range(1 << 16), size)
    for number in range(15):
        came = [who for who in names if dice.random() < present]
        comments = people(dice, dice.sample(range(1 << 16), 3), RULES.early_ms)
        for who in came:
            soon = dice.random() < prompt
            age = dice.randrange(RULES.lockstep_ms - PANE_MS) + (0 if soon else RULES.lockstep_ms)
            comments.append((age, who, int(dice.random() < USUAL_STOCK)))
        show(circle, number, sorted(comments))
        yield circle


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("size", "present", "prompt", "expected"),
    [
        pytest.param(14, 0.95, 0.6, False, id="friends who look often"),
        pytest.param(20, 0.95, 0.8, False, id="friends with notifications"),
        pytest.param(35, 0.6, 0.4, False, id="an audience of regulars"),
        pytest.param(30, 0.8, 0.4, False, id="an audience of devoted regulars"),
        pytest.param(20, 0.95, 0.95, True, id="a pod"),
        pytest.param(40, 0.95, 0.9, True, id="a large pod that is not always prompt"),
    ],
)
def test_people_who_are_always_there_are_a_pod_if_nearly_all_come_at_once(
    seed: int, size: int, present: float, prompt: float, expected: bool
) -> None:
    circles = audience(seed, size, present, prompt)
    assert any(found(circle) is not None for circle in circles) is expected


def test_one_post_of_the_seven_may_lack_the_group_but_not_the_latest() -> None:
    for missing, expected in ((2, True), (6, False)):
        dice, circle = random.Random(3), Circle()
        members = dice.sample(range(1 << 16), 20)
        for number in range(7):
            names = dice.sample(range(1 << 16), 20) if number == missing else members
            show(circle, number, people(dice, names, 4 * MINUTE_MS))
        assert (found(circle) is not None) is expected


def test_posts_with_few_or_very_many_early_comments_say_nothing() -> None:
    dice, circle = random.Random(1), Circle()
    few = dice.sample(range(1 << 16), RULES.min_early - 1)
    assert not show(circle, 0, people(dice, few, MINUTE_MS))
    assert show(circle, 1, people(dice, [*few, 9], MINUTE_MS))
    many = dice.sample(range(1 << 16), RULES.max_early + 1)
    assert not show(circle, 2, people(dice, many, MINUTE_MS))
    assert [one.post_id for one in circle.past] == ["p1"]


def test_where_nobody_comes_again_only_two_posts_are_kept() -> None:
    circle = pods(1, posts=9, size=0, strangers=30)
    assert [one.post_id for one in circle.past] == ["p7", "p8"]
    assert circle.suspects == b""
    assert len(pods(1, posts=9).past) == RULES.posts


def test_who_was_below_nearly_all_posts_is_suspected_one_post_earlier() -> None:
    assert pods(2, posts=5).suspects == b""
    circle = pods(2, posts=6, present=1.0)
    members = random.Random(2).sample(range(1 << 16), 20)
    suspected = [who for who in members if circle.suspected(who)]
    assert len(suspected) >= RULES.min_members
    assert not circle.suspected(members[0] ^ 0x8000)


def test_comments_after_half_an_hour_and_below_other_posts_do_not_count() -> None:
    circle = Circle()
    circle.take(START_MS + 1, PaneFacts(published=[Published("p", START_MS, None, None)]), RULES)
    circle.take(START_MS + MINUTE_MS, pane(START_MS, "other", [(1, 0)]), RULES)
    circle.take(START_MS + RULES.early_ms + PANE_MS, pane(START_MS, "p", [(2, 0)]), RULES)
    assert circle.open == Round("p", START_MS)
    circle.take(START_MS + MINUTE_MS, PaneFacts(deleted=["p"]), RULES)
    assert circle.open is None


def test_a_post_that_is_told_late_or_beside_another_is_not_followed() -> None:
    circle = Circle()
    for post_id, at_ms in (("old", START_MS - HOUR_MS), ("p", START_MS), ("q", START_MS)):
        published = [Published(post_id, at_ms, None, None)]
        circle.take(START_MS + 1, PaneFacts(published=published), RULES)
    assert circle.open == Round("p", START_MS)


comments = st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 1)), max_size=80)


@given(st.lists(st.tuples(comments, st.booleans()), max_size=5), st.integers(1, 24))
def test_a_sketch_holds_the_lowest_hashes_with_the_first_comment_of_each(
    panes: list[tuple[list[tuple[int, int]], bool]], most: int
) -> None:
    one, first = Round("p", START_MS), {}
    for said, prompt in panes:
        one.hear(said, prompt, most)
        for who, stock in said:
            first.setdefault(who >> 2, (int(prompt), stock))
    lowest = sorted(first)[:most]
    assert [(head.who, (head.prompt, head.stock)) for head in one.people()] == [
        (who, first[who]) for who in lowest
    ]
    assert one.heard == sum(len(said) for said, _ in panes)
    assert len(one) == len(lowest) == len(one.hashes())
    assert one.reach(most) == (lowest[-1] if len(lowest) == most else (1 << 14) - 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 9), st.integers(0, 25), st.integers(0, 25))
def test_storing_it_changes_nothing(seed: int, posts: int, size: int, strangers: int) -> None:
    circle = pods(seed, posts=posts, size=size, strangers=strangers)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(circle), type=Circle)
    assert again == circle
    assert again.pod(RULES, USUAL_STOCK) == circle.pod(RULES, USUAL_STOCK)
    assert len(msgspec.msgpack.encode(circle)) < 600
