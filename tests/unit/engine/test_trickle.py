"""The trickle: followers who come for hours are found, and what comes and goes is not."""

import random

from streams.engine.detectors.trickle import Trickle
from streams.engine.facts import PaneFacts
from streams.engine.rules import Rules
from streams.engine.units import HOUR_MS

SPIKE, DELIVERY = Rules().spike, Rules().delivery
START_MS = 1_760_000_400_000
FLOOR = 100.0


def fed(counts: list[float], due: float = 1.0, variance: float = 0.5) -> Trickle:
    """A trickle that has seen these hours."""
    seen = Trickle()
    for hour, got in enumerate(counts):
        seen.take(START_MS + hour * HOUR_MS, got, due, 0, variance, SPIKE)
    return seen


def hours(dice: random.Random, count: int, mean: float) -> list[float]:
    return [float(sum(dice.random() < mean / 1_000 for _ in range(1_000))) for _ in range(count)]


def test_twenty_an_hour_where_one_is_usual_are_convincing_after_some_hours() -> None:
    for seed in range(20):
        counts = hours(random.Random(seed), 9, 20.0)
        assert fed(counts).convincing(FLOOR, SPIKE)
        assert not fed(counts[:3]).convincing(FLOOR, SPIKE)


def test_what_is_usual_never_adds_up() -> None:
    for seed in range(20):
        counts = hours(random.Random(seed), 24 * 20, 8.0)
        seen = Trickle()
        for hour, got in enumerate(counts):
            seen.take(START_MS + hour * HOUR_MS, got, 8.0, 0, 4.0, SPIKE)
            assert not seen.convincing(FLOOR, SPIKE)


def test_where_as_many_leave_as_come_a_surplus_of_some_hours_is_nothing() -> None:
    assert not fed([15.0] * 12, due=0.1, variance=80.0).convincing(FLOOR, SPIKE)


def test_one_mad_hour_is_no_trickle() -> None:
    assert not fed([3_000.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]).convincing(FLOOR * 40, SPIKE)


def test_hours_without_anybody_end_a_suspicion() -> None:
    seen = fed([30.0, 30.0], due=2.0)
    assert seen.since_ms
    seen.take(START_MS + 2 * HOUR_MS, 0.0, 2.0, 30, 0.5, SPIKE)
    assert seen == Trickle()


def test_a_suspicion_is_not_held_for_ever() -> None:
    assert fed([6.0] * 30).since_ms
    assert fed([6.0] * 38).since_ms == 0


def test_a_pace_that_knows_no_night_and_no_moods_is_even() -> None:
    dice = random.Random(1)
    even = [40.0 + dice.choice([-1, 0, 1]) for _ in range(14)]
    moody = [40.0 * dice.lognormvariate(0.0, 0.5) for _ in range(14)]
    assert fed(even).pace(DELIVERY) == 40
    assert fed(moody).pace(DELIVERY) == 0


def test_profiles_count_from_the_suspicion_on() -> None:
    seen = Trickle()
    seen.meet(PaneFacts(profiles=30, hollow=30))
    assert seen.share(SPIKE) is None
    seen = fed([20.0, 20.0])
    seen.meet(PaneFacts(profiles=30, hollow=24))
    assert seen.share(SPIKE) == 0.8
