"""What could stand below any post is stock; what is about this one, or asks, is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.sentiment.stock import MAX_CHARS, is_stock


@pytest.mark.parametrize(
    "text",
    [
        "nice pic",
        "Great shot!",
        "love it",
        "I love this",
        "AMAZING!!!",
        "wow",
        "so cool...",
        "🔥🔥🔥",
        "❤️",
        "😍 👏 😍",
        "wow 🔥",
        "love it <3",
        "<3",
        "Que lindo",
        "wow \N{HORIZONTAL ELLIPSIS}",
    ],
)
def test_emoji_and_stock_words_alone_are_stock(text: str) -> None:
    assert is_stock(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "...",
        "!",
        "this is it",
        "nice colours",
        "wow?",
        "@lila amazing",
        "love this very much",
        "I love the new camera",
        "see you there",
        "where is this",
        "100",
        "🔥 since 1999",
        "awful",
    ],
)
def test_what_is_about_the_post_or_says_nothing_good_is_not(text: str) -> None:
    assert not is_stock(text)


@given(st.text(max_size=MAX_CHARS))
def test_any_text_is_one_or_the_other_whatever_its_case_of_blanks(text: str) -> None:
    assert is_stock(f" {text}  ") == is_stock(text) or len(text) > MAX_CHARS - 3


def test_a_long_text_is_not_read() -> None:
    assert is_stock("🔥" * MAX_CHARS)
    assert not is_stock("🔥" * (MAX_CHARS + 1))
