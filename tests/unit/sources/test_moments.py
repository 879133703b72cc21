"""Moments: what is typed for a time, and what is said of what is none."""

import click
import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.sources.moments import MOMENT


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    return result.output


def test_a_moment_is_milliseconds_in_whatever_offset_it_is_spelt():
    assert MOMENT.convert("2026-01-15T12:00:00Z", None, None) == 1_768_478_400_000
    assert MOMENT.convert("2026-01-15T13:00+01:00", None, None) == 1_768_478_400_000


@pytest.mark.parametrize(
    ("text", "instead"),
    [("2026-01-15", "2026-01-15T00:00:00Z"), ("2026-01-15T12:00", "2026-01-15T12:00:00Z")],
)
def test_a_moment_without_an_offset_is_answered_with_what_takes_one(text: str, instead: str):
    with pytest.raises(click.BadParameter, match=f"has no offset: for UTC it is {instead}$"):
        MOMENT.convert(text, None, None)
    assert MOMENT.convert(instead, None, None)


def test_words_are_told_where_they_stand_for_a_moment():
    expected = "is not earliest or latest or a time such as 2026-01-15T12:00:00Z"
    assert expected in refused("reset", "--to", "yesterday")
    assert "has no offset" in refused("reset", "--to", "2026-01-15")
    assert "is not a time such as" in refused("simulate", "--at", "yesterday")
