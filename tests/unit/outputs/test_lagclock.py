"""Lag clock: lags in records become times that are never too short, and soon exact."""

from streams.outputs.lagclock import LagClock

HERE = ("likes", 0)


def test_nothing_is_known_before_anything_was_counted_or_drained():
    assert LagClock().seconds({HERE: 5}, 100.0) == {}


def test_what_lay_unread_at_a_takeover_waits_from_then_on_until_the_topic_is_read():
    clock = LagClock()
    clock.look({HERE: 5}, 100.0)
    clock.look({HERE: 5}, 102.0)
    assert clock.seconds({HERE: 5}, 103.0) == {"likes": 3.0}
    clock.applied(HERE, 10.0)
    clock.look({HERE: 4}, 104.0)
    assert clock.seconds({HERE: 4}, 105.0) == {"likes": 5.0}


def test_a_drained_topic_waits_for_nothing():
    clock = LagClock()
    clock.applied(HERE, 10.0)
    assert clock.seconds({HERE: 0}, 100.0) == {}


def test_a_backlog_is_as_old_as_the_last_record_counted():
    clock = LagClock()
    clock.applied(HERE, 10.0)
    assert clock.seconds({HERE: 5}, 100.0) == {"likes": 90.0}
    clock.applied(HERE, 40.0)
    assert clock.seconds({HERE: 5}, 100.0) == {"likes": 60.0}


def test_a_record_after_a_quiet_night_has_not_waited_all_night():
    clock = LagClock()
    clock.applied(HERE, 10.0)
    clock.look({HERE: 0}, 36_000.0)
    clock.look({HERE: 1}, 36_000.25)
    assert clock.seconds({HERE: 1}, 36_000.5) == {"likes": 0.5}


def test_the_slowest_partition_counts():
    clock = LagClock()
    clock.applied(("likes", 0), 90.0)
    clock.applied(("likes", 1), 70.0)
    assert clock.seconds({("likes", 0): 1, ("likes", 1): 1}, 100.0) == {"likes": 30.0}


def test_a_clock_of_the_brokers_that_is_ahead_makes_no_negative_wait():
    clock = LagClock()
    clock.applied(HERE, 101.0)
    assert clock.seconds({HERE: 1}, 100.0) == {"likes": 0.0}


def test_what_was_known_of_a_partition_goes_with_it():
    clock = LagClock()
    clock.applied(("likes", 0), 10.0)
    clock.applied(("likes", 1), 20.0)
    clock.forget(0)
    assert clock.seconds({("likes", 0): 5, ("likes", 1): 5}, 100.0) == {"likes": 80.0}
