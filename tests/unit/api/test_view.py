"""The view: what records say of creators, campaigns and alerts, in whatever order they come."""

import itertools
import json
from collections.abc import Sequence

import pytest

from streams.api import heads
from streams.api.hub import Hub
from streams.api.view import ERASURE_MARGIN_MS, View
from streams.follow import Followed
from tests.unit.api.caller import (
    FAR,
    NOON,
    alert,
    campaign,
    followed,
    profile,
    score,
    sentiment,
)

ADA = "instagram:ada"


def viewed(*records: Followed) -> View:
    view = View(Hub())
    put(view, records)
    return view


def put(view: View, records: Sequence[Followed]) -> None:
    for record in records:
        if record.topic == "alerts":
            assert record.value is not None
            view.tell(heads.decode(record.value), record.value)
        else:
            view.take(record)


RECORDS = (
    score(ADA, 40.0, tier="micro", followers=12_000),
    sentiment(ADA, 0.25),
    profile(ADA, "ada.runs", followers=11_000, tier="nano"),
    campaign("c1", ADA, "instagram:bob"),
    alert(ADA),
)


@pytest.mark.parametrize("records", list(itertools.permutations(RECORDS)))
def test_the_order_in_which_topics_are_read_changes_nothing(records: tuple[Followed, ...]):
    view = viewed(*records)
    found = view.summary(view.rows[ADA])
    assert (found.handle, found.tier, found.followers) == ("ada.runs", "micro", 12_000)
    assert (found.score, found.sentiment_24h) == (40.0, 0.25)
    assert (found.campaigns, found.alerts) == (["c1"], ["follower_spike"])
    assert view.rows[ADA].needle == "instagram:ada\nada.runs"


def test_a_profile_alone_makes_a_creator_known():
    view = viewed(profile(ADA, "ada", followers=5, tier="nano"))
    found = view.summary(view.rows[ADA])
    assert (found.followers, found.tier, found.score, found.as_of) == (5, "nano", None, None)


def test_a_profile_that_names_no_tier_is_of_the_tier_that_its_followers_make():
    view = viewed(profile(ADA, "ada", followers=12_000))
    assert view.rows[ADA].tier == "micro"
    put(view, [score(ADA, tier="mid", followers=100_000)])
    assert view.rows[ADA].tier == "mid"
    put(view, [followed("engagement-scores", ADA, None)])
    assert view.rows[ADA].tier == "micro"


def test_posts_far_from_usual_are_shown_as_long_as_the_latest_score_names_them():
    view = viewed(score(ADA, posts=[FAR]))
    assert view.summary(view.rows[ADA]).posts == [FAR]
    put(view, [score(ADA)])
    assert view.summary(view.rows[ADA]).posts == []


def test_without_a_score_no_post_is_far_from_usual():
    gone = followed("engagement-scores", ADA, None)
    view = viewed(score(ADA, posts=[FAR]), profile(ADA, "ada"), gone)
    assert view.summary(view.rows[ADA]).posts == []


def test_a_score_of_an_older_worker_names_no_posts():
    older = score(ADA)
    value = json.loads(older.value or b"")
    del value["posts"]
    view = viewed(older._replace(value=json.dumps(value).encode()))
    assert view.summary(view.rows[ADA]).posts == []


def test_an_erased_creator_is_gone_though_old_scores_are_read_later():
    erased = followed("creators", ADA, None, NOON)
    for records in itertools.permutations([score(ADA, at=NOON - 1), sentiment(ADA, 0.1), erased]):
        assert ADA not in viewed(*records).rows


def test_the_alerts_of_an_erased_creator_are_gone_too_whatever_is_read_first():
    erased = followed("creators", ADA, None, NOON + 1)
    for records in itertools.permutations([score(ADA), alert(ADA), erased]):
        view = viewed(*records)
        assert (view.alerts, view.alerts_of(ADA), view.rows) == ({}, [], {})


def test_an_erased_creator_who_comes_back_is_known_again():
    erased = followed("creators", ADA, None, NOON)
    view = viewed(score(ADA, 10.0), erased, score(ADA, 20.0, at=NOON + ERASURE_MARGIN_MS + 1))
    assert view.summary(view.rows[ADA]).score == 20.0


def test_a_score_that_is_deleted_leaves_the_profile():
    view = viewed(score(ADA), profile(ADA, "ada"), followed("engagement-scores", ADA, None))
    found = view.summary(view.rows[ADA])
    assert (found.score, found.engagements.h24, found.handle) == (None, 0, "ada")


def test_a_campaign_that_changes_or_goes_takes_its_creators_along():
    view = viewed(score(ADA), score("bob"), campaign("c1", ADA, "bob"), campaign("c1", "bob"))
    assert view.rows[ADA].campaigns == frozenset()
    assert view.rows["bob"].campaigns == {"c1"}
    view.take(followed("campaigns", "c1", None))
    assert view.rows["bob"].campaigns == frozenset()
    assert view.campaigns == {}


def test_a_resolved_alert_is_open_no_more_and_an_older_record_opens_nothing():
    view = viewed(score(ADA), alert(ADA), alert(ADA, "update", NOON + 10))
    put(view, [alert(ADA, "firing", NOON)])
    assert len(view.alerts_of(ADA)) == 1
    assert next(iter(view.alerts.values())).alert.status == "update"
    put(view, [alert(ADA, "resolved", NOON + 20)])
    assert view.alerts_of(ADA) == []
    assert view.alerts == {}
    assert view.rows[ADA].alerts == frozenset()


def test_an_alert_of_a_kind_that_is_not_known_here_is_shown_like_any_other():
    told = alert(ADA)
    assert told.value is not None
    raw = told.value.replace(b"follower_spike", b"comet")
    view = viewed(score(ADA), told._replace(value=raw))
    assert view.summary(view.rows[ADA]).alerts == ["comet"]


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(
    "topic", ["engagement-scores", "sentiment-scores", "creators", "campaigns"]
)
def test_what_cannot_be_read_is_counted_and_changes_nothing(topic: str, value: bytes):
    view = viewed(score(ADA))
    view.take(Followed(topic, b"x", value, 0, 0, NOON))
    assert (view.refused, set(view.rows)) == (1, {ADA})
