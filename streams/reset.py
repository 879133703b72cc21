"""Reset: `pulse reset`, which lets the workers count retained events as if for the first time.

Knows how a plan is asked for and shown. Must not know how it is carried out.
"""

import asyncio
from collections.abc import Iterator

import click

from streams.app import kafka_options
from streams.cli import load_settings
from streams.kafka.admin import require_topics
from streams.kafka.reset import Plan, Target, plan_reset, reset
from streams.sources.moments import Moment


class _To(click.ParamType):
    """`earliest`, `latest`, or a moment, as ms since the epoch."""

    name = "to"
    _moment = Moment("earliest", "latest")

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Target:
        if value == "earliest":
            return "earliest"
        if value == "latest":
            return "latest"
        return self._moment.convert(value, param, ctx)


@click.command("reset")
@click.option(
    "--to",
    type=_To(),
    metavar="earliest|latest|TIME",
    required=True,
    help="Where to read on: from the logs' beginning, their end, or what arrived at TIME.",
)
@click.option("--keep-outputs", is_flag=True, help="Leave the outbound topics as they are.")
@click.option("--yes", is_flag=True, help="Do it; without, only tell what would be done.")
def command(to: Target, keep_outputs: bool, yes: bool) -> None:
    """Move read positions, state and outputs together, and start anew.

    The state is deleted, the outbound topics are emptied, and reading goes on at the given point:
    the next workers count what they then read as if for the first time. Baselines of creators
    are lost with the state, as far as retained events do not give them back. All workers must be
    stopped. Without --yes nothing is changed.

    \b
    Examples:
      pulse reset --to earliest
      pulse reset --to 2026-01-15T12:00:00Z --yes
      pulse reset --to latest --keep-outputs --yes
    """
    options = kafka_options(load_settings())
    # All of the state has to be seen, so there must be as many partitions as is said.
    asyncio.run(require_topics(options))
    work = reset if yes else plan_reset
    plan = asyncio.run(work(options, to, keep_outputs=keep_outputs))
    for line in _lines(plan, keep_outputs):
        click.echo(line)
    click.echo("done" if yes else "nothing was changed; say --yes to do it")


def _lines(plan: Plan, keep_outputs: bool) -> Iterator[str]:
    for topic, partition, before, after, span, floor in plan.moves:
        was = "" if before is None else f" from {before}"
        log = f"the log holds {span.begin} to {span.end}"
        if floor > span.begin:
            log += f"; before {floor} it has another number of partitions, and is not read again"
        yield f"{topic}[{partition}]: read on{was} at {after} ({log})"
    for tp, keys in sorted(plan.state.items()):
        if keys:
            yield f"{tp.topic}[{tp.partition}]: {len(keys)} state records are deleted"
    if keep_outputs:
        yield "outbound topics are kept; what is counted again will be in them twice"
    for partition, topics in plan.latest.items():
        for topic, found in topics.items():
            if found:
                yield f"{topic}[{partition}]: {len(found)} keys are deleted"
    for tp, span in sorted(plan.trims.items()):
        yield f"{tp.topic}[{tp.partition}]: records {span.begin} to {span.end - 1} are deleted"
