"""For any text at all: a verdict, in range, the same each time, at a cost linear in its length."""

import gc
import math
import sys
from collections.abc import Callable
from time import process_time
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.sentiment import Label, LexiconAnalyser, load_default
from streams.engine.sentiment.analyser import MAX_CHARS
from streams.engine.sentiment.lexicon import load_lexica

LEXICA = load_lexica()
LEXICON = LEXICA.languages["en"]
ANALYSER = load_default()

telling = st.sampled_from(
    [
        *list(LEXICON.words)[::150],
        *list(LEXICON.emoji)[::5],
        *list(LEXICON.emoticons)[::10],
        *LEXICON.negators,
        *LEXICON.boosters,
        *LEXICON.turns,
        *(word for lexicon in LEXICA.languages.values() for word in list(lexicon.words)[::700]),
        *list(LEXICA.known_by)[::400],
        *("dm", "promo", "free", "followers", "link", "bio", "$5", "#ad"),
        *(
            " ".join((first, second, *phrase.rest))
            for first, seconds in LEXICON.phrases.items()
            for second, phrases in seconds.items()
            for phrase in phrases
        ),
        *(
            "!",
            "?",
            ".",
            "...",
            "@you",
            "http://x",
            "\u0301",
            "\u202e",
            "\u200d",
            "\ufe0f",
            "\ud800",
        ),
    ]
)
anything = st.text(st.characters(exclude_categories=()), max_size=200)
glue = st.sampled_from(["", " ", "\n", "-", "'"])
texts = anything | st.builds(lambda parts, by: by.join(parts), st.lists(telling | anything), glue)
langs = st.none() | st.sampled_from(["en", "pt-BR", *LEXICA.languages]) | st.text(max_size=8)


@settings(deadline=None)
@given(texts, langs)
def test_any_text_gets_a_verdict_in_range_whose_label_fits(text: str, lang: str | None) -> None:
    verdict = ANALYSER.judge(text, lang)
    label, compound = verdict.label, verdict.compound
    assert -1.0 <= compound <= 1.0
    assert math.copysign(1, compound) == label or label is Label.NEUTRAL


@settings(deadline=None)
@given(texts, langs)
def test_an_explanation_of_any_text_is_of_the_very_verdict(text: str, lang: str | None) -> None:
    told = ANALYSER.explain(text, lang)
    assert told.verdict == ANALYSER.judge(text, lang)
    counted = sum(step.effect for step in told.steps if step.does != "pushes")
    assert math.isclose(counted + told.marks, told.total, abs_tol=1e-6)


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=8))
def test_a_verdict_does_not_depend_on_what_was_judged_before(many: list[str]) -> None:
    fresh = LexiconAnalyser(LEXICA)
    seen = [ANALYSER.judge(text) for text in many]
    assert [fresh.judge(text) for text in reversed(many)] == seen[::-1]
    assert [ANALYSER.judge(text) for text in many] == seen


@settings(deadline=None)
@given(st.text(max_size=50))
def test_only_the_first_characters_of_a_long_text_are_judged(tail: str) -> None:
    head = "love it " * (MAX_CHARS // 8)
    assert ANALYSER.judge(head + tail) == ANALYSER.judge(head)


HOSTILE: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "letters in threes": lambda n: "".join(chr(97 + i // 3 % 26) for i in range(n)),
    "emoji": lambda n: "😂" * n,
    "two emoji in turn": lambda n: "😂🔥" * (n // 2),
    "joined emoji": lambda n: "👩\u200d" * (n // 2),
    "skin tones": lambda n: "👍" + "🏽" * n,
    "combining marks": lambda n: "a" + "\u0301" * n,
    "right to left": lambda n: (
        "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 " * (n // 12)
    ),
    "no blanks": lambda n: "素晴らしい動画" * (n // 7),
    "exclamation marks": lambda n: "!" * n,
    "colons": lambda n: ":" * n,
    "half an emoticon": lambda n: ":DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD" * (n // 33) + "x",
    "one long mouth": lambda n: ":" + "D" * n + "x",
    "half an address": lambda n: "http:/" * (n // 6),
    "apostrophes": lambda n: "a'" * (n // 2),
    "hyphens": lambda n: "-".join("a" * (n // 2)),
    "buts": lambda n: "but " * (n // 4),
    "boosters": lambda n: "very " * (n // 5),
    "negators": lambda n: "not " * (n // 4),
    "first words of phrases": lambda n: "shut up and " * (n // 12),
    "words": lambda n: "good GOOD bad " * (n // 14),
    "blanks": lambda n: " " * n,
    "lone surrogates": lambda n: "\ud83d" * n,
    "letters and marks in turn": lambda n: "\u0628\u064e" * (n // 2),
    "vowel signs": lambda n: "\u0915\u093e" * (n // 2) + " \u0939\u0948",
    "endings": lambda n: "ísimamente" * (n // 10),
    "humps": lambda n: "aB" * (n // 2),
    "lures": lambda n: "link dm free " * (n // 13),
    "addresses": lambda n: "http://x.me/ " * (n // 13),
    "function words": lambda n: "que der the no " * (n // 15),
    "new words": lambda n: " ".join(f"w{i}" for i in range(n // 6)),
}


def lines_run(call: Callable[[], Any]) -> int:
    """Count the lines of Python that a call runs; C code, such as a regex, counts as one line."""
    lines = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # Hypothesis is told of every collection, by lines of Python
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return lines


def best_of_five(call: Callable[[], Any]) -> float:
    """Return the processor time of the quickest of five calls, in seconds."""
    times = []
    for _ in range(5):
        start = process_time()
        call()
        times.append(process_time() - start)
    return min(times)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_eight_times_the_text_costs_about_eight_times_the_steps(make: Callable[[int], str]) -> None:
    def cost(length: int) -> int:
        analyser = LexiconAnalyser(LEXICA, max_chars=1_000_000)
        text = make(length)
        return lines_run(lambda: analyser.judge(text))

    fixed = 500
    assert cost(16_000) <= 10 * cost(2_000) + fixed


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_thirty_two_times_the_text_takes_nowhere_near_the_square_of_the_time(
    make: Callable[[int], str],
) -> None:
    def seconds(length: int) -> float:
        text = make(length)
        return best_of_five(lambda: LexiconAnalyser(LEXICA, max_chars=1_000_000).judge(text))

    # Linear is 32 and quadratic 1,024; the smaller text is timed long enough to mean something.
    assert seconds(64_000) < 200 * seconds(2_000)


def test_a_word_stretched_in_many_places_costs_no_more_than_a_stretched_word_of_its_length() -> (
    None
):
    def cost(word: str) -> int:
        return lines_run(lambda: LexiconAnalyser(LEXICA).judge(word))

    assert cost("aaabbbcccdddeeefffggghhhiiijjjkkklll") < 2 * cost(
        "aaabbbcccdddefghijklmnopqrstuvwxyzab"
    )


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_costs_no_more_steps_than_the_cap(make: Callable[[int], str]) -> None:
    huge = make(1_000_000)
    judged = lines_run(lambda: LexiconAnalyser(LEXICA).judge(huge))
    capped = lines_run(lambda: LexiconAnalyser(LEXICA).judge(huge[:MAX_CHARS]))
    assert judged <= capped + 5
