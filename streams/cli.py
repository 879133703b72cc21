"""The command line: `pulse` and the list of its commands.

Knows the names of the commands and how a failure is told. Must not know how any of them works:
each is imported when it is called, so that `pulse --help` answers at once.
"""

import importlib
import json
import os
import sys
from typing import Any, NamedTuple

import click

from streams import settings as settings_module
from streams.settings import Settings, SettingsError


class _Late(NamedTuple):
    """Where a command lives, and its line in the list of commands."""

    module: str
    attribute: str
    summary: str


_LATE = {
    "worker": _Late("streams.worker", "command", "Compute scores, windows and alerts."),
    "doctor": _Late("streams.doctor", "command", "Check settings, broker and topics."),
    "demo": _Late("streams.demo", "command", "Broker, worker, simulator, live board in one."),
    "simulate": _Late("streams.sources.simulate.command", "command", "Invent creators' lives."),
    "replay": _Late("streams.sources.replay", "command", "Publish events from a file."),
    "tail": _Late("streams.tail", "command", "Follow scores, alerts or windows."),
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
    """`error` in plain words, or None for what is a fault of this program."""
    if isinstance(error, SettingsError):
        return _Plain(str(error), 2)
    errors = sys.modules.get("aiokafka.errors")
    if errors is not None and isinstance(error, errors.KafkaError):
        return _Plain(
            f"Kafka: {str(error) or type(error).__name__}\n`pulse doctor` says what is wrong."
        )
    if isinstance(error, OSError):
        return _Plain(str(error))
    return None


class _Pulse(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_LATE, *super().list_commands(ctx)]

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
        click.echo(settings_module.markdown(), nl=False)
        return
    rows = settings_module.rows(load_settings())
    if as_json:
        click.echo(json.dumps({row.name: row.value for row in rows}, indent=2))
        return
    for row in rows:
        chosen = "" if row.value == row.default else f"  (default: {row.default})"
        click.echo(f"{row.name}={row.value}{chosen}")
        click.echo(click.wrap_text(row.doc, 92, "    ", "    "))
