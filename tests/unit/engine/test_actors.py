"""Unique actors are counted about right, at every size, and forgotten with their window."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.actors import TICKS, Actors, estimate, tick_of
from streams.engine.panes import COARSE, MID, ONE_DAY

START = 17_684_784 * MID // MID


def hashed(actor: int) -> int:
    return int.from_bytes(hashlib.blake2b(str(actor).encode(), digest_size=8).digest(), "little")


@pytest.mark.parametrize("actors", [1, 10, 100, 1_000, 10_000, 50_000])
def test_a_day_of_different_actors_is_estimated_within_a_tenth(actors: int) -> None:
    table, per_pane = Actors(), max(1, actors // (12 * MID))
    for actor in range(actors):
        fine = START + actor // per_pane
        table.roll(fine)
        table.touch([hashed(actor)], tick_of(fine))
    last = START + (actors - 1) // per_pane
    assert table.windows(last)[3] == pytest.approx(actors, rel=0.12, abs=1)


def test_the_same_actor_counts_once() -> None:
    table = Actors()
    for fine in range(START, START + 6):
        table.touch([hashed(1)], tick_of(fine))
    assert table.windows(START + 5) == (1, 1, 1, 1)


def test_actors_leave_each_window_in_its_time() -> None:
    table = Actors()
    day = START // COARSE * COARSE
    table.touch([hashed(1)], tick_of(day))
    assert table.windows(day + 5) == (1, 1, 1, 1)
    assert table.windows(day + 6) == (0, 1, 1, 1)
    assert table.windows(day + 30) == (0, 0, 1, 1)
    assert table.windows(day + 12 * MID) == (0, 0, 0, 1)
    assert table.windows(day + ONE_DAY * COARSE) == (0, 0, 0, 0)


def test_an_older_sighting_does_not_hide_a_newer_one() -> None:
    table = Actors()
    table.touch([hashed(1)], tick_of(START + 20))
    table.touch([hashed(1)], tick_of(START))
    assert table.windows(START + 20)[0] == 1


def test_a_stored_table_with_its_journal_is_the_same_table() -> None:
    table, stored = Actors(), b""
    for actor in range(3_000):
        fine = START + actor // 40
        table.roll(fine)
        table.touch([hashed(actor)], tick_of(fine))
        if table.whole:
            stored = table.record()
    restored = Actors(stored, table.journal())
    assert restored.seen == table.seen
    assert restored.rolled == table.rolled


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, TICKS - 1),
    st.dictionaries(st.integers(0, 255), st.integers(-20, ONE_DAY * COARSE - 1), max_size=40),
)
def test_windows_count_the_buckets_hit_within_them_wherever_ticks_begin_anew(
    phase: int, ages: dict[int, int]
) -> None:
    now = START // TICKS * TICKS + phase
    table = Actors()
    for bucket, age in ages.items():
        table.touch([bucket], tick_of(now - age))
    spans = (6, 30, 11 * MID + now % MID + 1, 23 * COARSE + now % COARSE + 1)
    hit = [sum(0 <= age < span for age in ages.values()) for span in spans]
    assert table.windows(now) == tuple(estimate(n, 256) for n in hit)
