"""The ledger joins what was told with what was said; the report counts it."""

from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert, Evidence
from schemas.commands import AlertCommand
from schemas.instants import from_ms
from streams.alerts import report
from streams.alerts.ledger import Ledger
from streams.follow import Followed

NOW = 1_768_478_400_000


def told(number: int, status: str = "firing", after_ms: int = 0, **fields: Any) -> Followed:
    at = from_ms(NOW + after_ms)
    alert = Alert(
        alert_id=f"follower_spike:{number}:ada",
        creator_id="ada",
        platform="x",
        campaign_id=None,
        kind="follower_spike",
        status=status,  # type: ignore[arg-type]
        severity="warning",
        started_at=from_ms(NOW + number),
        updated_at=at,
        ended_at=None,
        title="a title",
        reason="a reason",
        evidence=Evidence(
            metric="m",
            observed=1,
            expected=1,
            ratio=1,
            probability=1,
            window_start=at,
            window_end=at,
            samples=1,
        ),
        **({"explanation": "suspect"} | fields),
    )
    return Followed("alerts", b"", msgspec.json.encode(alert), 0, 0, 0)


def said(number: int, action: str, after_ms: int, creator: str = "ada") -> Followed:
    command = AlertCommand(
        event_id=f"{number}{action}{after_ms}",
        creator_id=creator,
        platform="x",
        occurred_at=NOW + after_ms,
        action=action,  # type: ignore[arg-type]
        by="ops",
        alert_id=f"follower_spike:{number}:ada",
    )
    return Followed("alert-commands", b"", msgspec.json.encode(command), 0, 0, 0)


def test_an_alert_is_known_by_its_latest_record_in_whatever_order_they_are_read() -> None:
    ledger = Ledger([told(1, "resolved", 60_000), told(1), told(1, "update", 30_000)])
    entry = ledger.get("follower_spike:1:ada")
    assert entry is not None
    assert (entry.first.status, entry.latest.status) == ("firing", "resolved")


def test_the_latest_judgement_and_the_first_acknowledgement_count() -> None:
    ledger = Ledger(
        [
            said(1, "false", 3_000),
            said(1, "useful", 2_000),
            said(1, "acknowledge", 90_000),
            said(1, "acknowledge", 30_000),
            told(1, after_ms=5_000),
        ]
    )
    entry = ledger.get("follower_spike:1:ada")
    assert entry is not None
    assert entry.feedback == "false"
    assert entry.seconds_to_acknowledge == 25.0


def test_what_is_said_in_the_name_of_another_creator_is_not_counted() -> None:
    entry = Ledger([told(1), said(1, "acknowledge", 1, "bob")]).get("follower_spike:1:ada")
    assert entry is not None
    assert entry.commands == []


def test_tombstones_and_commands_that_nobody_can_read_are_passed_by() -> None:
    ledger = Ledger(
        [
            Followed("alerts", b"", None, 0, 0, 0),
            Followed("alert-commands", b"", b"{", 0, 0, 0),
            told(1),
        ]
    )
    assert [entry.latest.alert_id for entry in ledger.since()] == ["follower_spike:1:ada"]


def test_resolved_alerts_of_long_ago_are_not_of_this_time() -> None:
    ledger = Ledger([told(1, "resolved"), told(2), told(3, "resolved", 60_000)])
    found = [entry.latest.alert_id for entry in ledger.since(from_ms(NOW + 1))]
    assert found == ["follower_spike:2:ada", "follower_spike:3:ada"]


def test_the_report_counts_all_then_each_kind_then_its_classes_of_cause() -> None:
    records = [told(n, explanation="organic_viral" if n == 3 else "suspect") for n in range(4)]
    records += [said(0, "useful", 1), said(1, "useful", 1), said(3, "false", 1)]
    records += [said(0, "acknowledge", 10_000), said(1, "acknowledge", 30_000)]
    records.append(told(2, "resolved", 50_000, notify=False, quiet="snoozed"))
    lines = report.lines(Ledger(records).since(), days=2.0)
    assert [(line.kind, line.explanation) for line in lines] == [
        ("all", None),
        ("follower_spike", None),
        ("follower_spike", "organic_viral"),
        ("follower_spike", "suspect"),
    ]
    whole, _, viral, suspect = lines
    assert (whole.alerts, whole.firing, whole.per_day) == (4, 3, 2.0)
    assert (whole.useful, whole.false, whole.precision) == (2, 1, pytest.approx(0.667, abs=1e-3))
    assert (whole.acknowledged, whole.median_seconds_to_acknowledge) == (2, 20.0)
    assert (viral.precision, suspect.precision) == (0.0, 1.0)
    assert suspect.called == 3


def test_a_report_of_nothing_is_a_line_of_zeros() -> None:
    (line,) = report.lines([], days=1.0)
    assert (line.alerts, line.precision, line.median_seconds_to_acknowledge) == (0, None, None)
