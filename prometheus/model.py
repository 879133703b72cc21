"""Model: rules as values, and how they become a file that Prometheus loads.

Knows the shape of a rule file and what every alert must have. Must not know any rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

Severity = Literal["critical", "warning", "info"]
_WIDTH = 110


@dataclass(frozen=True)
class Recording:
    """An expression under a name of its own, `level:metric:operations`."""

    name: str
    expression: str


@dataclass(frozen=True)
class Alert:
    """An expression that is true when somebody should look.

    `summary` is one sentence, the same for all labels, so that a group of alerts has one heading;
    `description` may use labels and the value. `critical` calls at once, `warning` by day.
    """

    name: str
    severity: Severity
    expression: str
    after: str
    summary: str
    description: str
    keep: str = ""
    """For how long it goes on once the expression is false: for what comes and goes."""
    board: str = "creator-pulse-pipeline"
    """The dashboard that shows more of it."""


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated in order, all at one time; `interval` where it is not the usual."""

    name: str
    rules: Sequence[Recording | Alert]
    interval: str = ""


@dataclass(frozen=True)
class Links:
    """Where readers of an alert are sent. Without bases, paths: in this repository, in Grafana."""

    runbooks: str = "docs/runbooks"
    dashboards: str = ""

    def annotations(self, alert: Alert) -> Mapping[str, str]:
        """The two addresses of one alert."""
        dashboard = f"{self.dashboards}/d/{alert.board}?var-job={{{{ $labels.job }}}}"
        runbook = f"{self.runbooks}/{alert.name}.md"
        return {"runbook_url": runbook, "dashboard_url": dashboard}


class _Dumper(yaml.SafeDumper):
    """Text of several lines stands as it is."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(groups: Iterable[Group], links: Links, heading: str) -> str:
    """The text of a rule file, with `heading` as its comment."""
    document = {"groups": [_group(group, links) for group in groups]}
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH)
    return f"{comment}\n{text}"


def _group(group: Group, links: Links) -> dict[str, Any]:
    interval = {"interval": group.interval} if group.interval else {}
    rules = [
        {"record": rule.name, "expr": rule.expression}
        if isinstance(rule, Recording)
        else _alert(rule, links)
        for rule in group.rules
    ]
    return {"name": group.name, **interval, "rules": rules}


def _alert(alert: Alert, links: Links) -> dict[str, Any]:
    keep = {"keep_firing_for": alert.keep} if alert.keep else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.after,
        **keep,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            **links.annotations(alert),
        },
    }
