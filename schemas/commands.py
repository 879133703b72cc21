"""Commands: what people say of alerts.

Knows the fields of a command, on `alert-commands`. Must not know what becomes of it.
"""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.alerts import Kind
from schemas.events import Envelope, Label, Moment

AlertId = Annotated[str, Meta(min_length=1, max_length=320)]
Note = Annotated[str, Meta(max_length=1_000)]
Action = Literal["acknowledge", "snooze", "wake", "useful", "false"]


class AlertCommand(Envelope, frozen=True, kw_only=True):
    """Somebody (`by`) has dealt with an alert, or wants to hear less of a creator.

    `acknowledge`, `useful` and `false` are about one episode, `alert_id`. `snooze` keeps everybody
    from being called until `until`, and `wake` ends that: for the episode with `alert_id`; without,
    for all alerts of the creator, or those of `kind`. `platform` may be any label.
    """

    action: Action
    by: Label
    alert_id: AlertId | None = None
    kind: Kind | None = None
    until: Moment | None = None
    note: Note | None = None
