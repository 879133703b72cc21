"""`pulse alerts`: look at alerts, and say what is to become of them.

Knows what is asked for and how it is shown. Must not know how an alert comes about.
"""

import asyncio
import getpass
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import click
import msgspec
from aiokafka import AIOKafkaProducer

from schemas import topics
from schemas.alerts import Kind
from schemas.commands import AlertCommand
from streams import words
from streams.alerts import report, saying, shown
from streams.alerts.ledger import Entry, Ledger
from streams.app import kafka_options
from streams.cli import Group, load_settings
from streams.follow import MissingTopics, read_all
from streams.sources.durations import DURATION
from streams.tail import Column, number, percent, row

_START_SECONDS = 15.0
_KINDS = get_args(Kind)
_BOTH = (topics.ALERTS, topics.ALERT_COMMANDS)

Option = Callable[[Any], Any]
by_option: Option = click.option(
    "--by", default=getpass.getuser, show_default="your login", help="Who says so."
)
note_option: Option = click.option("--note", help="Why, for those who look later.")


@click.group("alerts", cls=Group)
def group() -> None:
    """List alerts, take them, snooze them, and judge them.

    What is said goes to the topic `alert-commands`, and shows in the alert's next record.

    \b
    Examples:
      pulse alerts list
      pulse alerts ack follower_spike:1768478400000:instagram:lena.runs
      pulse alerts snooze --creator instagram:lena.runs --for 4h --note "giveaway"
      pulse alerts false follower_spike:1768478400000:instagram:lena.runs
      pulse alerts report --since 30d
    """


_COLUMNS = (
    Column("since", 11, lambda v: f"{v['entry'].latest.started_at.astimezone():%d %b %H:%M}"),
    Column("state", 8, lambda v: shown.state(v["entry"].latest)),
    Column("severity", 8, lambda v: v["entry"].latest.severity),
    Column("said", 34, lambda v: shown.said(v["entry"])),
    Column("alert", 56, lambda v: v["entry"].latest.alert_id),
    Column("title", 0, lambda v: v["entry"].latest.title),
)


@group.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are resolved.")
@click.option("--since", type=DURATION, default="1d", show_default=True, help="How far back.")
@click.option("--kind", type=click.Choice(_KINDS), help="Only alerts of this kind.")
@click.option("--creator", metavar="ID", help="Only alerts of this creator.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_command(
    everything: bool, since: float, kind: str | None, creator: str | None, as_json: bool
) -> None:
    """Alerts that are firing, with what was said of them.

    \b
    Examples:
      pulse alerts list
      pulse alerts list --all --since 7d --kind follower_spike
      pulse alerts list --json | jq .latest.reason
    """
    found = [
        entry
        for entry in _ledger().since(_ago(since))
        if kind in {None, entry.latest.kind}
        and creator in {None, entry.latest.creator_id}
        and (everything or entry.latest.status != "resolved")
    ]
    if as_json:
        for entry in found:
            click.echo(msgspec.json.encode(entry))
        return
    if not found:
        click.echo("no alert is firing" if not everything else "there was no alert")
        return
    click.echo(row(_COLUMNS, None))
    for entry in found:
        click.echo(row(_COLUMNS, {"entry": entry}))


@group.command("show")
@click.argument("alert_id")
@click.option("--json", "as_json", is_flag=True, help="The whole record.")
def show_command(alert_id: str, as_json: bool) -> None:
    """One alert with its evidence and all that was said of it.

    \b
    Example:
      pulse alerts show follower_spike:1768478400000:instagram:lena.runs
    """
    entry = _known(_ledger(), alert_id)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(entry), indent=2))
        return
    for line in shown.lines(entry):
        click.echo(line)


@group.command("ack", short_help="Say that somebody deals with an alert.")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ALERT_ID...")
@by_option
@note_option
def ack(alert_ids: Sequence[str], by: str, note: str | None) -> None:
    """Say that somebody is dealing with an alert: it calls nobody any more.

    \b
    Example:
      pulse alerts ack follower_spike:1768478400000:instagram:lena.runs --note "on it"
    """
    _say_of("acknowledge", alert_ids, by, note)


@group.command("useful")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ALERT_ID...")
@by_option
@note_option
def useful(alert_ids: Sequence[str], by: str, note: str | None) -> None:
    """Judge an alert: it was worth looking at. See `pulse alerts report`.

    \b
    Example:
      pulse alerts useful engagement_drop:1768478400000:instagram:lena.runs
    """
    _say_of("useful", alert_ids, by, note)


@group.command("false")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ALERT_ID...")
@by_option
@note_option
def false(alert_ids: Sequence[str], by: str, note: str | None) -> None:
    """Judge an alert: it was a false alarm. See `pulse alerts report`.

    \b
    Example:
      pulse alerts false engagement_drop:1768478400000:instagram:lena.runs --note "planned break"
    """
    _say_of("false", alert_ids, by, note)


@group.command("snooze")
@click.argument("alert_ids", nargs=-1, metavar="[ALERT_ID...]")
@click.option("--creator", metavar="ID", help="All alerts of this creator, instead of some.")
@click.option("--kind", type=click.Choice(_KINDS), help="With --creator: only this kind.")
@click.option("--for", "span", type=DURATION, required=True, help="How long, such as 4h or 2d.")
@by_option
@note_option
def snooze(
    alert_ids: Sequence[str],
    creator: str | None,
    kind: Any,
    span: float,
    by: str,
    note: str | None,
) -> None:
    """Let alerts call nobody for a while; they stay on record.

    \b
    Examples:
      pulse alerts snooze follower_spike:1768478400000:instagram:lena.runs --for 4h
      pulse alerts snooze --creator instagram:lena.runs --kind follower_spike --for 2d
    """
    until = round((time.time() + span) * 1000)
    _rest_or_wake("snooze", alert_ids, creator, kind, by, note, until)


@group.command("wake")
@click.argument("alert_ids", nargs=-1, metavar="[ALERT_ID...]")
@click.option("--creator", metavar="ID", help="End the snooze of this creator.")
@click.option("--kind", type=click.Choice(_KINDS), help="With --creator: of this kind.")
@by_option
@note_option
def wake(
    alert_ids: Sequence[str], creator: str | None, kind: Any, by: str, note: str | None
) -> None:
    """End a snooze.

    \b
    Example:
      pulse alerts wake --creator instagram:lena.runs
    """
    _rest_or_wake("wake", alert_ids, creator, kind, by, note, None)


def _kind(name: str) -> str:
    return words.of(words.KINDS, name)


_REPORT = (
    Column("kind", 22, lambda v: _kind(v["kind"]) if v["explanation"] is None else ""),
    Column("cause", 38, lambda v: words.of(words.CAUSES, v["explanation"] or "all")),
    *(
        Column(name, -7, lambda v, name=name: number(v[name]))  # type: ignore[misc]
        for name in ("alerts", "called", "firing", "useful", "false")
    ),
    Column("a day", -7, lambda v: number(v["per_day"], 1)),
    Column("precision", -9, lambda v: percent(v["precision"], 0)),
    Column("taken", -7, lambda v: number(v["acknowledged"])),
    Column("after", -8, lambda v: _span(v["median_seconds_to_acknowledge"])),
)


@group.command("report", short_help="How many came, were useful, and were taken how soon.")
@click.option("--since", type=DURATION, default="30d", show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def report_command(since: float, as_json: bool) -> None:
    """How often alerts came, how many were useful, and how soon somebody took them.

    By kind and class of cause. `precision` is the share of the judged ones that was useful; `after`
    is the median time until somebody took an alert.

    \b
    Examples:
      pulse alerts report
      pulse alerts report --since 7d --json
    """
    for line in report.lines(_ledger().since(_ago(since)), max(since, 1.0) / 86_400):
        value = msgspec.to_builtins(line)
        if as_json:
            click.echo(msgspec.json.encode(value))
            continue
        if line.kind == report.ALL:
            click.echo(row(_REPORT, None))
        click.echo(row(_REPORT, value))


def _span(seconds: object) -> str:
    return "-" if not isinstance(seconds, (int, float)) else str(timedelta(seconds=round(seconds)))


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _ledger() -> Ledger:
    try:
        return Ledger(asyncio.run(read_all(kafka_options(load_settings()), _BOTH)))
    except MissingTopics as error:
        raise click.ClickException(str(error)) from error


def _known(ledger: Ledger, alert_id: str) -> Entry:
    entry = ledger.get(alert_id)
    if entry is None:
        near = ledger.near(alert_id)
        hint = f"; did you mean {near[0]}?" if near else "; `pulse alerts list --all` lists them"
        raise click.ClickException(f"there is no alert {alert_id}{hint}")
    return entry


def _say_of(
    action: Any, alert_ids: Sequence[str], by: str, note: str | None, until: int | None = None
) -> None:
    ledger = _ledger()
    said = []
    for alert_id in alert_ids:
        alert = _known(ledger, alert_id).latest
        if not alert.creator_id:
            raise click.ClickException(f"{alert_id} is of no creator: nothing can be said of it")
        said.append(
            _command(
                action, alert.creator_id, alert.platform, by, note, alert_id=alert_id, until=until
            )
        )
    _publish(said)


def _rest_or_wake(
    action: Any,
    alert_ids: Sequence[str],
    creator: str | None,
    kind: Any,
    by: str,
    note: str | None,
    until: int | None,
) -> None:
    if bool(alert_ids) == bool(creator):
        raise click.UsageError("name alerts, or one creator by --creator")
    if creator is None:
        if kind is not None:
            raise click.UsageError("--kind goes with --creator")
        _say_of(action, alert_ids, by, note, until)
        return
    _publish([_command(action, creator, None, by, note, kind=kind, until=until)])


def _command(
    action: Any, creator: str, platform: str | None, by: str, note: str | None, **rest: Any
) -> AlertCommand:
    try:
        return saying.made(action, creator, platform, by, note, **rest)
    except saying.Unfit as error:
        raise click.ClickException(str(error)) from error


def _publish(said: Sequence[AlertCommand]) -> None:
    asyncio.run(_send(said))
    for command in said:
        about = command.alert_id or f"{command.creator_id}, {command.kind or 'all kinds'}"
        click.echo(f"{command.action}: {about}")


async def _send(said: Sequence[AlertCommand]) -> None:
    options = kafka_options(load_settings())
    producer = AIOKafkaProducer(
        **options.client(), client_id=f"{options.app_id}-alerts", acks="all"
    )
    try:
        await asyncio.wait_for(producer.start(), _START_SECONDS)
        for command in said:
            await saying.publish(producer, options, command)
    finally:
        await producer.stop()
