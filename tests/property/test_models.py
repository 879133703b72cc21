"""By a model, too: for any text a verdict in range, at a cost linear in its length."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from streams.engine.sentiment import traits
from streams.engine.sentiment.traits import READ_CHARS, read, walk
from tests.harness.models import model
from tests.property.test_sentiment import HOSTILE, best_of_five, langs, lines_run, texts

SAYS = {"blib": 127, "zorp": -127, "!": 100, "a": -100, "😂": 127, "not a": 90}
SIGNALS = [(-3.0, 0.1, 3.0)] * traits.SIGNALS
ANALYSER = model(SAYS, signals=SIGNALS)


@settings(deadline=None)
@given(texts, langs)
def test_any_text_gets_a_verdict_in_range_whose_label_fits(text: str, lang: str | None) -> None:
    label, compound, *_ = ANALYSER.judge(text, lang)
    assert -1.0 <= compound <= 1.0
    assert math.copysign(1, compound) == label or label == 0
    assert math.isclose(sum(ANALYSER.probabilities(text, lang)), 1.0)


@settings(deadline=None)
@given(texts)
def test_what_was_judged_before_does_not_matter(text: str) -> None:
    assert ANALYSER.judge(text) == model(SAYS, signals=SIGNALS).judge(text)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_eight_times_the_text_costs_about_eight_times_the_steps(make: Callable[[int], str]) -> None:
    def cost(length: int) -> int:
        text = make(length)
        return lines_run(lambda: [read(chunk) for chunk in text.split()])

    fixed = 500
    assert cost(16_000) <= 10 * cost(2_000) + fixed


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_thirty_two_times_the_text_takes_nowhere_near_the_square_of_the_time(
    make: Callable[[int], str],
) -> None:
    def seconds(length: int) -> float:
        text = make(length)
        return best_of_five(lambda: [read(chunk) for chunk in text.split()])

    # Linear is 32 and quadratic 1,024.
    assert seconds(32_000) < 200 * seconds(1_000)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_of_a_megabyte_no_more_is_read_than_the_cap(make: Callable[[int], str]) -> None:
    huge = make(1_000_000)
    assert walk(huge) == walk(huge[:READ_CHARS])
    assert ANALYSER.judge(huge) == model(SAYS, signals=SIGNALS).judge(huge)
