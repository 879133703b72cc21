"""The roster: who is in which campaign, and when."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Campaign
from schemas.instants import from_ms
from streams.engine.roster import Roster

START, END = 1_768_176_000_000, 1_768_262_400_000


def campaign(
    campaign_id: str, *creators: str, start: int | None = None, end: int | None = None
) -> Campaign:
    return Campaign(
        campaign_id=campaign_id,
        name=campaign_id,
        creators=list(creators),
        starts_at=None if start is None else from_ms(start),
        ends_at=None if end is None else from_ms(end),
    )


def test_a_campaign_runs_from_its_start_until_before_its_end() -> None:
    roster = Roster()
    roster.put(campaign("spring", "ada", start=START, end=END))
    found = [roster.only("ada", at) for at in (START - 1, START, END - 1, END)]
    assert found == [None, "spring", "spring", None]


def test_a_campaign_without_an_end_or_a_beginning_runs_on() -> None:
    roster = Roster()
    roster.put(campaign("spring", "ada"))
    assert roster.only("ada", 0) == roster.only("ada", END) == "spring"
    assert roster.only("bob", END) is None


def test_two_campaigns_at_a_time_are_none_and_one_after_the_other_are_told_apart() -> None:
    roster = Roster()
    roster.put(campaign("spring", "ada", end=END))
    roster.put(campaign("summer", "ada", start=START))
    found = [roster.only("ada", at) for at in (START - 1, START, END)]
    assert found == ["spring", None, "summer"]


names = st.sampled_from(["ada", "bob", "cyd"])
changes = st.lists(st.tuples(st.sampled_from("xyz"), st.none() | st.lists(names, max_size=4)))


@given(changes)
def test_what_came_before_leaves_no_trace(steps: list[tuple[str, list[str] | None]]) -> None:
    changed, last = Roster(), dict[str, list[str]]()
    for campaign_id, creators in steps:
        last.pop(campaign_id, None)
        if creators is None:
            changed.remove(campaign_id)
        else:
            last[campaign_id] = creators
            changed.put(campaign(campaign_id, *creators))
    fresh = Roster()
    for campaign_id, creators in last.items():
        fresh.put(campaign(campaign_id, *creators))
    assert changed.campaigns == fresh.campaigns
    assert changed._of == fresh._of


def test_it_tells_which_campaigns_run_and_whose_one_is() -> None:
    roster = Roster()
    roster.put(Campaign(campaign_id="always", name="Always", owner="lena"))
    roster.put(Campaign(campaign_id="over", name="Over", ends_at=from_ms(1_000)))
    assert [campaign.campaign_id for campaign in roster.running(999)] == ["always", "over"]
    assert [campaign.campaign_id for campaign in roster.running(1_000)] == ["always"]
    assert [roster.owner(name) for name in ("always", "over", "unknown")] == ["lena", None, None]
