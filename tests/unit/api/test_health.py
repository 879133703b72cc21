"""Health: ready when all is read and the brokers answer; alive while the loop turns."""

from streams.api.health import HUNG_SECONDS, STALE_SECONDS, ApiHealth
from streams.api.reader import Progress


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_ready_when_everything_is_read():
    health = ApiHealth(Clock())
    assert health.ready().reasons == ["starting"]
    health.phase = ""
    health.progress["now"] = lambda: Progress(500, 2_000, False, 7, 1_000.0)
    verdict = health.ready()
    assert verdict.reasons == ["now: 500 of 2,000 records read so far"]
    assert verdict.facts["now"]["share"] == 0.25
    health.progress["now"] = lambda: Progress(2_000, 2_000, True, 0, 1_000.0)
    assert health.ready().ok


def test_it_is_not_ready_while_the_brokers_are_silent():
    clock = Clock()
    health = ApiHealth(clock)
    health.phase = ""
    health.progress["now"] = lambda: Progress(0, 0, True, 0, 1_000.0)
    clock.now += STALE_SECONDS + 1
    assert health.ready().reasons == ["now: the brokers have not answered for 21 s"]


def test_a_loop_that_has_stopped_needs_a_restart():
    clock = Clock()
    health = ApiHealth(clock)
    clock.now += HUNG_SECONDS + 1
    assert health.alive().reasons == ["the loop has not turned for 31 s"]
    health.beat()
    assert health.alive().ok
