"""`pulse simulate`: what is asked for on the command line, without Kafka."""

import json
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.sources.simulate.command import Options, again, command, plan_of
from streams.sources.simulate.plan import Plan, Timed
from streams.sources.simulate.scenarios import SCENARIOS
from streams.sources.simulate.unfinished import Unfinished
from streams.sources.simulate.world import generate

NOON = "2026-01-15T12:00:00Z"
SHORT = ("--no-live", "--at", NOON, "--creators", "8")


def simulate(*arguments: str) -> Any:
    return CliRunner().invoke(command, arguments)


def test_the_list_of_scenarios_has_one_line_for_each() -> None:
    result = simulate("--scenario", "list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(len(line) < 110 for line in lines)


def test_a_scenario_takes_the_history_that_it_needs_and_names_itself_in_the_truth(
    tmp_path: Path,
) -> None:
    out, truth = tmp_path / "raid.jsonl", tmp_path / "truth.json"
    files = ("--out", str(out), "--truth", str(truth))
    result = simulate("--scenario", "raid", *SHORT, *files)
    assert result.exit_code == 0, result.output
    told = json.loads(truth.read_text())
    assert told["scenario"] == "raid"
    assert told["starts_at"] == "2026-01-11T12:00:00.000Z"
    assert [incident["kind"] for incident in told["incidents"]] == ["sentiment_crisis"]
    assert out.read_text().count("\n") > 10_000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--scenario", "flood"), "'flood' is no scenario; there are slow-decline"),
        (("--scenario", "raid", "--incidents", "all"), "takes no --incidents"),
        (("--scenario", "raid", "--backfill", "1d"), "raid takes 4 days"),
        (("--scenario", "counters-reset", "--creators", "1"), "no creator is on instagram"),
        (("--rate", "nan"), "'nan' is no number"),
        (("--skip", "5"), "--skip takes --at, and no --out"),
        (("--speed", "inf"), "'inf' is no number"),
        (("--incidents", "some"), "'some' is none of default, all, none, and no number"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(
    arguments: tuple[str, ...], why: str
) -> None:
    result = simulate(*SHORT, "--out", "-", *arguments)
    assert result.exit_code == 2
    assert why in result.output


def test_all_incidents_are_in_the_truth(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    options = ("--incidents", "all", "--backfill", "6h", "--truth", str(truth))
    result = simulate("--no-live", "--at", NOON, *options, "--out", str(tmp_path / "x.jsonl"))
    assert result.exit_code == 0, result.output
    kinds = {incident["kind"] for incident in json.loads(truth.read_text())["incidents"]}
    assert {"viral_post", "unfollow_wave", "follower_spike"} <= kinds


def test_live_may_have_begun_some_time_ago_and_not_lie_ahead() -> None:
    ahead = simulate("--at", "2900-01-01T00:00:00Z")
    assert ahead.exit_code == 2
    assert "--at lies ahead" in ahead.output
    ago = plan_of(
        Options(
            seed=1, creators=8, rate=None, backfill=3_600, duration=None, live=True, speed=None,
            incidents="all", at_ms=1_768_478_400_000, out=None, truth=None, report=None,
        )
    )  # fmt: skip
    assert ago.live_ms == 1_768_478_400_000
    assert ago.start_ms == ago.live_ms - 3_600_000


def test_a_file_that_was_stopped_has_whole_lines_and_is_said_to_be_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(plan: Plan) -> Iterator[Timed]:
        for number, timed in enumerate(generate(plan)):
            if number == 500:
                signal.raise_signal(signal.SIGINT)
            yield timed

    monkeypatch.setattr("streams.sources.simulate.command.generate", interrupted)
    out, report = tmp_path / "x.jsonl", tmp_path / "report.json"
    result = simulate(*SHORT, "--out", str(out), "--report", str(report))
    assert result.exit_code == 130
    assert f"stopped: {out} is incomplete: of 2026-01-13T12:00:00.000Z to" in result.stderr
    assert "it has the first 501 events, up to 2026-01-13T" in result.stderr
    assert len([json.loads(line) for line in out.read_text().splitlines()]) == 501
    told = json.loads(report.read_text())
    assert (told["events"], told["unfinished"]["written"]) == (501, 501)
    assert 0 < told["unfinished"]["share"] < 0.1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--backfill", "1001ms"),
        ("--seed", "7", "--creators", "5", "--rate", "0.3", "--incidents", "all"),
        ("--scenario", "raid", "--no-live"),
        ("--duration", "90", "--incidents", "3", "--backfill", "2d"),
    ],
)
def test_what_is_told_to_whoever_stopped_a_history_makes_the_same_events_again(
    arguments: tuple[str, ...],
) -> None:
    def planned(*words: str) -> tuple[Options, Plan]:
        context = command.make_context("simulate", list(words))
        options = Options(**context.params)
        return options, plan_of(options)

    options, plan = planned(*arguments, "--at", NOON)
    left = Unfinished(plan, 40_000, plan.start_ms, (*again(options),))
    pulse, simulate, *words = shlex.split(left.command)
    resumed, same = planned(*words)
    assert (pulse, simulate) == ("pulse", "simulate")
    assert (same, resumed.skip) == (plan, 40_000)
    assert (resumed.speed, resumed.live) == (options.speed, options.live)


def test_a_history_that_was_stopped_before_its_first_event_has_nothing_to_go_on_with() -> None:
    plan = Plan(seed=1, start_ms=0, live_ms=None, end_ms=86_400_000)
    (line,) = Unfinished(plan, 0, 0, ()).lines()
    assert line.startswith("stopped before any of the history")
