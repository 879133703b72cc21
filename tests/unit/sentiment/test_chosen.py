"""A process judges by the model that it is told to, or says why it cannot."""

import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.engine.sentiment import load_default
from streams.engine.sentiment.modelfile import MAX_BYTES, ModelError
from streams.sentiment.chosen import chosen
from tests.harness.models import model, model_file


def test_without_a_file_it_is_what_ships() -> None:
    assert chosen(None).version == load_default().version


def test_a_model_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(model_file({"blib": 100}))
    analyser = chosen(str(tmp_path / "m.bin"))
    assert analyser.version == model({"blib": 100}).version
    assert analyser.judge("a blib").compound > 0.3


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(model_file({})[:-100])
    with pytest.raises(ModelError, match=r"m\.bin: cut off: "):
        chosen(str(tmp_path / "m.bin"))
    (tmp_path / "m.bin").write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(ModelError, match=r"5,000,001 bytes, expected a model of at most 5,000,000"):
        chosen(str(tmp_path / "m.bin"))


def test_a_model_on_top_of_another_lexicon_is_used_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "m.bin").write_bytes(model_file({}, below="lexicon-0-00000000"))
    with caplog.at_level(logging.WARNING):
        analyser = chosen(str(tmp_path / "m.bin"))
    assert "was trained on top of lexicon-0-00000000 and is used with lexicon-" in caplog.text
    assert analyser.version.endswith(f"+{load_default().version}")


@pytest.mark.parametrize("command", [["worker"], ["backtest", "events.jsonl"]])
def test_a_command_that_cannot_use_its_model_says_why_and_does_nothing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("")
    (tmp_path / "m.bin").write_text("text,label\n")
    monkeypatch.setenv("PULSE_SENTIMENT_MODEL", "m.bin")
    result = CliRunner().invoke(main, command)
    assert (result.exit_code, result.output) == (
        2,
        "Error: m.bin: no sentiment model: expected a file that `pulse sentiment train` has"
        " written\n",
    )
    monkeypatch.setenv("PULSE_SENTIMENT_MODEL", "gone.bin")
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "PULSE_SENTIMENT_MODEL" in result.output
    assert "a model file that this process may read" in result.output
