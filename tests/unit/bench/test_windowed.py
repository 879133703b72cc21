"""What the windowed peers must have counted, worked out without any of them."""

from collections import Counter

from bench.load import Stream, events, key_of, per_pane
from bench.windowed import MINUTE_MS, SLIDING_MS, STEP_MS, expected, mismatches
from schemas.codec import decode

STREAM = Stream(total=3_000, end_ms=1_780_000_000_000, creators=20, hours=0.2)


def _times() -> list[tuple[bytes, int]]:
    return [(key_of(rank), decode(t, v).occurred_at) for t, rank, v in events(STREAM)]


def test_panes_hold_every_event_of_a_stream_once() -> None:
    panes = per_pane(STREAM, STEP_MS)
    assert panes == Counter(
        (rank, decode(t, v).occurred_at // STEP_MS) for t, rank, v in events(STREAM)
    )


def test_a_tumbling_minute_holds_the_events_of_its_minute() -> None:
    wanted = Counter((creator, at // MINUTE_MS * MINUTE_MS) for creator, at in _times())
    assert expected(per_pane(STREAM, STEP_MS), MINUTE_MS) == wanted


def test_an_event_is_in_each_of_the_thirty_windows_that_cover_it() -> None:
    wanted: Counter[tuple[bytes, int]] = Counter()
    for creator, at in _times():
        first = at // STEP_MS * STEP_MS
        covering = [first - n * STEP_MS for n in range(30)]
        assert all(start <= at < start + SLIDING_MS for start in covering)
        wanted.update((creator, start) for start in covering)
    assert expected(per_pane(STREAM, STEP_MS), SLIDING_MS) == wanted


def test_a_count_that_is_missing_wrong_or_too_much_is_found() -> None:
    assert mismatches({"a": 1, "b": 2}, {"a": 1, "b": 2}) == 0
    assert mismatches({"a": 1, "b": 2}, {"a": 3, "c": 1}) == 3
