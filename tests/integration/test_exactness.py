"""Exactness in short: the campaign of `python -m tests.faults` with fewer events and faults.

Workers on a real Kafka under load, while ten faults of ten kinds strike. The long campaign is
`make faults`.
"""

from pathlib import Path

import orjson
import pytest

from tests.faults import campaign
from tests.faults.doctored import unseen
from tests.faults.oracle import Expected
from tests.faults.plan import Plan, chosen

FAULTS = (
    "kill",
    "kill_in_transaction",
    "kill_in_restore",
    "kill_in_revocation",
    "stop",
    "freeze",
    "join",
    "broker_kill",
    "connection_cut",
    "changelog_cut",
)


@pytest.mark.timeout(600)
async def test_every_event_counts_once_and_every_alert_comes_once_through_ten_faults(
    tmp_path: Path,
) -> None:
    plan = Plan(
        workdir=tmp_path,
        kinds=chosen(5, dict.fromkeys(FAULTS, 1)),
        seed=5,
        events=50_000,
        creators=300,
        history_hours=8,
        incidents=6,
        pause_s=(0.2, 0.6),
    )
    report = await campaign.run(plan, print)
    told = {name: value for name, value in report.items() if name not in ("log", "exits")}
    assert report["right"], orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
    assert report["lost"] == report["doubled"] == report["windows_wrong"] == 0
    assert report["alerts_missing"] == report["alerts_extra"] == 0
    assert sum(report["faults"].values()) == 10
    assert report["late_found"] > 300
    assert report["episodes"] >= 3
    expected, found = (
        Expected.load(tmp_path / "expected.json"),
        campaign.load(tmp_path / "found.json"),
    )
    assert unseen(expected, found) == []
