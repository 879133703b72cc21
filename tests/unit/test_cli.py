"""The command line: every command is listed and explained, and failures are one plain message."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams import settingsview
from streams.build import version
from streams.cli import main

REPOSITORY = Path(__file__).parents[2]
CONTEXT = click.Context(main, info_name="pulse")


def commands(name: str) -> Iterator[tuple[str, click.Command]]:
    """A command of `pulse`, and those below it, by full name."""
    command = main.get_command(CONTEXT, name)
    assert command is not None
    yield name, command
    if isinstance(command, click.Group):
        for below, found in command.commands.items():
            yield f"{name} {below}", found


def run(*arguments: str, **env: str) -> tuple[int, str]:
    result = CliRunner(env={"PULSE_LOG_LEVEL": "INFO", **env}).invoke(main, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_every_command_explains_itself_with_an_example(name: str):
    for full_name, command in commands(name):
        told = command.get_help(click.Context(command, info_name=f"pulse {full_name}"))
        assert f"pulse {full_name}" in told.partition("Example")[2], told
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{full_name} {parameter.name}"


def test_the_list_names_every_command_with_a_line():
    status, output = run("--help")
    assert status == 0
    for name in main.list_commands(CONTEXT):
        assert f"\n  {name} " in output


def test_help_answers_without_loading_the_worker():
    loaded = "import sys; from streams.cli import main; main(['--help'], standalone_mode=False);"
    heavy = "sys.exit(any(m in sys.modules for m in ('faust', 'aiokafka', 'numpy', 'rich')))"
    done = subprocess.run(
        [sys.executable, "-c", loaded + heavy], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_version_is_told():
    assert run("--version") == (0, f"pulse {version()}\n")


def test_an_unknown_command_is_refused_with_a_usage_line():
    status, output = run("dance")
    assert status == 2
    assert "No such command 'dance'" in output


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant():
    status, output = run("wroker")
    assert status == 2
    assert "No such command 'wroker'. Did you mean 'worker'?" in output


def test_a_misspelt_command_of_a_group_is_answered_so_too():
    for name in main.list_commands(CONTEXT):
        for full_name, _ in commands(name):
            group, _, below = full_name.partition(" ")
            if below:
                status, output = run(group, below[1:])
                assert status == 2
                assert f"No such command {below[1:]!r}. Did you mean {below!r}?" in output


def test_a_reader_that_has_enough_ends_a_command_without_a_word():
    words = [sys.executable, "-m", "streams", "simulate", "--no-live", "--backfill", "1h"]
    with subprocess.Popen(
        [*words, "--out", "-"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_folder_that_is_not_there_is_told_before_anything_is_read():
    status, output = run("state", "export", "nowhere/state.jsonl")
    assert status == 2
    assert "there is no folder 'nowhere': make it first" in output


def test_settings_are_shown_with_secrets_hidden():
    status, output = run("settings", PULSE_PARTITIONS="8", PULSE_ACTOR_SECRET="x" * 20)
    assert status == 0
    assert "PULSE_PARTITIONS=8  (default: 4)" in output
    assert "PULSE_ACTOR_SECRET=(hidden)" in output
    assert "x" * 20 not in output


def test_settings_as_markdown_are_the_reference_page():
    assert run("settings", "--markdown") == (0, settingsview.markdown())


def test_faulty_settings_are_one_message_and_status_2():
    status, output = run("settings", PULSE_PARTITIONS="x", PULSE_HTTP_PORT="-")
    assert status == 2
    assert output.startswith("Error: 2 settings are not usable:\n")


def test_a_misspelt_setting_is_a_warning_with_the_name_that_was_meant():
    status, output = run("settings", PULSE_PARTITION="8")
    assert status == 0
    assert "warning: PULSE_PARTITION is not a setting; did you mean PULSE_PARTITIONS?" in output
