"""Alarms: one that fires and ends is told from one that is kept from calling, or only expires."""

from typing import Any

from stack.alarms import Fires, Resolves, of_a_creator, of_the_pipeline
from stack.alertmanager import Alertmanager


def alert(name: str, state: str = "active", **labels: str) -> dict[str, Any]:
    known = {"alertname": name} | labels
    return {"fingerprint": str(known), "labels": known, "status": {"state": state}}


SPIKE = alert("FollowerSpike", source="creator-pulse", creator_id="lena", alert_id="1")
DOWN = alert("CreatorPulseWorkerDown", instance="a:9108")


class Holding(Alertmanager):
    """Holds what it is given."""

    def __init__(self, *alerts: dict[str, Any]) -> None:
        super().__init__("")
        self.held = list(alerts)

    def alerts(self) -> list[dict[str, Any]]:
        return self.held


def test_each_kind_of_alert_is_told_from_the_other() -> None:
    holding = Holding(SPIKE, DOWN)
    for wanted, found in ((of_a_creator, SPIKE), (of_the_pipeline, DOWN)):
        assert list(Fires("", "", holding, wanted).now().values()) == [found]


def test_one_that_is_inhibited_or_silenced_does_not_fire() -> None:
    quiet = alert("FollowerSpike", "suppressed", source="creator-pulse")
    assert not Fires("", "", Holding(quiet), of_a_creator).look()


def test_only_what_has_fired_can_be_over() -> None:
    holding = Holding()
    fires = Fires("", "", holding, of_a_creator)
    resolves = Resolves("", "", fires)
    assert not resolves.look()
    holding.held = [SPIKE]
    assert not resolves.look()
    holding.held = []
    assert resolves.look()
    assert resolves.detail() == "FollowerSpike (lena)"


def test_one_that_has_only_expired_is_not_over() -> None:
    holding = Holding(SPIKE)
    fires = Fires("", "", holding, of_a_creator)
    assert fires.look()
    holding.held = []
    assert not Resolves("", "", fires, lambda _alert: False).look()
