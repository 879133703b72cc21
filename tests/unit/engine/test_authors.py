"""Nobody is heard more often than allowed, however much somebody says."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.detectors.authors import NOBODY, admit, newcomers, repeated

acts = st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(-1, 9)), max_size=300)


@given(acts)
def test_the_first_two_acts_of_each_count_in_their_order(said: list[tuple[int, int]]) -> None:
    once, twice, kept, fresh = admit(NOBODY, NOBODY, said)
    who = [author % (8 * len(NOBODY)) for author, _ in said]
    allowed = [act for n, act in enumerate(said) if Counter(who[:n])[who[n]] < 2]
    assert kept == allowed
    assert fresh == len(set(who)) == sum(byte.bit_count() for byte in once)
    assert len(once) == len(twice) == len(NOBODY)


@given(acts, st.integers(0, 300))
def test_it_does_not_matter_in_how_many_parts_acts_come(
    said: list[tuple[int, int]], cut: int
) -> None:
    once, twice, kept, fresh = admit(NOBODY, NOBODY, said[:cut])
    *sketches, later, more = admit(once, twice, said[cut:])
    assert (*sketches, kept + later, fresh + more) == admit(NOBODY, NOBODY, said)
    known, first = newcomers(bytes(32), said[:cut])
    known, second = newcomers(known, said[cut:])
    assert (known, first + second) == newcomers(bytes(32), said)


@given(acts)
def test_of_newcomers_the_first_act_counts_alone(said: list[tuple[int, int]]) -> None:
    known, kept = newcomers(bytes(32), said)
    first = {author % 256: (author, what) for author, what in reversed(said)}
    assert sorted(kept) == sorted(first.values())
    assert newcomers(known, said) == (known, [])


def test_a_sketch_of_another_length_is_carried_on_as_it_is() -> None:
    once, twice, kept, fresh = admit(bytes(128), bytes(128), [(1_000, 1), (1_000, 0), (1_000, 1)])
    assert (len(once), len(twice), kept, fresh) == (128, 128, [(1_000, 1), (1_000, 0)], 1)


@given(acts)
def test_acts_beyond_the_first_few_of_somebody_are_told_by_their_places(
    said: list[tuple[int, int]],
) -> None:
    heard: dict[int, int] = {}
    extra = repeated(heard, said, 2, room=1_000)
    who = [author for author, _ in said]
    assert extra == [n for n, author in enumerate(who) if who[:n].count(author) >= 2]
    assert heard == {author: min(n, 2) for author, n in Counter(who).items()}


def test_who_finds_no_room_is_never_too_many() -> None:
    heard: dict[int, int] = {}
    assert repeated(heard, [(1, 0), (2, 0), (2, 0), (1, 0)], 1, room=1) == [3]
    assert heard == {1: 1}
