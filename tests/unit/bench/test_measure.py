"""Rates from samples of what a consumer group has committed."""

import pytest

from bench.measure import Progress


def test_rates_leave_out_the_start_and_the_wait_for_the_last_commit() -> None:
    samples = [(0.0, 5.0, 0), (3.0, 8.0, 100)]  # three slow seconds until the first commit
    samples += [(3.0 + n, 8.0 + n / 2, 100 + 90 * n) for n in range(1, 10)]
    samples += [(17.0, 12.6, 910), (60.0, 20.0, 1_000)]
    assert Progress(samples).rates() == pytest.approx((90.0, 180.0))


def test_too_few_samples_give_the_rate_over_all_of_them() -> None:
    assert Progress([(0.0, 0.0, 0), (2.0, 1.0, 100)]).rates() == (50.0, 100.0)
