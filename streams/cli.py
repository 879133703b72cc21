"""The command line: `pulse` and the list of its commands.

Knows the names of the commands and how a failure is told. Must not know how any of them works:
each is imported when it is called, so that `pulse --help` answers at once.
"""

import asyncio
import difflib
import importlib
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from streams import settings as settings_module
from streams import settingsview, trouble
from streams.settings import Settings, SettingsError

if TYPE_CHECKING:
    from streams.kafka.options import KafkaOptions


class _Late(NamedTuple):
    """Where a command lives, and its line in the list of commands."""

    module: str
    attribute: str
    summary: str


_LATE = {
    "worker": _Late("streams.worker", "command", "Compute scores, windows and alerts."),
    "state": _Late("streams.state", "group", "List, show, export, delete, mend state."),
    "reset": _Late("streams.reset", "command", "Start anew: positions, state, outputs."),
    "doctor": _Late("streams.doctor", "command", "Check settings, broker and topics."),
    "demo": _Late("streams.demo", "command", "Broker, worker, simulator, live board in one."),
    "simulate": _Late(
        "streams.sources.simulate.command", "command", "Make up creators and events."
    ),
    "replay": _Late("streams.sources.replay", "command", "Publish events from a file."),
    "backtest": _Late("streams.backtest.command", "command", "Try rules on recorded events."),
    "rules": _Late("streams.rulesview", "group", "See the rules of detection; check a file."),
    "tail": _Late("streams.tail", "command", "Follow scores, alerts or windows."),
    "api": _Late("streams.api.command", "command", "Serve scores, alerts, history as JSON."),
    "alerts": _Late("streams.alerts.command", "group", "List, take, snooze and judge alerts."),
    "sentiment": _Late("streams.sentiment.command", "group", "Judge comments; measure how well."),
}


def load_settings() -> Settings:
    """The settings of this process; unknown `PULSE_*` variables are reported on stderr.

    Raises SettingsError.
    """
    for name, nearest in settings_module.unknown(os.environ).items():
        hint = f"; did you mean {nearest}?" if nearest else "; `pulse settings` lists them all"
        click.echo(f"warning: {name} is not a setting{hint}", err=True)
    return Settings.from_env(os.environ)


class _Plain(click.ClickException):
    """A failure told in one message, without a trace."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _as_message(error: Exception) -> _Plain | None:
    """`error` in plain words, or None for what is not to be told so."""
    if isinstance(error, BrokenPipeError):
        return None  # the reader, such as head, has enough: click ends without a word
    if isinstance(error, SettingsError):
        return _Plain(str(error), 2)
    rulefile = sys.modules.get("streams.rulefile")
    if rulefile is not None and isinstance(error, rulefile.RulesError):
        return _Plain(str(error), 2)
    modelfile = sys.modules.get("streams.engine.sentiment.modelfile")
    if modelfile is not None and isinstance(error, modelfile.ModelError):
        return _Plain(str(error), 2)
    errors = sys.modules.get("aiokafka.errors")
    if errors is not None and isinstance(error, errors.KafkaConnectionError):
        servers = os.environ.get("PULSE_BOOTSTRAP_SERVERS") or Settings.bootstrap_servers
        from streams.kafka.patience import unreachable

        return _Plain(unreachable(servers))
    if errors is not None and isinstance(error, errors.KafkaError):
        return _Plain(f"Kafka: {trouble.why(error)}")
    if isinstance(error, OSError) and error.filename and error.strerror:
        return _Plain(f"{error.filename}: {error.strerror}")
    fuse = sys.modules.get("streams.kafka.fuse")
    if isinstance(error, OSError) or (fuse and isinstance(error, fuse.FatalError)):
        return _Plain(str(error))
    return None


class Group(click.Group):
    """Commands; one that is misspelt is answered with the one that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if near := difflib.get_close_matches(args[0], self.list_commands(ctx), 1):
                error.message += f" Did you mean {near[0]!r}?"
            raise


class _Pulse(Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_LATE, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        late = _LATE.get(cmd_name)
        if late is None:
            return super().get_command(ctx, cmd_name)
        loaded: click.Command = getattr(importlib.import_module(late.module), late.attribute)
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [(name, late.summary) for name, late in _LATE.items()]
        lines += [(name, own.get_short_help_str()) for name, own in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = _as_message(error)
            if message is None:
                raise
            raise message from error


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from streams.build import version

        click.echo(f"pulse {version()}")
        ctx.exit()


@click.group(cls=_Pulse, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version and leave.",
)  # fmt: skip
def main() -> None:
    """Live engagement and sentiment scores and alerts for creators, on Kafka.

    Settings are PULSE_* environment variables: see `pulse settings`.

    \b
    Examples:
      pulse demo                         everything in this terminal, nothing to set up
      pulse topics create                once, on your own Kafka
      pulse worker                       then this, as often as there are cores to use
    """
    # What goes wrong is told once, by us; the worker sets up its own logs.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@main.command("settings")
@click.option("--markdown", is_flag=True, help="The reference page instead of the values.")
@click.option("--json", "as_json", is_flag=True, help="The values as a JSON object.")
def settings_command(markdown: bool, as_json: bool) -> None:
    """Show every setting: value, default, meaning.

    \b
    Examples:
      pulse settings
      PULSE_PARTITIONS=8 pulse settings --json
      pulse settings --markdown > docs/settings.md
    """
    if markdown:
        click.echo(settingsview.markdown(), nl=False)
        return
    rows = settings_module.rows(load_settings())
    rows += settings_module.rows(settings_module.ApiSettings.from_env(os.environ))
    if as_json:
        click.echo(json.dumps({row.name: row.value for row in rows}, indent=2))
        return
    for row in rows:
        chosen = "" if row.value == row.default else f"  (default: {row.default})"
        click.echo(f"{row.name}={row.value}{chosen}")
        click.echo(click.wrap_text(row.doc, 92, "    ", "    "))


@main.group("topics", cls=Group)
def topics_group() -> None:
    """Create the topics, or check them.

    Both know every topic by name, partitions and configuration, changelogs included, and can be
    run again at any time.

    \b
    Examples:
      pulse topics create
      PULSE_PARTITIONS=12 PULSE_REPLICATION_FACTOR=3 pulse topics check
    """


@topics_group.command("create", short_help="Create what is missing; check what is there.")
def topics_create() -> None:
    """Create what is missing; what is there is left as it is, and checked.

    \b
    Example:
      PULSE_PARTITIONS=12 PULSE_REPLICATION_FACTOR=3 pulse topics create
    """
    from streams.kafka.admin import create_topics

    options = _options()
    created = asyncio.run(create_topics(options))
    for name in created:
        click.echo(f"created {name}")
    if not created:
        click.echo("nothing was missing")
    _check_topics(options)


@topics_group.command("check", short_help="Compare the topics with what is needed.")
def topics_check() -> None:
    """Compare the topics with what is needed; status 1 if a worker could not work with them.

    \b
    Example:
      pulse topics check
    """
    _check_topics(_options())


def _options() -> "KafkaOptions":
    from streams.app import kafka_options

    return kafka_options(load_settings())


def _check_topics(options: "KafkaOptions") -> None:
    from streams.kafka.admin import check_topics, declared, described

    findings = asyncio.run(check_topics(options))
    errors = [finding for finding in findings if finding.severity == "error"]
    for line in described(finding for finding in findings if finding.severity == "warning"):
        click.echo(f"warning: {line}", err=True)
    for line in described(errors):
        click.echo(f"error: {line}", err=True)
    if errors:
        raise SystemExit(1)
    click.echo(f"{len(declared(options))} topics can be used")
