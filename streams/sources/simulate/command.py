"""`pulse simulate`: a simulated world, to Kafka or into a file.

Knows options, and where events go. Must not know how events come about.
"""

import asyncio
import math
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click
import msgspec
import orjson

from streams import stopping
from streams.outfile import OUT_FILE, OUT_FILE_OR_DASH, naming, write_json
from streams.sources import run
from streams.sources.durations import DURATION
from streams.sources.feed import Feed
from streams.sources.moments import MOMENT
from streams.sources.publish import NotReady, Outgoing, Publisher, outgoing
from streams.sources.simulate.plan import DAY_MS, Incident, Incidents, Plan, Timed
from streams.sources.simulate.roster import roster, usual_rate
from streams.sources.simulate.scenarios import SCENARIOS, Scenario, find
from streams.sources.simulate.unfinished import Unfinished, UnfinishedFile
from streams.sources.simulate.world import generate, truth

_FOREVER_MS = 3_650 * DAY_MS


class Options(NamedTuple):
    """What was asked for on the command line; durations in seconds."""

    seed: int
    creators: int
    rate: float | None
    backfill: float | None
    duration: float | None
    live: bool
    speed: float | None
    incidents: Incidents | int
    at_ms: int | None
    out: Path | None
    truth: Path | None
    report: Path | None
    scenario: Scenario | None = None
    skip: int = 0


def records(events: Iterable[Timed]) -> Iterator[Outgoing]:
    """`events` as they go to the topics."""
    return (outgoing(timed.topic, timed.event, timed.at_ms) for timed in events)


def truth_document(plan: Plan, incidents: Iterable[Incident]) -> dict[str, Any]:
    """The truth file: the plan's seed and span, and what was injected; times as RFC 3339."""
    told = {} if plan.scenario is None else {"scenario": plan.scenario}
    return told | {
        "seed": plan.seed,
        "starts_at": run.stamp(plan.start_ms),
        "live_at": None if plan.live_ms is None else run.stamp(plan.live_ms),
        "incidents": [
            msgspec.structs.asdict(incident)
            | {"starts_at": run.stamp(incident.starts_at), "ends_at": run.stamp(incident.ends_at)}
            for incident in incidents
        ],
    }


def plan_of(options: Options) -> Plan:
    """The plan behind `options`. Raises click.UsageError where they do not go together."""
    into_file = options.out is not None
    happens_now = options.live and not into_file
    if options.at_ms is not None and happens_now and options.at_ms > run.now_ms():
        raise click.UsageError("--at lies ahead, which takes --out or --no-live: live is now")
    if into_file and options.speed is not None:
        raise click.UsageError("--speed is for publishing; a file is written as fast as possible")
    if into_file and options.live and options.duration is None:
        raise click.UsageError("--out takes --duration or --no-live: a file must end")
    if isinstance(options.incidents, int) and options.live and options.duration is None:
        raise click.UsageError("a number of --incidents takes --duration or --no-live")
    if options.skip and (into_file or options.at_ms is None):
        raise click.UsageError("--skip takes --at, and no --out: only then are events the same")
    if options.scenario is not None and options.incidents != "default":
        raise click.UsageError("a --scenario has incidents of its own, and takes no --incidents")
    live = run.now_ms() if options.at_ms is None else options.at_ms
    length = 0 if not options.live else _FOREVER_MS
    if options.live and options.duration is not None:
        length = int(options.duration * 1000)
    plan = Plan(
        seed=options.seed,
        start_ms=live - _history_ms(options),
        live_ms=live if options.live else None,
        end_ms=live + length,
        creators=options.creators,
        incidents=options.incidents,
        scenario=None if options.scenario is None else options.scenario.name,
    )
    if options.rate is None:
        return plan
    return msgspec.structs.replace(plan, volume=options.rate / usual_rate(roster(plan)))


def _history_ms(options: Options) -> int:
    """How much history is asked for, or what the scenario takes."""
    if options.backfill is not None:
        return round(options.backfill * 1000)
    return round((2 if options.scenario is None else options.scenario.days) * DAY_MS)


class Published(NamedTuple):
    """What a run has published or written by topic, and what it has left out, if anything."""

    counts: Counter[str]
    unfinished: Unfinished | UnfinishedFile | None = None
    status: int = 0


def write_file(plan: Plan, out: Path) -> Published:
    """All events of `plan` as JSON Lines, or those before somebody stops it; `-` is stdout."""
    counts: Counter[str] = Counter()
    unfinished = None
    span = max(1, plan.end_ms - plan.start_ms)
    with naming(out), ExitStack() as stack:
        stop = stack.enter_context(stopping.heeded())
        file = sys.stdout.buffer if str(out) == "-" else stack.enter_context(out.open("wb"))
        shown = stack.enter_context(run.progress("simulate"))
        for number, (at_ms, topic, event) in enumerate(generate(plan)):
            file.write(orjson.dumps({"topic": topic, "event": event}))
            file.write(b"\n")
            counts[topic] += 1
            if number % 5_000 == 0:
                shown.tell(number, (at_ms - plan.start_ms) / span)
            if stop.asked:
                unfinished = UnfinishedFile(plan, out, number + 1, at_ms)
                break
        file.flush()
    if unfinished is None:
        return Published(counts)
    return Published(counts, unfinished, stopping.EXIT_STATUS)


def again(options: Options) -> Iterator[str]:
    """The options that make the same events, but for the history's length and end."""
    yield from ("--seed", str(options.seed), "--creators", str(options.creators))
    if options.scenario is not None:
        yield from ("--scenario", options.scenario.name)
    elif options.incidents != "default":
        yield from ("--incidents", str(options.incidents))
    for name in ("rate", "speed", "duration"):
        if (value := getattr(options, name)) is not None:
            yield from (f"--{name}", repr(value))
    if not options.live:
        yield "--no-live"


async def publish(plan: Plan, asked_for: Options) -> Published:
    """Publish `plan`: history at once (or at a speed), but for events to be skipped; then live."""
    from streams.app import kafka_options
    from streams.cli import load_settings

    options = kafka_options(load_settings())
    asked = run.stop_when_asked()
    speed = asked_for.speed
    feed = Feed(islice(records(generate(plan)), asked_for.skip, None))
    live_ms = plan.history_end_ms
    with run.progress("history") as shown:
        span = max(1, live_ms - plan.start_ms)

        def told(counts: Counter[str], at_ms: int) -> None:
            shown.tell(counts.total(), (at_ms - plan.start_ms) / span, run.stamp(at_ms))

        first_ms = plan.start_ms if feed.next_ms is None else feed.next_ms
        pace = None if speed is None else run.Pace(first_ms, speed, live=True)
        # Where live began some time ago, it is history up to now.
        until_ms = live_ms if plan.live_ms is None else max(live_ms, run.now_ms())
        async with Publisher(options, together=speed is None) as publisher:
            await feed.publish(publisher, asked, until_ms=until_ms, pace=pace, told=told)
    if feed.next_ms is not None and feed.next_ms < live_ms:
        published = asked_for.skip + feed.counts.total()
        reached = feed.next_ms if feed.reached_ms is None else feed.reached_ms
        return Published(feed.counts, Unfinished(plan, published, reached, (*again(asked_for),)))
    if plan.live_ms is None or asked.is_set():
        return Published(feed.counts)
    with run.progress("live") as shown:
        endless = plan.end_ms - plan.live_ms >= _FOREVER_MS

        def heard(counts: Counter[str], at_ms: int) -> None:
            share = None if endless else (at_ms - live_ms) / max(1, plan.end_ms - live_ms)
            shown.tell(counts.total(), share, run.stamp(at_ms))

        async with Publisher(options, together=False) as publisher:
            await feed.publish(
                publisher, asked, pace=run.Pace(live_ms, None, live=True), told=heard
            )
    return Published(feed.counts)


class _Positive(click.FloatRange):
    """A number above 0 that is one: neither nan nor inf, which a range lets pass."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number to multiply with", param, ctx)
        return number


class _Incidents(click.ParamType):
    name = "incidents"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Incidents | int:
        text = str(value)
        named: tuple[Incidents, ...] = get_args(Incidents)
        for name in named:
            if text == name:
                return name
        if not text.isdecimal():
            self.fail(f"{text!r} is none of {', '.join(named)}, and no number", param, ctx)
        return int(text)


def _list(ctx: click.Context, param: click.Parameter, value: str | None) -> Scenario | None:
    """The scenario of that name; with `list`, say which there are, and end."""
    if value is None:
        return None
    if value == "list":
        for scenario in SCENARIOS.values():
            click.echo(f"{scenario.name:16} {scenario.days:>4g} d   {scenario.says}")
        ctx.exit()
    try:
        return find(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


@click.command("simulate")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1,
    show_default=True,
    help="The same seed and time give the same events.",
)
@click.option(
    "--creators",
    type=click.IntRange(1, 100_000),
    default=32,
    show_default=True,
    help="How many creators the roster has.",
)
@click.option(
    "--rate",
    type=_Positive(0, min_open=True),
    help="Events per second on average, about; default: what the roster would get.",
)
@click.option(
    "--backfill",
    type=DURATION,
    help="How much history to publish first; default: 2d, or what the scenario takes.",
)
@click.option(
    "--live/--no-live", default=True, show_default=True, help="Go on live after the history."
)
@click.option(
    "--duration",
    type=DURATION,
    help="How long to go on live, such as 90s or 10m; default: until stopped.",
)
@click.option(
    "--speed",
    type=_Positive(0, min_open=True),
    help="Play history so many times as fast as it was; default: all at once.",
)
@click.option(
    "--incidents",
    type=_Incidents(),
    metavar="default|all|none|N",
    default="default",
    show_default=True,
    help="default: three drops and a spike around the live start; all: a viral post, angry "
    "comments and a wave of unfollows, too; or a number of drops and spikes.",
)
@click.option(
    "--scenario",
    metavar="NAME|list",
    callback=_list,
    help="One story instead of incidents; its end is that of the history. list: which there are.",
)
@click.option(
    "--at",
    "at_ms",
    type=MOMENT,
    help="The end of the history and the beginning of live; default: now. What lies between a past "
    "one and now is published at once, too.",
)
@click.option(
    "--skip",
    type=click.IntRange(0),
    default=0,
    help="Leave out so many events at the beginning: those that a run with the same options has "
    "published before it was stopped in its history. It says how many.",
)
@click.option(
    "--out",
    type=OUT_FILE_OR_DASH,
    help="Write JSON Lines to this file (- is stdout) instead of to Kafka.",
)
@click.option("--truth", type=OUT_FILE, help="Write the injected incidents to this JSON file.")
@click.option("--report", type=OUT_FILE, help="Write what was done to this JSON file.")
def command(**chosen: Any) -> None:
    """Invent creators' lives: posts, an audience that reacts, campaigns, and incidents.

    First comes a history, all at once, then live events as they happen, until Ctrl-C. The topics
    must be there (`pulse topics create`). With --out, Ctrl-C leaves the events so far, and status
    130.

    \b
    Examples:
      pulse simulate                                  two days of history, then live
      pulse simulate --seed 7 --truth truth.json      and what to be found, for comparison
      pulse simulate --incidents all                  one of each kind that an alert tells of
      pulse simulate --creators 500 --rate 2000       a larger load
      pulse simulate --no-live --out week.jsonl --backfill 7d --at 2026-01-15T12:00:00Z
      pulse simulate --scenario list
      pulse simulate --scenario raid --creators 8 --no-live --out raid.jsonl --truth truth.json
    """
    options = Options(**chosen)
    plan = plan_of(options)
    try:
        incidents = truth(plan)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if options.truth is not None:
        write_json(options.truth, truth_document(plan, incidents))
    started = time.monotonic()
    try:
        if options.out is not None:
            counts, unfinished, status = write_file(plan, options.out)
        else:
            counts, unfinished, status = asyncio.run(publish(plan, options))
    except NotReady as error:
        raise click.ClickException(str(error)) from error
    seconds = time.monotonic() - started
    total = counts.total()
    click.echo(f"{total:,} events in {seconds:.1f} s", err=True)
    for line in () if unfinished is None else unfinished.lines():
        click.echo(line, err=True)
    if options.report is not None:
        write_json(
            options.report,
            {
                "events": total,
                "seconds": round(seconds, 3),
                "rate": round(total / seconds, 1),
                "by_topic": dict(counts),
                "unfinished": None if unfinished is None else unfinished.report(),
                **truth_document(plan, incidents),
            },
        )
    if status:
        raise SystemExit(status)
