"""What a comment is besides positive or negative: spam, stock, emoji alone, a question."""

import pytest

from streams.engine.sentiment import LexiconAnalyser, load_default
from streams.engine.sentiment.flags import Flag


@pytest.fixture(scope="module")
def analyser() -> LexiconAnalyser:
    return load_default()


@pytest.mark.parametrize(
    "text",
    [
        "DM me for a promo on our page",
        "dm us for collab 💌",
        "check the link in my bio",
        "Click my profile for more",
        "f4f anyone?",
        "get free followers now",
        "Buy 10k followers cheap!",
        "follow me back pls",
        "I earned $5000 with bitcoin trading, thanks to my manager",
        "invest with crypto and earn daily",
        "free gifts at https://win.example",
    ],
)
def test_what_sells_or_lures_is_spam(analyser: LexiconAnalyser, text: str) -> None:
    assert analyser.judge(text).flags & Flag.SPAM


@pytest.mark.parametrize(
    "text",
    [
        "i love this so much, you look amazing",
        "is there a discount code?",
        "feel free to share",
        "i will text you later",
        "where can i buy this?",
        "best page ever",
        "see you in paris",
        "your profile picture is so cute",
        "too many ads lately",
        "i follow you since 2019",
        "please do more of these",
        "my article: https://news.example/about",
    ],
)
def test_what_is_merely_said_is_no_spam(analyser: LexiconAnalyser, text: str) -> None:
    assert not analyser.judge(text).flags & Flag.SPAM


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("🔥🔥", Flag.EMOJI_ONLY | Flag.STOCK),
        ("😡😡😡", Flag.EMOJI_ONLY | Flag.STOCK),
        (":(", Flag.EMOJI_ONLY),
        ("nice pic", Flag.STOCK),
        ("nice pic?", Flag.QUESTION),
        ("where is this?", Flag.QUESTION),
        ("أين هذا؟", Flag.QUESTION),
        ("the second one is my favourite of all", Flag(0)),
        ("", Flag(0)),
        ("123", Flag(0)),
    ],
)
def test_stock_emoji_and_questions_are_told_apart(
    analyser: LexiconAnalyser, text: str, flags: Flag
) -> None:
    assert Flag(analyser.judge(text).flags) == flags


@pytest.mark.parametrize(
    ("text", "lang"),
    [("素晴らしい動画", None), ("ninapenda sana", "sw"), ("ดีมาก", None), ("좋아요", "ko")],
)
def test_without_a_lexicon_it_abstains_and_says_so(
    analyser: LexiconAnalyser, text: str, lang: str | None
) -> None:
    verdict = analyser.judge(text, lang)
    assert verdict.flags & Flag.ABSTAINED
    assert (verdict.language, verdict.compound) == ("", 0.0)
    assert analyser.judge(text + " 😍", lang).compound > 0.35


def test_it_does_not_abstain_from_what_holds_no_words(analyser: LexiconAnalyser) -> None:
    assert not analyser.judge("😍", "ja").flags & Flag.ABSTAINED
