"""State: `pulse state`, for the day when an operator has to look into the workers' state.

Knows what is asked for and how it is shown. Must not know how records are read or written.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from schemas import topics
from schemas.partitioning import partition_for
from streams.app import kafka_options, shard_restorer
from streams.cli import Group, load_settings
from streams.engine import stored
from streams.engine.layout import CorruptStateError
from streams.kafka.admin import require_state, require_topics
from streams.kafka.custody import custody
from streams.kafka.gap import Gap, accept_gaps, accept_made_anew, find_gaps, find_made_anew
from streams.kafka.migrate import migrate, plan_migration
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import Outgoing
from streams.kafka.records import StateRecord, parsed, read_records, shown
from streams.outfile import OUT_FILE_OR_DASH, naming

Option = Callable[[Any], Any]
_KINDS = (*stored.KINDS.values(), *stored.OWN_KINDS, stored.UNKNOWN)

partition_option: Option = click.option(
    "--partition", type=click.IntRange(0), help="Only this partition."
)
creator_option: Option = click.option("--creator", help="Only the records of this creator id.")
kind_option: Option = click.option(
    "--kind", type=click.Choice(_KINDS), help="Only records of this kind."
)


@click.group("state", cls=Group)
def group() -> None:
    """Look into the workers' state, and mend it when one of them asks for it.

    The state is in two compacted changelogs. Reading it needs no stop and changes nothing; deleting
    and accepting need all workers stopped.

    \b
    Examples:
      pulse state list --unreadable
      pulse state show instagram:lena.runs
      pulse state accept-gap
    """


@group.command("list", short_help="List records: place, kind, size, age, key.")
@partition_option
@creator_option
@kind_option
@click.option(
    "--unreadable", is_flag=True, help="Only what a worker would refuse, with the reason."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_command(
    partition: int | None, creator: str | None, kind: str | None, unreadable: bool, as_json: bool
) -> None:
    """List the state's records: partition, offset, kind, size, age, key.

    A key is spelt as `pulse state delete` takes it. The exit status is 1 if --unreadable finds
    something.

    \b
    Examples:
      pulse state list --creator instagram:lena.runs
      pulse state list --partition 3 --kind shard
      pulse state list --unreadable
    """
    records = _read(_options(), partition, creator, kind)
    why = _faults(records) if unreadable else {}
    chosen = [r for r in records if _place(r) in why] if unreadable else records
    for line in _listed(chosen, why, as_json):
        click.echo(line)
    if not chosen and not as_json and not unreadable:
        click.echo("no such record", err=True)
    if unreadable:
        raise SystemExit(1 if chosen else 0)


@group.command("show", short_help="Show all that is stored of one creator.")
@click.argument("creator")
def show_command(creator: str) -> None:
    """Show all that is stored of one creator, decoded, as JSON; status 1 if there is nothing.

    \b
    Example:
      pulse state show instagram:lena.runs
    """
    options = _options()
    records = _read(options, None, creator, None)
    if not records:
        home = _home(options, creator)
        raise click.ClickException(f"nothing is stored of {creator!r} in partition {home}")
    body = {
        "creator_id": creator,
        "partition": records[0].partition,
        "records": {record.named.kind: _shown(record) for record in records},
    }
    click.echo(json.dumps(body, indent=2))


@group.command("export", short_help="Write the state as JSON Lines, decoded and raw.")
@click.argument("file", type=OUT_FILE_OR_DASH, default="-")
@partition_option
@creator_option
@kind_option
def export_command(
    file: Path, partition: int | None, creator: str | None, kind: str | None
) -> None:
    """Write the state as JSON Lines to FILE (default: the terminal), decoded and raw.

    Each line has the record's place, its value decoded (or why that fails), and the raw value in
    base64.

    \b
    Examples:
      pulse state export state.jsonl
      pulse state export --creator instagram:lena.runs
    """
    records = _read(_options(), partition, creator, kind)
    with naming(file), click.open_file(str(file), "w", encoding="utf-8") as out:
        for record in records:
            raw = base64.b64encode(record.value).decode()
            out.write(json.dumps(_described(record) | _shown(record) | {"raw": raw}) + "\n")
    click.echo(f"{len(records)} records", err=True)


@group.command("delete", short_help="Delete a creator, or one unreadable record.")
@click.option("--creator", help="Delete all records of this creator id.")
@click.option("--key", help="Delete the one record of this key, as `pulse state list` shows it.")
@click.option("--partition", type=click.IntRange(0), help="The partition of --key.")
@click.option("--yes", is_flag=True, help="Do it; without, only tell what would be done.")
def delete_command(creator: str | None, key: str | None, partition: int | None, yes: bool) -> None:
    """Delete a creator's state, or one record that cannot be read.

    What is deleted is counted anew from then on; published results stay. All workers must be
    stopped: a running one would write its memory again. Take a copy first with `pulse state
    export`.

    \b
    Examples:
      pulse state delete --creator instagram:lena.runs
      pulse state delete --partition 3 --key pinstagram:lena.runs --yes
    """
    options = _options()
    if (creator is None) == (key is None) or (key is None) != (partition is None):
        raise click.UsageError("give --creator, or --partition and --key")
    if creator is not None:
        home = _home(options, creator)
        wanted = {at for _table, at in stored.keys_of(creator)}
    else:
        assert key is not None
        assert partition is not None
        home, wanted = _owned(options, partition), {parsed(key)}
        if stored.named(parsed(key)).kind == stored.SHARD:
            raise click.ClickException(
                "without its own record a shard cannot be restored at all; use `pulse reset`"
            )
    records = asyncio.run(_delete(options, home, wanted, yes))
    if not records:
        raise click.ClickException(f"there is no such record in partition {home}")
    for line in _listed(records, {}, as_json=False):
        click.echo(line)
    done = "deleted" if yes else "would be deleted; say --yes to do it"
    click.echo(f"{len(records)} records {done}")


async def _delete(
    options: KafkaOptions, partition: int, wanted: set[bytes], yes: bool
) -> list[StateRecord]:
    await require_topics(options)
    if not yes:
        return await read_records(options, [partition], wanted.__contains__)
    async with custody(options, [partition]) as held:
        records = await read_records(options, [partition], wanted.__contains__)
        await held.write(Outgoing(r.topic, partition, r.key, None) for r in records)
    return records


@group.command("migrate", short_help="Move the state to more partitions.")
@click.option(
    "--partitions", type=click.IntRange(2), required=True, help="The new number of partitions."
)
@click.option("--yes", is_flag=True, help="Do it; without, only tell what would be done.")
def migrate_command(partitions: int, yes: bool) -> None:
    """Move the state to a multiple of the partitions that it has now.

    All topics get the new partitions; creators that belong to one of these move there, with state
    and latest results, in one transaction. All events must have been read, and all workers stopped.
    Afterwards set PULSE_PARTITIONS to the new number. There is no way back to fewer partitions.

    \b
    Example:
      pulse state migrate --partitions 8 --yes
    """
    work = migrate if yes else plan_migration
    plan = asyncio.run(work(_options(), partitions))
    for name in plan.grown:
        click.echo(f"{name}: gets {plan.after} partitions")
    for partition, movers in plan.movers.items():
        homes = [str(p) for p in range(partition + plan.before, plan.after, plan.before)]
        click.echo(f"partition {partition}: {movers} creators move to {', '.join(homes)}")
    if yes:
        click.echo(f"done; now set PULSE_PARTITIONS={plan.after} everywhere")
    else:
        click.echo("nothing was changed; say --yes to do it")


@group.command("accept-gap", short_help="Go on after a log has lost unread records.")
@click.option(
    "--made-anew",
    is_flag=True,
    help="A topic was deleted and created again: read it from its beginning, keep the state.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def accept_gap_command(made_anew: bool, yes: bool) -> None:
    """Go on from what is left of a log that has lost unread records.

    A worker that finds its next record gone (deleted by retention, say) stops rather than skip it
    silently. Stop all workers, run this, and start them again: it lists what was lost, which will
    not be counted, and asks. Where nothing was lost it only says so.

    With --made-anew the positions of topics that end before them go to the topics' beginnings;
    what those topics held before stays counted.

    \b
    Examples:
      pulse state accept-gap --yes
      pulse state accept-gap --made-anew
    """
    settings = load_settings()
    options = kafka_options(settings)
    asyncio.run(require_topics(options))
    found = asyncio.run(find_made_anew(options) if made_anew else find_gaps(options))
    if not found:
        click.echo("there is nothing to accept: no record is missing")
        return
    for gap in found:
        click.echo(f"{gap.topic}[{gap.partition}]: {_told(gap, made_anew)}")
    if not yes:
        click.confirm("Lost records will never be counted. Are all workers stopped?", abort=True)
    if made_anew:
        gaps = asyncio.run(accept_made_anew(options))
    else:
        gaps = asyncio.run(accept_gaps(options, shard_restorer(settings)))
    for gap in gaps:
        if gap not in found:  # logs have lost more meanwhile
            click.echo(f"{gap.topic}[{gap.partition}]: {_told(gap, made_anew)}")
    click.echo("accepted: start the workers")


def _told(gap: Gap, made_anew: bool) -> str:
    if made_anew:
        return f"read on at {gap.begin}, not {gap.position}"
    return f"lost offsets {gap.position} to {gap.begin - 1}"


def _options() -> KafkaOptions:
    return kafka_options(load_settings())


def _home(options: KafkaOptions, creator: str) -> int:
    return partition_for(creator.encode(), options.partitions)


def _owned(options: KafkaOptions, partition: int) -> int:
    if partition >= options.partitions:
        raise click.ClickException(
            f"there are partitions 0 to {options.partitions - 1} (PULSE_PARTITIONS)"
        )
    return partition


def _read(
    options: KafkaOptions, partition: int | None, creator: str | None, kind: str | None
) -> list[StateRecord]:
    if creator is not None and partition is None:
        partition = _home(options, creator)
    partitions: Sequence[int] = range(options.partitions)
    if partition is not None:
        partitions = [_owned(options, partition)]

    def wanted(key: bytes) -> bool:
        its_kind, its_creator = stored.named(key)
        return kind in {None, its_kind} and creator in {None, its_creator}

    async def read() -> list[StateRecord]:
        await require_state(options, partitions)
        return await read_records(options, partitions, wanted)

    return asyncio.run(read())


def _place(record: StateRecord) -> tuple[str, int, bytes]:
    return record.table, record.partition, record.key


def _faults(records: Sequence[StateRecord]) -> dict[tuple[str, int, bytes], str]:
    found: dict[tuple[str, int, bytes], str] = {}
    for table in topics.TABLES:
        for partition in {record.partition for record in records}:
            mine = {r.key: r.value for r in records if (r.table, r.partition) == (table, partition)}
            found |= {(table, partition, key): why for key, why in stored.faults(mine).items()}
    return found


def _described(record: StateRecord) -> dict[str, Any]:
    kind, creator_id = record.named
    return {
        "table": record.table,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "written_at": datetime.fromtimestamp(record.written_ms / 1000, UTC).isoformat(),
        "key": shown(record.key),
        "kind": kind,
        "creator_id": creator_id,
        "bytes": record.size,
    }


def _shown(record: StateRecord) -> dict[str, Any]:
    """The value, decoded; or why that cannot be done."""
    try:
        return {"value": stored.plain(record.key, record.value)}
    except CorruptStateError as error:
        return {"value": None, "error": error.why}


def _listed(
    records: Sequence[StateRecord], why: dict[tuple[str, int, bytes], str], as_json: bool
) -> Iterator[str]:
    now_ms = datetime.now(UTC).timestamp() * 1000
    if not as_json and records:
        yield f"{'PARTITION':>9}  {'OFFSET':>10}  {'KIND':<10}  {'BYTES':>7}  {'AGE':>7}  KEY"
    for record in records:
        reason = why.get(_place(record))
        if as_json:
            told = {} if reason is None else {"error": reason}
            yield json.dumps(_described(record) | told)
            continue
        age = _age((now_ms - record.written_ms) / 1000)
        yield (
            f"{record.partition:>9}  {record.offset:>10}  {record.named.kind:<10}"
            f"  {record.size:>7}  {age:>7}  {shown(record.key)}"
            + ("" if reason is None else f"  {reason}")
        )


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
