"""The watermark never goes back, never passes what may still be read, and never stands still."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.watermark import Watermark

LATENESS = 10_000
TOPICS = ("likes", "comments", "posts")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.sampled_from(TOPICS), st.integers(10**6, 2 * 10**6)),
        st.tuples(st.just("tick"), st.frozensets(st.sampled_from(TOPICS)), st.integers(0, 5_000)),
    ),
    max_size=40,
)


@given(steps)
def test_it_never_goes_back(steps: list[tuple[str, object, int]]) -> None:
    watermark, now, last = Watermark(LATENESS), 0, -1
    for kind, what, amount in steps:
        if kind == "read":
            watermark.observe(str(what), amount)
            continue
        now += amount
        at = watermark.tick(now, what, frozen=False)  # type: ignore[arg-type]
        if at is not None:
            assert at >= last
            last = at


def test_an_unread_topic_holds_it_at_its_own_clock() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    watermark.observe("comments", 100_000)
    assert watermark.tick(0, {"likes", "comments"}, frozen=False) == 90_000


def test_an_unread_topic_that_was_never_read_holds_it_altogether() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    assert watermark.tick(0, {"likes", "comments"}, frozen=False) is None


def test_a_gap_in_a_sparse_topic_holds_nothing_back_once_its_next_record_is_known() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("posts", 100_000)
    watermark.observe("likes", 500_000)
    undrained, heads = {"likes", "posts"}, {"posts": 900_000}
    assert watermark.tick(0, undrained, frozen=False, heads=heads) == 490_000
    assert watermark.stream == 500_000, "what is known to come has not been read yet"


def test_a_topic_that_was_never_read_holds_it_at_its_first_record_once_that_is_known() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    heads = {"posts": 300_000}
    assert watermark.tick(0, {"likes", "posts"}, frozen=False, heads=heads) == 290_000


def test_a_next_record_that_is_late_takes_no_time_back() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("posts", 400_000)
    assert watermark.tick(0, {"posts"}, frozen=False, heads={"posts": 100_000}) == 390_000


def test_a_drained_topic_holds_nothing_back() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("comments", 100_000)
    watermark.observe("likes", 500_000)
    assert watermark.tick(0, {"likes"}, frozen=False) == 490_000


def test_a_quiet_stream_advances_by_the_time_that_passes() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    assert watermark.tick(7_000, frozenset(), frozen=False) == 490_000
    assert watermark.tick(9_500, frozenset(), frozen=False) == 492_500


def test_time_does_not_pass_while_the_broker_cannot_be_reached() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    watermark.tick(7_000, frozenset(), frozen=False)
    assert watermark.tick(60_000, frozenset(), frozen=True) == 490_000
    assert watermark.tick(61_000, frozenset(), frozen=False) == 490_000
    assert watermark.tick(62_000, frozenset(), frozen=False) == 491_000


def test_a_clock_that_jumps_back_does_not_take_time_back() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    watermark.tick(7_000, frozenset(), frozen=False)
    assert watermark.tick(1_000, frozenset(), frozen=False) == 490_000


def test_scores_are_as_of_the_newest_event_then_of_the_passing_time() -> None:
    watermark = Watermark(LATENESS)
    watermark.observe("likes", 500_000)
    assert watermark.stream == 500_000
    watermark.tick(0, frozenset(), frozen=False)
    watermark.tick(3_000, frozenset(), frozen=False)
    assert watermark.stream == 503_000
