"""The limiter: so many at once, so many in the long run, for each by itself."""

from hypothesis import given
from hypothesis import strategies as st

from streams.api.limiter import Limiter


def test_a_burst_is_taken_at_once_and_then_one_by_one():
    limiter = Limiter(60, 3)
    assert [limiter.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limiter.take("a", 0.0) == 1.0
    assert limiter.take("a", 0.5) == 0.5
    assert limiter.take("a", 1.0) == 0.0
    assert limiter.take("b", 1.0) == 0.0


@given(st.lists(st.floats(0, 5), max_size=200))
def test_no_more_pass_than_the_burst_and_the_rate_allow(steps: list[float]):
    limiter, now, passed = Limiter(60, 5), 0.0, 0
    for step in steps:
        now += step
        passed += limiter.take("a", now) == 0.0
    assert passed <= 5 + now + 1e-6


def test_many_clients_take_a_bounded_space():
    limiter = Limiter(60, 3)
    for number in range(50_000):
        limiter.take(f"client {number}", 0.0)
    assert len(limiter._buckets) <= 20_000


def test_a_clock_that_goes_back_gives_nothing():
    limiter = Limiter(60, 1)
    assert limiter.take("a", 100.0) == 0.0
    assert limiter.take("a", 50.0) > 0.0
