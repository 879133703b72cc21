"""The board: what the workers publish, as a live page in the terminal.

Knows the latest of everything and how to lay it out. Must not know where records come from.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas import topics
from streams import words
from streams.follow import Followed
from streams.printable import printable
from streams.tail import clock, number, percent

_ALERTS_SHOWN = 6
_OTHER_LINES = 22
_SEVERITIES = {"info": "cyan", "warning": "yellow", "critical": "bold red"}
_STATUSES = {"firing": "bold red", "update": "yellow", "resolved": "green"}

Value = dict[str, Any]


class Board:
    """The latest scores by creator, the alerts in order, and how many records of each topic."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        self.addresses = list(addresses)
        self.counts = dict.fromkeys((topic.name for topic in topics.OUTBOUND), 0)
        self.handles: dict[str, str] = {}
        self.alerts: list[Value] = []
        self._scores: dict[str, Value] = {}
        self._moods: dict[str, Value] = {}
        self._minutes: deque[Value] = deque(maxlen=400)

    def take(self, record: Followed) -> Value | None:
        """Take note of one record; its value, None where it is a tombstone."""
        self.counts[record.topic] += 1
        if record.value is None:
            return None
        value: Value = orjson.loads(record.value)
        if record.topic == topics.ENGAGEMENT_SCORES.name:
            self._scores[value["creator_id"]] = value
        elif record.topic == topics.SENTIMENT_SCORES.name:
            self._moods[value["creator_id"]] = value
        elif record.topic == topics.ENGAGEMENT_WINDOWS.name:
            self._minutes.append(value)
        elif record.topic == topics.ALERTS.name:
            self.alerts.append(value)
        return value

    def firing(self) -> set[str]:
        """Ids of the creators with an alert that is not resolved."""
        latest = {alert["alert_id"]: alert for alert in self.alerts}
        return {a["creator_id"] for a in latest.values() if a["status"] != "resolved"}

    def page(self, height: int, note: str) -> RenderableType:
        """The whole page, for a terminal of `height` lines, with `note` in its last line."""
        return Group(
            self._creators(max(5, height - _OTHER_LINES)),
            Panel(self._alerts(), title="alerts", title_align="left", border_style="red"),
            self._last_minute(),
            self._footer(note),
        )

    def _creators(self, lines: int) -> Table:
        table = Table(title="creators by score", title_justify="left", expand=True, pad_edge=False)
        for title in ("creator", "tier"):
            table.add_column(title, no_wrap=True)
        for title in ("score", "eng 1m", "5m", "1h", "24h", "rate 24h", "net 1h", "followers"):
            table.add_column(title, justify="right", no_wrap=True)
        troubled = self.firing()
        ranked = sorted(
            self._scores.values(),
            # Those with an alert stay in sight, whatever their score.
            key=lambda v: (v["creator_id"] not in troubled, -(v["score"] or 0.0), v["creator_id"]),
        )
        for value in ranked[:lines]:
            windows = value["windows"]
            mood = self._moods.get(value["creator_id"], {}).get("windows", {}).get("1h", {})
            table.add_row(
                Text(f"{self._name(value)}{' ●' if value['creator_id'] in troubled else ''}"),
                value.get("tier") or "-",
                _bar(value["score"]),
                *(number(windows[name]["engagements"]) for name in ("1m", "5m", "1h", "24h")),
                percent(windows["24h"]["engagement_rate"]),
                number(mood.get("net"), 2),
                number(value["followers"]),
                style="red" if value["creator_id"] in troubled else "",
            )
        return table

    def _name(self, value: Value) -> str:
        return printable(value.get("handle") or value["creator_id"])

    def _alerts(self) -> RenderableType:
        if not self.alerts:
            return Text("none yet", style="dim")
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        for alert in self.alerts[-_ALERTS_SHOWN:]:
            kind = words.of(words.KINDS, alert["kind"])
            table.add_row(
                clock(alert["updated_at"]),
                Text(alert["status"], style=_STATUSES.get(alert["status"], "")),
                Text(kind, style=_SEVERITIES.get(alert["severity"], "")),
                Text(printable(f"{alert['creator_id']}: {alert['reason']}")),
            )
        return table

    def _last_minute(self) -> RenderableType:
        if not self._minutes:
            return Text("no minute is closed yet", style="dim")
        latest = max(value["window_start"] for value in self._minutes)
        minutes = [value for value in self._minutes if value["window_start"] == latest]
        totals = {
            name: sum(value[name] for value in minutes)
            for name in ("likes", "comments", "shares", "follows", "clicks")
        }
        told = "  ".join(f"{name} {count:,}" for name, count in totals.items())
        return Text(f"minute {clock(latest)}: {len(minutes)} creators  {told}")

    def _footer(self, note: str) -> RenderableType:
        counted = "  ".join(f"{name} {count:,}" for name, count in self.counts.items())
        return Text("\n".join([counted, *self.addresses, note]), style="dim")


def _bar(score: float | None) -> Text:
    if score is None:
        return Text("-", style="dim")
    style = "green" if score >= 60 else "red" if score < 25 else ""
    return Text(f"{'▮' * round(score / 20):<5} {score:3.0f}", style=style)
