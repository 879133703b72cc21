"""Progress: what campaigns have got, against an even pace, and what of it is not known."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.instants import from_ms
from streams.api.progress import COUNTED
from streams.api.shapes import CampaignProgress
from tests.unit.api.caller import MINUTE, NOON, Api, campaign, window

HOUR = 60 * MINUTE
DAY = 24 * HOUR
ADA, BOB = "instagram:ada", "instagram:bob"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    made = Api(tmp_path)
    yield made
    made.close()


def plan(*creators: str, days: int = 10, **fields: Any) -> Any:
    """A campaign that began at noon, of so many days."""
    bounds = {"starts_at": NOON, "ends_at": NOON + days * DAY}
    return campaign("c1", *creators, **{**bounds, "targets": {"likes": 1_000.0}, **fields})


async def counted(api: Api, *records: Any) -> CampaignProgress:
    api.put(*records)
    await api.desk.tally.count()
    found = api.desk.tally.of("c1")
    assert found is not None
    return found


async def test_an_even_pace_is_expected_of_all_creators_together(api: Api):
    got = [window(ADA, NOON, likes=30), window(BOB, NOON + 2 * DAY - MINUTE, likes=90)]
    found = await counted(api, plan(ADA, BOB, "nobody", ADA), *got, window("cy", likes=7))
    assert (found.elapsed, found.complete) == (0.2, True)
    assert (found.counted_from, found.counted_until) == (from_ms(NOON), from_ms(NOON + 2 * DAY))
    (likes,) = found.targets
    assert (likes.metric, likes.target, likes.counted) == ("likes", 1_000.0, 120)
    assert (likes.expected, likes.ratio) == (200.0, 0.6)


async def test_what_came_before_and_after_a_campaign_is_not_of_it(api: Api):
    times = (NOON - HOUR, NOON, NOON + DAY - MINUTE, NOON + DAY, NOON + 3 * DAY)
    found = await counted(api, plan(ADA, days=1), *(window(ADA, at, likes=1) for at in times))
    assert (found.elapsed, found.counted_until) == (1.0, from_ms(NOON + DAY))
    assert [(one.counted, one.expected) for one in found.targets] == [(2, 1_000.0)]


async def test_what_history_does_not_go_back_to_is_neither_counted_nor_expected(api: Api):
    got = [window(ADA, NOON + 5 * DAY + n * DAY - n * MINUTE, likes=50) for n in (0, 1)]
    found = await counted(api, plan(ADA), *got)
    assert (found.elapsed, found.complete) == (0.6, False)
    assert found.counted_from == from_ms(NOON + 5 * DAY)
    assert [(one.counted, one.expected) for one in found.targets] == [(100, 100.0)]


@pytest.mark.parametrize(
    ("at", "elapsed"), [(NOON - 2 * HOUR, 0.0), (NOON + 11 * DAY, 1.0), (NOON + 10 * DAY, 1.0)]
)
async def test_of_a_campaign_whose_time_is_not_in_history_nothing_is_known(
    api: Api, at: int, elapsed: float
):
    found = await counted(api, plan(ADA), window(ADA, at))
    assert (found.elapsed, found.complete) == (elapsed, False)
    assert (found.counted_from, found.counted_until) == (None, None)
    assert [(one.counted, one.expected, one.ratio) for one in found.targets] == [(None, None, None)]


@pytest.mark.parametrize("bounds", [{"starts_at": None}, {"ends_at": None}, {"ends_at": NOON}])
async def test_without_a_beginning_and_an_end_nothing_is_expected(api: Api, bounds: dict[str, Any]):
    found = await counted(api, plan(ADA, **bounds), window(ADA, NOON - HOUR, likes=5))
    assert found.elapsed is None
    assert all((one.expected, one.ratio) == (None, None) for one in found.targets)


async def test_every_counted_metric_is_told_and_others_as_unknown(api: Api):
    given = {"views": 10, "follows": 2, "posts": 1, "clicks": 5, "conversions": 3, "comments": 4}
    given |= {"shares": 6, "saves": 8}
    targets = dict.fromkeys((*COUNTED, "revenue", "reach"), 100.0)
    spent = window(ADA, likes=9, unlikes=2, revenue=50.0, **given)
    found = await counted(api, plan(ADA, targets=targets), spent)
    told = {one.metric: one.counted for one in found.targets}
    assert told == {"engagements": 9, "likes": 7, **given, "revenue": None, "reach": None}


async def test_times_as_text_count_alike(api: Api):
    began = datetime.fromisoformat("2026-01-15T13:00:00+01:00").isoformat()
    found = await counted(api, plan(ADA, starts_at=began), window(ADA, likes=3))
    assert found.counted_from == from_ms(NOON)


async def test_many_creators_are_added_up_in_parts(api: Api):
    names = [f"x:{n}" for n in range(450)]
    found = await counted(api, plan(*names), *(window(name, likes=2) for name in names))
    assert found.targets[0].counted == 900


async def test_a_campaign_that_has_changed_is_unknown_until_it_is_counted_again(api: Api):
    await counted(api, plan(ADA), window(ADA))
    api.put(plan(ADA, BOB))
    assert api.desk.tally.of("c1") is None
    await api.desk.tally.count()
    assert api.desk.tally.of("c1") is not None
    api.put(plan(ADA, targets=None))
    await api.desk.tally.count()
    assert api.desk.tally.of("c1") is None


async def test_nothing_is_counted_before_there_is_history(api: Api):
    api.put(plan(ADA))
    await api.desk.tally.count()
    assert api.desk.tally.of("c1") is None


async def test_lists_and_the_campaign_itself_tell_it(api: Api):
    await counted(api, plan(ADA), window(ADA, likes=3))
    page = (await api.ask("GET", "/api/v1/campaigns")).json
    one = (await api.ask("GET", "/api/v1/campaigns/c1")).json
    told = page["campaigns"][0]["progress"]
    assert told == one["summary"]["progress"]
    assert told["targets"][0] == {
        "metric": "likes",
        "target": 1_000.0,
        "counted": 3,
        "expected": 0.1,
        "ratio": 43.2,
    }
