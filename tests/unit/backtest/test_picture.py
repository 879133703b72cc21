"""Pictures are sound SVG, light whatever the length, and show all that they are given."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.backtest.picture import Series, Span, svg

START, HOUR = 1_768_478_400_000, 3_600_000
SVG = "{http://www.w3.org/2000/svg}"


def series(values: list[float]) -> Series:
    return Series([START + n * HOUR for n in range(len(values))], values, HOUR)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


@given(st.lists(st.floats(0, 1e9) | st.just(math.nan), max_size=30), st.text())
@example([5e-324], "")
def test_any_series_and_title_give_a_sound_document_within_its_frame(values, title):
    printable = "".join(c for c in title if c.isprintable())
    root = parsed(svg(printable, "a unit", series(values)))
    for line in root.iter(f"{SVG}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 1_200
            assert 0 <= y <= 420


def test_a_gap_parts_the_line() -> None:
    root = parsed(svg("t", "u", series([1.0, 2.0, math.nan, 3.0])))
    assert len(list(root.iter(f"{SVG}polyline"))) == 2


def test_a_long_series_is_thinned_and_keeps_its_peak() -> None:
    values = [1.0] * 100_000
    values[54_321] = 8.0
    text = svg("t", "u", series(values))
    assert len(text) < 60_000
    assert ",96.0" in text, "the peak reaches the top of the frame"


def test_spans_are_shaded_and_labelled_and_those_below_lie_in_the_strip() -> None:
    spans = [
        Span(START + HOUR, START + 2 * HOUR, "a <drop>"),
        Span(START + HOUR, START + 3 * HOUR, "truth", below=True),
        Span(START - 9 * HOUR, START - 8 * HOUR, "before it all"),
    ]
    root = parsed(svg("t", "u", series([1.0] * 5), spans))
    shades = [r for r in root.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    assert [s.attrib["height"] for s in shades] == ["284", "6"]
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert "a <drop>" in texts
    assert "before it all" not in texts


def test_what_was_expected_is_a_band_and_a_line() -> None:
    band = series([2.0, 3.0])._replace(low=[1.0, 1.0], middle=[2.0, 2.0], high=[3.0, 4.0])
    root = parsed(svg("t", "u", band))
    assert len(list(root.iter(f"{SVG}polygon"))) == 1
    assert len(list(root.iter(f"{SVG}polyline"))) == 2


@pytest.mark.parametrize("length", [1, 40, 24 * 30, 24 * 365 * 3])
def test_there_are_a_few_marks_of_time_whatever_the_span(length: int) -> None:
    root = parsed(svg("t", "u", series([1.0] * length)))
    middles = [t for t in root.iter(f"{SVG}text") if t.attrib.get("text-anchor") == "middle"]
    assert 1 <= len(middles) <= 40
