"""Alertmanager takes the shipped configuration, and whoever should be told is."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.alerts import every_alert
from stack.procs import REPOSITORY
from stack.waiting import await_condition
from tests.harness.alertmanager import AlertmanagerServer, amtool

CONFIG = REPOSITORY / "prometheus" / "alertmanager.yml"
ABSENT = ("EngagementDrop", "Silence", "SourceOutage")
PRESENT = ("FollowerSpike", "UnfollowWave", "ViralPost", "SentimentCrisis", "SuspiciousEngagement")


def receiver(**labels: str) -> str:
    """Who would get an alert with these labels."""
    told = amtool(
        "config",
        "routes",
        "test",
        f"--config.file={CONFIG}",
        *(f"{name}={value}" for name, value in labels.items()),
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout.strip()


def test_alertmanager_takes_the_shipped_configuration() -> None:
    checked = amtool("check-config", CONFIG)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_of_the_pipeline_goes_to_those_who_run_it() -> None:
    for alert in every_alert():
        labels = {"alertname": alert.name, "severity": alert.severity, "job": "creator-pulse"}
        assert receiver(**labels) == "platform", alert.name


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_alerts_about_creators_go_to_those_who_look_after_them(severity: str) -> None:
    labels = {"source": "creator-pulse", "creator_id": "instagram:lena", "severity": severity}
    assert receiver(alertname="FollowerSpike", **labels) == "campaigns"


def test_an_alert_of_anything_else_is_not_lost() -> None:
    assert receiver(alertname="DiskFull", severity="critical") == "platform"


def test_inhibiting_alerts_and_those_inhibited_exist() -> None:
    names = {alert.name for alert in every_alert()}
    for rule in yaml.safe_load(CONFIG.read_text())["inhibit_rules"]:
        for matchers in (rule["source_matchers"], rule["target_matchers"]):
            for matcher in matchers:
                if matcher.startswith("alertname"):
                    assert _matched(matcher, names | {*ABSENT, *PRESENT}), matcher


def _matched(matcher: str, names: set[str]) -> bool:
    pattern = matcher.split("=", 1)[1].lstrip("~").strip('"')
    return any(re.fullmatch(pattern, name) for name in names)


def of_pipeline(name: str, job: str = "creator-pulse", **labels: str) -> dict[str, str]:
    severity = next(alert.severity for alert in every_alert() if alert.name == name)
    return {"alertname": name, "job": job, "severity": severity, **labels}


def of_creator(name: str, creator: str, severity: str = "warning") -> dict[str, str]:
    labels = {"alertname": name, "creator_id": creator, "severity": severity}
    return labels | {"source": "creator-pulse", "alert_id": f"{name}:{creator}"}


def suppressed(alertmanager: AlertmanagerServer, *alerts: Mapping[str, str]) -> set[str]:
    """Push these alerts; the names of those that are held back once all have been looked at."""
    for labels in alerts:
        added = amtool(
            f"--alertmanager.url={alertmanager.url}",
            "alert",
            "add",
            *(f"{name}={value}" for name, value in labels.items()),
        )
        assert added.returncode == 0, added.stderr
    found: list[dict[str, Any]] = []

    def judged() -> bool:
        found[:] = [a for a in alertmanager.alerts() if a["labels"] in alerts]
        states = [alert["status"]["state"] for alert in found]
        return len(found) == len(alerts) and "unprocessed" not in states

    await_condition(judged, 30, lambda: f"all alerts are judged, got {found}")
    return {a["labels"]["alertname"] for a in found if a["status"]["state"] == "suppressed"}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[AlertmanagerServer]:
    with AlertmanagerServer(tmp_path, CONFIG.read_text()) as server:
        yield server


def test_while_nothing_is_processed_quiet_creators_are_no_news_but_the_rest_is(
    alertmanager: AlertmanagerServer,
) -> None:
    creators = [of_creator(name, f"c-{name}") for name in (*ABSENT, *PRESENT)]
    held = suppressed(alertmanager, of_pipeline("CreatorPulseStalled"), *creators)
    assert held == set(ABSENT)


def test_an_alertmanager_out_of_reach_holds_back_nothing(alertmanager: AlertmanagerServer) -> None:
    creators = [of_creator(name, f"c-{name}", "critical") for name in (*ABSENT, *PRESENT)]
    unreached = of_pipeline("CreatorPulseAlertsNotPushed", instance="a", alertmanager="am:9093")
    others = [
        of_pipeline(alert.name)
        for alert in every_alert()
        if alert.name in {"CreatorPulseLagGrowing", "CreatorPulseDeadLetters"}
    ]
    assert suppressed(alertmanager, unreached, *creators, *others) == set()


def test_the_cause_is_told_and_not_what_follows_of_it_in_the_same_deployment(
    alertmanager: AlertmanagerServer,
) -> None:
    follows = ("CreatorPulseLagGrowing", "CreatorPulseCheckpointOld", "CreatorPulseSourceSilent")
    apart = ("CreatorPulseAlertsNotPushed", "CreatorPulseDeadLetters", "CreatorPulseWorkerRestarts")
    held = suppressed(
        alertmanager,
        of_pipeline("CreatorPulseStalled"),
        *(of_pipeline(name) for name in (*follows, *apart)),
        of_pipeline("CreatorPulseLagOld", job="another"),
    )
    assert held == set(follows)


def test_a_critical_alert_of_a_creator_holds_back_lesser_ones_of_that_creator_only(
    alertmanager: AlertmanagerServer,
) -> None:
    held = suppressed(
        alertmanager,
        of_creator("SentimentCrisis", "lena", "critical"),
        of_creator("ViralPost", "lena", "info"),
        of_creator("UnfollowWave", "lena", "critical"),
        of_creator("FollowerSpike", "ada"),
    )
    assert held == {"ViralPost"}
