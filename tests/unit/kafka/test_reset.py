"""What a reset remembers of what was read before."""

import pytest

from streams.kafka.outlets import Span
from streams.kafka.reset import joined


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        ([], []),
        ([(0, 5)], [(0, 5)]),
        ([(0, 5), (5, 9)], [(0, 9)]),
        ([(6, 9), (0, 5)], [(0, 5), (6, 9)]),
        ([(0, 9), (2, 5)], [(0, 9)]),
        ([(0, 0), (4, 4)], []),
        ([(0, 11)], []),
    ],
)
def test_spans_are_joined_and_those_beyond_the_log_are_forgotten(
    read: list[tuple[int, int]], kept: list[tuple[int, int]]
) -> None:
    assert joined(read, Span(0, 10)) == kept


def test_what_retention_has_deleted_is_forgotten() -> None:
    assert joined([(0, 5), (6, 9)], Span(3, 10)) == [(3, 5), (6, 9)]
    assert joined([(0, 3)], Span(3, 10)) == []
