"""Readings: counters that add up, and the choice of creators with a series of their own."""

import dataclasses
from collections import Counter

from streams.engine.stats import ShardStats
from streams.outputs.readings import OTHERS, CreatorReading, Roster, add


def names(chosen: list[CreatorReading]) -> list[str]:
    return [creator.creator_id for creator in chosen]


def test_counters_of_shards_add_up():
    total = ShardStats(received=Counter(likes=2), holes=1, last_event_ms=9)
    add(total, ShardStats(received=Counter(likes=3, posts=1), late=Counter({True: 1}), holes=4))
    assert total == ShardStats(
        received=Counter(likes=5, posts=1), late=Counter({True: 1}), holes=5, last_event_ms=9
    )


def test_no_counter_is_forgotten_in_the_sum():
    one = ShardStats(
        **{
            field.name: Counter(x=1) if field.default is dataclasses.MISSING else 1
            for field in dataclasses.fields(ShardStats)
        }
    )
    total = ShardStats()
    add(total, one)
    assert total == one


def test_the_most_active_creators_get_series_and_the_rest_one_sum():
    creators = [CreatorReading(f"c{n}", engagements=n) for n in range(5)]
    chosen = Roster(2).choose(creators)
    assert names(chosen) == ["c4", "c3", OTHERS]
    assert chosen[-1].engagements == 0 + 1 + 2


def test_a_creator_with_an_alert_comes_before_the_most_active():
    creators = [
        CreatorReading("busy", engagements=900),
        CreatorReading("quiet", engagements=0, alerting=True),
    ]
    assert names(Roster(1).choose(creators)) == ["quiet", OTHERS]


def test_the_limit_holds_even_for_alerts():
    creators = [CreatorReading(f"c{n}", engagements=n, alerting=True) for n in range(5)]
    assert len(Roster(3).choose(creators)) == 3 + 1


def test_without_a_rest_there_is_no_sum():
    assert names(Roster(2).choose([CreatorReading("a", 1), CreatorReading("b", 2)])) == ["b", "a"]


def test_a_member_keeps_its_place_until_another_is_clearly_more_active():
    roster = Roster(1)
    roster.choose([CreatorReading("a", 100), CreatorReading("b", 99)])
    assert names(roster.choose([CreatorReading("a", 100), CreatorReading("b", 110)]))[0] == "a"
    assert names(roster.choose([CreatorReading("a", 100), CreatorReading("b", 130)]))[0] == "b"


def test_a_limit_of_zero_leaves_the_sum_alone():
    assert names(Roster(0).choose([CreatorReading("a", 7)])) == [OTHERS]


def test_creators_without_a_series_are_counted_by_whether_they_have_alerts():
    roster = Roster(2)
    creators = [CreatorReading(f"c{n}", engagements=n, alerting=n < 3) for n in range(7)]
    roster.choose(creators)
    assert roster.unshown == (1, 4)
    roster.choose(creators[:2])
    assert roster.unshown == (0, 0)
