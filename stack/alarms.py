"""Alarms: the points about alerts: one of a creator and one of the pipeline fire and end.

Knows how Alertmanager tells the two apart, and that a worker which stands still is missed. Must not
know rules or detectors.
"""

from collections.abc import Callable
from typing import Any

from stack.alertmanager import Alertmanager
from stack.http import get_json

Alert = dict[str, Any]
DOMAIN = "creator-pulse"
"""The label `source` of what workers push."""
FROZEN = "CreatorPulseWorkerDown"
"""What Prometheus finds when one of several workers stands still."""


class Fires:
    """An alert is in Alertmanager, and nothing keeps it from calling."""

    def __init__(
        self,
        name: str,
        says: str,
        alertmanager: Alertmanager,
        wanted: Callable[[Alert], bool],
    ) -> None:
        self.name, self.says = name, says
        self._alertmanager, self._wanted = alertmanager, wanted
        self.seen: dict[str, Alert] = {}

    def now(self) -> dict[str, Alert]:
        """What fires now, by fingerprint."""
        return {
            alert["fingerprint"]: alert
            for alert in self._alertmanager.alerts()
            if alert["status"]["state"] == "active" and self._wanted(alert)
        }

    def look(self) -> bool:
        """Ask Alertmanager, and remember."""
        self.seen |= self.now()
        return bool(self.seen)

    def detail(self) -> str:
        """Which."""
        return ", ".join(sorted(map(_told, self.seen.values()))) or "none has"


class Resolves:
    """One that has fired is gone, and `over` says that it ended and did not only expire."""

    def __init__(
        self, name: str, says: str, fires: Fires, over: Callable[[Alert], bool] = lambda _: True
    ) -> None:
        self.name, self.says = name, says
        self._fires, self._over = fires, over
        self._gone: list[Alert] = []

    def look(self) -> bool:
        """Compare what has fired with what fires."""
        now = self._fires.now()
        self._fires.seen |= now
        self._gone = [
            alert
            for fingerprint, alert in self._fires.seen.items()
            if fingerprint not in now and self._over(alert)
        ]
        return bool(self._gone)

    def detail(self) -> str:
        """Which."""
        return ", ".join(sorted(map(_told, self._gone))) or "none is over"


def of_a_creator(alert: Alert) -> bool:
    """Whether a worker has pushed it."""
    return bool(alert["labels"].get("source") == DOMAIN)


def of_the_pipeline(alert: Alert) -> bool:
    """Whether it tells of a worker that stands still."""
    return bool(alert["labels"]["alertname"] == FROZEN)


def told_over(api: str, token: str) -> Callable[[Alert], bool]:
    """Whether the API at this address has read that an alert is resolved."""

    def over(alert: Alert) -> bool:
        story = get_json(f"{api}/api/v1/alerts/{alert['labels']['alert_id']}", token)
        return story is not None and story["latest"]["status"] == "resolved"

    return over


def _told(alert: Alert) -> str:
    labels = alert["labels"]
    return f"{labels['alertname']} ({labels.get('creator_id') or labels.get('instance')})"
