"""However much of one creator arrives, what is kept of it has a limit, and nothing is lost."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from streams.engine import bounds, counts
from streams.engine.facts import PaneFacts, Published, Spread
from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver

NOW = 1_768_478_430_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
CHANGELOG_LIMIT = 2_097_152
LONG = "\N{PILE OF POO}" * 240


@pytest.fixture
def driver() -> ShardDriver:
    return ShardDriver(ShardConfig(partitions=1, duplicate_horizon=512))


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "creator_id": "mara",
        "platform": "bluesky",
        "occurred_at": NOW,
        "post_id": f"p{number}",
        "actor_id": "fan",
    } | fields


def conversion(number: int, **fields: Any) -> dict[str, Any]:
    money = {"campaign_id": "c", "order_id": "o", "value": 1, "currency": "EUR"}
    return event(number, **(money | fields))


def codes() -> Iterator[str]:
    for first in "ABCDEFGHIJ":
        for second in "ABCDEFGHIJ":
            yield f"X{first}{second}"


def largest_record(driver: ShardDriver) -> int:
    return max(len(value) for value in driver.tables[0]["engagement"].values())


def open_facts(driver: ShardDriver) -> dict[int, PaneFacts]:
    (creator,) = driver.shards[0].live_creators()
    return creator.facts


def test_likes_of_many_posts_all_count_and_few_posts_are_remembered(driver: ShardDriver) -> None:
    for number in range(2_000):
        driver.send("likes", event(number), NOW)
    driver.checkpoint()
    (facts,) = open_facts(driver).values()
    assert len(facts.by_post) <= bounds.PANE_DETAILS
    assert driver.shards[0].stats.folded["details"] >= 2_000 - bounds.PANE_DETAILS
    driver.tick(NOW)
    driver.tick(NOW + 5 * MINUTE)
    assert driver.published["engagement-windows"][0]["likes"] == 2_000


def test_a_post_that_is_followed_is_never_folded_away(driver: ShardDriver) -> None:
    driver.send("posts", event(0, post_id="new"), NOW)
    driver.send("likes", event(0, post_id="new"), NOW)
    for number in range(1, 1_000):
        driver.send("likes", event(2 * number, post_id=f"p{number}"), NOW)
        driver.send("likes", event(2 * number + 1, post_id=f"p{number}"), NOW)
    (facts,) = open_facts(driver).values()
    assert facts.by_post["new"] == 1


def test_a_flood_over_many_panes_and_minutes_stays_below_the_limit_of_a_record(
    driver: ShardDriver,
) -> None:
    driver.send("likes", event(0), NOW)
    driver.tick(NOW - 3 * DAY, frozenset({"likes"}))
    sent = 0
    for number in range(1, 6_000):
        at = NOW + (number * 7_919 % 3_000) * MINUTE + number % 60 * 1_000
        sent += 1
        driver.send("likes", event(number, post_id=f"{LONG}{number}", occurred_at=at), at)
        driver.send("posts", event(number, post_id=f"{LONG}{number}", occurred_at=at), at)
    driver.checkpoint()
    assert largest_record(driver) < CHANGELOG_LIMIT
    facts = open_facts(driver)
    assert len(facts) <= bounds.MAX_PANES + 1
    now = NOW + 3_100 * MINUTE
    for _ in range(3):
        driver.tick(now := now + 5 * MINUTE)
    windows = sum(window["likes"] for window in driver.published["engagement-windows"])
    late = sum(record["topic"] == "likes" for record in driver.published["late-events"])
    assert windows + late == sent + 1
    assert late > 0, "minutes beyond the limit go to late-events"


def test_a_crash_amid_a_flood_changes_nothing(driver: ShardDriver) -> None:
    calm = ShardDriver(driver.config)
    for number in range(1, 3_000):
        at = NOW + (number * 7_919 % 900) * MINUTE
        for each in (driver, calm):
            each.send("likes", event(number, occurred_at=at), at)
        if number % 500 == 0:
            driver.tick(at, frozen=True)
            calm.tick(at, frozen=True)
            driver.crash()
    for each in (driver, calm):
        each.tick(NOW + 2 * DAY)
        each.tick(NOW + 2 * DAY + 5 * MINUTE)
    assert driver.published == calm.published


def test_a_conversion_in_one_currency_too_many_is_refused_with_the_reason(
    driver: ShardDriver,
) -> None:
    names = list(codes())
    for number, code in enumerate(names):
        driver.send("conversions", conversion(number, currency=code), NOW)
    driver.send("conversions", conversion(len(names), currency=names[0]), NOW)
    driver.tick(NOW)
    driver.tick(NOW + 5 * MINUTE)
    refused = driver.published["dead-letters"]
    assert len(refused) == len(names) - bounds.MAX_CURRENCIES
    assert {(r["code"], r["path"]) for r in refused} == {("out_of_range", "$.currency")}
    (window,) = driver.published["engagement-windows"]
    assert window["conversions"] == window["events"] == bounds.MAX_CURRENCIES + 1
    assert window["revenue"] == 2.0
    assert len(window["revenue_other"]) == bounds.MAX_CURRENCIES - 1


@pytest.mark.parametrize("action", ["convert", "refund"])
def test_sums_of_money_beyond_64_bits_are_exact_and_survive_a_restart(
    driver: ShardDriver, action: str
) -> None:
    for number in range(20_000):
        driver.send("conversions", conversion(number, value=1e9, action=action), NOW)
    driver.checkpoint()
    driver.crash()
    driver.tick(NOW)
    driver.tick(NOW + 5 * MINUTE)
    (window,) = driver.published["engagement-windows"]
    assert window["revenue"] == (2e13 if action == "convert" else -2e13)


def test_totals_that_make_room_for_others_are_counted(driver: ShardDriver) -> None:
    for number in range(300):
        driver.send("counters", event(number, likes=number), NOW + number)
    assert driver.shards[0].stats.folded["totals"] == 300 - 256


def test_growth_of_one_total_is_added_up() -> None:
    facts = PaneFacts(spreads=[("p", Spread("likes", 1, 1_000 + at)) for at in range(500)])
    assert bounds.trim(facts, ()) == 499
    assert facts.spreads == [("p", Spread("likes", 500, 1_000))]


def test_joined_panes_keep_their_sums_and_move_to_the_later_time() -> None:
    panes = {
        pane: PaneFacts(
            follows=1,
            by_post={"known": 1, f"p{pane}": 1},
            published=[Published(f"p{pane}", pane, None, None)],
            deleted=["gone"],
        )
        for pane in range(1_001)
    }
    assert bounds.crowded(panes)
    assert bounds.condense(panes, {"known"}) > 0
    assert not bounds.crowded(panes)
    assert max(panes) == 1_000
    assert sum(facts.follows for facts in panes.values()) == 1_001
    assert sum(facts.by_post["known"] for facts in panes.values()) == 1_001


def test_unfollows_alone_do_not_pile_up_in_the_watch(driver: ShardDriver) -> None:
    for number in range(2_000):
        at = NOW + number * 10_000
        driver.send("follows", event(number, action="unfollow", occurred_at=at), at)
        driver.tick(at)
    (creator,) = driver.shards[0].live_creators()
    assert len(creator.watch.spike.recent) < 100


def test_a_flood_of_long_garbage_asks_for_a_checkpoint_by_its_bytes(driver: ShardDriver) -> None:
    shard = driver.shards[0]
    for number in range(100):
        driver.send("likes", b"[" * 100_000, NOW + number)
    assert shard.dirty() > 100 * 64
    driver.checkpoint()
    assert shard.dirty() == 0


def test_panes_that_are_filled_after_all_were_opened_are_folded_too(driver: ShardDriver) -> None:
    driver.send("likes", event(0), NOW)
    number = 0
    for entries in (1, 7, 40):
        for pane in range(bounds.MAX_PANES):
            at = NOW + pane * 10_000
            for _ in range(entries):
                number += 1
                like = event(number, post_id=f"{LONG}{number}", occurred_at=at)
                driver.send("likes", like, NOW + 30 * MINUTE)
        driver.checkpoint()
        assert largest_record(driver) < CHANGELOG_LIMIT
    (creator,) = driver.shards[0].live_creators()
    likes = sum(counts.lanes(minute.counts)[counts.LIKES] for minute in creator.minutes.values())
    assert likes == number + 1


def test_comments_of_many_posts_are_told_apart_by_post_up_to_a_limit() -> None:
    facts = PaneFacts()
    places = [bounds.place(facts, f"p{n % 20}") for n in range(40)]
    assert places[: bounds.PANE_PLACES] == list(range(1, bounds.PANE_PLACES + 1))
    assert set(places[bounds.PANE_PLACES : 20]) == {0}
    assert places[20:] == places[:20]
    assert [facts.post_of(2 * place) for place in (1, 16, 0, 17)] == ["p0", "p15", None, None]


def test_words_are_kept_of_few_comments_and_are_cut(driver: ShardDriver) -> None:
    for number in range(50):
        fields = {"comment_id": f"c{number}", "text": "so good " * 400, "post_id": "p"}
        driver.send("comments", event(number, **fields), NOW)
    driver.checkpoint()
    (facts,) = open_facts(driver).values()
    assert [len(text) for _, _, _, text, _ in facts.heard] == [bounds.HEARD_CHARS] * 2
    assert facts.below == ["p"]
    assert len(facts.talk) == len(facts.voices)
    assert sum(len(msgspec.msgpack.encode(one)) for one in facts.heard) < 250


def test_joined_panes_keep_the_posts_of_what_people_did() -> None:
    panes = {}
    for pane in range(bounds.MAX_PANES):
        facts = panes[pane] = PaneFacts()
        mark = 2 * bounds.place(facts, f"p{pane % 3}")
        facts.talk.append((pane, mark + 1))
        facts.guests.append((pane, mark))
        facts.heard.append((pane, mark + 1, f"c{pane}", "wow", 40))
    bounds.condense(panes, ())
    assert len(panes) == bounds.MAX_PANES // 2
    for facts in panes.values():
        assert len(facts.talk) == 2
        for who, mark in [*facts.talk, *facts.guests, *[heard[:2] for heard in facts.heard]]:
            assert facts.post_of(mark) == f"p{who % 3}"
        assert {mark & 1 for _, mark in facts.talk} == {1}


def test_the_details_of_a_creator_are_counted_as_they_come_go_and_are_restored(
    driver: ShardDriver,
) -> None:
    for number in range(400):
        at = NOW + 700 * (number % 90) * (number % 7)
        mine = event(number, post_id=f"p{number % 60}", occurred_at=at)
        driver.send("likes", mine, at)
        said = mine | {"event_id": f"c{number}", "comment_id": f"c{number}", "text": "so good"}
        driver.send("comments", said, at)
        if number % 100 == 50:
            driver.checkpoint()
        (creator,) = driver.shards[0].live_creators()
        assert creator.details == bounds.details(creator.facts.values())
    driver.checkpoint()
    driver.crash()
    driver.send("likes", event(400), NOW)
    (creator,) = driver.shards[0].live_creators()
    assert creator.details == bounds.details(creator.facts.values()) > 0
