"""The fault campaign's plan: seeded, mixed, and never too long without a broker."""

from collections import Counter

import pytest

from tests.faults.campaign import STRIKES
from tests.faults.plan import KINDS, LONGEST, ON_REQUEST, chosen, schedule


def test_the_seed_decides_the_order():
    assert schedule(3, 50) == schedule(3, 50)
    assert schedule(3, 50) != schedule(4, 50)


@pytest.mark.parametrize("faults", [50, 60, 200])
def test_fifty_faults_or_more_hold_each_kind_three_times(faults: int):
    counts = Counter(schedule(1, faults))
    assert counts.total() == faults
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 3
    assert counts[LONGEST] == 3


def test_few_faults_are_of_different_kinds():
    assert max(Counter(schedule(1, 10)).values()) == 1


def test_there_is_a_strike_for_each_kind():
    assert STRIKES.keys() == {*KINDS, *ON_REQUEST}


def test_chosen_kinds_come_as_often_as_asked():
    assert Counter(chosen(1, {"kill": 2, "oversize": 1})) == {"kill": 2, "oversize": 1}


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="earthquake"):
        chosen(1, {"earthquake": 1})
