"""`pulse tail`: one outbound topic in the terminal, a line for each record.

Knows which columns tell most. Must not know how records come about.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import click
import orjson

from schemas import topics
from schemas.topics import Topic
from streams import words
from streams.follow import Followed, Follower, MissingTopics
from streams.printable import printable
from streams.sources import run

Value = dict[str, Any]


class Column(NamedTuple):
    """A title, a width (negative: to the right), and the text of a value."""

    title: str
    width: int
    text: Callable[[Value], str]


def clock(value: object) -> str:
    """The time of day of an RFC 3339 text, in the reader's time zone; `-` for none."""
    if not isinstance(value, str):
        return "-"
    return f"{datetime.fromisoformat(value).astimezone():%H:%M:%S}"


def number(value: object, digits: int = 0) -> str:
    """A number with thousands apart; `-` for none."""
    return "-" if not isinstance(value, (int, float)) else f"{value:,.{digits}f}"


def percent(value: object, digits: int = 2) -> str:
    """A fraction as a percentage; `-` for none."""
    return "-" if not isinstance(value, (int, float)) else f"{value:.{digits}%}"


def _field(name: str) -> Callable[[Value], str]:
    return lambda value: "-" if value.get(name) is None else str(value[name])


def _time(name: str) -> Callable[[Value], str]:
    return lambda value: clock(value.get(name))


def _count(name: str) -> Callable[[Value], str]:
    return lambda value: number(value.get(name))


def _within(window: str, name: str, show: Callable[[object], str]) -> Callable[[Value], str]:
    return lambda value: show(value.get("windows", {}).get(window, {}).get(name))


def _net(window: str) -> Column:
    return Column(f"net {window}", -7, _within(window, "net", lambda v: number(v, 2)))


_CREATOR = Column("creator", 18, _field("creator_id"))
_PLACE = Column("from", 24, lambda v: f"{v['topic']}/{v['partition']}@{v['offset']}")
VIEWS: dict[str, tuple[Topic, tuple[Column, ...]]] = {
    "scores": (
        topics.ENGAGEMENT_SCORES,
        (
            Column("as of", 8, _time("as_of")),
            _CREATOR,
            Column("score", -5, lambda v: number(v.get("score"))),
            *(
                Column(f"eng {window}", -8, _within(window, "engagements", number))
                for window in ("1m", "5m", "1h", "24h")
            ),
            Column("rate 24h", -8, _within("24h", "engagement_rate", percent)),
            Column("followers", -10, _count("followers")),
        ),
    ),
    "alerts": (
        topics.ALERTS,
        (
            Column("updated", 8, _time("updated_at")),
            Column("status", 8, _field("status")),
            Column("severity", 8, _field("severity")),
            Column("kind", 21, lambda v: words.of(words.KINDS, str(v.get("kind", "-")))),
            _CREATOR,
            Column("reason", 0, _field("reason")),
        ),
    ),
    "windows": (
        topics.ENGAGEMENT_WINDOWS,
        (
            Column("minute", 8, _time("window_start")),
            _CREATOR,
            *(
                Column(name, -max(8, len(name)), _count(name))
                for name in ("likes", "comments", "shares", "follows", "clicks", "engagements")
            ),
            Column("rate", -8, lambda v: percent(v.get("engagement_rate"), 3)),
        ),
    ),
    "sentiment": (
        topics.SENTIMENT_SCORES,
        (
            Column("as of", 8, _time("as_of")),
            _CREATOR,
            Column("comments 1h", -11, _within("1h", "comments", number)),
            _net("5m"),
            _net("1h"),
            _net("24h"),
        ),
    ),
    "dead-letters": (
        topics.DEAD_LETTERS,
        (
            Column("received", 8, _time("received_at")),
            _PLACE,
            Column("code", 15, _field("code")),
            Column("path", 20, _field("path")),
            Column("error", 0, _field("error")),
        ),
    ),
    "late": (
        topics.LATE_EVENTS,
        (
            Column("watermark", 9, _time("watermark")),
            _PLACE,
            Column("late by", -10, lambda v: f"{number(v.get('late_by_seconds'), 1)} s"),
            Column("in score", 8, lambda v: "yes" if v.get("applied_to_score") else "no"),
            Column("creator", 0, lambda v: str(v.get("event", {}).get("creator_id", "-"))),
        ),
    ),
}


def row(columns: Iterable[Column], value: Value | None) -> str:
    """One line of columns; the titles where `value` is None."""
    cells = []
    for title, width, text in columns:
        cell = title if value is None else printable(text(value))
        cells.append(f"{cell:>{-width}}" if width < 0 else f"{cell:<{width}}")
    return "  ".join(cells).rstrip()


def creator_of(record: Followed, value: Value) -> str | None:
    """The creator that a record is about."""
    event = value.get("event")
    if isinstance(event, dict):
        return event.get("creator_id")
    if "creator_id" in value:
        return str(value["creator_id"])
    return None if record.key is None else record.key.decode(errors="replace")


async def follow(view: str, options: "_Options") -> None:
    """Print records of `view` until stopped or the limit is reached."""
    from streams.app import kafka_options
    from streams.cli import load_settings

    topic, columns = VIEWS[view]
    asked = run.stop_when_asked()
    kafka = kafka_options(load_settings())
    shown = 0
    async with Follower(kafka, [topic], from_beginning=options.from_beginning) as follower:
        if not options.as_json:
            click.echo(row(columns, None))
        while not asked.is_set():
            for record in await follower.read():
                if record.value is None:
                    continue
                value = orjson.loads(record.value)
                if options.creator not in {None, creator_of(record, value)}:
                    continue
                click.echo(record.value if options.as_json else row(columns, value))
                shown += 1
                if shown == options.limit:
                    return


class _Options(NamedTuple):
    from_beginning: bool
    as_json: bool
    limit: int | None
    creator: str | None


_VIEWS_AND_TOPICS = "\n".join(f"  {name:14}{topic.name}" for name, (topic, _) in VIEWS.items())
_HELP = f"""Follow what the workers publish: committed records, as they come.

\b
WHAT, and the topic that holds it:
{_VIEWS_AND_TOPICS}

\b
Examples:
  pulse tail alerts --from-beginning
  pulse tail scores --creator bluesky-0007
  pulse tail windows --json --limit 100 > windows.jsonl
"""


@click.command("tail", help=_HELP)
@click.argument("what", type=click.Choice(list(VIEWS)), metavar="WHAT")
@click.option("--from-beginning", is_flag=True, help="Start with the oldest record there is.")
@click.option("--json", "as_json", is_flag=True, help="Whole records, one JSON object a line.")
@click.option("--limit", type=click.IntRange(1), help="Leave after so many records.")
@click.option("--creator", metavar="ID", help="Only what is about this creator.")
def command(what: str, **chosen: Any) -> None:
    """Print a view of an outbound topic. Raises click.ClickException where there is no topic."""
    try:
        asyncio.run(follow(what, _Options(**chosen)))
    except MissingTopics as error:
        raise click.ClickException(str(error)) from error
