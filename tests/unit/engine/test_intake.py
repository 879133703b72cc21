"""What each kind of record does, and where those go that are not counted."""

import base64
from typing import Any

import msgspec
import orjson
import pytest

from schemas.partitioning import partition_for
from streams.engine.facts import CreatorInfo
from streams.engine.rulebook import RuleBook
from streams.engine.rules import Rules
from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver

NOW = 1_768_478_430_000
MINUTE = 60_000


def event(**fields: Any) -> dict[str, Any]:
    return {
        "event_id": "e1",
        "creator_id": "mara",
        "platform": "bluesky",
        "occurred_at": NOW,
        "post_id": "p1",
        "actor_id": "fan",
    } | fields


def window(driver: ShardDriver) -> dict[str, Any]:
    """The one closed minute of all that was sent."""
    driver.tick(NOW)
    driver.tick(NOW + 5 * MINUTE)
    (only,) = driver.published["engagement-windows"]
    return only


def score(driver: ShardDriver, creator: str = "mara") -> dict[str, Any]:
    driver.tick(NOW + 2_000)
    return driver.latest["engagement-scores"][creator.encode()]


@pytest.fixture
def driver() -> ShardDriver:
    return ShardDriver()


@pytest.mark.parametrize(
    ("topic", "fields", "count"),
    [
        ("likes", {}, "likes"),
        ("likes", {"action": "remove"}, "unlikes"),
        ("shares", {}, "shares"),
        ("shares", {"action": "remove"}, "unshares"),
        ("comments", {"comment_id": "k", "text": "nice"}, "comments"),
        ("comments", {"comment_id": "k", "text": "", "action": "remove"}, "uncomments"),
        ("follows", {}, "follows"),
        ("follows", {"action": "unfollow"}, "unfollows"),
        ("posts", {}, "posts"),
        ("clicks", {"campaign_id": "c", "link_id": "l"}, "clicks"),
        (
            "conversions",
            {"campaign_id": "c", "order_id": "o", "value": 5, "currency": "EUR"},
            "conversions",
        ),
    ],
)
def test_each_kind_counts_one_of_its_own(
    driver: ShardDriver, topic: str, fields: dict[str, Any], count: str
) -> None:
    driver.send(topic, event(**fields), NOW)
    found = window(driver)
    assert found[count] == 1
    assert found["events"] == 1


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        ("posts", {"action": "edit"}),
        ("comments", {"comment_id": "k", "text": "x", "action": "edit"}),
    ],
)
def test_an_edit_is_an_event_and_nothing_else(
    driver: ShardDriver, topic: str, fields: dict[str, Any]
) -> None:
    driver.send(topic, event(**fields), NOW)
    found = window(driver)
    assert found["events"] == 1
    assert found["posts"] == found["comments"] == found["engagements"] == 0


def test_engagements_are_net(driver: ShardDriver) -> None:
    for number, action in enumerate(["add", "add", "remove"]):
        driver.send("likes", event(event_id=f"e{number}", action=action), NOW)
    driver.send("comments", event(comment_id="k", text="nice"), NOW)
    assert window(driver)["engagements"] == 2


def test_the_creators_own_answer_has_no_mood_and_is_no_unique_actor(driver: ShardDriver) -> None:
    driver.send("comments", event(actor_id="mara", comment_id="k", text="thanks, love!"), NOW)
    driver.tick(NOW + 2_000)
    assert b"mara" not in driver.latest["sentiment-scores"]
    found = window(driver)
    assert (found["comments"], found["own_comments"], found["unique_actors"]) == (1, 1, 0)


def test_the_mood_of_comments_is_published(driver: ShardDriver) -> None:
    for number, text in enumerate(["I love this so much", "terrible, hate it", "where is it?"]):
        body = event(event_id=f"e{number}", comment_id=f"k{number}", text=text)
        driver.send("comments", body, NOW)
    driver.tick(NOW + 2_000)
    mood = driver.latest["sentiment-scores"][b"mara"]["windows"]["5m"]
    assert (mood["comments"], mood["positive"], mood["negative"], mood["neutral"]) == (3, 1, 1, 1)
    assert mood["net"] == 0


def test_revenue_is_in_the_first_currency_and_others_stand_beside_it(driver: ShardDriver) -> None:
    for number, (value, currency, action) in enumerate(
        [
            (10.1, "EUR", "convert"),
            (0.2, "EUR", "convert"),
            (3, "EUR", "refund"),
            (7, "USD", "convert"),
        ]
    ):
        driver.send(
            "conversions",
            event(
                event_id=f"e{number}",
                campaign_id="c",
                order_id=str(number),
                value=value,
                currency=currency,
                action=action,
            ),
            NOW,
        )
    found = window(driver)
    assert (found["revenue"], found["currency"], found["revenue_other"]) == (7.3, "EUR", {"USD": 7})
    assert (found["conversions"], found["refunds"]) == (3, 1)


def test_the_rate_has_a_basis_only_where_followers_are_known(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    day = score(driver)["windows"]["24h"]
    assert (day["engagement_rate"], day["basis"]) == (None, None)
    driver.send("creators", event(event_id="e2", handle="@mara", followers=20_000), NOW)
    driver.tick(NOW + 4_000)
    found = driver.latest["engagement-scores"][b"mara"]
    day = found["windows"]["24h"]
    assert (day["engagement_rate"], day["basis"]) == (1 / 20_000, "followers")
    assert (found["followers"], found["handle"]) == (20_000, "@mara")


class Chosen(RuleBook):
    """Rules of all, and the tiers that they were asked for."""

    tiers: list[str | None]

    def of(self, info: CreatorInfo, campaign_id: str | None = None) -> Rules:
        self.tiers.append(info.tier)
        return super().of(info, campaign_id)


@pytest.mark.parametrize(
    ("topic", "fields", "tier"),
    [
        ("creators", {"handle": "@mara", "tier": "mid", "followers": 9_000}, "mid"),
        ("creators", {"handle": "@mara", "tier": "mid"}, "mid"),
        ("creators", {"handle": "@mara", "followers": 9_999}, "nano"),
        ("creators", {"handle": "@mara"}, None),
        ("counters", {"post_id": None, "followers": 10_000}, "micro"),
        ("posts", {"followers_at_publish": 1_000_000}, "mega"),
    ],
)
def test_the_published_tier_is_the_one_that_rules_are_chosen_by(
    topic: str, fields: dict[str, Any], tier: str | None
) -> None:
    book = Chosen()
    book.tiers = []
    driver = ShardDriver(ShardConfig(partitions=1, rules=book))
    driver.send(topic, event(event_id="e0", **fields), NOW)
    driver.send("likes", event(), NOW)
    assert score(driver)["tier"] == tier
    driver.tick(NOW + 10 * MINUTE)
    assert set(book.tiers) == {tier}


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        ("creators", {"handle": "@mara", "tier": "mid"}),
        ("counters", {"post_id": None, "followers": 100_000}),
    ],
)
def test_rules_are_chosen_by_the_tier_of_now(topic: str, fields: dict[str, Any]) -> None:
    book = Chosen()
    book.tiers = []
    driver = ShardDriver(ShardConfig(partitions=1, rules=book))
    driver.send("creators", event(event_id="e0", handle="@mara", followers=9_999), NOW)
    driver.send("likes", event(), NOW)
    driver.tick(NOW)
    driver.tick(NOW + 10 * MINUTE)
    later = NOW + 20 * MINUTE
    driver.send(topic, event(event_id="e2", occurred_at=later, **fields), later)
    driver.send("likes", event(event_id="e3", occurred_at=later), later)
    driver.tick(later)
    driver.tick(later + 10 * MINUTE)
    assert (book.tiers[0], book.tiers[-1]) == ("nano", "mid")


def test_a_tier_follows_the_followers_where_the_profile_names_none(driver: ShardDriver) -> None:
    driver.send("posts", event(followers_at_publish=99_999), NOW)
    assert score(driver)["tier"] == "micro"
    driver.send("posts", event(event_id="e2", post_id="p2", followers_at_publish=100_000), NOW)
    driver.tick(NOW + 4_000)
    assert driver.latest["engagement-scores"][b"mara"]["tier"] == "mid"


def test_a_polled_total_counts_what_it_grew_by(driver: ShardDriver) -> None:
    for number, likes in enumerate([1_000, 1_040]):
        at = NOW - MINUTE + number * MINUTE
        body = {"event_id": f"e{number}", "creator_id": "mara", "platform": "instagram"}
        driver.send("counters", body | {"occurred_at": at, "post_id": "p", "likes": likes}, NOW)
    driver.tick(NOW)
    driver.tick(NOW + 5 * MINUTE)
    assert [w["likes"] for w in driver.published["engagement-windows"]] == [0, 40]
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1h"]["likes"] == 40


def test_a_second_event_of_one_id_is_dropped_and_counted(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    driver.send("likes", event(), NOW)
    assert window(driver)["likes"] == 1
    assert driver.shards[0].stats.duplicates["likes"] == 1


def test_the_same_id_of_another_creator_or_topic_is_another_event(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    driver.send("likes", event(creator_id="noa"), NOW)
    driver.send("shares", event(), NOW)
    driver.tick(NOW + 5 * MINUTE)
    assert driver.shards[0].stats.duplicates.total() == 0


def test_an_event_of_a_closed_minute_is_late_and_still_scored(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    driver.tick(NOW)
    late = event(event_id="e2", occurred_at=NOW - 10 * MINUTE)
    driver.send("likes", late, NOW)
    driver.tick(NOW + 2_000)
    (found,) = driver.published["late-events"]
    assert found["event"] == late
    assert found["applied_to_score"] is True
    assert found["late_by_seconds"] == 590
    assert (found["topic"], found["partition"], found["offset"]) == ("likes", 0, 1)
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1h"]["likes"] == 2
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["5m"]["likes"] == 1


def test_an_event_older_than_the_longest_window_is_late_and_not_scored(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    driver.tick(NOW)
    driver.send("likes", event(event_id="e2", occurred_at=NOW - 25 * 60 * MINUTE), NOW)
    driver.tick(NOW + 2_000)
    assert driver.published["late-events"][0]["applied_to_score"] is False
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["24h"]["likes"] == 1


def test_an_event_behind_the_watermark_is_not_late_while_its_minute_is_open(
    driver: ShardDriver,
) -> None:
    driver.send("likes", event(), NOW)
    driver.tick(NOW)
    driver.send("likes", event(event_id="e2", occurred_at=NOW - 15_000), NOW)
    assert window(driver)["likes"] == 2
    assert not driver.published["late-events"]


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        (b"nonsense", "not_json", "$"),
        (b"", "empty", "$"),
        (None, "unexpected_null", "$"),
        (b'{"event_id": "\xff"}', "not_utf8", "$"),
        (b"x" * 1_000_000, "too_large", "$"),
    ],
)
def test_a_bad_value_becomes_a_dead_letter_and_the_next_event_counts(
    driver: ShardDriver, value: bytes | None, code: str, path: str
) -> None:
    driver.send("likes", value, NOW, key=b"mara", partition=0)
    driver.send("likes", event(), NOW)
    driver.tick(NOW + 2_000)
    (letter,) = driver.published["dead-letters"]
    assert (letter["code"], letter["path"], letter["key"]) == (code, path, "mara")
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("likes", 0, 0)
    assert letter["payload_bytes"] == len(value or b"")
    if value is not None:
        assert base64.b64decode(letter["payload"]) == value[: 64 * 1024]
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1m"]["likes"] == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"occurred_at": NOW + 6 * MINUTE}, "time_future"),
        ({"occurred_at": NOW // 1000}, "time_range"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "time_range"),
    ],
)
def test_a_time_that_cannot_be_moves_no_clock(
    driver: ShardDriver, fields: dict[str, Any], code: str
) -> None:
    driver.send("likes", event(**fields), NOW)
    driver.tick(NOW)
    (letter,) = driver.published["dead-letters"]
    assert (letter["code"], letter["path"]) == (code, "$.occurred_at")
    assert driver.shards[0].watermark_ms is None


def test_a_fast_clock_within_reason_counts_but_closes_no_window_early(driver: ShardDriver) -> None:
    driver.send("likes", event(occurred_at=NOW + 4 * MINUTE), NOW)
    driver.tick(NOW)
    assert driver.shards[0].watermark_ms == NOW - 10_000
    assert not driver.published["dead-letters"]


def test_a_record_on_the_wrong_partition_is_sent_on_once_and_counted_once() -> None:
    driver = ShardDriver(ShardConfig(partitions=4))
    right = partition_for(b"mara", 4)
    wrong = (right + 1) % 4
    driver.send("likes", event(), NOW, partition=wrong)
    driver.tick(NOW)
    driver.tick(NOW + 2_000)
    assert driver.shards[wrong].stats.forwarded["likes"] == 1
    assert driver.shards[right].stats.accepted["likes"] == 1
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1m"]["likes"] == 1


def test_a_forwarded_duplicate_is_still_a_duplicate() -> None:
    driver = ShardDriver(ShardConfig(partitions=4))
    right = partition_for(b"mara", 4)
    driver.send("likes", event(), NOW)
    driver.send("likes", event(), NOW, partition=(right + 1) % 4)
    driver.tick(NOW)
    driver.tick(NOW + 2_000)
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["1m"]["likes"] == 1
    assert driver.shards[right].stats.duplicates["likes"] == 1


def test_a_null_value_on_creators_erases_all_that_is_kept(driver: ShardDriver) -> None:
    driver.send("likes", event(), NOW)
    driver.send("comments", event(comment_id="k", text="love it"), NOW)
    driver.tick(NOW + 2_000)
    assert b"mara" in driver.latest["engagement-scores"]
    driver.send("creators", None, NOW, key=b"mara")
    driver.tick(NOW + 5 * MINUTE)
    assert driver.latest["engagement-scores"] == driver.latest["sentiment-scores"] == {}
    kept = [*driver.tables[0]["engagement"], *driver.tables[0]["sentiment"]]
    assert not [key for key in kept if b"mara" in key]
    assert not driver.published["engagement-windows"]


def test_an_erased_creator_begins_anew_and_survives_a_crash(driver: ShardDriver) -> None:
    for number in range(50):
        driver.send("likes", event(event_id=f"e{number}"), NOW)
        driver.tick(NOW)
    driver.send("creators", None, NOW, key=b"mara")
    driver.send("likes", event(event_id="new"), NOW)
    driver.tick(NOW + 2_000)
    driver.crash()
    driver.tick(NOW + 70_000)
    assert driver.latest["engagement-scores"][b"mara"]["windows"]["24h"]["likes"] == 1


def test_nobody_of_an_erased_creators_audience_is_counted_for_a_namesake(
    driver: ShardDriver,
) -> None:
    for number in range(40):
        driver.send("likes", event(event_id=f"e{number}", actor_id=f"a{number}"), NOW)
    later = NOW + 6 * MINUTE
    driver.send("likes", event(event_id="later", occurred_at=later), later)
    driver.tick(later)
    assert any(key.startswith(b"a") for key in driver.tables[0]["engagement"])
    driver.send("creators", None, later, key=b"mara")
    click = event(event_id="new", occurred_at=later, campaign_id="c", link_id="l")
    driver.send("clicks", click, later)
    driver.tick(later + 2_000)
    driver.crash()
    namesake = driver.shards[0]._registry.get("mara")
    assert namesake is not None
    assert namesake.actors.occupied == 0


def test_a_bad_campaign_is_reported_and_its_position_kept(driver: ShardDriver) -> None:
    driver.send("campaigns", b'{"campaign_id": "c"}', NOW, key=b"c", partition=0)
    driver.tick(NOW)
    (letter,) = driver.published["dead-letters"]
    assert (letter["topic"], letter["code"], letter["path"]) == (
        "campaigns",
        "missing_field",
        "$.name",
    )
    driver.crash()
    assert driver.shards[0].positions["campaigns"] == 1


def test_no_actor_is_kept_by_name(driver: ShardDriver) -> None:
    driver.send("likes", event(actor_id="a-very-private-name"), NOW)
    driver.send("comments", event(comment_id="k", actor_id="a-very-private-name", text="hm"), NOW)
    driver.tick(NOW + 2_000)
    stored = [*driver.tables[0]["engagement"].items(), *driver.tables[0]["sentiment"].items()]
    assert not [key for key, value in stored if b"private" in key + value]


@pytest.mark.parametrize(
    ("occurred_at", "code"),
    [
        ("9999-12-31T23:59:59-12:00", "time_future"),
        ("0001-01-01T00:00:00+14:00", "time_range"),
        (253_402_300_799_999, "time_future"),
    ],
)
def test_a_time_that_no_calendar_holds_is_refused(
    driver: ShardDriver, occurred_at: object, code: str
) -> None:
    driver.send("likes", event(occurred_at=occurred_at), NOW)
    driver.tick(NOW)
    assert [letter["code"] for letter in driver.published["dead-letters"]] == [code]


@pytest.mark.parametrize("written", [2**62, 253_402_300_799_999, -1])
def test_a_record_of_an_impossible_time_is_refused(driver: ShardDriver, written: int) -> None:
    driver.send("likes", event(occurred_at=253_402_300_799_999), written, key=b"mara")
    driver.send("likes", b"no json", written, key=b"mara")
    driver.tick(NOW)
    codes = [letter["code"] for letter in driver.published["dead-letters"]]
    assert codes == ["time_range", "not_json"]


@pytest.mark.parametrize(
    "member",
    [
        b"1e400",
        b"-1e400",
        b"1" * 30,
        b"1" * 5_000,
        b'[{"a":1e999}]',
        b'{"a":[1,{"b":' + b"1" * 30 + b"}]}",
        b"1" * 400 + b',"x":1',
        b"1e400" + b',"x":1',
    ],
)
def test_a_late_event_is_json_that_every_reader_takes(driver: ShardDriver, member: bytes) -> None:
    driver.send("likes", event(), NOW)
    driver.tick(NOW)
    late = event(event_id="e2", occurred_at=NOW - 10 * MINUTE)
    raw = msgspec.json.encode(late)[:-1] + b',"x":' + member + b"}"
    driver.send("likes", raw, NOW, key=b"mara")
    (output,) = (o for o in driver.shards[0].take_snapshot().outputs if o.topic == "late-events")
    found = orjson.loads(output.value or b"")["event"]
    assert found["event_id"] == "e2"
    assert "x" not in found


def test_topics_that_are_read_in_two_panes_in_turn_are_counted_in_both(
    driver: ShardDriver,
) -> None:
    for n in range(6):
        at = NOW - 10_000 * (n % 2)
        topic = ("likes", "shares")[n % 2]
        driver.send(topic, event(event_id=f"e{n}", actor_id=f"fan-{n}", occurred_at=at), NOW)
    found = window(driver)
    assert (found["events"], found["likes"], found["shares"]) == (6, 3, 3)
    assert found["unique_actors"] == 6


def test_likes_given_and_taken_back_are_events_of_their_own(driver: ShardDriver) -> None:
    for n, action in enumerate(("add", "add", "remove")):
        driver.send("likes", event(event_id=f"e{n}", action=action), NOW)
    found = window(driver)
    assert (found["events"], found["likes"], found["unlikes"]) == (3, 2, 1)
    assert (found["engagements"], found["unique_actors"]) == (1, 1)


def test_single_likes_do_not_count_where_totals_were_polled_first(driver: ShardDriver) -> None:
    polled = event(event_id="c1", likes=10)
    driver.send("counters", {k: v for k, v in polled.items() if k != "actor_id"}, NOW)
    driver.send("likes", event(), NOW)
    found = window(driver)
    assert (found["events"], found["likes"], found["unique_actors"]) == (2, 0, 0)
