"""Exactness in short: the campaign of `python -m tests.faults` with fewer events and faults.

Two workers on a real Kafka under load; kills that hit a large lag and open transactions, and a
freeze beyond the session timeout. The long campaign is `make faults`.
"""

from pathlib import Path

import pytest

from tests.faults import campaign
from tests.faults.doctored import unseen
from tests.faults.oracle import Expected
from tests.harness.kafka import KafkaServer


@pytest.mark.timeout(420)
async def test_every_event_counts_once_through_kills_and_a_freeze(
    kafka: KafkaServer, tmp_path: Path, topic_prefix: str, app_id: str
) -> None:
    plan = campaign.Plan(
        bootstrap=kafka.bootstrap,
        workdir=tmp_path,
        seed=5,
        events=150_000,
        creators=500,
        kills=2,
        freezes=1,
        frozen_workers=1,
        behind_ms=600_000,
        prefix=topic_prefix,
        app_id=app_id,
    )
    report = await campaign.run(plan, print)
    assert report["right"], report
    assert report["lost"] == report["doubled"] == report["windows_twice"] == 0
    assert report["late_found"] > 1_000
    expected, found = (
        Expected.load(tmp_path / "expected.json"),
        campaign.load(tmp_path / "found.json"),
    )
    assert unseen(expected, found) == []
