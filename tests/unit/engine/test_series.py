"""A series knows what is usual from the bins before, and says how unusual each new one is."""

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.series import ALARM, WARM_BINS, Judged, Series, deviation

START = 1_768_176_000
"""A Monday, 00:00 UTC."""
BIN, HOUR, DAY = 300, 3_600, 86_400
counts = st.floats(0, 1e12) | st.integers(0, 10**9)


def judged(values: Iterable[float | None], bin_s: float = BIN) -> list[Judged]:
    series = Series(bin_s)
    return [
        series.gap(START + n * bin_s) if value is None else series.step(START + n * bin_s, value)
        for n, value in enumerate(values)
    ]


def daily(level: float, days: int, seed: int = 1, bin_s: int = BIN) -> list[int]:
    """Counts with a rhythm of the day, and with gamma noise."""
    dice = random.Random(seed)
    found = []
    for n in range(days * DAY // bin_s):
        mean = level * math.exp(0.7 * math.sin(2 * math.pi * n * bin_s / DAY))
        rate = mean * dice.gammavariate(12.0, 1 / 12.0)
        found.append(max(0, round(dice.gauss(rate, math.sqrt(rate)))))
    return found


@given(st.lists(st.none() | counts, max_size=80), st.sampled_from([1, 60, BIN, HOUR, DAY]))
def test_any_counts_give_finite_verdicts_within_their_ranges(values, bin_s):
    for value, one in zip(values, judged(values, bin_s), strict=True):
        assert 0.0 <= one.score < 1.0 or (one.score == pytest.approx(1.0) and one.p < 1e-50)
        assert 0.0 < one.p <= 1.0
        assert 0.0 <= one.expected < math.inf
        assert (one.state == "gap") == (value is None)


@given(st.lists(counts, max_size=60), st.data())
def test_a_score_never_looks_ahead(values, data):
    cut = data.draw(st.integers(0, len(values)))
    assert judged(values)[:cut] == judged(values[:cut])


@given(counts, st.integers(1, 100))
def test_the_first_bins_are_usual_where_they_are_alike(value, length):
    assert all(one.score < 0.1 for one in judged([value] * length))


def test_the_score_is_a_half_at_the_alarm_and_rises_as_p_falls() -> None:
    found = judged([20] * 200 + [20, 24, 30, 40, 80, 200])
    last = found[-6:]
    assert [one.score for one in last] == sorted(one.score for one in last)
    for one in found:
        assert one.score == pytest.approx(1 - 0.5 ** (math.log(one.p) / math.log(ALARM)))


@pytest.mark.parametrize("level", [5, 50, 5_000, 500_000])
def test_a_burst_and_a_silence_are_told_at_once_whatever_the_scale(level: int) -> None:
    values = daily(level, 10)
    quiet = judged(values)
    assert sum(one.state in {"high", "low"} for one in quiet[2 * DAY // BIN :]) <= 8
    burst = judged([*values, 12 * level])
    assert (burst[-1].state, burst[-1].score > 0.7) == ("high", True)
    silent = judged([*values, *[0] * 36])
    assert silent[-1].state == "low"


def test_real_numbers_are_judged_on_their_own_scale() -> None:
    dice = random.Random(3)
    values = [0.4 * math.exp(dice.gauss(0, 0.1)) for _ in range(2_000)]
    found = judged([*values, 1.4])
    assert found[-1].state == "high"
    assert sum(one.score >= 0.5 for one in found[:-1]) <= 2
    whole = judged([*[round(v * 10) for v in values], 14])
    assert whole[-1].p > found[-1].p, "a few whole ones are less certain"


def test_the_rhythm_of_the_day_is_learned_and_then_expected() -> None:
    values = daily(80, 8)
    found = judged(values)
    last = range(7 * DAY // BIN, 8 * DAY // BIN)
    at_peak = max(last, key=lambda n: found[n].expected)
    assert abs(at_peak * BIN % DAY - DAY // 4) < 2 * HOUR
    off = [abs(found[n].expected / (80 * math.exp(0.7 * math.sin(2 * math.pi * n * BIN / DAY))) - 1)
           for n in last]  # fmt: skip
    assert sum(off) / len(off) < 0.2


def test_a_day_that_is_always_quiet_is_told_once_and_then_expected() -> None:
    values = [
        value if n * BIN // DAY % 7 != 6 else value // 4 for n, value in enumerate(daily(100, 42))
    ]
    found = judged(values)

    def lows(week: int) -> int:
        sunday = (7 * week + 6) * DAY // BIN
        return sum(one.state == "low" for one in found[sunday : sunday + DAY // BIN])

    assert lows(0) > 100
    assert lows(5) < lows(0) / 3


def test_a_change_that_no_bin_alone_shows_is_told_when_it_lasts() -> None:
    dice = random.Random(5)

    def counted(mean: float, length: int) -> list[int]:
        rates = (mean * dice.gammavariate(8.0, 1 / 8.0) for _ in range(length))
        return [max(0, round(dice.gauss(rate, math.sqrt(rate)))) for rate in rates]

    before = counted(30, 25 * DAY // BIN)
    found = judged(before + counted(50, 60))[-60:]
    assert found[0].state == "normal"
    assert any(one.state == "high" and one.score > 0.6 for one in found)


def test_what_is_unusual_hardly_moves_what_is_expected() -> None:
    values = daily(100, 8)
    calm = judged([*values, 100])[-1].expected
    shaken = judged([*values, *[100_000] * 5, 100])[-1].expected
    assert shaken < 2 * calm


def test_heavy_tails_are_learned_and_raise_fewer_alarms() -> None:
    dice = random.Random(7)
    bursts = (dice.expovariate(1.0) if dice.random() < 0.02 else 0.0 for _ in range(8_000))
    values = [round(40 * math.exp(dice.gauss(0, 0.25) + burst)) for burst in bursts]
    found = judged(values)
    early = sum(one.score >= 0.5 for one in found[WARM_BINS:2_000])
    late = sum(one.score >= 0.5 for one in found[6_000:])
    assert late <= early


def test_the_share_of_small_probabilities_is_about_what_they_say() -> None:
    values = daily(50, 60, seed=11)
    found = judged(values)[21 * DAY // BIN :]
    for p in (1e-1, 1e-2, 1e-3):
        share = sum(one.p <= p for one in found) / len(found)
        assert share <= 4 * p


def test_a_gap_teaches_nothing_and_ends_what_was_adding_up() -> None:
    values = daily(50, 5)
    series = Series(BIN)
    for n, value in enumerate(values):
        series.step(START + n * BIN, value)
    told = [series.gap(START + (len(values) + n) * BIN) for n in range(12 * 24)]
    assert all(one.state == "gap" and one.score == 0.0 for one in told)
    assert max(one.expected for one in told) > 1.5 * min(one.expected for one in told)
    again = series.step(START + (len(values) + 12 * 24) * BIN, values[0])
    assert again.state == "normal"


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf])
def test_what_is_no_count_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="Expected a count of 0 or more"):
        Series(BIN).step(START, value)


@pytest.mark.parametrize("width", [0.0, -5.0, 0.5, math.nan, 1e9])
def test_a_width_that_no_bin_has_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="Expected bins of 1 to"):
        Series(width)


def at_least(count: int, mean: float, b: float) -> float:
    """P(N >= count) of a negative binomial, added up."""
    shape = 1 / b
    log_q, log_p = math.log(mean / (shape + mean)), math.log(shape / (shape + mean))

    def log_chance(n: int) -> float:
        ways = math.lgamma(n + shape) - math.lgamma(shape) - math.lgamma(n + 1)
        return ways + shape * log_p + n * log_q

    return math.fsum(math.exp(log_chance(n)) for n in range(count, count + 4_000))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 600), st.floats(0.5, 150), st.floats(0.005, 1.2))
def test_a_deviation_is_as_improbable_as_the_exact_tail(count, mean, b):
    z = deviation(float(count), mean, b, 1.0)
    ours = 0.5 * math.erfc(abs(z) / math.sqrt(2))
    exact = at_least(count, mean, b) if z > 0 else 1 - at_least(count + 1, mean, b)
    if z != 0.0 and exact > 1e-9:
        assert math.log(ours) == pytest.approx(math.log(exact), rel=0.05, abs=0.2)


@given(st.floats(0, 1e6), st.floats(1e-6, 1e6), st.floats(1e-4, 1.5), st.sampled_from([0.0, 1.0]))
def test_a_deviation_is_finite_and_on_its_side_of_the_mean(value, mean, b, unit):
    z = deviation(value, mean, b, unit)
    assert math.isfinite(z)
    assert z == 0.0 or (z > 0.0) == (value > mean)
