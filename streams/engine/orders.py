"""Orders: what people have said of one creator's alerts, as far as it still counts.

Knows acknowledgements, snoozes and feedback, by kind of alert. Must not know who is called.
"""

from msgspec import Struct

from schemas.alerts import Feedback, Kind
from schemas.commands import AlertCommand
from schemas.instants import to_ms

ANY = ""
"""Stands for alerts of all kinds."""


class Order(Struct, array_like=True):
    """What holds for a kind: `until_ms` (0: not snoozed) and, for the episode that began at
    `started_ms` (0: none), the rest.
    """

    until_ms: int = 0
    started_ms: int = 0
    acknowledged_ms: int = 0
    acknowledged_by: str = ""
    feedback: Feedback | None = None
    episode_until_ms: int = 0
    capped: bool = False
    """Whether nobody was called for the episode since there were too many alerts."""


Orders = dict[str, Order]
"""By kind, and `ANY`."""


def take(orders: Orders, command: AlertCommand, at_ms: int) -> bool:
    """Note what `command`, given at `at_ms`, says; False if it is about nothing that is known."""
    if command.alert_id is None:
        return command.action in {"snooze", "wake"} and _snooze(
            orders, command.kind or ANY, command, at_ms
        )
    kind, started_ms = _episode(command.alert_id, command.creator_id)
    if not kind:
        return False
    order = of_episode(orders, kind, started_ms)
    match command.action:
        case "acknowledge":
            order.acknowledged_ms, order.acknowledged_by = at_ms, command.by
        case "snooze":
            if command.until is None:
                return False
            order.episode_until_ms = to_ms(command.until)
        case "wake":
            order.episode_until_ms = 0
        case "useful" | "false":
            order.feedback = command.action
    return True


def of_episode(orders: Orders, kind: str, started_ms: int) -> Order:
    """The order of an episode, with nothing of earlier ones."""
    order = orders.get(kind)
    if order is None:
        order = orders[kind] = Order()
    if order.started_ms != started_ms:
        orders[kind] = order = Order(until_ms=order.until_ms, started_ms=started_ms)
    return order


def settle(orders: Orders, now_ms: int, active: list[Kind]) -> None:
    """Forget snoozes that have ended, and what was said of episodes that are over."""
    for kind in list(orders):
        order = orders[kind]
        if order.until_ms <= now_ms:
            order.until_ms = 0
        if kind not in active:
            order = Order(until_ms=order.until_ms)
            orders[kind] = order
        if not order.until_ms and not order.started_ms:
            del orders[kind]


def _snooze(orders: Orders, kind: str, command: AlertCommand, at_ms: int) -> bool:
    until_ms = 0 if command.action == "wake" or command.until is None else to_ms(command.until)
    if command.action == "snooze" and until_ms <= at_ms:
        return False
    orders.setdefault(kind, Order()).until_ms = until_ms
    return True


def _episode(alert_id: str, creator_id: str) -> tuple[str, int]:
    """Kind and start of an episode of `creator_id`; ("", 0) where the id names none of its."""
    kind, _, rest = alert_id.partition(":")
    started, _, owner = rest.partition(":")
    if owner != creator_id or not started.isascii() or not started.isdigit() or len(started) > 15:
        return "", 0
    return kind, int(started)
