"""`pulse sentiment train`: labelled comments become a model that knows what they teach."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stack.procs import REPOSITORY
from streams.cli import main
from streams.engine.sentiment import Label
from streams.sentiment.chosen import chosen
from tests.harness.models import labelled


def train(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["sentiment", "train", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("trained")
    (made / "comments.csv").write_text(labelled())
    status, output = train(
        made / "comments.csv", "--out", made / "model.bin", "--report", made / "report.json"
    )
    assert status == 0, output
    (made / "output").write_text(output)
    return made


def test_words_that_the_lexicon_does_not_know_are_learned(folder: Path) -> None:
    analyser, lexicon = chosen(str(folder / "model.bin")), chosen(None)
    assert lexicon.judge("the blib of today").label is Label.NEUTRAL
    assert analyser.judge("the blib of today").label is Label.POSITIVE
    assert analyser.judge("what a zorp, honestly").label is Label.NEGATIVE
    assert analyser.judge("honestly this is here today").label is Label.NEUTRAL


def test_the_lexicon_counts_on_in_a_model(tmp_path: Path) -> None:
    taught = {"negative": ("hate it",), "neutral": ("is here",), "positive": ("love it",)}
    (tmp_path / "c.csv").write_text(labelled(40, taught))
    assert train(tmp_path / "c.csv", "--out", tmp_path / "m.bin")[0] == 0
    analyser = chosen(str(tmp_path / "m.bin"))
    # Of the lexicon alone: neither word was learned.
    assert analyser.judge("gorgeous").compound > analyser.judge("disgusting").compound + 0.2


def test_progress_figures_and_what_to_do_next_are_told(folder: Path) -> None:
    output = (folder / "output").read_text()
    assert "part 5 of 5: macro recall " in output
    assert "144 comments, each judged by what the others teach:" in output
    assert "lexicon   0." in output
    assert "trained   0.9" in output or "trained   1.0" in output
    assert f"PULSE_SENTIMENT_MODEL={folder / 'model.bin'}" in output


def test_the_report_has_all_figures_and_names_the_model(folder: Path) -> None:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    assert chosen(str(folder / "model.bin")).version.startswith(f"model-{report['model']}+")
    assert report["comments"] == {"negative": 48, "neutral": 48, "positive": 48}
    trained, lexicon = report["layers"]["trained"], report["layers"]["lexicon"]
    assert trained["macro_recall"]["value"] > 0.9 > lexicon["macro_recall"]["value"]
    assert report["gain"]["low"] > 0
    assert sum(map(sum, trained["confusion"])) == 144
    assert trained["windows"]["mood"] > 0.8
    assert 0 < report["log_loss"] < 0.5
    assert sum(cell["comments"] for cell in report["calibration"]) == 144


def test_what_is_judged_is_what_was_learned(folder: Path) -> None:
    """The figures are of other weights (a part less), but of a like judgement."""
    analyser = chosen(str(folder / "model.bin"))
    rows = [line.split(",") for line in labelled().splitlines()[1:]]
    hits = sum(analyser.judge(text, lang).label.name.lower() == label for label, text, lang in rows)
    assert hits >= 0.95 * len(rows)


def test_the_same_file_and_seed_give_the_same_bytes_in_another_process(folder: Path) -> None:
    command = [sys.executable, "-m", "streams", "sentiment", "train", str(folder / "comments.csv")]
    command += ["--out", str(folder / "again.bin")]
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    assert (folder / "again.bin").read_bytes() == (folder / "model.bin").read_bytes()


def test_another_seed_deals_the_comments_in_another_way(folder: Path) -> None:
    report = folder / "seven.json"
    arguments = ("--out", folder / "seven.bin", "--report", report, "--seed", 7)
    assert train(folder / "comments.csv", *arguments)[0] == 0
    seventh, first = (
        json.loads(report.read_text()),
        json.loads((folder / "report.json").read_text()),
    )
    assert seventh["log_loss"] != first["log_loss"]
    assert seventh["model"] != first["model"]


def refused(folder: Path, text: str | bytes, *arguments: object) -> str:
    file = folder / "refused.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    status, output = train(file, "--out", folder / "refused.bin", *arguments)
    assert status != 0
    assert not (folder / "refused.bin").exists()
    return output.replace(str(file), "FILE")


def test_too_few_labels_are_refused_with_their_counts(tmp_path: Path) -> None:
    assert refused(tmp_path, labelled(12)) == (
        "Error: FILE: too few labels: 12 negative, 12 neutral, 12 positive; expected at least 30"
        " of each class\n"
    )
    one_sided = "text,label\n" + "nice,positive\n" * 50
    assert "too few labels: 0 negative, 0 neutral;" in refused(tmp_path, one_sided)


def test_rows_that_cannot_be_used_are_refused_with_their_lines(tmp_path: Path) -> None:
    output = refused(tmp_path, labelled() + "good,yes,en\nneutral,yes\n")
    assert "nothing was learned; mend these rows:" in output
    assert "FILE: line 146: expected a label of negative, neutral, positive, got 'good'" in output
    assert "FILE: line 147: expected 3 columns, got 2" in output
    many = refused(tmp_path, labelled() + "good,yes,en\n" * 50)
    assert "and 30 rows more" in many


def test_bytes_that_are_no_utf_8_are_refused_with_their_line(tmp_path: Path) -> None:
    raw = labelled().encode() + "neutral,déjà vu,fr\n".encode("latin-1")
    assert refused(tmp_path, raw) == (
        "Error: FILE: line 146: the byte 0xe9 is not UTF-8; save the file as UTF-8\n"
    )


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    assert "names no column label" in refused(tmp_path, "text,stars\nnice,5\n")


def test_a_folder_that_is_not_there_is_told_before_the_work(tmp_path: Path) -> None:
    output = refused(tmp_path, labelled(), "--report", tmp_path / "no" / "r.json")
    assert f"there is no folder '{tmp_path / 'no'}'" in output


def test_without_the_library_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "streams.sentiment.trainer", raising=False)
    for name in [n for n in sys.modules if n.partition(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert "pip install 'creator-pulse[train]'" in refused(tmp_path, labelled())


def test_judging_by_a_model_needs_no_library_of_learning(folder: Path) -> None:
    script = (
        "import sys; sys.modules['scipy'] = sys.modules['numpy'] = None;"
        "from streams.sentiment.chosen import chosen;"
        f"print(chosen({str(folder / 'model.bin')!r}).judge('a blib').label.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "POSITIVE\n"
