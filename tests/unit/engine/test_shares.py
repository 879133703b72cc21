"""A share that jumps is told; one that is as usual, of few people, or of nobody known, is not."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.detectors.shares import MOST_QUOTED, Share, Usual
from streams.engine.facts import PANE_MS, Act, PaneFacts, Remark
from streams.engine.suspicion_rules import ShareRules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS

RULES = ShareRules()
START_MS = 1_768_176_000_000
BELOW = PaneFacts(below=["p1", "p2", "p3", "p4"])


def acts(dice: random.Random, count: int, share: float, people: int = 1 << 16) -> list[Act]:
    """So many acts below the first two posts, of which about a share is of the sort."""
    return [
        (dice.randrange(people), 2 * dice.randint(1, 2) + (dice.random() < share))
        for _ in range(count)
    ]


def used(share: float = 0.2, count: int = 400, seed: int = 1) -> Share:
    """A creator of whom so many acts are known, of which a share is of the sort."""
    made, dice = Share(), random.Random(seed)
    for n in range(count // 10):
        at = START_MS - 2 * DAY_MS + n * HOUR_MS // 2
        made.update(at, acts(dice, 10, share), BELOW, [], RULES)
    made.rest(START_MS, RULES)
    return made


def flood(
    share: Share, wave: float, panes: int = 30, each: int = 4, people: int = 1 << 16
) -> int | None:
    """After how many panes of acts the share is convincing; None: never."""
    dice = random.Random(2)
    for n in range(panes):
        at = START_MS + (n + 1) * PANE_MS
        if share.update(at, acts(dice, each, wave, people), BELOW, [], RULES):
            return n + 1
    return None


def test_a_flood_is_convincing_after_two_minutes_and_enough_people() -> None:
    share = used()
    panes = flood(share, 0.95)
    assert panes is not None
    assert panes >= RULES.confirm_ms // PANE_MS
    stretch = share.stretch
    assert stretch is not None
    assert RULES.min_count <= stretch.total <= 4 * panes
    assert stretch.share > 0.8
    assert 0.0 < stretch.probability <= RULES.fire_probability
    assert set(stretch.posts) == {"p1", "p2"}
    assert sum(n for n, _ in stretch.posts.values()) == stretch.total
    assert sum(hits for _, hits in stretch.posts.values()) == stretch.hits


@pytest.mark.parametrize("wave", [0.2, 0.4])
def test_what_is_as_usual_or_hardly_above_is_not(wave: float) -> None:
    assert flood(used(), wave, panes=200) is None


def test_the_same_flood_is_usual_for_whom_it_always_was() -> None:
    assert flood(used(0.9), 0.95) is None


def test_few_people_are_no_flood_however_much_they_say() -> None:
    assert flood(used(), 1.0, panes=100, people=RULES.min_count - 10) is None


def test_nothing_is_said_of_somebody_who_is_hardly_known() -> None:
    assert flood(used(count=20), 0.95) is None


def test_a_suspicion_that_comes_to_nothing_becomes_the_usual() -> None:
    share = used()
    known, last_ms = share.usual.total, share.usual.last_ms
    dice = random.Random(3)
    share.update(START_MS, acts(dice, 8, 1.0), BELOW, [], RULES)
    assert share.stretch is not None
    assert share.usual.total == known
    share.rest(START_MS + RULES.max_pause_ms, RULES)
    assert share.stretch is not None
    share.rest(START_MS + RULES.max_pause_ms + 1, RULES)
    assert share.stretch is None
    faded = 2.0 ** (-(START_MS + RULES.max_pause_ms + 1 - last_ms) / RULES.half_life_ms)
    assert share.usual.total == pytest.approx(known * faded + 8)


def test_an_episode_lasts_while_as_many_come_and_ends_when_they_are_as_usual() -> None:
    share = used()
    assert flood(share, 0.95) is not None
    share.begin()
    dice = random.Random(4)
    at = START_MS + HOUR_MS // 10
    for _ in range(400):
        at += PANE_MS
        assert not share.follow(at, acts(dice, 10, 0.95), BELOW, [], RULES)
    stretch = share.stretch
    assert stretch is not None
    assert stretch.total <= 256
    share.confirm(RULES)
    assert 0.0 <= stretch.probability <= RULES.fire_probability
    ends = 0
    while not share.follow(at := at + PANE_MS, acts(dice, 10, 0.2), BELOW, [], RULES):
        ends += 1
    assert 10 * MINUTE_MS < ends * PANE_MS < 3 * HOUR_MS


def test_an_episode_ends_when_nothing_comes_any_more() -> None:
    share = used()
    assert flood(share, 0.95) is not None
    share.begin()
    assert share.follow(START_MS + 2 * HOUR_MS, [], PaneFacts(), [], RULES)


def test_the_first_examples_are_kept_and_no_post_that_is_not_known() -> None:
    share = used()
    quotes: list[Remark] = [(f"c{n}", "p1", "wow", 50) for n in range(9)]
    share.update(START_MS, [(n, 1) for n in range(9)], BELOW, quotes, RULES)
    stretch = share.stretch
    assert stretch is not None
    assert stretch.quoted == quotes[:MOST_QUOTED]
    assert stretch.posts == {}
    share.update(START_MS + 1, [(n, 2 * n + 1) for n in range(9, 13)], BELOW, quotes, RULES)
    share.update(START_MS + 2, [(n, 2 * (n - 12) + 1) for n in range(13, 17)], BELOW, [], RULES)
    assert list(stretch.posts) == ["p1", "p2", "p3"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), max_size=40), st.integers(0, 99))
def test_storing_it_changes_nothing(panes: list[tuple[int, float]], seed: int) -> None:
    kept, stored = used(), used()
    for n, (count, wave) in enumerate(panes):
        at = START_MS + n * 7 * MINUTE_MS
        given_acts = acts(random.Random(seed + n), count, wave)
        told = kept.update(at, given_acts, BELOW, [], RULES)
        assert stored.update(at, given_acts, BELOW, [], RULES) == told
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=Share)
    assert msgspec.msgpack.encode(stored) == msgspec.msgpack.encode(kept)


def test_the_usual_share_is_the_prior_at_first_and_fades_with_its_half_life() -> None:
    usual = Usual()
    assert usual.share(RULES) == RULES.prior_share
    usual.learn(START_MS, 100, 60, RULES)
    assert usual.share(RULES) == pytest.approx((60 + 4) / 120)
    usual.learn(START_MS + RULES.half_life_ms, 0, 0, RULES)
    assert (usual.total, usual.hits) == pytest.approx((50.0, 30.0))
