"""The comparison with an undisturbed run: any record more, less or different is seen."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.replayed import Replayed, compare
from tests.faults.verdict import Found


def alert(status: str = "firing") -> dict[str, Any]:
    return {"alert_id": "a-1", "status": status, "evidence": {"observed": 3}}


WINDOW = {"creator_id": "lena", "window_start": "12:00", "events": 3}
SCORE = {"creator_id": "lena", "score": 50.0}
FOUND = Found(windows=[WINDOW], scores={"lena": SCORE}, alerts=[alert(), alert("resolved")])
REPLAYED = Replayed(
    windows=[WINDOW],
    alerts=[alert("resolved"), alert()],
    scores={"lena": SCORE, "other": SCORE},
    events=3,
    faults=[],
)


def test_the_same_records_in_another_order_are_right():
    result = compare(REPLAYED, FOUND)
    assert result.right
    assert result.episodes == 1


@pytest.mark.parametrize(
    ("replayed", "name"),
    [
        (replace(REPLAYED, alerts=[alert()]), "alerts_extra"),
        (replace(REPLAYED, alerts=[*REPLAYED.alerts, alert("update")]), "alerts_missing"),
        (replace(REPLAYED, windows=[WINDOW | {"events": 4}]), "replay_windows_differ"),
        (replace(REPLAYED, windows=[WINDOW, WINDOW]), "replay_windows_differ"),
        (replace(REPLAYED, scores={}), "replay_scores_differ"),
        (replace(REPLAYED, scores={"lena": SCORE | {"score": 51.0}}), "replay_scores_differ"),
        (replace(REPLAYED, faults=["likes[0]: 7 follows 5"]), "journal_faults"),
    ],
)
def test_every_difference_is_counted_and_told(replayed: Replayed, name: str):
    result = compare(replayed, FOUND)
    assert not result.right
    assert getattr(result, name) == 1
    assert result.examples


def test_a_campaign_without_alerts_proves_nothing_of_them():
    assert not compare(replace(REPLAYED, alerts=[]), replace(FOUND, alerts=[])).right
