"""Polled totals become growth, once, from one source."""

from streams.engine.counters import EVENTS, MAX_TOTALS, Delta, Ledger


def test_the_first_snapshot_is_a_baseline_and_no_burst() -> None:
    assert Ledger().snapshot("likes", "p", 14_000, 1_000) == "baseline"


def test_later_snapshots_yield_what_was_added_since() -> None:
    ledger = Ledger()
    ledger.snapshot("likes", "p", 100, 1_000)
    assert ledger.snapshot("likes", "p", 130, 61_000) == Delta(30, 1_000)
    assert ledger.snapshot("likes", "p", 125, 121_000) == Delta(-5, 61_000)


def test_a_snapshot_older_than_the_last_is_stale() -> None:
    ledger = Ledger()
    ledger.snapshot("likes", "p", 100, 5_000)
    assert ledger.snapshot("likes", "p", 90, 4_000) == "stale"
    assert ledger.snapshot("likes", "p", 90, 5_000) == "stale"
    assert ledger.snapshot("likes", "p", 110, 6_000) == Delta(10, 5_000)


def test_a_total_that_collapses_was_reset_and_is_a_baseline_again() -> None:
    ledger = Ledger()
    ledger.snapshot("followers", None, 10_000, 1_000)
    assert ledger.snapshot("followers", None, 3, 2_000) == "reset"
    assert ledger.snapshot("followers", None, 10, 3_000) == Delta(7, 2_000)


def test_a_total_that_was_blank_for_a_while_has_grown_by_the_difference_only() -> None:
    ledger = Ledger()
    ledger.snapshot("followers", None, 10_000, 1_000)
    assert ledger.snapshot("followers", None, 0, 2_000) == "reset"
    assert ledger.snapshot("followers", None, 3, 3_000) == Delta(3, 2_000)
    assert ledger.snapshot("followers", None, 0, 4_000) == "reset"
    assert ledger.snapshot("followers", None, 10_020, 5_000) == Delta(20, 1_000)
    assert ledger.snapshot("followers", None, 10_030, 6_000) == Delta(10, 5_000)


def test_each_blank_is_measured_by_what_was_before_it() -> None:
    ledger = Ledger()
    day = 86_400_000
    for number, total in enumerate((10_000, 25_000, 6_000)):
        at = 2 * number * day
        ledger.snapshot("followers", None, total - 1, at)
        ledger.snapshot("followers", None, total, at + 1_000)
        assert ledger.snapshot("followers", None, 0, at + 2_000) == "reset"
        assert ledger.snapshot("followers", None, total, at + 3_000) == Delta(0, at + 1_000)


def test_a_total_that_starts_anew_grows_as_any_other() -> None:
    ledger = Ledger()
    ledger.snapshot("followers", None, 10_000, 1_000)
    assert ledger.snapshot("followers", None, 0, 2_000) == "reset"
    for step in range(1, 8):
        told = ledger.snapshot("followers", None, 2_000 * step, 2_000 + step)
        assert told == Delta(2_000, 1_999 + step)
    assert ledger.snapshot("followers", None, 60_000, 86_400_000 * 2) == Delta(46_000, 2_007)


def test_views_never_fall() -> None:
    ledger = Ledger()
    ledger.snapshot("views", "p", 10_000, 1_000)
    assert ledger.snapshot("views", "p", 9_999, 2_000) == "reset"


def test_where_single_events_count_polled_totals_only_reconcile() -> None:
    ledger = Ledger()
    assert ledger.counts("likes", EVENTS)
    ledger.snapshot("likes", "p", 100, 1_000)
    assert ledger.snapshot("likes", "p", 130, 2_000) == "reconciled"
    assert ledger.snapshot("views", "p", 130, 2_000) == "baseline"


def test_an_account_total_does_not_count_beside_totals_of_its_posts() -> None:
    ledger = Ledger()
    ledger.snapshot("likes", "p", 100, 1_000)
    ledger.snapshot("likes", None, 5_000, 1_000)
    assert ledger.snapshot("likes", None, 5_030, 2_000) == "reconciled"
    assert ledger.snapshot("likes", "p", 130, 2_000) == Delta(30, 1_000)


def test_the_totals_of_one_creator_are_bounded() -> None:
    ledger = Ledger()
    for post in range(10 * MAX_TOTALS):
        ledger.snapshot("likes", str(post), 1, post)
    assert len(ledger.totals) == MAX_TOTALS
    assert f"likes/{10 * MAX_TOTALS - 1}" in ledger.totals
