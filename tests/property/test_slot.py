"""Minutes of one creator: each actor slot counts once, however its actors come."""

import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.bounds import MINUTE_SLOTS, SPARSE_SLOTS
from streams.engine.slot import Minute

hashes = st.integers(0, 0xFFFF)
runs = st.lists(st.lists(hashes, max_size=300), max_size=12)


@given(runs, st.sampled_from([SPARSE_SLOTS, MINUTE_SLOTS]))
def test_a_minute_knows_the_low_bits_of_whoever_came(came: list[list[int]], slots: int) -> None:
    minute = Minute(slots=slots)
    for actors in came:
        minute.touch(actors)
    wanted = {actor % slots for actors in came for actor in actors}
    assert minute.actors() == len(wanted)
    assert list(array("H", minute.occupied())) == sorted(wanted)


@given(runs, runs)
def test_a_restored_minute_goes_on_as_the_lost_one(
    before: list[list[int]], after: list[list[int]]
) -> None:
    lost = Minute(slots=SPARSE_SLOTS)
    for actors in before:
        lost.touch(actors)
    restored = Minute(lost.counts, lost.occupied(), SPARSE_SLOTS)
    for actors in after:
        lost.touch(actors)
        restored.touch(actors)
    assert restored.occupied() == lost.occupied()


@given(runs, st.sampled_from([SPARSE_SLOTS, MINUTE_SLOTS]))
def test_what_a_minute_has_stored_does_not_hide_who_comes_later(
    came: list[list[int]], slots: int
) -> None:
    minute, seen = Minute(slots=slots), set[int]()
    for actors in came:
        minute.touch(actors)
        seen.update(actor % slots for actor in actors)
        assert list(array("H", minute.occupied())) == sorted(seen)


@pytest.mark.parametrize("slots", [SPARSE_SLOTS, MINUTE_SLOTS])
def test_a_flood_of_accounts_does_not_swell_a_minute(slots: int) -> None:
    minute = Minute(slots=slots)
    for first in range(0, 1 << 16, 50):
        minute.touch(range(first, first + 50))
    assert minute.actors() == slots
    held = sum(map(sys.getsizeof, (minute._few, minute._table)))
    assert held < slots + 4_096
