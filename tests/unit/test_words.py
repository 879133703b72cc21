"""Words: every name that an alert may have is told in words."""

from typing import Any, get_args

import pytest

from schemas import alerts, commands
from streams import words


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (words.KINDS, alerts.Kind),
        (words.CAUSES, alerts.Cause),
        (words.METRICS, alerts.Metric),
        (words.STATUSES, alerts.Status),
        (words.QUIET, alerts.Quiet),
        (words.ACTIONS, commands.Action),
    ],
)
def test_every_name_has_words_and_none_is_a_name_itself(table: words.Names, names: Any) -> None:
    assert set(table) == set(get_args(names))
    assert not [told for told in table.values() if "_" in told or not told]
    assert len(set(table.values())) == len(table), "two names that read alike cannot be told apart"


def test_a_name_of_a_later_release_is_told_by_its_parts() -> None:
    assert words.of(words.CAUSES, "moon_landing") == "moon landing"
