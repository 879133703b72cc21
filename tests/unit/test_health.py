"""Health: when a worker should be restarted, and when it is not doing its work."""

from typing import Any

import pytest

from streams.health import LONGEST_WITHOUT_CHECKPOINT, WorkerHealth
from streams.kafka.options import KafkaOptions


class FakeSeam:
    def __init__(self) -> None:
        self.options = KafkaOptions("broker:1", "app", 4)
        self.ready = True
        self.silent = False
        self.age = 0.1

    def brokers_silent(self) -> bool:
        return self.silent

    def checkpoint_age(self) -> float:
        return self.age

    def owned(self) -> frozenset[int]:
        return frozenset({0, 2})


@pytest.fixture
def seam() -> FakeSeam:
    return FakeSeam()


def health_of(seam: Any, restoring: dict[int, tuple[int, int]] | None = None) -> WorkerHealth:
    health = WorkerHealth(seam, restoring or {}, clock=lambda: 100.0)
    health.phase = ""
    return health


def test_a_worker_that_consumes_is_alive_and_ready(seam: FakeSeam):
    health = health_of(seam)
    assert health.alive().ok
    assert health.ready().ok
    assert health.ready().facts == {"partitions": [0, 2]}


def test_a_worker_that_comes_up_says_what_it_waits_for(seam: FakeSeam):
    health = health_of(seam)
    health.phase = "waiting for the brokers"
    assert health.alive().ok
    assert health.ready().reasons == ["waiting for the brokers"]


def test_a_restore_is_told_with_its_progress(seam: FakeSeam):
    seam.ready = False
    health = health_of(seam, {3: (10, 400), 1: (7, 9)})
    assert health.alive().ok
    assert health.ready().reasons == [
        "restoring partition 1: 77 %, 7 of 9 records",
        "restoring partition 3: 2 %, 10 of 400 records",
    ]
    assert health.ready().facts["restored_percent"] == 4


def test_a_worker_between_assignments_is_not_ready(seam: FakeSeam):
    seam.ready = False
    assert health_of(seam).ready().reasons == ["waiting for the group to give partitions out"]


def test_a_worker_without_checkpoints_is_not_alive(seam: FakeSeam):
    seam.age = LONGEST_WITHOUT_CHECKPOINT + 1
    assert health_of(seam).alive().reasons == ["no checkpoint for 31 s"]


def test_brokers_that_are_away_make_a_worker_unready_and_not_dead(seam: FakeSeam):
    seam.age, seam.silent = 600.0, True
    health = health_of(seam)
    health.beat()
    assert health.alive().ok
    assert health.ready().reasons == ["the brokers have not answered for 0 s"]
    seam.silent = False
    health.beat()
    assert not health.alive().ok
