"""Survey: what a look at every creator finds, and how little of it is told where there is much."""

from collections import Counter

import msgspec
from msgspec.structs import replace

from schemas import codec
from schemas.alerts import Alert
from schemas.events import Campaign
from schemas.instants import from_ms
from streams.engine.outliers import Outlier
from streams.engine.roster import Roster as Campaigns
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.outputs.readings import OTHERS, Call, Source, Survey
from streams.outputs.survey import MOST_CAMPAIGNS, MOST_SOURCES, Surveyor
from tests.unit.engine.test_desk import LIVE, START, Desk

_alert = msgspec.json.Decoder(Alert)


def survey(desk: Desk, *campaigns: Campaign, limit: int = 10) -> Survey:
    known = Campaigns()
    for campaign in campaigns:
        known.put(campaign)
    return Surveyor(limit).look(list(desk.driver.shards), known)


def spring(*creators: str, campaign_id: str = "spring", **fields: int) -> Campaign:
    return Campaign(campaign_id=campaign_id, name="Spring", creators=list(creators), **fields)


def scored(desk: Desk, **scores: float) -> None:
    for creator_id, score in scores.items():
        desk.driver.shards[0]._registry.live[creator_id].latest.score = score


def test_nothing_is_found_where_there_is_nobody() -> None:
    assert Surveyor(10).look([], Campaigns()) == Survey()


def test_an_alert_calls_until_somebody_acknowledges_it() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    found = survey(desk)
    assert found.calls == [Call("ada", "follower_spike", "warning", "")]
    assert (found.active, found.quiet) == (Counter(follower_spike=1), Counter())
    desk.command(
        "ada", LIVE + 2 * MINUTE_MS, action="acknowledge", alert_id=desk.alerts[0].alert_id
    )
    found = survey(desk)
    assert (found.calls, found.quiet) == ([], Counter(acknowledged=1))
    assert found.active == Counter(follower_spike=1)


def retold(desk: Desk, creator_id: str, **fields: object) -> None:
    """The creator's alert has these fields instead."""
    told = desk.driver.shards[0]._registry.live[creator_id].watch.told
    for alert_id, raw in told.items():
        told[alert_id] = codec.encode(replace(_alert.decode(raw), **fields))


def test_the_most_urgent_alerts_are_told_where_there_are_many_the_oldest_first() -> None:
    desk = Desk()
    desk.know("ada", "bob", "cy")
    desk.spike(LIVE, ada=400, bob=400, cy=400)
    retold(desk, "ada", severity="info")
    retold(desk, "bob", severity="warning", started_at=from_ms(LIVE))
    retold(desk, "cy", severity="warning", started_at=from_ms(LIVE - 1))
    assert [call.creator_id for call in survey(desk, limit=2).calls] == ["cy", "bob"]
    retold(desk, "ada", severity="critical")
    assert [call.creator_id for call in survey(desk, limit=2).calls] == ["ada", "cy"]


def test_what_was_open_overnight_is_told_from_its_eighth_hour_on() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    now_ms = desk.driver.shards[0].stream_ms
    retold(desk, "ada", started_at=from_ms(now_ms - 8 * HOUR_MS + 1))
    assert survey(desk).lasting == Counter()
    retold(desk, "ada", started_at=from_ms(now_ms - 8 * HOUR_MS))
    assert survey(desk).lasting == Counter(follower_spike=1)


def test_a_platform_tells_of_whom_it_brings_something_and_when_it_last_did() -> None:
    desk = Desk()
    desk.know("ada")
    desk.driver.tick(LIVE + 2 * DAY_MS)
    desk.send("follows", "bob", LIVE + 2 * DAY_MS, actor_id="first")
    desk.driver.tick(LIVE + 2 * DAY_MS + MINUTE_MS)
    last = (LIVE + 2 * DAY_MS) / 1000 + 10  # the end of its pane
    assert survey(desk).sources == {"x": Source(heard=1, silent=1, last_event=last)}


def test_the_smallest_platforms_are_one() -> None:
    desk = Desk()
    for number in range(MOST_SOURCES + 3):
        desk.send("follows", f"c{number}", START, platform=f"p{number:02}", actor_id="a")
    desk.driver.tick(LIVE)
    found = survey(desk).sources
    assert len(found) == MOST_SOURCES + 1
    assert found[OTHERS].heard + found[OTHERS].silent == 3


def test_a_platform_tells_how_many_posts_are_far_above_or_below_what_is_usual() -> None:
    desk = Desk()
    desk.know("ada", "bob")
    live = desk.driver.shards[0]._registry.live
    live["ada"].watch.outliers = [Outlier("p", None, 1, 300, 90.0), Outlier("q", None, 1, 3, 90.0)]
    live["bob"].watch.outliers = [Outlier("r", None, 1, 300, 90.0)]
    (source,) = survey(desk).sources.values()
    assert (source.over, source.under) == (2, 1)


def test_a_campaign_tells_how_its_creators_do_of_whom_that_is_known() -> None:
    desk = Desk()
    desk.know("ada", "bob", "cy", "dan")
    scored(desk, ada=39.9, bob=60.1, cy=40.0)
    found = survey(desk, spring("ada", "bob", "cy", "dan", "elsewhere"))
    assert found.standing == {"spring": Counter(below=1, usual=1, above=1)}


def test_only_campaigns_that_run_are_told_and_of_many_those_of_the_most_creators() -> None:
    desk = Desk()
    desk.know("ada")
    over = Campaign(campaign_id="over", name="Over", creators=["ada"], ends_at=from_ms(START))
    small = [spring("ada", campaign_id=f"s{number:03}") for number in range(MOST_CAMPAIGNS + 5)]
    found = survey(desk, over, *small, spring("ada", "bob", campaign_id="z"))
    assert len(found.standing) == MOST_CAMPAIGNS
    assert "z" in found.standing
    assert "over" not in found.standing
