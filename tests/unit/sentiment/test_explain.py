"""`pulse sentiment explain` tells what a text is judged to be, and what counted."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.engine.sentiment import load_default
from streams.engine.sentiment.traits import SIGNALS
from tests.harness.models import NONE, model_file


def explained(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["sentiment", "explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_text_is_told_with_its_class_its_strength_and_the_version_that_says_so() -> None:
    output = explained("i love this, stunning")
    assert output.startswith("positive +0.")
    assert "(lexicon-" in output


def test_what_counted_is_told_and_how_much() -> None:
    output = explained("not the scam i expected, but SO good 😍!!")
    for told in ("language en (guessed)", "turns it", "halves the rest", "pushes", "marks"):
        assert told in output
    assert "scam" in output
    assert "😍!!" in output


def test_the_language_and_the_flags_are_told() -> None:
    assert "language es (told)" in explained("--lang", "es", "me encanta")
    assert "flags: question" in explained("where is this?")
    assert "no lexicon for this language" in explained("素晴らしい")
    assert "nothing counted" in explained("the bus")


def test_nothing_is_written_to_the_terminal_that_could_steer_it() -> None:
    assert "\x1b" not in explained("love\x1b[31m")


@pytest.mark.parametrize(
    "text", ["i love this", "not bad but boring!!", "das gefällt mir nicht", "🔥🔥 fire", "", "hm"]
)
def test_an_explanation_adds_up_to_the_very_verdict(text: str) -> None:
    analyser = load_default()
    told = analyser.explain(text)
    assert told.verdict == analyser.judge(text)
    assert sum(s.effect for s in told.steps if s.does != "pushes") + told.marks == pytest.approx(
        told.total
    )


def test_a_text_that_is_praise_by_its_marks_alone_adds_up_too() -> None:
    output = explained("see the bus at six!!")
    assert output.startswith("positive")
    assert "+1.60  marks" in output
    assert "+1.60  in all" in output


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    says = {"blib": 100, "zorp": -100}
    by_lexicon = [(-2.0, 0.0, 2.0), *[NONE] * (SIGNALS - 1)]
    path = tmp_path / "model.bin"
    path.write_bytes(model_file(says, signals=by_lexicon))
    return path


def test_what_counted_in_a_model_is_told_for_each_class(learned: Path) -> None:
    output = explained("--model", str(learned), "the blib, i love it")
    lines = output.splitlines()
    assert lines[0].startswith("positive +0.")
    assert "(model-" in lines[0]
    assert "+lexicon-" in lines[0]
    rows = {line.split("  ")[-1]: line.split()[:3] for line in lines if line.startswith("   ")}
    assert float(rows["blib,"][2]) == -float(rows["blib,"][0]) > 0.5
    assert float(rows["(what the lexicon says)"][2]) > 0.5
    assert "love" in output.split("below it:")[1]


def test_chunks_that_say_nothing_are_told_as_one(learned: Path) -> None:
    output = explained("--model", str(learned), "so it is a blib")
    assert "(the other 4)" in output
    assert "  so" not in output.split("below it:")[0]


def test_a_long_text_is_told_by_the_chunks_that_say_most(learned: Path) -> None:
    output = explained("--model", str(learned), "blib " * 50)
    assert output.split("below it:")[0].count("  blib") == 20
    assert "(the other 30)" in output


def test_a_file_that_is_no_model_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing")
    result = CliRunner().invoke(
        main, ["sentiment", "explain", "--model", str(tmp_path / "model.bin"), "hm"]
    )
    assert result.exit_code == 1
    assert "no sentiment model" in result.output
