"""A platform's usual minute is learned, and one that falls far short of it makes it dark."""

import msgspec
import pytest

from schemas.codec import decode
from schemas.signals import FleetSignal
from streams.engine.fleet import Fleet, FleetState
from streams.engine.registry import Registry
from streams.engine.rules import OutageRules
from streams.engine.stats import ShardStats

RULES = OutageRules()
FIRST = 29_000_000


def fleet(state: FleetState | None = None) -> Fleet:
    made = Fleet(Registry(1, 4, ShardStats(), 100), RULES)
    made.restore(state or FleetState(minute=FIRST))
    return made


def pass_by(seen: Fleet, minutes: int, creators: int, each: int, platform: str = "x") -> None:
    for _ in range(minutes):
        minute = seen.state.minute
        for _ in range(creators):
            seen.count(minute, platform, each)
        seen.close(minute + 1)


def signals(seen: Fleet) -> list[FleetSignal]:
    found = [decode(output.topic, output.value or b"") for output in seen._registry.take_outputs()]
    assert all(isinstance(signal, FleetSignal) for signal in found)
    return found  # type: ignore[return-value]


def test_a_platform_is_dark_with_the_first_minute_in_which_hardly_anything_came() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    assert seen.dark == frozenset()
    pass_by(seen, 1, 3, 4)
    assert seen.dark == {"x"}


@pytest.mark.parametrize("before", [0, 1, 4])
def test_a_platform_that_has_only_just_begun_or_grown_is_dark_when_its_feed_fails(
    before: int,
) -> None:
    seen = fleet()
    pass_by(seen, 600, 1 if before else 0, before)
    pass_by(seen, 60, 50, 4)
    assert seen.dark == frozenset()
    pass_by(seen, 1, 3, 4)
    assert seen.dark == {"x"}


def test_a_platform_that_often_falls_short_is_dark_only_when_it_falls_further() -> None:
    steady, restless = fleet(), fleet()
    for _ in range(30):
        pass_by(steady, 4, 50, 4)
        pass_by(restless, 3, 60, 4)
        pass_by(restless, 1, 20, 4)
    assert restless.state.sources["x"].level == pytest.approx(200, rel=0.1)
    for seen in (steady, restless):
        pass_by(seen, 1, 12, 4)
    assert (steady.dark, restless.dark) == ({"x"}, frozenset())


def test_half_of_what_is_usual_is_not_dark() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    pass_by(seen, 30, 25, 4)
    assert seen.dark == frozenset()


def test_a_platform_is_light_again_after_two_minutes_as_usual() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    pass_by(seen, 10, 0, 0)
    pass_by(seen, 1, 45, 4)
    assert seen.dark == {"x"}
    pass_by(seen, 1, 45, 4)
    assert seen.dark == frozenset()


@pytest.mark.parametrize(("minutes", "creators"), [(20, 50), (90, 5)])
def test_little_knowledge_and_little_traffic_say_nothing(minutes: int, creators: int) -> None:
    seen = fleet()
    pass_by(seen, minutes, creators, 4)
    pass_by(seen, 10, 0, 0)
    assert (seen.dark, signals(seen)) == (frozenset(), [])


def test_the_silence_of_a_few_creators_is_theirs_and_not_their_platforms() -> None:
    seen = fleet()
    pass_by(seen, 90, 4, 40)
    pass_by(seen, 10, 0, 0)
    assert seen.dark == frozenset()


def test_one_creator_counts_no_more_than_some_usual_ones() -> None:
    seen = fleet()
    pass_by(seen, 30, 50, 4)
    for _ in range(120):
        seen.count(seen.state.minute, "x", 100_000)
        pass_by(seen, 1, 50, 4)
    pass_by(seen, 5, 50, 4)
    assert seen.dark == frozenset()


def test_what_lasts_for_a_day_is_learned_anew() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    pass_by(seen, 24 * 60 + 1, 5, 4)
    assert seen.dark == frozenset()


def test_minutes_without_any_event_are_as_dark_at_once_as_one_by_one() -> None:
    at_once, one_by_one = fleet(), fleet()
    for seen in (at_once, one_by_one):
        pass_by(seen, 60, 50, 4)
    at_once.close(at_once.state.minute + 500)
    pass_by(one_by_one, 500, 0, 0)
    assert at_once.dark == one_by_one.dark == {"x"}


def test_a_jump_over_years_costs_as_little_as_one_over_minutes() -> None:
    seen = fleet()
    for _ in range(50):
        pass_by(seen, 1, 50, 4)
        seen.close(seen.state.minute + 10_000_000)
    assert seen.dark == frozenset()


def test_the_platforms_home_is_told_now_and_then_and_each_minute_while_it_is_dark() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    (known,) = signals(seen)
    assert (known.creator_id, known.partition, known.low_since) == ("platform:x", 1, None)
    assert known.expected == pytest.approx(200, rel=0.05)
    pass_by(seen, 3, 2, 4)
    low = signals(seen)
    assert [signal.got for signal in low] == [8, 8, 8]
    assert {signal.low_since for signal in low} != {None}
    pass_by(seen, 3, 50, 4)
    assert [signal.low_since for signal in signals(seen)] == [None, None]


def test_a_minute_that_is_counted_in_parts_survives_a_restart_between_them() -> None:
    seen = fleet()
    pass_by(seen, 60, 50, 4)
    minute = seen.state.minute
    for _ in range(25):
        seen.count(minute, "x", 4)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(seen.state), type=FleetState)
    again = fleet(stored)
    for _ in range(25):
        again.count(minute, "x", 4)
    again.close(minute + 1)
    assert again.dark == frozenset()
    assert again.state.open == {}
