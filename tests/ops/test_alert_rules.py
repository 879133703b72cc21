"""Each alert fires in the minutes that it should, says what it should, and stays silent else."""

from pathlib import Path

import pytest

from prometheus.alerts import every_alert
from tests.harness.pipeline import JOB, Expect, Pipeline
from tests.ops.alert_cases import CASES, QUIET, Case, Quiet

BY_NAME = {alert.name: alert for alert in every_alert()}


def test_a_pipeline_that_is_well_gives_rise_to_no_alert(tmp_path: Path) -> None:
    expect = Expect()
    expect.ever([], 480)
    expect.check(Pipeline(480), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.story}")
def test_an_alert_fires_from_when_it_should_until_it_should(case: Case, tmp_path: Path) -> None:
    pipeline = case.pipeline()
    alert = BY_NAME[case.alert]
    expect = Expect()
    expect.firing(alert.name, case.begins - 1, 0)
    expect.firing(alert.name, case.begins, 1)
    if case.ends is not None:
        expect.firing(alert.name, case.ends - 1, 1)
        expect.firing(alert.name, case.ends, 0)
    expect.ever({alert.name} | case.also, pipeline.minutes)
    labels = {"job": JOB, "severity": alert.severity} | case.labels
    annotations = {
        "summary": alert.summary,
        "description": case.says,
        "runbook_url": f"docs/runbooks/{alert.name}.md",
        "dashboard_url": f"/d/{alert.board}?var-job={labels['job']}",
    }
    expect.told(alert.name, case.begins, labels, annotations)
    expect.check(pipeline, tmp_path)


@pytest.mark.parametrize("quiet", QUIET, ids=lambda quiet: f"{quiet.alert}: {quiet.story}")
def test_nobody_is_told_of_what_only_looks_like_a_fault(quiet: Quiet, tmp_path: Path) -> None:
    pipeline = quiet.pipeline()
    expect = Expect()
    expect.ever([], pipeline.minutes)
    expect.check(pipeline, tmp_path)


def test_each_alert_has_stories_in_which_it_fires_and_does_not() -> None:
    assert {case.alert for case in CASES} == {quiet.alert for quiet in QUIET} == set(BY_NAME)
