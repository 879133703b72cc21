"""`pulse sentiment eval` tells how often the analyser agrees with people, and why it cannot say."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.sentiment import peers
from streams.sentiment.layers import layers

ROWS = (
    "text,label,language\n"
    + 'love this so much,positive,en\n"me encanta, gracias",positive,es\n' * 20
    + "this is a scam,negative,en\nqué asco de estafa,negative,es\n" * 20
    + "i saw it on tuesday,neutral,en\nlo vi en la historia,neutral,es\n" * 20
    + "素晴らしい,positive,ja\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "comments.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def evaluated(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["sentiment", "eval", *arguments])
    return result.exit_code, result.output


def test_figures_tables_languages_and_abstentions_are_shown(file: Path):
    status, output = evaluated(str(file))
    assert status == 0
    assert output.startswith("121 comments, judged by lexicon-")
    assert "macro recall 0.992 [" in output
    assert "abstained from 1;" in output
    assert "ja                    1   too few" in output
    assert "es                   60   1.000 [1.000, 1.000]" in output
    assert "windows of 50: correlation" in output


def test_the_report_holds_the_figures_as_json(file: Path, tmp_path: Path):
    report = tmp_path / "figures.json"
    status, _ = evaluated(str(file), "--report", str(report))
    found = json.loads(report.read_text("utf-8"))
    assert status == 0
    assert found["comments"] == 121
    assert found["confusion"] == [[40, 0, 0], [0, 40, 0], [0, 1, 40]]


def test_layers_are_shown_alone_and_left_out(file: Path):
    status, output = evaluated(str(file), "--layers")
    assert status == 0
    shown = {line[:38].strip(): line[38:43] for line in output.splitlines()}
    assert float(shown["emoji alone"]) < float(shown["all"])
    assert float(shown["without negation, boosters, but"]) <= float(shown["all"])


def test_each_layer_has_a_version_of_its_own_unless_only_texts_differ():
    versions = {layer.name: layer.analyser.version for layer in layers()}
    own = [version for name, version in versions.items() if version != versions["all"]]
    assert len(set(own)) == len(own) == 17


def test_another_analyser_is_compared_with_on_the_same_comments(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(peers.PEERS, "afinn", ("afinn", lambda: lambda text: float("love" in text)))
    status, output = evaluated(str(file), "--against", "afinn")
    assert status == 0
    line = output.splitlines()[-1]
    assert line.startswith("afinn")
    assert float(line.split()[-3]) > 0.3


def test_an_analyser_that_is_not_installed_is_told_with_what_to_install(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    def missing() -> peers.Judge:
        raise ImportError("No module named 'vaderSentiment'")

    monkeypatch.setitem(peers.PEERS, "vader", ("vaderSentiment", missing))
    status, output = evaluated(str(file), "--against", "vader")
    assert status == 1
    assert "pip install vaderSentiment" in output


def test_bad_rows_are_left_out_and_told(tmp_path: Path):
    path = tmp_path / "comments.csv"
    path.write_text(ROWS + "what,maybe,en\n", encoding="utf-8")
    status, output = evaluated(str(path))
    assert status == 0
    assert "line 123: expected a label of negative, neutral, positive, got 'maybe'" in output


def test_a_file_of_another_form_is_refused(tmp_path: Path):
    path = tmp_path / "comments.csv"
    path.write_text("comment,mood\nx,y\n", encoding="utf-8")
    status, output = evaluated(str(path))
    assert status == 1
    assert "expected a header with text, label" in output
