"""A backtest judges comments by the model that a worker would have."""

import json
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from streams.cli import main
from tests.harness.models import model_file
from tests.scenarios.life import DAY, HOUR, MINUTE, Life


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days of harmless comments, then a wave of a word that only a model knows."""
    folder = tmp_path_factory.mktemp("recorded")
    life = Life(1, 65_000)
    for day in range(8):
        post = life.post(day * DAY + 12 * HOUR, 0)
        for number in range(60):
            at = day * DAY + 12 * HOUR + number * 2 * MINUTE
            life.comment(at, post, f"d{day}-{number}", "see you there")
    for number in range(200):
        at = 8 * DAY + number * MINUTE / 5
        life.comment(at, "p", f"w{number}", "zorp zorp" if number % 2 else "see you there")
    items = sorted(life.items, key=lambda item: item[0])
    lines = [orjson.dumps({"topic": topic, "event": event}) for _, topic, event in items]
    (folder / "events.jsonl").write_bytes(b"\n".join(lines))
    (folder / "model.bin").write_bytes(model_file({"zorp": -127, "zorp zorp": -127}))
    return folder


def alerts(folder: Path, *arguments: str) -> bytes:
    out = folder / "alerts.jsonl"
    command = ["backtest", str(folder / "events.jsonl"), "--alerts", str(out), *arguments]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return out.read_bytes()


def test_by_a_model_there_is_a_crisis_where_the_lexicon_sees_none(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"sentiment_crisis" not in alerts(recorded)
    told = alerts(recorded, "--sentiment-model", str(recorded / "model.bin"))
    kinds = [json.loads(line)["kind"] for line in told.splitlines()]
    assert "sentiment_crisis" in kinds
    # As the setting of a worker says it, and the same each time.
    monkeypatch.setenv("PULSE_SENTIMENT_MODEL", str(recorded / "model.bin"))
    assert alerts(recorded) == told


def test_a_model_is_for_comments_and_not_for_counts(recorded: Path) -> None:
    (recorded / "counts.csv").write_text("timestamp,value\n0,1\n")
    command = ["backtest", "--signal", "likes", str(recorded / "counts.csv")]
    result = CliRunner().invoke(main, [*command, "--sentiment-model", str(recorded / "model.bin")])
    assert result.exit_code == 2
    assert "--sentiment-model is for events" in result.output
