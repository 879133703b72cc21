"""What is known to have happened is compared with what was told."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import to_ms
from streams.backtest.truth import BadTruth, Incident, load, quantile, score
from tests.unit.backtest.test_episodes import NOON, episode

NOON_MS = to_ms(NOON)
MINUTE = 60_000
SPAN = (NOON_MS - 600 * MINUTE, NOON_MS + 600 * MINUTE)


def incident(begin: int, end: int, creator: str = "ada", kind: str = "engagement_drop") -> Incident:
    starts, ends = NOON + timedelta(minutes=begin), NOON + timedelta(minutes=end)
    return Incident(creator_id=creator, kind=kind, starts_at=starts, ends_at=ends)


def test_an_alert_tells_of_what_began_before_it_and_ended_at_most_a_grace_ago() -> None:
    truth = [incident(0, 30), incident(100, 130), incident(200, 230)]
    told = [episode(10, 40), episode(135, 140), episode(250, 260)]
    (drop,) = score(truth, told, SPAN, grace_ms=10 * MINUTE)
    assert (drop.incidents, drop.found, drop.alerts, drop.right) == (3, 2, 3, 2)
    assert (drop.recall, drop.precision) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (drop.delay_p50, drop.delay_p90) == (600.0, 2_100.0)
    assert drop.missed == [truth[2]]
    assert drop.wrong == [told[2]]


def test_another_creator_or_kind_tells_nothing() -> None:
    told = [episode(5, 10, "bob"), episode(5, 10, kind="viral_post")]
    (drop,) = score([incident(0, 30)], told, SPAN, grace_ms=0)
    assert (drop.found, drop.alerts, drop.right) == (0, 1, 0)


def test_silence_tells_of_a_drop() -> None:
    (drop,) = score([incident(0, 30)], [episode(5, 10, kind="silence")], SPAN, grace_ms=0)
    assert (drop.recall, drop.precision) == (1.0, 1.0)


def test_two_alerts_of_one_incident_are_both_right_and_the_first_counts_for_the_delay() -> None:
    (drop,) = score([incident(0, 60)], [episode(20, 25), episode(5, 10)], SPAN, grace_ms=0)
    assert (drop.found, drop.right, drop.delay_p50) == (1, 2, 300.0)


def test_what_began_outside_the_recording_is_not_asked_for() -> None:
    (drop,) = score([incident(900, 930)], [], SPAN, grace_ms=0)
    assert (drop.incidents, drop.recall, drop.precision, drop.delay_p50) == (0, None, None, None)


def test_a_truth_file_of_the_simulator_is_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    one = {
        "creator_id": "x-0013",
        "kind": "follower_spike",
        "starts_at": "2026-01-15T12:00:00.000Z",
        "ends_at": "2026-01-15T12:16:00.000Z",
        "size": 484.0,
    }
    path.write_text(json.dumps({"seed": 7, "incidents": [one]}))
    (found,) = load(path)
    assert (found.begin_ms, found.end_ms) == (NOON_MS, NOON_MS + 16 * MINUTE)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "Expected `object`"),
        ({}, "missing required field `incidents`"),
        ({"incidents": [{"creator_id": "a"}]}, r"missing required field `kind`.*incidents\[0\]"),
        (
            {
                "incidents": [
                    {
                        "creator_id": "a",
                        "kind": "k",
                        "starts_at": "2026-01-15T12:00:00",
                        "ends_at": "2026-01-15T12:00:00Z",
                    }
                ]
            },
            "a time with an offset",
        ),
    ],
)
def test_a_bad_truth_file_is_refused_with_what_was_expected(
    tmp_path: Path, document: Any, why: str
) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadTruth, match=why):
        load(path)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_one_of_the_values_that_enough_do_not_exceed(values, share):
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
