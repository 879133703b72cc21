"""A day after a spike: how many of its followers have stayed is told, once, and calls nobody."""

import pytest

from schemas.alerts import Alert
from schemas.instants import to_ms
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from tests.unit.engine.test_desk import LIVE, START, Desk

PROFILE = {"handle": "ada", "followers": 20_000, "tier": "micro"}
REAL = {"followers": 310, "following": 280, "posts": 45, "has_avatar": True}


def spiked(count: int = 400) -> Desk:
    """A spike of followers with a life of their own, below a post; over after half an hour."""
    desk = Desk()
    desk.send("creators", "ada", START, **PROFILE)
    desk.know("ada")
    desk.send("posts", "ada", LIVE - HOUR_MS, post_id="p")
    for number in range(count):
        desk.send("follows", "ada", LIVE, actor_id=f"a{number}", actor=REAL)
    desk.pass_time(LIVE + 30 * MINUTE_MS)
    return desk


def leave(desk: Desk, count: int, at_ms: int) -> None:
    for number in range(count):
        desk.send("follows", "ada", at_ms, actor_id=f"a{number}", action="unfollow")
    desk.driver.tick(at_ms)


def records(desk: Desk) -> list[Alert]:
    desk.pass_time(LIVE + DAY_MS + HOUR_MS)
    return desk.of("follower_spike")


def test_a_spike_whose_followers_have_left_is_suspect_in_hindsight() -> None:
    desk = spiked()
    leave(desk, 310, LIVE + 5 * HOUR_MS)
    firing, *_, resolved, review = records(desk)
    assert (firing.explanation, resolved.explanation) == ("unexplained", "unexplained")
    assert (resolved.status, review.status) == ("resolved", "resolved")
    assert review.explanation == "suspect"
    assert review.alert_id == firing.alert_id
    assert review.ended_at == resolved.ended_at
    assert review.reviewed_at == review.updated_at
    assert to_ms(review.updated_at) - to_ms(resolved.updated_at) == DAY_MS
    evidence = review.evidence
    assert (evidence.metric, evidence.observed, evidence.expected) == ("kept_follows", 90, 400)
    assert review.reason == (
        "Of 400 followers that @ada gained from 12 Jan 08:00 UTC on, 90 are left 24 hours after the"
        " spike's end, 22 %: 310 more have left than came since then. Followers who leave so soon"
        " may have been bought."
    )


@pytest.mark.parametrize(
    ("leaving", "told"),
    [
        (150, "250 are left 24 hours after the spike's end, 62 %"),
        (0, "all are left 24 hours after the spike's end"),
    ],
)
def test_a_spike_whose_followers_stay_keeps_its_explanation(leaving: int, told: str) -> None:
    desk = spiked()
    leave(desk, leaving, LIVE + 5 * HOUR_MS)
    review = records(desk)[-1]
    assert review.explanation == "unexplained"
    assert told in review.reason
    assert "bought" not in review.reason


def test_it_calls_nobody_and_keeps_what_people_have_said() -> None:
    desk = spiked()
    alert_id = desk.alerts[0].alert_id
    desk.command("ada", LIVE + 31 * MINUTE_MS, action="useful", alert_id=alert_id)
    review = records(desk)[-1]
    assert (review.notify, review.quiet, review.called) == (False, "past", True)
    assert review.feedback == "useful"
    assert list(desk.driver.shards[0].firing()) == []


def test_who_took_the_alert_is_named_in_its_last_record() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    alert_id = desk.alerts[0].alert_id
    desk.command("ada", LIVE + MINUTE_MS, action="acknowledge", alert_id=alert_id)
    review = records(desk)[-1]
    assert review.reviewed_at is not None
    assert review.acknowledged_by == "ops"
    assert to_ms(review.acknowledged_at or 0) == LIVE + MINUTE_MS


def test_a_worker_that_takes_over_meanwhile_tells_the_same() -> None:
    told = []
    for crashes in (False, True):
        desk = spiked()
        leave(desk, 310, LIVE + 5 * HOUR_MS)
        if crashes:
            desk.pass_time(LIVE + 9 * HOUR_MS)
            desk.driver.crash()
        told.append(records(desk))
    assert told[0] == told[1]


def test_a_next_spike_is_no_excuse_for_followers_who_left() -> None:
    desk = spiked()
    leave(desk, 310, LIVE + 5 * HOUR_MS)
    desk.pass_time(LIVE + 12 * HOUR_MS)
    desk.spike(LIVE + 12 * HOUR_MS, ada=900)
    *_, review, firing = desk.of("follower_spike")
    assert "90 are left 12 hours after" in review.reason
    assert review.alert_id != firing.alert_id
    assert firing.status == "firing"
    desk.pass_time(LIVE + 40 * HOUR_MS)
    reviews = [alert for alert in desk.of("follower_spike") if alert.reviewed_at]
    assert [alert.evidence.expected for alert in reviews] == [400, 900]


def test_polled_totals_tell_it_too() -> None:
    desk = Desk()
    followers, at = 20_000, START
    while at < LIVE + 26 * HOUR_MS:
        followers += 500 * (at == LIVE) - 40 * (0 < at - LIVE - 3 * HOUR_MS <= HOUR_MS)
        desk.send("counters", "ada", at, followers=followers)
        desk.driver.tick(at)
        desk.driver.tick(at + MINUTE_MS)
        at += 5 * MINUTE_MS
    review = desk.of("follower_spike")[-1]
    assert review.evidence.observed == 0, "fewer were told of than came between the two polls"
    assert review.explanation == "suspect"
