"""Events: a whole backtest of recorded events, from files to results.

Knows in which order the parts work, and where results go. Must not know how any of them works.
"""

import asyncio
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from schemas.instants import from_ms
from streams import stopping
from streams.app import kafka_options, shard_config
from streams.backtest import picture, report, truth
from streams.backtest.episodes import differences, episodes
from streams.backtest.play import play
from streams.backtest.recording import Recording, Stopped
from streams.backtest.report import Run
from streams.backtest.stretch import Stalled, Stretch, fetch
from streams.engine.rulebook import RuleBook
from streams.engine.sentiment import Analyser
from streams.engine.units import HOUR_MS
from streams.follow import MissingTopics
from streams.outfile import write_json
from streams.rulefile import load_rules
from streams.sentiment.chosen import chosen
from streams.settings import Settings
from streams.sources import run as sources

SHIPPED = "shipped"
"""The name of the rules that come with the package."""


class Options(NamedTuple):
    """What was asked for. `settings` are those of the worker, with an event clock."""

    files: Sequence[Path]
    rules: Sequence[str]
    settings: Settings
    skip_bad: bool = False
    truth: Path | None = None
    grace_ms: int = HOUR_MS
    report: Path | None = None
    alerts: Path | None = None
    chart: Path | None = None
    creator: str | None = None
    stretch: Stretch | None = None
    """What to fetch from the settings' Kafka instead of `files`."""


def backtest(options: Options) -> int:
    """Run it, tell and write the results; the exit status. Raises click.ClickException, OSError."""
    books = [(name, _book(name)) for name in options.rules]
    incidents = _truth(options.truth)
    analyser = chosen(options.settings.sentiment_model)
    with stopping.heeded() as stop, tempfile.TemporaryDirectory(prefix="pulse-backtest-") as folder:
        if options.stretch is not None:
            files = _fetch(options, options.stretch, Path(folder), stop)
            if files is None:
                click.echo("stopped while topics were read; nothing was played", err=True)
                return stopping.EXIT_STATUS
            options = options._replace(files=files, skip_bad=True)
        return _backtest(options, books, incidents, analyser, stop)


def _backtest(
    options: Options,
    books: list[tuple[str, RuleBook]],
    incidents: list[truth.Incident],
    analyser: Analyser,
    stop: stopping.Stop,
) -> int:
    with Recording(options.files, options.settings.partitions) as recording:
        where = "files" if options.stretch is None else "topics, in that time"
        try:
            _read(recording, options, stop)
        except Stopped:
            click.echo("stopped while the files were read; nothing was played", err=True)
            return stopping.EXIT_STATUS
        if not recording.events:
            raise click.ClickException(f"there is no event of a creator in these {where}")
        if options.creator is not None and options.creator not in recording.first_ms:
            raise click.ClickException(f"there is no event of {options.creator} in these {where}")
        runs = []
        for name, book in books:
            runs.append(_play(recording, name, book, options, analyser, stop))
            if stop.asked:
                break
        _tell(options, recording, runs, incidents)
    return stopping.EXIT_STATUS if stop.asked else 0


def _fetch(
    options: Options, stretch: Stretch, folder: Path, stop: stopping.Stop
) -> list[Path] | None:
    with sources.progress("fetch") as shown:

        def told(records: int, share: float) -> bool:
            shown.tell(records, share)
            return stop.asked

        kafka = kafka_options(options.settings)
        try:
            fetched = asyncio.run(fetch(kafka, stretch, folder, told))
        except (MissingTopics, Stalled) as error:
            raise click.ClickException(str(error)) from error
        except TimeoutError as error:
            raise click.ClickException(
                f"Kafka at {kafka.bootstrap} does not answer in time; `pulse doctor` tells more"
            ) from error
    if fetched is not None and fetched.left_out:
        click.echo(f"left out {fetched.left_out:,} records that are no JSON, or erase", err=True)
    return None if fetched is None else fetched.files


def _book(name: str) -> RuleBook:
    return RuleBook() if name == SHIPPED else load_rules(name)


def _truth(path: Path | None) -> list[truth.Incident]:
    try:
        return [] if path is None else truth.load(path)
    except truth.BadTruth as error:
        raise click.ClickException(str(error)) from error


def _read(recording: Recording, options: Options, stop: stopping.Stop) -> None:
    refused = sources.Refusals("bad lines", "skipped " if options.skip_bad else "")
    with sources.progress("read") as shown:

        def told(events: int, share: float) -> bool:
            shown.tell(events, share)
            return stop.asked

        recording.read(refused, told)
    if recording.refused and not options.skip_bad:
        raise click.ClickException(
            f"{recording.refused:,} bad lines: nothing was played. Mend them, or leave them out by"
            " --skip-bad"
        )


def _play(
    recording: Recording,
    name: str,
    book: RuleBook,
    options: Options,
    analyser: Analyser,
    stop: stopping.Stop,
) -> Run:
    config = shard_config(options.settings, book)
    with sources.progress("backtest") as shown:

        def told(events: int, share: float, at_ms: int) -> bool:
            shown.tell(events, share, f"{from_ms(at_ms):%Y-%m-%d %H:%M}")
            return stop.asked

        played = play(recording, config, told, windows=options.chart is not None, analyser=analyser)
    return Run(rules=name, digest=book.digest, played=played, episodes=episodes(played.alerts))


def _tell(
    options: Options,
    recording: Recording,
    runs: Sequence[Run],
    incidents: Sequence[truth.Incident],
) -> None:
    begin, end = recording.span_ms or (0, 0)
    end = min([end, *(run.played.until_ms for run in runs)])
    days = report.creator_days(recording.first_ms, end)
    for run in runs:
        if options.truth is not None:
            run.scores = truth.score(incidents, run.episodes, (begin, end), options.grace_ms)
    first = runs[0]
    if len(options.rules) == 1:
        for alert in first.played.alerts:
            click.echo(report.alert_line(alert))
        click.echo()
    for run in runs:
        _tell_run(run, days, len(recording.first_ms))
    document: dict[str, Any] = {
        "files": [str(path) for path in options.files] if options.stretch is None else [],
        "starts_at": sources.stamp(begin),
        "ends_at": sources.stamp(end),
        "complete": len(runs) == len(options.rules) and all(r.played.complete for r in runs),
        "bad_lines": recording.refused,
        "creators": len(recording.first_ms),
        "creator_days": round(days, 3),
        "partitions": recording.partitions,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "runs": [report.run_document(run, days) for run in runs],
    }
    if len(runs) == 2:
        second = runs[1]
        found = differences(first.episodes, second.episodes)
        click.echo(report.headline(first, second))
        for line in report.differences_lines(found, first.rules, second.rules):
            click.echo(line)
        document["comparison"] = {
            "summary": report.headline(first, second),
            "kinds": report.differences_document(found),
        }
    if options.report is not None:
        write_json(options.report, document)
    if options.alerts is not None:
        options.alerts.write_bytes(b"".join(raw + b"\n" for raw in first.played.raw))
    if options.chart is not None:
        options.chart.write_text(_chart(options.creator, first, incidents))


def _tell_run(run: Run, days: float, creators: int) -> None:
    played = run.played
    if not played.complete:
        click.echo(
            f"stopped at {from_ms(played.until_ms):%Y-%m-%d %H:%M}: results are of"
            f" {played.events:,} events"
        )
    click.echo(f"rules {run.rules} ({run.digest}), {creators:,} creators, {days:,.1f} creator-days")
    for line in report.kinds_table(run, days):
        click.echo(line)
    if run.scores:
        click.echo()
        for lines in (report.scores_table(run.scores), report.missed_lines(run.scores)):
            for line in lines:
                click.echo(line)
    cost = played.cpu_seconds * 1e6 / max(1, played.events)
    click.echo()
    click.echo(
        f"{played.events:,} events in {played.seconds:.1f} s,"
        f" {played.events / max(played.seconds, 1e-9):,.0f} a second,"
        f" {cost:.1f} microseconds of processor time each"
    )
    aside = [(f"{played.late:,} late", played.late)]
    aside += [(f"{count:,} refused ({code})", count) for code, count in sorted(played.dead.items())]
    if any(count for _, count in aside):
        click.echo("aside: " + ", ".join(text for text, count in aside if count))
    click.echo()


def _chart(creator: str | None, run: Run, incidents: Sequence[truth.Incident]) -> str:
    """Engagements an hour, of one creator or of all, from the records of closed minutes."""
    sums: dict[int, int] = {}
    for at_ms, creator_id, engagements in run.played.windows:
        if creator in {None, creator_id}:
            hour = at_ms // HOUR_MS
            sums[hour] = sums.get(hour, 0) + engagements
    hours = range(min(sums), max(sums) + 1) if sums else range(0)
    series = picture.Series(
        [hour * HOUR_MS for hour in hours],
        [float(sums.get(hour, 0)) for hour in hours],
        HOUR_MS,
    )
    spans = [
        picture.Span(
            e.began_ms,
            e.last_ms if not e.open else run.played.until_ms,
            report.kind_name(e.kind),
        )
        for e in run.episodes
        if creator in {None, e.creator_id}
    ]
    spans += [
        picture.Span(i.begin_ms, i.end_ms, report.kind_name(i.kind), below=True)
        for i in incidents
        if creator in {None, i.creator_id}
    ]
    title = f"{creator or 'All creators'}: engagement and alerts, rules {run.rules}"
    return picture.svg(title, "engagements an hour", series, spans)
