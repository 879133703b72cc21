"""Heads: of an alert's record, what the read side itself looks at.

Knows few fields, and takes kinds, states and severities that it does not know, since more will
come. Must not know the evidence: records are handed on as they were written.
"""

from datetime import datetime

import msgspec
from msgspec import Struct


class AlertHead(Struct, frozen=True, kw_only=True):
    """One record of an alert, without its evidence."""

    alert_id: str
    creator_id: str
    kind: str
    status: str
    severity: str
    started_at: datetime
    updated_at: datetime
    platform: str | None = None
    campaign_id: str | None = None

    @property
    def open(self) -> bool:
        """Whether the episode goes on."""
        return self.status != "resolved"


decode = msgspec.json.Decoder(AlertHead).decode
"""The head in a record's bytes. Raises msgspec.DecodeError."""
