"""Picture: a series over time with shaded spans, as SVG.

Knows axes, paths and labels. Must not know what is shown. The text scales with the picture, and
nothing is fetched: a picture shows alike wherever it is put.
"""

import math
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

from schemas.instants import from_ms

_WIDTH, _HEIGHT = 1_200, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 96, 40
_ROW = 15
_MOST_ROWS = 3
_FONT = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"
_INK, _SOFT, _GRID = "#1f2933", "#52606d", "#e4e7eb"
_COLOURS = ("#c0392b", "#2474b5", "#b8740a", "#3f8f5f", "#7d4fa3", "#0e7f86", "#8a5a44")
_STEPS_S = (
    60, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
    2_592_000, 7_776_000, 31_536_000,
)  # fmt: skip
_TICKS = 10


class Span(NamedTuple):
    """A shaded stretch [begin, end) in epoch ms; those with one label have one colour.

    `below` puts what is known to have happened into a strip under the series.
    """

    begin_ms: int
    end_ms: int
    label: str
    below: bool = False


class Series(NamedTuple):
    """Values at rising times (epoch ms), each valid for `bin_ms`; NaN leaves a gap.

    `low`, `middle` and `high`, of the same length or empty, are what was expected.
    """

    at_ms: Sequence[int]
    values: Sequence[float]
    bin_ms: int
    low: Sequence[float] = ()
    middle: Sequence[float] = ()
    high: Sequence[float] = ()


class _Axes(NamedTuple):
    begin_ms: int
    end_ms: int
    top: float

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.begin_ms) / max(1, self.end_ms - self.begin_ms)
        return _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = min(max(value / self.top, 0.0), 1.0)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def svg(title: str, unit: str, series: Series, spans: Sequence[Span] = ()) -> str:
    """The picture as an SVG document. A series without values gives empty axes."""
    begin = series.at_ms[0] if series.at_ms else 0
    end = series.at_ms[-1] + series.bin_ms if series.at_ms else 1
    # A band that reaches far above the series must not flatten it.
    most = max((v for v in series.values if not math.isnan(v)), default=0.0)
    bands = sorted(v for v in series.high if not math.isnan(v))
    most = max(most, bands[int(0.98 * (len(bands) - 1))] if bands else 0.0)
    axes = _Axes(begin, end, _round_up(most))
    labels = list(dict.fromkeys(span.label for span in spans))
    colours = {label: _COLOURS[n % len(_COLOURS)] for n, label in enumerate(labels)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{_attribute(title)}"'
        f' font-family="{_FONT}" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 24, title, 15, _INK, weight=600),
        _text(_LEFT, 42, _caption(unit, spans), 12, _SOFT),
        *_grid(axes),
        *_shades(axes, spans, colours),
        *_lines(axes, series),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _caption(unit: str, spans: Sequence[Span]) -> str:
    strip = "; strip below: what is known to have happened" if any(s.below for s in spans) else ""
    return f"{unit}; times are UTC{strip}"


def _grid(axes: _Axes) -> list[str]:
    parts = []
    for quarter in range(5):
        value = axes.top * quarter / 4
        y = axes.y(value)
        parts.append(_rule(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 8, y + 4, f"{value:,.4g}", 11, _SOFT, anchor="end"))
    wanted = (axes.end_ms - axes.begin_ms) / 1000 / _TICKS
    step = next((s for s in _STEPS_S if s >= wanted), _STEPS_S[-1]) * 1000
    shape = "%H:%M" if step < 43_200_000 else "%d %b"
    at, day = -(-axes.begin_ms // step) * step, None
    while at <= axes.end_ms:
        x, moment = axes.x(at), from_ms(at)
        label = f"{moment:{shape}}"
        if shape == "%H:%M" and moment.date() != day:
            label, day = f"{moment:%d %b %H:%M}", moment.date()
        parts.append(_rule(x, _TOP, x, _HEIGHT - _BOTTOM))
        parts.append(_text(x, _HEIGHT - _BOTTOM + 26, label, 11, _SOFT, anchor="middle"))
        at += step
    return parts


def _shades(axes: _Axes, spans: Sequence[Span], colours: dict[str, str]) -> list[str]:
    parts = []
    ends = [-math.inf] * _MOST_ROWS
    floor = _HEIGHT - _BOTTOM
    for span in sorted(spans, key=lambda span: span.begin_ms):
        if span.end_ms < axes.begin_ms or span.begin_ms > axes.end_ms:
            continue
        x, colour = axes.x(span.begin_ms), colours[span.label]
        width = max(axes.x(span.end_ms) - x, 1.5)
        told = (
            f"{'known: ' if span.below else ''}{span.label}, {from_ms(span.begin_ms):%d %b %H:%M}"
        )
        told += f", {timedelta(seconds=(span.end_ms - span.begin_ms) // 1000)}"
        y, height = (floor + 4, 6) if span.below else (_TOP, floor - _TOP)
        shade = 'fill-opacity="0.7"' if span.below else 'fill-opacity="0.16"'
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"'
            f" {shade}><title>{escape(told)}</title></rect>"
        )
        room = 6.6 * len(span.label) + 8
        row = next((n for n, end in enumerate(ends) if x >= end), None)
        if span.below or row is None:
            continue  # told by its title; labels on top of each other tell nothing
        x = min(x, _WIDTH - _RIGHT - room)
        ends[row] = x + room
        parts.append(_text(x, _TOP - 6 - _ROW * row, span.label, 11, colour, weight=600))
    return parts


def _lines(axes: _Axes, series: Series) -> list[str]:
    parts = []
    middles = [at + series.bin_ms / 2 for at in series.at_ms]
    if series.high:
        for run in _runs(series.high):
            places = _thinned(series.high, run)
            upper = [f"{axes.x(middles[i]):.1f},{axes.y(series.high[i]):.1f}" for i in places]
            lower = [f"{axes.x(middles[i]):.1f},{axes.y(series.low[i]):.1f}" for i in places]
            points = " ".join(upper + lower[::-1])
            parts.append(f'<polygon points="{points}" fill="#9aa5b1" fill-opacity="0.25"/>')
    for values, colour, width in ((series.middle, "#7b8794", 1.0), (series.values, "#1f5f99", 1.4)):
        for run in _runs(values):
            points = " ".join(
                f"{axes.x(middles[i]):.1f},{axes.y(values[i]):.1f}" for i in _thinned(values, run)
            )
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}"'
                f' stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"/>'
            )
    return parts


def _runs(values: Sequence[float]) -> list[range]:
    """The stretches without a gap."""
    runs, begin = [], None
    for place in range(len(values) + 1):
        there = place < len(values) and not math.isnan(values[place])
        if there and begin is None:
            begin = place
        elif not there and begin is not None:
            runs.append(range(begin, place))
            begin = None
    return runs


def _thinned(values: Sequence[float], run: range) -> list[int]:
    """Places of `run` that show its shape: of each column of pixels the lowest and the highest."""
    columns = _WIDTH - _LEFT - _RIGHT
    if len(run) <= 2 * columns:
        return list(run)
    size = math.ceil(len(run) / columns)
    kept = []
    for begin in range(run.start, run.stop, size):
        part = range(begin, min(begin + size, run.stop))
        ends = {min(part, key=values.__getitem__), max(part, key=values.__getitem__)}
        kept += sorted(ends)
    return kept


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 5, 8 times a power of ten that is not below `value`."""
    if not value > 0:
        return 1.0
    # The powers of ten end before the smallest numbers do.
    power = max(10.0 ** math.floor(math.log10(value)), sys.float_info.min)
    return next((f * power for f in (1, 2, 4, 5, 8) if f * power >= value), 10 * power)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{_GRID}"/>'


def _text(
    x: float, y: float, text: str, size: int, colour: str, *, weight: int = 400, anchor: str = ""
) -> str:
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
        f' fill="{colour}"{placed}>{escape(text)}</text>'
    )


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
