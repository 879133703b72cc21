"""Each alert has a runbook, and runbooks name only commands and options that exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from prometheus.alerts import every_alert
from prometheus.recording import groups
from stack.procs import REPOSITORY
from streams.cli import main

FOLDER = REPOSITORY / "docs" / "runbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
OTHERS = {"curl"}
"""Programs beside ours that a line of a runbook may begin with."""
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _commands(page: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [shlex.split(line, comments=True) for line in lines]


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert [page.stem for page in PAGES] == sorted(alert.name for alert in every_alert())


@every_page
def test_a_runbook_has_the_four_parts_in_order_and_none_is_empty(page: Path) -> None:
    title, *parts = re.split(r"^#+ ", page.read_text(), flags=re.MULTILINE)[1:]
    assert title.strip() == page.stem
    assert [part.split("\n")[0] for part in parts] == [
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
    ]
    for part in parts:
        assert len(part.partition("\n")[2].strip()) > 40


@every_page
def test_a_diagnosis_is_made_by_commands_that_exist_with_these_options(page: Path) -> None:
    commands = _commands(page)
    assert commands or "job:engagement" in page.read_text()
    for program, *words in commands:
        if program in OTHERS:
            continue
        assert program == "pulse"
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, (page.name, program)
            command = found
            context = click.Context(command)
        # Refuses options that do not exist; nothing is looked up or run.
        command.make_parser(context).parse_args(list(words))


@every_page
def test_expressions_name_series_that_are_recorded(page: Path) -> None:
    recorded = {rule.name for group in groups() for rule in group.rules}
    assert set(re.findall(r"job(?:_\w+)?:\w+:\w+", page.read_text())) <= recorded
