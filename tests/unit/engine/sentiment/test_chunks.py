"""What chunks say is kept for as long as they come again, and never becomes more than told."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.sentiment.chunks import MAX_CACHED_CHARS, Chunks


class Lengths(Chunks[int]):
    """The lengths of chunks, and what was read for them."""

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.reads: list[str] = []

    def read(self, chunk: str) -> int:
        self.reads.append(chunk)
        return len(chunk)


def test_what_comes_again_is_read_once() -> None:
    chunks = Lengths(2)
    # Each newcomer may push out what came once, but not what has come again since.
    for newcomer in ("a", "b", "c", "d", "e"):
        assert (chunks["usual"], chunks[newcomer]) == (5, 1)
    assert chunks.reads.count("usual") == 1


def test_a_long_chunk_is_not_kept() -> None:
    chunks = Lengths(2)
    for _ in range(2):
        assert chunks["x" * (MAX_CACHED_CHARS + 1)] == MAX_CACHED_CHARS + 1
    assert (len(chunks.reads), len(chunks)) == (2, 0)


@given(st.integers(1, 5), st.lists(st.text("ab", max_size=3)))
def test_what_is_kept_is_bounded_and_right(room: int, texts: list[str]) -> None:
    chunks = Lengths(room)
    for text in texts:
        assert chunks[text] == len(text)
        assert len(chunks) <= room
        assert len(chunks._older) <= room
