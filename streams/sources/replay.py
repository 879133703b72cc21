"""`pulse replay`: recorded events from a file, at the pace of then or another.

Knows the file format (JSON Lines of `{"topic": ..., "event": {...}}`) and how times are shifted.
Must not know how records reach a broker.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import click
import msgspec
import orjson

from schemas import codec, events, topics
from schemas.instants import to_ms
from streams.outfile import OUT_FILE, write_json
from streams.sources import run
from streams.sources.feed import Feed
from streams.sources.publish import NotReady, Outgoing, Publisher

_TIMES = ("occurred_at", "received_at", "starts_at", "ends_at")


class _Line(msgspec.Struct, frozen=True):
    topic: str
    event: msgspec.Raw


class BadLine(Exception):
    """A line that cannot be published: its number from 1 on, and why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number = number


_line = msgspec.json.Decoder(_Line)


def parse(number: int, text: bytes) -> Outgoing:
    """The record in one line; a campaign without a time has time 0. Raises BadLine."""
    try:
        line = _line.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLine(number, f"not an object with topic and event: {error}") from None
    topic = topics.BY_NAME.get(line.topic)
    if topic is None or topic.direction != "inbound":
        raise BadLine(number, f"no inbound topic {line.topic!r}")
    value = bytes(line.event)
    event = codec.decode(topic.name, value)
    if isinstance(event, codec.Fault):
        raise BadLine(number, f"{event.error} at {event.path} ({event.code})")
    if isinstance(event, events.Campaign):
        at_ms = 0 if event.occurred_at is None else to_ms(event.occurred_at)
        return Outgoing(topic.name, event.campaign_id.encode(), value, at_ms)
    assert isinstance(event, events.Envelope)
    return Outgoing(topic.name, event.creator_id.encode(), value, to_ms(event.occurred_at))


def parsed(lines: Iterable[bytes], refused: Callable[[BadLine], None]) -> Iterator[Outgoing]:
    """The records of `lines`, empty lines left out; `refused` hears of those that have none."""
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            yield parse(number, text)
        except BadLine as error:
            refused(error)


def in_order(records: Iterable[Outgoing]) -> Iterator[Outgoing]:
    """`records` as they come, the time of each raised to that of the latest before it.

    The file's order is kept, so that a late event is replayed as late as it was.
    """
    latest = 0
    for record in records:
        latest = max(latest, record.at_ms)
        yield record if record.at_ms == latest else record._replace(at_ms=latest)


class Span(NamedTuple):
    """The earliest and the latest time among records."""

    first_ms: int
    last_ms: int


def span_of(records: Iterable[Outgoing]) -> Span | None:
    """The span of `records`; None where none has a time."""
    times = [record.at_ms for record in records if record.at_ms]
    return Span(min(times), max(times)) if times else None


def shift_ms(span: Span, speed: float | None, now_ms: int) -> int:
    """How far to move times so that they are recent, and none is in the future when published.

    Publishing from `now_ms` on, the last event has then just happened; slower than it was, the
    first one.
    """
    length = span.last_ms - span.first_ms
    lasting = 0 if speed is None else int(length / speed)
    return now_ms - span.first_ms + min(0, lasting - length)


def shifted(record: Outgoing, by_ms: int) -> Outgoing:
    """`record` with all its times moved."""
    event: dict[str, Any] = orjson.loads(record.value)
    for name in _TIMES:
        if event.get(name) is not None:
            event[name] = _moved(event[name], by_ms)
    for deliverable in event.get("deliverables", ()):
        if deliverable.get("due_at") is not None:
            deliverable["due_at"] = _moved(deliverable["due_at"], by_ms)
    at_ms = record.at_ms + by_ms if record.at_ms else 0
    return record._replace(value=orjson.dumps(event), at_ms=at_ms)


def _moved(moment: str | int, by_ms: int) -> str | int:
    if isinstance(moment, int):
        return moment + by_ms
    return run.stamp(to_ms(msgspec.convert(moment, events.Moment)) + by_ms)


class _Speed(click.ParamType):
    name = "speed"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | Literal["max"]:
        if value == "max":
            return "max"
        try:
            speed = float(str(value))
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither max nor a positive number", param, ctx)
        return speed


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield file


class _Faults(run.Refusals):
    """Bad lines are skipped, unless that is `strict`."""

    def __init__(self, strict: bool) -> None:
        super().__init__("bad lines", "skipped ")
        self._strict = strict

    def __call__(self, error: Exception) -> None:
        if self._strict:
            raise error
        super().__call__(error)


async def replay(
    path: Path, span: Span | None, speed: float | None, shift: bool, faults: _Faults
) -> int:
    """Publish the file, whose times have `span` where that is known; returns the number of events.

    `speed` None is as fast as possible. `shift` takes a span.
    """
    from streams.app import kafka_options
    from streams.cli import load_settings

    options = kafka_options(load_settings())
    asked = run.stop_when_asked()
    with _opened(path) as file, run.progress("replay") as shown:
        records = parsed(file, faults)
        by_ms = 0
        if shift and span is not None:
            by_ms = shift_ms(span, speed, run.now_ms())
            records = (shifted(record, by_ms) for record in records)
        feed = Feed(in_order(records))
        first = (feed.next_ms or 0) if span is None else span.first_ms + by_ms
        pace = None if speed is None else run.Pace(first, speed)

        def told(counts: Any, at_ms: int) -> None:
            share = None
            if span is not None and span.last_ms > span.first_ms:
                share = (at_ms - by_ms - span.first_ms) / (span.last_ms - span.first_ms)
            shown.tell(counts.total(), share, run.stamp(at_ms) if at_ms else "")

        async with Publisher(options, together=speed is None) as publisher:
            await feed.publish(publisher, asked, pace=pace, told=told)
        return publisher.written


@click.command("replay")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--speed",
    type=_Speed(),
    metavar="NUMBER|max",
    default="1",
    show_default=True,
    help="1 is the pace of then, 10 ten times that, max as fast as the broker takes them.",
)
@click.option(
    "--shift",
    type=click.Choice(["now"]),
    help="Move all times so that the last event has just happened when it is published.",
)
@click.option("--strict", is_flag=True, help="Stop at the first bad line instead of skipping it.")
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was done to this JSON file.",
)
def command(
    file: Path, speed: float | Literal["max"], shift: str | None, strict: bool, report: Path | None
) -> None:
    """Publish events from FILE (- is stdin): one {"topic": ..., "event": {...}} a line.

    Lines are checked against the contract; bad ones are told with their number and skipped.
    Events keep the order of the file.

    \b
    Examples:
      pulse replay week.jsonl --speed max
      pulse replay day.jsonl --speed 60 --shift now
      zcat day.jsonl.gz | pulse replay - --strict
    """
    pace = None if speed == "max" else speed
    if shift is not None and str(file) == "-":
        raise click.UsageError("--shift takes a file: its span must be known beforehand")
    faults = _Faults(strict)
    span = None
    if str(file) != "-":
        with _opened(file) as lines:
            # Bad lines are told when they are met in the second reading, once.
            span = span_of(parsed(lines, lambda _error: None))
    started = time.monotonic()
    try:
        count = asyncio.run(replay(file, span, pace, shift is not None, faults))
    except (NotReady, BadLine) as error:
        raise click.ClickException(str(error)) from error
    seconds = time.monotonic() - started
    click.echo(f"{count:,} events in {seconds:.1f} s, {faults.count:,} lines skipped", err=True)
    if report is not None:
        write_json(
            report,
            {
                "events": count,
                "seconds": round(seconds, 3),
                "rate": round(count / seconds, 1),
                "skipped": faults.count,
            },
        )
