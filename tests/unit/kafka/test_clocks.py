"""Drained is what the brokers said of late; time stands still while they say nothing."""

from faust.types import TP

from streams.kafka.chain import Answer
from streams.kafka.clocks import FRESH_SECONDS, SILENT_SECONDS, Freshness

PHYSICAL = {"likes": "p.likes", "posts": "p.posts"}
LIKES, POSTS = TP("p.likes", 1), TP("p.posts", 1)
POSITIONS = {"likes": 5, "posts": 0}


def answer(highwater: int | None, stamp: int | None, unread: bool = False) -> Answer:
    return Answer(0, highwater, stamp, unread)


def judged(freshness: Freshness) -> tuple[frozenset[str], bool]:
    return freshness.judge(1, PHYSICAL, POSITIONS)


def test_a_topic_is_drained_when_the_shard_stands_at_the_high_watermark() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 1)}, 10.0)
    assert judged(freshness) == (frozenset(), False)


def test_a_topic_with_records_beyond_the_shard_is_not_drained() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(6, 1), POSTS: answer(0, 1)}, 10.0)
    assert judged(freshness) == (frozenset({"likes"}), False)


def test_a_topic_whose_fetched_records_wait_is_not_drained_and_has_answered() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, None, unread=True), POSTS: answer(0, 1)}, 10.0)
    assert judged(freshness) == (frozenset({"likes"}), False)


def test_an_old_answer_does_not_count() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 1)}, 10.0)
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 2)}, 10.1 + FRESH_SECONDS)
    assert judged(freshness) == (frozenset({"likes"}), False)


def test_time_is_frozen_until_every_topic_has_answered() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(None, None)}, 10.0)
    assert judged(freshness)[1]
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 1)}, 10.1)
    assert not judged(freshness)[1]


def test_time_is_frozen_while_no_topic_answers() -> None:
    freshness = Freshness()
    answers = {LIKES: answer(5, 1), POSTS: answer(0, 1)}
    freshness.observe(answers, 10.0)
    freshness.observe(answers, 10.1 + FRESH_SECONDS)
    assert judged(freshness)[1]
    assert not freshness.silent()
    freshness.observe(answers, 10.1 + SILENT_SECONDS)
    assert freshness.silent()


def test_answers_from_before_a_takeover_are_forgotten() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 1)}, 10.0)
    freshness.observe({LIKES: answer(None, None), POSTS: answer(None, None)}, 10.1)
    assert judged(freshness) == (frozenset(PHYSICAL), True)
    freshness.observe({}, 10.2 + SILENT_SECONDS)
    assert not freshness.silent()


def test_what_waits_for_slower_topics_is_no_sign_of_life() -> None:
    freshness = Freshness()
    answers = {LIKES: answer(9, 1, unread=True), POSTS: answer(7, 1)}
    freshness.observe(answers, 10.0)
    freshness.observe(answers, 11.5)
    freshness.observe(answers, 10.1 + SILENT_SECONDS)
    assert not freshness.silent()
    assert not judged(freshness)[1]
    freshness.observe(answers, 10.2 + SILENT_SECONDS, {LIKES})
    assert freshness.silent()
    assert judged(freshness)[1]


def test_time_stands_still_after_this_process_did() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(5, 1), POSTS: answer(0, 1)}, 10.0)
    resumed = 10.1 + SILENT_SECONDS
    # What arrives first may have been on its way since before.
    freshness.observe({LIKES: answer(5, 2), POSTS: answer(0, 2)}, resumed)
    assert judged(freshness)[1]
    freshness.observe({LIKES: answer(5, 3), POSTS: answer(0, 3)}, resumed + FRESH_SECONDS)
    assert judged(freshness)[1]
    freshness.observe({LIKES: answer(5, 4), POSTS: answer(0, 4)}, resumed + FRESH_SECONDS + 0.1)
    assert judged(freshness) == (frozenset(), False)


def test_behind_is_what_is_known_to_hold_more_or_has_never_answered() -> None:
    freshness = Freshness()
    freshness.observe({LIKES: answer(9, 1), POSTS: answer(None, None)}, 10.0)
    assert freshness.behind(1, PHYSICAL, {"likes": 5}) == {"likes", "posts"}
    freshness.observe({LIKES: answer(9, 1), POSTS: answer(0, 1)}, 10.1)
    assert freshness.behind(1, PHYSICAL, {"likes": 9}) == frozenset()
    freshness.observe({LIKES: answer(9, 1), POSTS: answer(0, 1)}, 99.0)
    assert freshness.behind(1, PHYSICAL, {"likes": 9}) == frozenset(), "silent, but not behind"
