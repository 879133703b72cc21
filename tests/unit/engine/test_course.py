"""The course of posts compares what was counted with what was expected in the very same time."""

import pytest

from streams.engine.course import Course
from streams.engine.rules import Rules
from streams.engine.units import HOUR_MS, MINUTE_MS

START_MS = 1_760_000_000_000
RULES = Rules()


def due(first_ms: int, second_ms: int, third_ms: int) -> float:
    """What is expected of a polled post by its third poll; the instants are its age at each."""
    course = Course(polled=True)
    course.publish("post-1", START_MS, "image", None, RULES.baseline)
    course.stepped_ms = START_MS
    course.poll("post-1", 40, START_MS + first_ms, START_MS + second_ms)
    course.poll("post-1", 40, START_MS + second_ms, START_MS + third_ms)
    step = course.step(START_MS + third_ms, 20_000, RULES, held=False, taught=False, grown=True)
    return step.due + step.new_due


def test_nothing_is_expected_for_the_time_before_the_first_poll_of_a_post() -> None:
    course = Course()
    usual = course.levels.usual("image", 20_000, RULES.baseline)[0]
    counted = course.curve.share(3 * MINUTE_MS, 9 * MINUTE_MS)
    assert due(3 * MINUTE_MS, 6 * MINUTE_MS, 9 * MINUTE_MS) == pytest.approx(usual * counted)


def test_a_poll_that_joins_on_to_the_last_leaves_no_gap() -> None:
    early = due(1, 6 * MINUTE_MS, HOUR_MS)
    late = due(MINUTE_MS, 6 * MINUTE_MS, HOUR_MS)
    assert early > late > 0.0
