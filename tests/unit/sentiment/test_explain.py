"""`pulse sentiment explain` tells what a text is judged to be."""

from click.testing import CliRunner

from streams.cli import main


def explained(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["sentiment", "explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_text_is_told_with_its_class_its_strength_and_the_version_that_says_so() -> None:
    output = explained("i love this, stunning")
    assert output.startswith("positive +0.")
    assert "(lexicon-" in output
