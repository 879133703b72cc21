"""Ledger: every alert with the latest that is known of it, and all that people have said.

Knows how records of both topics belong together. Must not know Kafka.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct, field

from schemas import topics
from schemas.alerts import Alert, Feedback
from schemas.commands import AlertCommand
from schemas.instants import from_ms, to_ms
from streams.follow import Followed

_alert = msgspec.json.Decoder(Alert)
_command = msgspec.json.Decoder(AlertCommand)


class Entry(Struct):
    """One alert: its `latest` record, the `first` that is still on the topic, and what was said."""

    latest: Alert
    first: Alert
    commands: list[AlertCommand] = field(default_factory=list)

    @property
    def acknowledged(self) -> AlertCommand | None:
        """The first acknowledgement."""
        return next((c for c in self.commands if c.action == "acknowledge"), None)

    @property
    def feedback(self) -> Feedback | None:
        """The latest judgement."""
        said = [c.action for c in self.commands if c.action in {"useful", "false"}]
        return said[-1] if said else self.latest.feedback

    @property
    def seconds_to_acknowledge(self) -> float | None:
        """From when the alert was first told to when somebody took it; None if nobody did."""
        taken = self.acknowledged
        if taken is None:
            return None
        return max(0.0, (to_ms(taken.occurred_at) - to_ms(self.first.updated_at)) / 1000)


class Ledger:
    """Alerts by id, in the order of their start."""

    def __init__(self, records: Iterable[Followed]) -> None:
        self._entries: dict[str, Entry] = {}
        said: list[AlertCommand] = []
        for record in records:
            if record.value is None:
                continue
            if record.topic == topics.ALERTS.name:
                self._told(_alert.decode(record.value))
            else:
                try:
                    said.append(_command.decode(record.value))
                except msgspec.DecodeError:
                    continue  # it is among the dead letters
        for command in sorted(said, key=lambda c: to_ms(c.occurred_at)):
            entry = self._entries.get(command.alert_id or "")
            if entry is not None and entry.latest.creator_id == command.creator_id:
                entry.commands.append(command)

    def _told(self, alert: Alert) -> None:
        entry = self._entries.get(alert.alert_id)
        if entry is None:
            self._entries[alert.alert_id] = Entry(alert, alert)
        elif alert.updated_at >= entry.latest.updated_at:
            entry.latest = alert
        elif alert.updated_at < entry.first.updated_at:
            entry.first = alert

    def get(self, alert_id: str) -> Entry | None:
        """One alert."""
        return self._entries.get(alert_id)

    def near(self, alert_id: str) -> list[str]:
        """Ids that somebody may have meant who wrote `alert_id`."""
        return [known for known in self._entries if alert_id and alert_id in known][:5]

    def since(self, moment: datetime = from_ms(0)) -> Iterator[Entry]:  # noqa: B008
        """Alerts that were on at `moment` or later, in the order of their start."""
        for entry in sorted(self._entries.values(), key=lambda e: e.latest.started_at):
            latest = entry.latest
            if latest.status != "resolved" or latest.updated_at >= moment:
                yield entry
