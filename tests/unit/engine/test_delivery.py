"""Deliveries: an even pace and a round number are seen, and those of people are neither."""

import random

import pytest

from streams.engine.detectors.delivery import Delivery, fine_from, round_number
from streams.engine.facts import PANE_MS
from streams.engine.rules import Rules
from streams.engine.units import MINUTE_MS

LIMITS = Rules().delivery
END_MS = 1_760_000_040_000
HALF_HOUR = 30 * MINUTE_MS
Entries = list[tuple[int, float]]


def counted(times: list[float]) -> Entries:
    """Counts as a spike keeps them: by pane for the last minutes, then by minute."""
    counts: dict[int, float] = {}
    for at in times:
        pane = (int(at) // PANE_MS + 1) * PANE_MS
        key = pane if pane > fine_from(END_MS) else -(-pane // MINUTE_MS) * MINUTE_MS
        counts[key] = counts.get(key, 0.0) + 1.0
    return sorted(counts.items())


def by_chance(dice: random.Random, minutes: float, count: int) -> list[float]:
    return [END_MS - dice.random() * minutes * MINUTE_MS for _ in range(count)]


def queued(dice: random.Random, minutes: float, count: int) -> list[float]:
    """One after another, each a little too soon or too late."""
    gap = minutes * MINUTE_MS / count
    return [END_MS - gap * (n + 0.5 + dice.uniform(-0.5, 0.5)) for n in range(count)]


def pace(times: list[float], polled_ms: int = 0) -> int:
    delivery = Delivery(polled_ms=polled_ms)
    delivery.look(END_MS, counted(times), HALF_HOUR, LIMITS)
    return delivery.pace


@pytest.mark.parametrize(("minutes", "count"), [(25, 500), (12, 240), (2.5, 300)])
def test_followers_that_are_sent_one_after_another_are_even(minutes: float, count: int) -> None:
    for seed in range(10):
        found = pace(queued(random.Random(seed), minutes, count))
        assert found == pytest.approx(count / minutes, rel=0.1)


def test_a_few_ordinary_followers_among_them_do_not_hide_that() -> None:
    for seed in range(10):
        dice = random.Random(seed)
        assert pace(queued(dice, 25, 500) + by_chance(dice, 30, 40))


def test_followers_who_come_each_by_chance_are_not() -> None:
    dice = random.Random(1)
    found = [pace(by_chance(dice, dice.uniform(2, 30), dice.randint(100, 900))) for _ in range(800)]
    assert sum(map(bool, found)) <= 5, "some in a thousand, and people come in clumps"


def test_what_polling_reveals_is_even_only_because_nobody_knows_better() -> None:
    times = queued(random.Random(2), 25, 500)
    assert pace(times)
    assert not pace(times, polled_ms=END_MS - 10 * MINUTE_MS)


def test_losses_alone_are_no_delivery() -> None:
    delivery = Delivery()
    delivery.look(END_MS, [(END_MS - n * PANE_MS, -3.0) for n in range(90)], HALF_HOUR, LIMITS)
    assert not delivery.pace


@pytest.mark.parametrize("number", [500, 1_000, 2_500, 5_000, 10_000])
def test_a_package_is_a_round_number(number: int) -> None:
    assert round_number(number + 1, 0.5, 1.0, LIMITS) == number


def test_a_number_that_is_not_quite_round_is_none() -> None:
    assert round_number(1_017, 0.5, 1.0, LIMITS) == 0
    assert round_number(730, 0.5, 1.0, LIMITS) == 0


def test_where_many_come_anyway_a_round_number_says_nothing() -> None:
    assert round_number(540, 40.0, 2.0, LIMITS) == 0


def test_small_numbers_are_too_often_round() -> None:
    assert round_number(100, 0.0, 1.0, LIMITS) == 0
    assert round_number(10, 0.0, 1.0, LIMITS) == 0


def test_of_numbers_at_random_one_in_a_hundred_at_most_is_round() -> None:
    dice = random.Random(3)
    found = [round_number(int(10 ** dice.uniform(2, 4)), 0.2, 1.0, LIMITS) for _ in range(4_000)]
    assert sum(map(bool, found)) <= 45


def test_a_polled_step_counts_until_the_next_one_or_until_the_spike_is_over() -> None:
    delivery = Delivery()
    delivery.polled(END_MS, 500, 0.1, 1.0, False, LIMITS)
    assert delivery.number == 500
    delivery.polled(END_MS, 37, 0.1, 1.0, True, LIMITS)
    assert delivery.number == 500
    delivery.polled(END_MS, 37, 0.1, 1.0, False, LIMITS)
    assert delivery.number == 0


def test_it_tells_what_counted() -> None:
    told = Delivery(pace=20, number=2_500).told()
    assert "about 20 each minute" in told
    assert "2,500" in told
    assert Delivery().told() == ""
