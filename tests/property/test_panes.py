"""Sliding windows are what a list of all additions says they are."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.counts import lanes, one
from streams.engine.panes import COARSE, FINE_MS, MID, ONE_DAY, ONE_HOUR, Panes, stored

LIKES, VIEWS = 1, 10

fines = st.integers(5_000_000, 5_000_000 + 3 * ONE_DAY * COARSE)
amounts = st.integers(-5, 20).filter(bool)
additions = st.lists(st.tuples(fines, st.sampled_from([LIKES, VIEWS]), amounts), max_size=60)
close_additions = st.lists(
    st.tuples(st.integers(5_000_000, 5_000_060), st.sampled_from([LIKES, VIEWS]), amounts),
    max_size=60,
)


def windows(panes: Panes) -> list[dict[int, int]]:
    return [{count: n for count, n in enumerate(lanes(sums)) if n} for sums in panes.sums()]


def model(added: list[tuple[int, int, int]], head: int) -> list[dict[int, int]]:
    """The four windows by going through every addition."""
    spans = [(1, 6), (1, 30), (MID, ONE_HOUR), (COARSE, ONE_DAY)]
    sums: list[Counter[int]] = [Counter() for _ in spans]
    for fine, count, n in added:
        for total, (size, keep) in zip(sums, spans, strict=True):
            if head // size - keep < fine // size <= head // size:
                total[count] += n
    return [{count: n for count, n in total.items() if n} for total in sums]


@given(st.one_of(additions, close_additions), st.integers(0, 20_000))
def test_windows_hold_what_was_added_within_them_in_any_order(
    added: list[tuple[int, int, int]], later: int
) -> None:
    panes = Panes()
    kept = [
        (fine, count, n) for fine, count, n in added if panes.add(fine, one(count, n)) or fine < 0
    ]
    panes.advance(panes.head + later)
    assert windows(panes) == model(kept, panes.head)


@given(additions)
def test_an_addition_is_refused_only_when_the_longest_window_is_past_it(
    added: list[tuple[int, int, int]],
) -> None:
    panes = Panes()
    for fine, count, n in added:
        newest = max(panes.head, fine)
        taken = panes.add(fine, one(count, n))
        assert taken == (fine // COARSE > newest // COARSE - ONE_DAY)


@given(st.one_of(additions, close_additions), st.data())
def test_a_record_with_its_journal_restores_the_same_windows(
    added: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    panes, kept = Panes(), Panes().record()
    cut = data.draw(st.integers(0, len(added)))
    for at, (fine, count, n) in enumerate(added):
        if at == cut:
            kept = panes.record()
        panes.add(fine, one(count, n))
    restored = Panes.from_record(kept, stored(panes.since))
    restored.advance(panes.head)
    assert windows(restored) == windows(panes)


@given(
    st.integers(0, 2 * ONE_DAY * COARSE * FINE_MS),
    st.integers(1, ONE_DAY * COARSE * FINE_MS),
    st.integers(0, 10_000),
)
def test_a_spread_amount_adds_up_to_itself_over_a_day_that_holds_it(
    start: int, length: int, amount: int
) -> None:
    panes = Panes()
    start += 5_000_000 * FINE_MS
    panes.spread(LIKES, amount, start, start + length)
    whole_day_held = start // (COARSE * FINE_MS) > panes.head // COARSE - ONE_DAY
    m1, m5, h1, h24 = (sums.get(LIKES, 0) for sums in windows(panes))
    assert h24 == amount if whole_day_held else 0 <= h24 <= amount
    assert 0 <= m1 <= m5 <= h1 <= h24


def test_growth_over_a_long_gap_is_no_burst_in_the_last_minutes() -> None:
    panes = Panes()
    hours = 6 * 3_600_000
    panes.spread(LIKES, 240, 50_000_000_000, 50_000_000_000 + hours)
    m1, _, h1, h24 = windows(panes)
    assert m1.get(LIKES, 0) <= 1
    assert h1[LIKES] in range(36, 41)
    assert h24[LIKES] == 240


def test_an_empty_creator_has_nothing_that_will_change() -> None:
    panes = Panes()
    assert panes.next_change() is None
    panes.add(5_000_000, one(LIKES))
    assert panes.next_change() == 5_000_006
    panes.advance(5_000_006)
    assert windows(panes)[0] == {}
    assert panes.next_change() == 5_000_030
