"""`pulse rules`: the rules of detection, as they ship and as a file changes them.

Knows how rules are shown. Must not know what they mean: reasons are read off the source of `Rules`.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from streams.cli import Group
from streams.engine.rulebook import RuleBook
from streams.engine.rules import Rules
from streams.engine.sensitivity import PRESETS
from streams.rulefile import SECTIONS, TIER_NAMES, RulesError, load_rules

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_SHIPPED = Rules()
_CORE = "streams.engine."
_HEAD = """\
# Every rule of detection with its shipped value and, where it is not plain, its reason. Take the
# `#` from what you change, and name this file by PULSE_RULES_FILE: workers read it anew when it
# changes. `pulse rules check FILE` says whether they will take it.

# strict fires less, sensitive more: it sets the rules that `pulse rules show --all` marks.
sensitivity: balanced

# The same two, `sensitivity` and `rules`, for some: platforms, tiers (nano, micro, mid, macro,
# mega), campaigns by id. Where several fit a creator, a campaign's go before a tier's, and those
# before a platform's.
platforms: {}
tiers: {}
campaigns: {}

rules:
"""


@click.group("rules", cls=Group)
def group() -> None:
    """See the rules of detection, and check a file that changes them.

    \b
    Examples:
      pulse rules defaults > rules.yml
      pulse rules check rules.yml
      pulse rules show rules.yml --tier nano --campaign spring-launch
    """


@group.command("defaults")
def defaults() -> None:
    """The shipped rules as a file, each with its reason.

    \b
    Example:
      pulse rules defaults > rules.yml
    """
    click.echo(document(), nl=False)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@group.command("check", short_help="Whether workers would take a file, or all its faults.")
@click.argument("file", type=_FILE)
def check(file: Path) -> None:
    """Whether workers would take a file; if not, every fault with its line, and status 1.

    \b
    Example:
      pulse rules check rules.yml
    """
    book = _loaded(file)
    changed = sum(value != _was(section, name) for section, name, value in _numbers(book.base))
    click.echo(f"{file} is sound: {changed} rules for all differ from what ships ({book.digest})")


@group.command("show", short_help="What holds under a file, and what ships.")
@click.argument("file", type=_FILE)
@click.option("--platform", help="For creators of this platform.")
@click.option("--tier", type=click.Choice(TIER_NAMES), help="For creators of this tier.")
@click.option("--campaign", help="For creators whose latest post is of this campaign.")
@click.option("--all", "everything", is_flag=True, help="Also what is as it ships.")
def show(
    file: Path, platform: str | None, tier: str | None, campaign: str | None, everything: bool
) -> None:
    """What holds under a file: the rules that differ from what ships, with what that was.

    \b
    Examples:
      pulse rules show rules.yml
      pulse rules show rules.yml --platform tiktok --all
    """
    lines = list(_shown(_loaded(file).for_(platform, tier, campaign), everything))
    for line in lines or ["all rules are as they ship"]:
        click.echo(line)


def _shown(rules: Rules, everything: bool) -> Iterator[str]:
    for section, name, value in _numbers(rules):
        was = _was(section, name)
        mark = "  (set by sensitivity)" if name in PRESETS["strict"].get(section, {}) else ""
        if value != was:
            yield f"{section}.{name}: {spelt(name, value)}  (ships as {spelt(name, was)})"
        elif everything:
            yield f"{section}.{name}: {spelt(name, value)}{mark}"


def _loaded(file: Path) -> RuleBook:
    try:
        return load_rules(file)
    except RulesError as error:
        raise click.ClickException(str(error)) from error


def _was(section: str, name: str) -> Any:
    return getattr(getattr(_SHIPPED, section), name)


def _numbers(rules: Rules) -> Iterator[tuple[str, str, Any]]:
    for section, kind in SECTIONS.items():
        for name in kind.__struct_fields__:
            yield section, name, getattr(getattr(rules, section), name)


def spelt(name: str, value: Any) -> str:
    """A rule's value as a file has it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(spelt(name, one) for one in value) + "]"
    if name.endswith("_ms"):
        unit, size = next((unit, size) for unit, size in _UNITS if value % size == 0)
        return f"{value // size}{unit}"
    # YAML takes 1e-07 for a text.
    return f"{value:.1e}" if isinstance(value, float) and abs(value) < 1e-4 else str(value)


def document() -> str:
    """The shipped rules as a file."""
    lines = [_HEAD.rstrip("\n")]
    for section, kind in SECTIONS.items():
        lines.append("")
        lines += _comment((inspect.getdoc(kind) or "").split("\n\n", maxsplit=1)[0], "  ")
        lines.append(f"  {section}:")
        reasons: dict[str, str] = {}
        for one in reversed(kind.__mro__):
            if one.__module__.startswith(_CORE):
                reasons |= _reasons(one)
        for name in kind.__struct_fields__:
            lines += _comment(reasons.get(name, ""), "    ")
            lines.append(f"    #{name}: {spelt(name, getattr(kind(), name))}")
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str) -> list[str]:
    start = indent + "# "
    return textwrap.wrap(" ".join(text.split()), 100, initial_indent=start, subsequent_indent=start)


def _reasons(kind: type) -> dict[str, str]:
    """The texts that stand below the fields of a class, by field."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    found: dict[str, str] = {}
    last = ""
    for node in tree.body if isinstance(tree, ast.ClassDef) else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[last] = str(node.value.value)
            last = ""
    return found
