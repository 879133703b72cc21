"""`pulse backtest`: recorded events or counts, and what would have been told of them.

Knows options, and which of them go together. Must not know how anything is found.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.outfile import OUT_FILE
from streams.sources.durations import DURATION
from streams.sources.moments import MOMENT

if TYPE_CHECKING:
    from streams.backtest.stretch import Stretch

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
SIGNALS = ("likes", "comments", "follows", "shares", "views")
_OF_EVENTS = ("rules", "sentiment_model", "truth", "alerts", "creator")


@click.command("backtest")
@click.argument("files", type=_IN, nargs=-1, metavar="[FILE...]")
@click.option(
    "--from-kafka",
    is_flag=True,
    help="Read the inbound topics of this environment's Kafka instead of files.",
)
@click.option("--from", "begin_ms", type=MOMENT, help="With --from-kafka: what came from then on.")
@click.option("--to", "end_ms", type=MOMENT, help="With --from-kafka: what came before then.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="NAME",
    help="With --from-kafka: of this topic only (and of campaigns); may be given several times.",
)
@click.option(
    "--rules",
    multiple=True,
    metavar="FILE",
    help="Rules of detection, or `shipped` (the default); given twice, both are compared.",
)
@click.option(
    "--sentiment-model",
    type=_IN,
    help="Judge comments by this model. Overrides PULSE_SENTIMENT_MODEL.",
)
@click.option("--truth", type=_IN, help="Score alerts by what `pulse simulate --truth` wrote.")
@click.option(
    "--grace",
    type=DURATION,
    default="1h",
    show_default=True,
    help="How long after an incident's end an alert still tells of it.",
)
@click.option("--skip-bad", is_flag=True, help="Leave bad lines out instead of refusing the file.")
@click.option("--report", type=OUT_FILE, help="Write all results to this JSON file.")
@click.option(
    "--alerts", type=OUT_FILE, help="Write the alert records, as the topic would hold them."
)
@click.option("--chart", type=OUT_FILE, help="Write a picture of series and episodes (SVG).")
@click.option("--creator", metavar="ID", help="With --chart: this creator instead of all.")
@click.option(
    "--signal",
    type=click.Choice(SIGNALS),
    help="FILE is a CSV of timestamp,value instead: counts of this, to be scored bin by bin.",
)
@click.option(
    "--scores", type=OUT_FILE, help="With --signal: write a row for each bin to this CSV."
)
def command(files: Sequence[Path], **chosen: Any) -> None:
    """See what alerts recorded events would have raised, and whether other rules do better.

    FILE has one {"topic": ..., "event": {...}} a line, as `pulse replay` takes it. Several files
    are merged by time. The events pass the same core as in a worker with `--clock events`, with
    this environment's settings, as fast as the processor allows; no Kafka is needed. Ctrl-C stops
    with what there is so far, and status 130.

    With --from-kafka they are what is committed to the inbound topics when it begins, or what came
    between two times by the broker's clock. It is fetched into temporary files first; nothing is
    written to Kafka, and no consumer group is touched. What workers would refuse is left out.

    With --signal FILE has counts over time: a header timestamp,value and a row for each bin (ISO
    8601, or epoch seconds or milliseconds). Each is scored by those before it: 0 is usual, from
    0.5 on unusual, near 1 next to impossible.

    \b
    Examples:
      pulse backtest week.jsonl
      pulse backtest week.jsonl --truth truth.json --report report.json
      pulse backtest week.jsonl --rules shipped --rules strict.yml
      pulse backtest week.jsonl --chart ada.svg --creator instagram:ada
      pulse backtest --from-kafka --from 2026-01-08T00:00:00Z --rules strict.yml
      pulse backtest --signal likes likes.csv --scores scores.csv --chart likes.svg
    """
    signal, scores = chosen.pop("signal"), chosen.pop("scores")
    stretch = _stretch(chosen.pop("from_kafka"), files, signal, chosen)
    if signal is not None:
        raise SystemExit(_counts(signal, scores, files, chosen))
    if scores is not None:
        raise click.UsageError("--scores goes with --signal")
    rules = tuple(chosen.pop("rules")) or ("shipped",)
    if len(rules) > 2:
        raise click.UsageError("--rules may be given twice, to compare two")
    for name in ("alerts", "chart"):
        if len(rules) == 2 and chosen[name] is not None:
            raise click.UsageError(f"--{name} takes one --rules: which of the two is meant?")
    for name in rules:
        if name != "shipped" and not Path(name).is_file():
            raise click.UsageError(f"--rules: there is no file {name}")
    if chosen["creator"] is not None and chosen["chart"] is None:
        raise click.UsageError("--creator goes with --chart")

    from streams.backtest.events import Options, backtest
    from streams.cli import load_settings

    grace_ms = round(chosen.pop("grace") * 1000)
    settings = dataclasses.replace(load_settings(), clock="events")
    if (model := chosen.pop("sentiment_model")) is not None:
        settings = dataclasses.replace(settings, sentiment_model=str(model))
    options = Options(files, rules, settings, grace_ms=grace_ms, stretch=stretch, **chosen)
    status = backtest(options)
    if status:
        raise SystemExit(status)


def _stretch(
    from_kafka: bool, files: Sequence[Path], signal: str | None, chosen: dict[str, Any]
) -> "Stretch | None":
    """The stretch of topics that is meant, or None where there are files."""
    begin_ms, end_ms, names = chosen.pop("begin_ms"), chosen.pop("end_ms"), chosen.pop("topics")
    if not from_kafka:
        if begin_ms is not None or end_ms is not None or names:
            raise click.UsageError("--from, --to and --topic go with --from-kafka")
        if not files:
            raise click.UsageError("there is no FILE; or, to read topics, say --from-kafka")
        return None
    if files or signal is not None:
        raise click.UsageError("--from-kafka takes no FILE and no --signal")
    if begin_ms is not None and end_ms is not None and begin_ms >= end_ms:
        raise click.UsageError("--from is not before --to")

    from schemas import topics
    from streams.backtest.stretch import Stretch

    # What shards tell each other they say again here.
    known = {topic.name: topic for topic in topics.INBOUND if topic is not topics.FLEET_SIGNALS}
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"--topic: there is no inbound topic {name}; there are {', '.join(known)}"
            )
    wanted = dict.fromkeys([*names, topics.CAMPAIGNS.name]) if names else known
    return Stretch(tuple(known[name] for name in wanted), begin_ms, end_ms)


def _counts(signal: str, scores: Path | None, files: Sequence[Path], chosen: dict[str, Any]) -> int:
    for name in _OF_EVENTS:
        if chosen[name]:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for events; with --signal there are only counts"
            )
    if len(files) != 1:
        raise click.UsageError("--signal takes one FILE")

    from streams.backtest.counts import Options, backtest

    return backtest(
        Options(signal, files[0], scores, chosen["chart"], chosen["report"], chosen["skip_bad"])
    )
