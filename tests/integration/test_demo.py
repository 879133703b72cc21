"""The demo in one command: five kinds of alert, each on time, and nothing left behind."""

import json
import os
import signal
import urllib.request
from pathlib import Path
from typing import get_args

from stack.procs import pulse
from stack.waiting import await_condition
from streams.sources.simulate.plan import IncidentKind
from streams.words import KINDS


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_an_unattended_demo_shows_five_kinds_of_alert_and_calls_nobody_without_an_incident(
    tmp_path,
):
    report, kinds = tmp_path / "demo.json", set(get_args(IncidentKind))
    arguments = ("demo", "--seed", "3", "--report", str(report))
    with pulse(*arguments, log=tmp_path / "demo.log") as demo:
        for kind in sorted(kinds):
            demo.await_output(f"alert firing: {KINDS[kind]}", 180)
        demo.signal(signal.SIGINT)
        assert demo.wait(20) == 0, demo.tail()
        output = demo.output()
    done = json.loads(report.read_text())
    injected = {(i["creator_id"], i["kind"]) for i in done["truth"]}
    firing = {(a["creator_id"], a["kind"]) for a in done["alerts"] if a["status"] == "firing"}
    assert {kind for _, kind in firing} >= kinds
    assert {creator for creator, _ in firing} <= {creator for creator, _ in injected}
    assert {kind for _, kind in injected} == kinds
    assert done["alerts_by_kind"].keys() == {kind for _, kind in firing}
    for kind, alerts in done["alerts_by_kind"].items():
        assert any(alert["injected"] for alert in alerts) or kind not in kinds
        assert f"{KINDS[kind]} ({len(alerts)}): {alerts[0]['reason']}" in output
    assert done["events"] > 100_000
    assert done["scores"] > 32
    assert done["windows"] > 10_000
    assert done["dead_letters"] == done["late_events"] == 0
    assert json.loads(Path(done["truth_file"]).read_text())["incidents"] == done["truth"]
    assert done["settings"]["PULSE_ACTOR_SECRET"] == "(hidden)"
    assert done["settings"]["PULSE_PROCESSING_GUARANTEE"] == "at_least_once"


def test_a_demo_with_a_duration_ends_by_itself(tmp_path):
    report = tmp_path / "demo.json"
    arguments = ("demo", "--duration", "15", "--creators", "4", "--report", str(report))
    with pulse(*arguments, log=tmp_path / "demo.log") as demo:
        assert demo.wait(60) == 0, demo.tail()
    assert json.loads(report.read_text())["ok"] is True


def test_a_demo_that_is_interrupted_stops_everything_and_says_what_it_saw(tmp_path):
    report = tmp_path / "demo.json"
    log = tmp_path / "demo.log"
    with pulse("demo", "--creators", "8", "--report", str(report), log=log) as demo:
        demo.await_output("scores", 60)
        metrics = next(
            word for word in demo.output().split() if word.startswith("http") and "metrics" in word
        )
        with urllib.request.urlopen(metrics, timeout=5) as answer:
            assert b"engagement_" in answer.read()
        children = children_of(demo.pid)
        assert len(children) == 2, "a broker and a worker"
        demo.signal(signal.SIGINT)
        assert demo.wait(10) == 0, demo.tail()
    assert gone(children)
    assert json.loads(report.read_text())["ok"] is True


def test_a_demo_whose_worker_dies_fails_and_leaves_nothing_behind(tmp_path):
    report = tmp_path / "demo.json"
    with pulse("demo", "--creators", "8", "--report", str(report), log=tmp_path / "d.log") as demo:
        demo.await_output("scores", 60)
        children = children_of(demo.pid)
        worker = next(
            child for child in children if b"streams" in Path(f"/proc/{child}/cmdline").read_bytes()
        )
        os.kill(worker, signal.SIGKILL)
        assert demo.wait(20) == 1
        assert "the worker failed" in demo.output()
    await_condition(lambda: gone(children), 60, "broker and worker are gone")
    done = json.loads(report.read_text())
    assert done["ok"] is False
    assert "the worker failed" in done["failure"]
