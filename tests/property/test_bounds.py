"""Folding details of a creator: sums stay, followed posts stay, and the limits hold."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine import bounds
from streams.engine.facts import PaneFacts, Published, Spread

KNOWN = {f"p{n}" for n in range(6)}
posts = st.integers(0, 400).map(lambda n: f"p{n}")
metrics = st.sampled_from(["likes", "comments", "shares", "saves", "followers"])
spreads = st.tuples(posts, st.builds(Spread, metrics, st.integers(-9, 10**12), st.integers(0, 99)))
people, marks = st.integers(0, 0xFFFF), st.integers(0, 7)
scores = st.integers(-100, 100)
acts = st.tuples(people, marks)
facts = st.builds(
    PaneFacts,
    follows=st.integers(0, 99),
    unfollows=st.integers(0, 99),
    by_post=st.dictionaries(posts, st.integers(-9, 10**6), max_size=160),
    published=st.lists(st.builds(Published, posts, st.integers(0, 9), st.none(), st.none())),
    deleted=st.lists(posts, max_size=160),
    spreads=st.lists(spreads, max_size=160),
    voices=st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(-1, 1)), max_size=200),
    talk=st.lists(acts, max_size=200),
    guests=st.lists(acts, max_size=200),
    heard=st.lists(st.tuples(people, marks, st.just("c"), st.just("so"), scores), max_size=2),
    below=st.lists(posts, min_size=3, max_size=3, unique=True),
    angry=st.lists(st.tuples(posts, posts, st.just("no"), st.integers(-100, 0)), max_size=3),
)
panes = st.dictionaries(st.integers(0, 2_000), facts, min_size=1, max_size=12)
SUMS = ("follows", "unfollows")


def sums(held: dict[int, PaneFacts]) -> dict[str, int]:
    return {name: sum(getattr(one, name) for one in held.values()) for name in SUMS}


def of_known(held: dict[int, PaneFacts]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Engagements and growth of the known posts, over all panes."""
    got: Counter[str] = Counter()
    grown: Counter[tuple[str, str]] = Counter()
    for one in held.values():
        for post, n in one.by_post.items():
            got[post] += n if post in KNOWN else 0
        for post, spread in one.spreads:
            grown[post, spread.metric] += spread.amount if post in KNOWN else 0
    return got, grown


def nothing_of_the_known_is_lost(
    before: tuple[Counter[str], Counter[tuple[str, str]]], held: dict[int, PaneFacts]
) -> bool:
    after = of_known(held)
    return all(
        {key: n for key, n in was.items() if n} == {key: n for key, n in is_.items() if n}
        for was, is_ in zip(before, after, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(panes)
def test_condensed_panes_are_within_the_limits_and_lose_no_sum(held: dict[int, PaneFacts]) -> None:
    total, known, last = sums(held), of_known(held), max(held)
    bounds.condense(held, KNOWN)
    assert not bounds.crowded(held)
    assert sums(held) == total
    assert nothing_of_the_known_is_lost(known, held)
    assert max(held) == last, "nothing moves beyond the latest pane"
    assert all(len(one.angry) <= bounds.PANE_REMARKS for one in held.values())
    assert all(len(one.heard) <= bounds.PANE_HEARD for one in held.values())
    assert all(len(one.below) <= bounds.PANE_PLACES for one in held.values())


@settings(max_examples=100, deadline=None)
@given(facts)
def test_a_trimmed_pane_keeps_what_is_known(one: PaneFacts) -> None:
    total, known = sums({0: one}), of_known({0: one})
    deleted = KNOWN.intersection(one.deleted)
    bounds.trim(one, KNOWN)
    assert max(len(one.by_post), len(one.published), len(one.deleted)) <= bounds.PANE_DETAILS
    assert max(map(len, (one.voices, one.talk, one.guests))) <= bounds.PANE_DETAILS
    assert sums({0: one}) == total
    assert nothing_of_the_known_is_lost(known, {0: one})
    assert deleted <= set(one.deleted)
