"""Rules are as the code writes them, ask for what workers expose, and share limits with panels."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from prometheus import limits
from prometheus.alerts import API_JOB, JOB, every_alert
from stack.dashboards import dashboards, panels
from stack.procs import REPOSITORY
from streams.health import LONGEST_WITHOUT_CHECKPOINT
from streams.outputs import catalogue
from tests.harness.pipeline import RULES
from tests.harness.prometheus import promtool
from tests.harness.promql import selectors

LOW_MOOD = -0.2
"""No rule looks at the mood: it is of a creator, not of the pipeline."""
OF_TARGETS = {"job", "instance", "pod"}
DOCUMENT = yaml.safe_load(RULES.read_text())
ALL = [rule for group in DOCUMENT["groups"] for rule in group["rules"]]
RECORDED = {rule["record"]: rule for rule in ALL if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in ALL if "alert" in rule}
every_rule = pytest.mark.parametrize("rule", ALL, ids=lambda r: r.get("record") or r.get("alert"))
every_alert_rule = pytest.mark.parametrize("rule", ALERTS.values(), ids=list(ALERTS))


def written(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prometheus", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def exposed() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of each metric, by the name of its samples."""
    found: dict[str, tuple[str, set[str]]] = {"up": ("gauge", set())}
    for family in catalogue.every_family().values():
        for sample in family.samples:
            found[sample.name] = (family.type, set(sample.labels))
    return found


def test_the_committed_files_are_what_the_code_writes() -> None:
    done = written("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_the_rules_sound() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_addresses_and_the_job_can_be_put_in(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    links = ("--runbooks", "https://wiki.example/pulse/", "--dashboards", "https://boards.example")
    done = written("--output", file, *links, "--job", "pulse-eu", "--api-job", "board-eu")
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "runbook_url: https://wiki.example/pulse/CreatorPulseStalled.md" in text
    assert "dashboard_url: https://boards.example/d/creator-pulse-pipeline?" in text
    assert 'up{job="pulse-eu"}' in text
    assert 'up{job="board-eu"}' in text
    assert f'job="{JOB}' not in text
    assert promtool("check", "rules", file).returncode == 0


def test_the_job_of_the_rules_is_scraped_by_the_shipped_configuration() -> None:
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    assert {JOB, API_JOB} <= {job["job_name"] for job in config["scrape_configs"]}
    assert config["rule_files"] == [RULES.name]


@every_rule
def test_a_rule_asks_for_metrics_and_labels_that_exist(
    rule: dict[str, Any], exposed: dict[str, tuple[str, set[str]]]
) -> None:
    for selector, _ in selectors(rule["expr"]):
        if selector.name in RECORDED:
            labels = set(selector.name.partition(":")[0].split("_"))
        else:
            labels = exposed[selector.name][1] | OF_TARGETS
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels


@every_rule
def test_counters_are_read_as_rates_and_nothing_else_is(
    rule: dict[str, Any], exposed: dict[str, tuple[str, set[str]]]
) -> None:
    for selector, above in selectors(rule["expr"]):
        functions = {node.func.name for node in above if isinstance(node, promql_parser.Call)}
        kind = exposed.get(selector.name, ("gauge", set()))[0]
        assert (kind in {"counter", "histogram"}) == bool(functions & {"rate", "increase"})


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_name_tells_level_metric_and_operation(name: str) -> None:
    level, metric, operation = name.split(":")
    assert level in {"job", "job_topic", "job_partition"}
    assert metric.startswith("engagement_")
    assert not metric.endswith("_total"), "a rate is no counter"
    assert re.fullmatch(r"sum|max|rate5m|p99_rate5m|ratio_rate\d+[mhd]", operation)


def test_everything_recorded_is_used_by_an_alert_or_told_in_a_runbook() -> None:
    told = "".join(path.read_text() for path in (REPOSITORY / "docs" / "runbooks").glob("*.md"))
    used = {selector.name for rule in ALL for selector, _ in selectors(rule["expr"])}
    assert {name for name in RECORDED if name not in used and name not in told} == set()


@every_alert_rule
def test_an_alert_says_how_urgent_it_is_what_is_wrong_and_where_to_look(
    rule: dict[str, Any],
) -> None:
    assert rule["alert"].startswith("CreatorPulse")
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    told = rule["annotations"]
    assert told.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert re.fullmatch(r"[A-Z][^{}]*\.", told["summary"]), "the same for all labels"
    assert "{{" in told["description"]
    assert (REPOSITORY / told["runbook_url"]).is_file()
    uid = re.match(r"/d/([\w-]+)\?", told["dashboard_url"])
    assert uid
    assert uid[1] in {board["uid"] for board in dashboards().values()}


def test_panels_and_rules_have_the_same_limits() -> None:
    boards = dashboards().values()
    steps = {
        panel["title"]: [
            s["value"] for s in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        ]
        for board in boards
        for panel in panels(board)
        if "thresholds" in panel["fieldConfig"]["defaults"]
    }
    assert steps["Freshness"] == [None, limits.FRESH_SECONDS, limits.STALE_SECONDS]
    assert steps["Consumer lag"] == [None, limits.LAG_RECORDS]
    compared = {alert.name: alert.expression for alert in every_alert()}
    assert f"> {limits.STALE_SECONDS:g}" in compared["CreatorPulseWatermarkBehind"]
    assert f"> {limits.LAG_RECORDS:g}" in compared["CreatorPulseLagGrowing"]


def test_a_number_at_which_a_panel_changes_colour_is_a_limit_of_the_rules_or_one() -> None:
    known = {value for name, value in vars(limits).items() if name.isupper()}
    known |= {limits.LAG_SECONDS / 5, LONGEST_WITHOUT_CHECKPOINT, LOW_MOOD, None, 1}
    for board in dashboards().values():
        for panel in panels(board):
            config = panel["fieldConfig"]
            scales = [config["defaults"].get("thresholds")]
            scales += [
                one["value"]
                for override in config.get("overrides", [])
                for one in override["properties"]
                if one["id"] == "thresholds"
            ]
            for scale in filter(None, scales):
                assert {step["value"] for step in scale["steps"]} <= known, panel["title"]


def test_objectives_are_bounds_of_buckets() -> None:
    bounds: dict[str, set[str]] = {}
    for family in catalogue.every_family().values():
        for sample in family.samples:
            if "le" in sample.labels:
                bounds.setdefault(family.name, set()).add(sample.labels["le"])
    assert str(limits.OBJECTIVE_SECONDS) in bounds["engagement_event_to_commit_seconds"]
    assert str(limits.CHECKPOINT_SLOW_SECONDS) in bounds["engagement_checkpoint_seconds"]
