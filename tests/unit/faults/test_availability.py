"""The fault campaign's availability: standstills, less what the fault itself took."""

from tests.faults.availability import Availability
from tests.faults.cluster import Cluster


def watched() -> Availability:
    return Availability(Cluster("127.0.0.1:1", "app", "", 2), 2)


async def test_a_standstill_lasts_from_one_commit_to_the_next():
    availability = watched()
    for now, position in [(0.0, 1), (1.0, 2), (4.0, 2), (9.0, 3), (10.0, 4)]:
        availability.look({0: position, 1: int(now)}, now)
    assert availability.longest() == 8.0


async def test_what_is_excused_does_not_count():
    availability = watched()
    availability.look({0: 1}, 0.0)
    availability.look({0: 2}, 70.0)
    availability.excuse(5.0, 65.0)
    assert availability.longest() == 10.0


async def test_a_standstill_belongs_to_the_fault_after_which_it_ends():
    availability = watched()
    for now, position in [(0.0, 1), (5.0, 2), (5.5, 3), (20.0, 4)]:
        availability.look({0: position}, now)
    assert availability.within(0.0, 10.0) == 5.0
    assert availability.within(10.0, 30.0) == 14.5
