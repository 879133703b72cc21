"""An account is heard three times in an hour."""

from streams.engine.loud import MOST_AUTHORS, MOST_HEARD, Loud
from streams.engine.units import HOUR_MS

END = 500_000 * HOUR_MS + 10_000


def test_what_an_account_says_beyond_its_share_is_named_by_its_place() -> None:
    loud = Loud()

    assert loud.beyond(END, [(1, 0), (2, 0), (1, -1), (1, -1), (1, -1), (2, 0)]) == [4]


def test_panes_of_one_hour_count_together() -> None:
    loud = Loud()
    for pane in range(MOST_HEARD):
        assert loud.beyond(END + pane * 10_000, [(1, -1)]) == []

    assert loud.beyond(END + HOUR_MS - 10_000, [(1, -1)]) == [0]


def test_a_new_hour_hears_everybody_again() -> None:
    loud = Loud()
    loud.beyond(END, [(1, -1)] * MOST_HEARD)

    assert loud.beyond(END + HOUR_MS, [(1, -1)]) == []


def test_an_hour_that_is_over_is_forgotten_when_it_is_due() -> None:
    loud = Loud()
    loud.beyond(END, [(1, -1)])
    due = loud.due_ms()
    assert due is not None

    loud.rest(due)
    assert loud.heard
    loud.rest(due + 10_000)
    assert not loud.heard
    assert loud.due_ms() is None


def test_of_a_crowd_the_first_are_told_apart_and_the_rest_counts() -> None:
    loud = Loud()
    loud.beyond(END, [(author, 0) for author in range(MOST_AUTHORS)])

    assert loud.beyond(END, [(9_999, -1)] * 10) == []
    assert loud.beyond(END, [(0, -1)] * MOST_HEARD) == [MOST_HEARD - 1]
    assert len(loud.heard) == MOST_AUTHORS
