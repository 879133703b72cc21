"""The trickle: followers who come for hours are found, and what comes and goes is not."""

import random

from streams.engine.detectors.trickle import Trickle
from streams.engine.facts import PaneFacts
from streams.engine.rules import Rules
from streams.engine.units import HOUR_MS

SPIKE, DELIVERY = Rules().spike, Rules().delivery
START_MS = 1_760_000_400_000
FLOOR = 100.0


def fed(counts: list[float], due: float = 1.0, variance: float = 0.5) -> Trickle | None:
    """A trickle that has seen these hours, if it is suspected still."""
    seen: Trickle | None = None
    for hour, got in enumerate(counts):
        at = START_MS + hour * HOUR_MS
        seen = seen or Trickle(at, variance)
        seen = seen if seen.take(at, got, due, 0, SPIKE) else None
    return seen


def convincing(seen: Trickle | None, floor: float = FLOOR) -> bool:
    return seen is not None and seen.convincing(floor, SPIKE)


def hours(dice: random.Random, count: int, mean: float) -> list[float]:
    return [float(sum(dice.random() < mean / 1_000 for _ in range(1_000))) for _ in range(count)]


def test_twenty_an_hour_where_one_is_usual_are_convincing_after_some_hours() -> None:
    for seed in range(20):
        counts = hours(random.Random(seed), 9, 20.0)
        assert convincing(fed(counts))
        assert not convincing(fed(counts[:3]))


def test_what_is_usual_never_adds_up() -> None:
    for seed in range(20):
        counts = hours(random.Random(seed), 24 * 20, 8.0)
        for end in range(8, len(counts), 8):
            assert not convincing(fed(counts[max(end - 40, 0) : end], 8.0, 4.0))


def test_where_as_many_leave_as_come_a_surplus_of_some_hours_is_nothing() -> None:
    assert not convincing(fed([15.0] * 12, due=0.1, variance=80.0))


def test_one_mad_hour_is_no_trickle() -> None:
    assert fed([3_000.0] + [0.0] * 30) is None


def test_hours_without_anybody_end_a_suspicion() -> None:
    seen = fed([30.0, 30.0], due=2.0)
    assert seen is not None
    assert not seen.take(START_MS + 2 * HOUR_MS, 0.0, 2.0, 30, SPIKE)


def test_a_suspicion_is_not_held_for_ever() -> None:
    seen = fed([6.0] * 37)
    assert seen is not None
    assert not seen.take(START_MS + 37 * HOUR_MS, 6.0, 1.0, 0, SPIKE)


def test_a_pace_that_knows_no_night_and_no_moods_is_even() -> None:
    dice = random.Random(1)
    even = [40.0 + dice.choice([-1, 0, 1]) for _ in range(14)]
    moody = [40.0 * dice.lognormvariate(0.0, 0.5) for _ in range(14)]
    assert [seen.pace(DELIVERY) for seen in (fed(even), fed(moody)) if seen] == [40, 0]


def test_profiles_count_once_enough_are_known() -> None:
    seen = Trickle(START_MS, 0.5)
    seen.meet(PaneFacts(profiles=15, hollow=15))
    assert seen.share(SPIKE) is None
    seen.meet(PaneFacts(profiles=15, hollow=9))
    assert seen.share(SPIKE) == 0.8
