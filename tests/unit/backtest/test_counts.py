"""`pulse backtest --signal`: from a CSV to a score for each bin, episodes and a picture."""

import csv
import json
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.backtest.counts import judge, stretches
from streams.backtest.table import Bin, Table
from streams.cli import main
from streams.engine.series import Judged
from streams.stopping import heeded
from tests.unit.engine.test_series import BIN, DAY, START, daily


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["backtest", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days with a gap, and a burst of half an hour at the start of the last one."""
    values = daily(60, 10)
    burst = range(9 * DAY // BIN, 9 * DAY // BIN + 6)
    path = tmp_path_factory.mktemp("counts") / "likes.csv"
    rows = [
        f"{START + n * BIN},{value * (8 if n in burst else 1)}"
        for n, value in enumerate(values)
        if not 500 <= n < 510
    ]
    path.write_text("\n".join(["timestamp,value", *rows]) + "\n")
    return path


def test_each_bin_has_a_row_and_the_burst_is_an_episode(counts: Path, tmp_path: Path) -> None:
    scores, chart, report = tmp_path / "s.csv", tmp_path / "c.svg", tmp_path / "r.json"
    status, output = run(
        *("--signal", "likes", counts, "--scores", scores),
        *("--chart", chart, "--report", report),
    )
    assert status == 0, output
    rows = list(csv.DictReader(scores.read_text().splitlines()))
    assert list(rows[0]) == ["timestamp", "value", "expected", "score", "p", "state"]
    assert [int(row["timestamp"]) for row in rows] == [
        START + n * BIN for n in range(10 * DAY // BIN)
    ]
    assert [row["state"] for row in rows[500:510]] == ["gap"] * 10
    assert {row["value"] for row in rows[500:510]} == {""}
    document = json.loads(report.read_text())
    assert (document["bin_seconds"], document["gaps"]) == (BIN, 10)
    begins = [int(e["starts_at"]) for e in document["episodes"] if e["state"] == "high"]
    assert START + 9 * DAY in begins
    assert "<polygon" in chart.read_text()
    assert "bins a second" in output


def test_bad_rows_stop_it_unless_they_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("timestamp,value\n0,1\n60,nan\n120,2\n180,2\n")
    status, output = run("--signal", "views", path)
    assert status == 1
    assert "bad.csv: line 3: expected a finite count, got nan" in output
    assert "1 bad rows: nothing was scored" in output
    status, output = run("--signal", "views", path, "--skip-bad")
    assert status == 0
    assert "4 bins" in output


def test_what_is_no_table_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("a,b\n")
    status, output = run("--signal", "views", path)
    assert status == 1
    assert "none.csv: line 1: expected the header timestamp,value, got a,b" in output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--signal", "views", "--rules", "shipped"], "--rules is for events"),
        (["--signal", "views", "--creator", "ada"], "--creator is for events"),
        (["--signal", "sales"], "is not one of"),
        (["--scores", "s.csv"], "--scores goes with --signal"),
    ],
)
def test_what_does_not_go_together_is_refused(counts: Path, arguments: list[str], why: str) -> None:
    status, output = run(counts, *arguments)
    assert status == 2
    assert why in output


def test_several_files_are_refused(counts: Path) -> None:
    status, output = run("--signal", "likes", counts, counts)
    assert status == 2
    assert "--signal takes one FILE" in output


def _verdict(state: str, score: float = 0.6) -> Judged:
    return Judged(1.0, score, 1e-5, state)  # type: ignore[arg-type]


def test_bins_of_one_direction_with_few_between_are_one_episode() -> None:
    states = ["high", "normal", "high", "normal", "normal", "normal", "normal", "high", "low"]
    judged = [_verdict(state, 0.5 + n / 100) for n, state in enumerate(states)]
    assert [(s.begin, s.end, s.peak, s.state) for s in stretches(judged)] == [
        (0, 3, 2, "high"),
        (7, 8, 7, "high"),
        (8, 9, 8, "low"),
    ]


def test_scoring_stops_when_asked() -> None:
    bins = [Bin(START + n * 60.0, str(n), 1.0) for n in range(20_000)]
    with heeded() as stop:
        signal.raise_signal(signal.SIGINT)
        assert len(list(judge(Table(bins, 60.0, 0), None, stop))) == 1
