"""Counts: a whole backtest of one signal counted in bins, from a CSV file to scores.

Knows in which order the parts work, and where results go. Must not know how a bin is judged.
"""

import csv
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from schemas.instants import from_ms
from streams import stopping
from streams.backtest import picture
from streams.backtest.table import BadTable, Bin, Table, read
from streams.engine.series import ALARM, Judged, Series
from streams.outfile import write_json
from streams.sources import run as sources

_SHOWN_EPISODES = 20
_TOLD_EVERY = 8_192
_JOINED_BINS = 3
"""Episodes with as few usual bins in between are one."""
_TO_DEVIATION = 1.2533
"""A normal's standard deviation for its mean absolute one."""
COLUMNS = ("timestamp", "value", "expected", "score", "p", "state")


class Options(NamedTuple):
    """What was asked for."""

    signal: str
    file: Path
    scores: Path | None = None
    chart: Path | None = None
    report: Path | None = None
    skip_bad: bool = False


class Stretch(NamedTuple):
    """Unusual bins in a row: places [begin, end), where the score was highest, and its bin."""

    begin: int
    end: int
    peak: int
    state: str


def judge(table: Table, told: sources.Shown | None, stop: stopping.Stop) -> Iterator[Judged]:
    """The verdict on each bin, until somebody asks to stop."""
    series = Series(table.bin_s)
    total = len(table.bins)
    for number, one in enumerate(table.bins):
        if one.value is None:
            yield series.gap(one.at_s)
        else:
            yield series.step(one.at_s, one.value)
        if number % _TOLD_EVERY == 0:
            if told is not None:
                told.tell(number, number / total, one.written)
            if stop.asked:
                return


def stretches(judged: Sequence[Judged]) -> list[Stretch]:
    """The episodes: bins that are high or low, with few others in between."""
    found: list[Stretch] = []
    for place, one in enumerate(judged):
        if one.state not in {"high", "low"}:
            continue
        last = found[-1] if found else None
        if last is not None and last.state == one.state and place - last.end <= _JOINED_BINS:
            peak = place if one.score > judged[last.peak].score else last.peak
            found[-1] = Stretch(last.begin, place + 1, peak, last.state)
        else:
            found.append(Stretch(place, place + 1, place, one.state))
    return found


def backtest(options: Options) -> int:
    """Run it, tell and write the results; the exit status. Raises click.ClickException, OSError."""
    table = _table(options)
    began = time.process_time()
    with stopping.heeded() as stop, sources.progress("score") as shown:
        judged = list(judge(table, shown, stop))
    seconds = time.process_time() - began
    found = stretches(judged)
    bins = table.bins[: len(judged)]
    _tell(options, table, bins, judged, found, seconds)
    if options.scores is not None:
        _write(options.scores, bins, judged)
    if options.report is not None:
        write_json(options.report, _document(options, table, bins, judged, found, seconds))
    if options.chart is not None:
        options.chart.write_text(_chart(options, table, bins, judged, found))
    return stopping.EXIT_STATUS if len(judged) < len(table.bins) else 0


def _table(options: Options) -> Table:
    refused = sources.Refusals("bad rows", "skipped " if options.skip_bad else "")
    try:
        table = read(options.file, refused)
    except BadTable as error:
        raise click.ClickException(str(error)) from error
    if refused.count and not options.skip_bad:
        raise click.ClickException(
            f"{refused.count:,} bad rows: nothing was scored. Mend them, or leave them out by"
            " --skip-bad"
        )
    return table


def _write(path: Path, bins: Sequence[Bin], judged: Sequence[Judged]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(
            (
                one.written,
                "" if one.value is None else f"{one.value:.15g}",
                f"{verdict.expected:.6g}",
                f"{verdict.score:.6f}",
                f"{verdict.p:.4g}",
                verdict.state,
            )
            for one, verdict in zip(bins, judged, strict=True)
        )


def _episode(
    bins: Sequence[Bin], judged: Sequence[Judged], one: Stretch, bin_s: float
) -> dict[str, Any]:
    peak = judged[one.peak]
    return {
        "state": one.state,
        "starts_at": bins[one.begin].written,
        "seconds": round((one.end - one.begin) * bin_s, 3),
        "peak_at": bins[one.peak].written,
        "value": bins[one.peak].value,
        "expected": float(f"{peak.expected:.6g}"),
        "score": round(peak.score, 6),
        "p": peak.p,
    }


def _document(
    options: Options,
    table: Table,
    bins: Sequence[Bin],
    judged: Sequence[Judged],
    found: Sequence[Stretch],
    seconds: float,
) -> dict[str, Any]:
    return {
        "file": str(options.file),
        "signal": options.signal,
        "bin_seconds": table.bin_s,
        "bins": len(bins),
        "gaps": table.gaps,
        "complete": len(bins) == len(table.bins),
        "states": dict(Counter(one.state for one in judged)),
        "bins_per_second": round(len(bins) / max(seconds, 1e-9), 1),
        "episodes": [_episode(bins, judged, one, table.bin_s) for one in found],
    }


def _tell(
    options: Options,
    table: Table,
    bins: Sequence[Bin],
    judged: Sequence[Judged],
    found: Sequence[Stretch],
    seconds: float,
) -> None:
    for one in found[:_SHOWN_EPISODES]:
        told = _episode(bins, judged, one, table.bin_s)
        lasted = timedelta(seconds=round(told["seconds"]))
        value = "-" if told["value"] is None else f"{told['value']:g}"
        click.echo(
            f"{told['starts_at']}  {one.state:<4}  for {lasted}, score {told['score']:.2f} at"
            f" {told['peak_at']}: {value} where {told['expected']:g} were expected"
        )
    if len(found) > _SHOWN_EPISODES:
        click.echo(f"and {len(found) - _SHOWN_EPISODES:,} more")
    if len(bins) < len(table.bins):
        click.echo(f"stopped: results are of {len(bins):,} of {len(table.bins):,} bins")
    click.echo(
        f"{options.signal}: {len(bins):,} bins of {timedelta(seconds=table.bin_s)},"
        f" {table.gaps:,} of them gaps, {len(found):,} episodes (p up to {ALARM:g});"
        f" {len(bins) / max(seconds, 1e-9):,.0f} bins a second"
    )


def _chart(
    options: Options,
    table: Table,
    bins: Sequence[Bin],
    judged: Sequence[Judged],
    found: Sequence[Stretch],
) -> str:
    """Counts, expectation and episodes; the band is made of the residuals so far."""
    bin_ms = round(table.bin_s * 1000)
    low, high = band(bins, judged)
    series = picture.Series(
        [round(one.at_s * 1000) for one in bins],
        [float("nan") if one.value is None else one.value for one in bins],
        bin_ms,
        low,
        [one.expected for one in judged],
        high,
    )
    spans = [
        picture.Span(
            round(bins[one.begin].at_s * 1000),
            round(bins[one.end - 1].at_s * 1000) + bin_ms,
            one.state,
        )
        for one in found
    ]
    begin = f"{from_ms(series.at_ms[0]):%Y-%m-%d}" if bins else ""
    unit = f"{options.signal} in {timedelta(seconds=table.bin_s)}, and what was expected"
    return picture.svg(f"{options.file.name} from {begin}", unit, series, spans)


def band(bins: Sequence[Bin], judged: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """Where about 99 of 100 values lie: 2.576 standard deviations of the root of a count.

    Roots of counts spread alike whatever their size; their spread is a running mean of those so
    far, without bins that are high or low.
    """
    low, high, spread = [], [], 0.0
    seen = 0
    for one, verdict in zip(bins, judged, strict=True):
        root = verdict.expected**0.5
        if one.value is not None and verdict.state not in {"high", "low"}:
            seen += 1
            off = abs(one.value**0.5 - root) * _TO_DEVIATION
            spread += (off - spread) / min(seen, 2_000)
        far = 2.576 * spread
        low.append(max(root - far, 0.0) ** 2)
        high.append((root + far) ** 2)
    return low, high
