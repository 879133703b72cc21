"""Observing: nothing counts as there before Prometheus has asked for it."""

from typing import Any

from stack.observing import AllUp, Whole
from stack.prometheus import Prometheus


class Answering(Prometheus):
    """Says what it is told to say."""

    def __init__(self, answers: dict[str, Any]) -> None:
        super().__init__("")
        self.answers = answers

    def api(self, path: str, **parameters: str | float) -> Any:
        return self.answers[str(parameters.get("query", path))]


def target(instance: str, health: str = "up", job: str = "creator-pulse") -> dict[str, Any]:
    labels = {"job": job, "instance": instance}
    return {"scrapeUrl": f"http://{instance}/metrics", "health": health, "labels": labels}


def missing(*targets: dict[str, Any], ready: bool = True) -> str:
    look = AllUp(lambda: {"api": ready}, Answering({"targets": {"activeTargets": targets}}), 2)
    return "" if look.look() else look.detail()


def test_all_are_up_once_each_was_scraped() -> None:
    own = target("p", job="prometheus")
    assert missing(target("a"), target("b"), own) == ""
    assert missing(target("a"), target("b", "unknown"), own) == "not up: http://b/metrics"
    assert missing(target("a"), target("b"), own, ready=False) == "not up: api"


def test_what_prometheus_does_not_know_of_yet_is_missing() -> None:
    assert missing() == "not up: 0 of 2 workers known to Prometheus"
    assert missing(target("p", job="prometheus")).endswith("0 of 2 workers known to Prometheus")


def whole(**owned: int) -> bool:
    shares = [{"metric": {"instance": name}, "value": [0, str(n)]} for name, n in owned.items()]
    configured = [{"metric": {}, "value": [0, "4"]}]
    answers = {
        "engagement_partitions_owned": {"result": shares},
        "max(engagement_partitions_configured)": {"result": configured},
    }
    return Whole(Answering(answers), 2, lambda: 1).look()


def test_the_work_is_shared_once_each_worker_has_some_and_nothing_is_left_or_done_twice() -> None:
    assert whole(a=2, b=2)
    assert whole(a=3, b=1)
    assert not whole(a=4, b=0)
    assert not whole(a=4)
    assert not whole(a=2, b=1)
    assert not whole(a=4, b=2)
