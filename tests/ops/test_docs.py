"""The pages for people name only what exists: files, commands, settings and metrics."""

import re
from pathlib import Path

import click
import pytest

from stack.procs import REPOSITORY
from streams.cli import main
from streams.declared import names
from streams.outputs import catalogue
from streams.outputs.families import PREFIX
from streams.settings import ApiSettings, Settings

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("**/*.md")),
]
NO_METRICS = {"engagement_drop", "engagement_rate"}
"""Kinds of alert and fields that begin as metrics do."""
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in _headings(target), link


@every_page
def test_every_command_exists(page: Path) -> None:
    context = click.Context(main)
    for words in re.findall(r"(?:^|`)pulse ((?:[a-z-]+ ?)+)", page.read_text(), re.MULTILINE):
        name, *rest = words.split()
        command = main.get_command(context, name)
        assert command is not None, f"pulse {words}"
        if isinstance(command, click.Group) and rest:
            assert command.get_command(context, rest[0]) is not None, f"pulse {words}"


@every_page
def test_every_setting_exists(page: Path) -> None:
    known = set(names(Settings, ApiSettings))
    # PULSE_SASL_* stands for several.
    named = set(re.findall(r"PULSE_[A-Z_]*[A-Z]\b(?!_?\*)", page.read_text()))
    assert named <= known


@every_page
def test_every_metric_exists(page: Path) -> None:
    exposed = {row.name for _, found in catalogue.rows() for row in found} | NO_METRICS
    parts = {name + part for name in exposed for part in ("", "_bucket", "_count", "_sum")}
    assert set(re.findall(rf"\b(?<!:){PREFIX}[a-z_]+", page.read_text())) <= parts
