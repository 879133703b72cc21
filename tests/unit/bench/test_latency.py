"""Which score is the first to count an event, worked out from sums alone."""

from bench.latency import delays, spread


def test_an_event_waits_for_the_first_score_that_counts_it() -> None:
    appended = {b"c": [100, 150, 900]}
    seen = {b"c": [(400.0, 2), (1_500.0, 3)]}
    assert delays(appended, seen) == ([(100, 300.0), (150, 250.0), (900, 600.0)], 0)


def test_events_that_no_score_counts_are_missing() -> None:
    assert delays({b"c": [100, 200], b"d": [300]}, {b"c": [(400.0, 1)]}) == ([(100, 300.0)], 2)


def test_a_score_of_before_the_load_counts_none_of_it() -> None:
    seen = {b"c": [(50.0, -1), (60.0, 0), (220.0, 3)]}
    found, missing = delays({b"c": [100, 110, 120]}, seen)
    assert (found, missing) == ([(100, 120.0), (110, 110.0), (120, 100.0)], 0)


def test_the_spread_of_many_is_at_its_ranks() -> None:
    assert spread([float(n) for n in range(1_000, 0, -1)]) == {
        "p50": 501.0,
        "p99": 991.0,
        "max": 1_000.0,
    }
    assert spread([7.0]) == {"p50": 7.0, "p99": 7.0, "max": 7.0}
