"""Pusher: the labels that say whose an alert is, and that they stay while it fires."""

from typing import Any

from msgspec.structs import replace

from schemas import codec
from schemas.alerts import Alert
from schemas.events import Campaign
from streams.engine.roster import Roster
from streams.outputs.alertmanager import Pusher
from tests.unit.engine.test_desk import LIVE, Desk


def spike() -> Alert:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    return replace(desk.alerts[0], campaign_id="spring")


def labels(pusher: Pusher) -> dict[str, Any]:
    (state,) = pusher.everything()
    found: dict[str, Any] = pusher.wire(state)["labels"]
    return found


def spring(owner: str | None) -> Campaign:
    return Campaign(campaign_id="spring", name="Spring", owner=owner)


def test_an_alert_of_a_campaign_names_its_owner_as_it_was_when_the_alert_was_first_known() -> None:
    roster = Roster()
    roster.put(spring("lena"))
    pusher = Pusher(["http://am"], resend=60.0, owner_of=roster.owner)
    alert = spike()
    pusher.committed(0, codec.encode(alert))
    assert labels(pusher)["owner"] == "lena"
    roster.put(spring("mia"))
    pusher.committed(0, codec.encode(replace(alert, status="update")))
    assert labels(pusher)["owner"] == "lena", "with another label it were another alert"


def test_without_a_campaign_that_has_one_there_is_no_owner() -> None:
    roster = Roster()
    pusher = Pusher(["http://am"], resend=60.0, owner_of=roster.owner)
    for campaign_id in (None, "unknown", "spring"):
        roster.put(spring(None))
        alert = replace(spike(), campaign_id=campaign_id)
        pusher.committed(0, codec.encode(alert))
        assert "owner" not in labels(pusher)


def test_numbers_are_told_as_people_read_them() -> None:
    pusher = Pusher(["http://am"], resend=60.0)
    evidence = replace(spike().evidence, observed=2_345_678.25, expected=1.4123456)
    pusher.committed(0, codec.encode(replace(spike(), evidence=evidence)))
    (state,) = pusher.everything()
    told = pusher.wire(state)["annotations"]
    assert (told["observed"], told["expected"]) == ("2345678", "1.41235")
