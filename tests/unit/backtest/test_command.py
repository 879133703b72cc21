"""`pulse backtest` on the command line: what it tells, writes and refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from click.testing import CliRunner

from schemas.alerts import Alert
from streams.cli import main
from streams.sources.simulate.command import truth_document
from streams.sources.simulate.plan import DAY_MS, Plan
from streams.sources.simulate.world import generate, truth
from tests.unit.backtest.test_recording import START, like, written

PLAN = Plan(seed=7, start_ms=START, end_ms=START + 2 * DAY_MS, creators=16, incidents=4)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated days, and their truth beside them."""
    folder = tmp_path_factory.mktemp("days")
    lines = (orjson.dumps({"topic": t, "event": e}) for _, t, e in generate(PLAN))
    (folder / "days.jsonl").write_bytes(b"\n".join(lines))
    (folder / "truth.json").write_text(json.dumps(truth_document(PLAN, truth(PLAN))))
    (folder / "deaf.yml").write_text("rules: {spike: {min_follows: 100000.0}}\n")
    return folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["backtest", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def told(days: Path) -> tuple[str, dict[str, Any]]:
    """What one backtest with everything switched on has told, and its report."""
    status, output = run(
        days / "days.jsonl",
        *("--truth", days / "truth.json", "--report", days / "report.json"),
        *("--alerts", days / "alerts.jsonl", "--chart", days / "chart.svg"),
    )
    assert status == 0, output
    return output, json.loads((days / "report.json").read_text())


def test_alerts_kinds_truth_and_cost_are_told(told: tuple[str, dict[str, Any]]) -> None:
    output, report = told
    assert "Follower spike         critical  firing" in output
    assert "per creator-day" in output
    assert "_" not in output, "kinds are told in words"
    assert "microseconds of processor time each" in output
    (one,) = report["runs"]
    assert (report["complete"], report["creators"]) == (True, 16)
    spike = next(s for s in one["truth"] if s["kind"] == "follower_spike")
    assert (spike["recall"], spike["precision"]) == (1.0, 1.0)
    assert 0 < spike["delay_seconds_p50"] <= spike["delay_seconds_p90"]
    assert one["kinds"]["all"]["alerts"] == len(one["episodes"]) > 0


def test_alert_records_are_written_as_the_topic_holds_them(
    told: tuple[str, dict[str, Any]], days: Path
) -> None:
    lines = (days / "alerts.jsonl").read_bytes().splitlines()
    alerts = [msgspec.json.decode(line, type=Alert) for line in lines]
    assert sorted(alerts, key=lambda a: a.updated_at) == alerts
    ids = {episode["alert_id"] for episode in told[1]["runs"][0]["episodes"]}
    assert {alert.alert_id for alert in alerts if alert.kind != "digest"} == ids


def test_the_picture_has_series_and_episodes(told: tuple[str, dict[str, Any]], days: Path) -> None:
    text = (days / "chart.svg").read_text()
    assert "<polyline" in text
    assert ">Follower spike</text>" in text


def test_two_rules_are_compared_by_what_only_one_finds(days: Path) -> None:
    status, output = run(
        days / "days.jsonl",
        *("--rules", "shipped", "--rules", days / "deaf.yml"),
        *("--truth", days / "truth.json", "--report", days / "both.json"),
    )
    assert status == 0, output
    assert "fewer alerts, 2 more missed" in output
    assert "only with shipped:" in output
    comparison = json.loads((days / "both.json").read_text())["comparison"]
    spikes = next(k for k in comparison["kinds"] if k["kind"] == "follower_spike")
    assert (spikes["both"], len(spikes["only_first"]), spikes["only_second"]) == (0, 2, [])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--rules", "a", "--rules", "b", "--rules", "c"], "--rules may be given twice"),
        (["--rules", "missing.yml"], "there is no file missing.yml"),
        (["--creator", "ada"], "--creator goes with --chart"),
        (["--rules", "shipped", "--rules", "shipped", "--chart", "c.svg"], "takes one --rules"),
        (["--truth", "missing.json"], "does not exist"),
        (["--report", "nowhere/report.json"], "'--report': there is no folder 'nowhere'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, arguments: list[str], why: str
) -> None:
    status, output = run(written(tmp_path / "one.jsonl", [like(1, START)]), *arguments)
    assert status == 2
    assert why in output


def test_bad_lines_are_told_and_nothing_is_played(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.jsonl", [like(1, START), ("likes", {}), ("none", {})])
    status, output = run(path)
    assert status == 1
    assert "bad.jsonl: line 2: Object missing required field `event_id`" in output
    assert "bad.jsonl: line 3: no inbound topic 'none'" in output
    assert "2 bad lines: nothing was played" in output
    status, output = run(path, "--skip-bad")
    assert status == 0
    assert "1 events" in output


def test_faulty_rules_are_told_by_line(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("rules:\n  dorp: {}\n")
    status, output = run(written(tmp_path / "one.jsonl", [like(1, START)]), "--rules", rules)
    assert status == 2
    assert "line 2: $.rules.dorp: Unknown; did you mean drop?" in output


def test_files_without_events_or_the_creator_are_refused(tmp_path: Path) -> None:
    status, output = run(written(tmp_path / "none.jsonl", []))
    assert status == 1
    assert "no event of a creator" in output
    one = written(tmp_path / "one.jsonl", [like(1, START)])
    status, output = run(one, "--chart", tmp_path / "c.svg", "--creator", "eve")
    assert status == 1
    assert "no event of eve" in output


def test_ctrl_c_tells_what_there_is_so_far(days: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal, streams.backtest.play as p\n"
        "take = p._Player.apply\n"
        "def apply(self, *a):\n"
        "    take(self, *a)\n"
        "    if self.done.events > 5000: os.kill(os.getpid(), signal.SIGINT)\n"
        "    p._Player.apply = take if self.done.events > 5000 else apply\n"
        "p._Player.apply = apply\n"
        "from streams.cli import main; main()"
    )
    report = tmp_path / "report.json"
    words = ["backtest", str(days / "days.jsonl"), "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130, done.stderr
    assert "stopped at 2026-01-1" in done.stdout
    assert json.loads(report.read_text())["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "there is no FILE; or, to read topics, say --from-kafka"),
        (("--from", "2026-01-08T00:00:00Z", "x"), "--from, --to and --topic go with --from-kafka"),
        (("--from-kafka", "--signal", "likes"), "--from-kafka takes no FILE and no --signal"),
        (("--from-kafka", "--topic", "lykes"), "there is no inbound topic lykes; there are posts"),
        (("--from-kafka", "--from", "yesterday"), "is not a time such as 2026-01-15T12:00:00Z"),
        (
            ("--from-kafka", "--from", "2026-01-08T00:00:00Z", "--to", "2026-01-08T00:00:00Z"),
            "--from is not before --to",
        ),
    ],
)
def test_topics_and_files_do_not_go_together(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    file = written(tmp_path / "x", [like("ada", START)])
    status, output = run(*(file if argument == "x" else argument for argument in arguments))
    assert status == 2
    assert told in " ".join(output.split())
