"""Reading committed dashboards as Grafana does: panels, their queries, and variables put in."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stack.procs import REPOSITORY

FOLDER = REPOSITORY / "grafana" / "dashboards"
RESTORES = {
    "kafka-and-state.json: Restores under way A": "over before Prometheus begins to look",
}
"""Queries that are answered for a few seconds of a worker's life only, with the reason."""


class Query(NamedTuple):
    """One query of a panel; `name` is how tests speak of it."""

    name: str
    panel: dict[str, Any]
    expression: str
    instant: bool


def dashboards() -> dict[str, dict[str, Any]]:
    """Every committed dashboard, by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("**/*.json"))}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels that show data, those in collapsed rows included."""
    return (panel for panel in _panels(dashboard) if panel["type"] != "text")


def notes(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels that show words."""
    return (panel for panel in _panels(dashboard) if panel["type"] == "text")


def _panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def queries(dashboard: dict[str, Any]) -> Iterator[Query]:
    """Every query of every panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            name = f"{panel['title']} {target['refId']}"
            yield Query(name, panel, target["expr"], target.get("instant", False))


def label_queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The (selector, label) of each variable whose values are those of a label."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert asked, variable["query"]
            yield asked[1], asked[2]


def put_in(expression: str, values: Mapping[str, str]) -> str:
    """The expression with `$name` and `${name}` replaced; an unknown name is an error."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: values[match[1] or match[2]], expression)
