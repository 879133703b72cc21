"""Patience: a start that waits for brokers which are not there yet.

Knows how long, and how it is told. Must not know what is asked of the brokers.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaConnectionError

log = logging.getLogger(__name__)
T = TypeVar("T")
TOLD_SECONDS = 10.0
"""Between two lines that say that it still waits."""


def unreachable(servers: str) -> str:
    """What is said, and asked, when no broker answers at `servers`."""
    return (
        f"no broker can be reached at {servers}: is Kafka running there, and is that what"
        " PULSE_BOOTSTRAP_SERVERS should name? `pulse doctor` says more"
    )


async def patiently(
    ask: Callable[[], Awaitable[T]], servers: str, limit: float, pause: float = 1.0
) -> T:
    """What `ask` answers; while no broker does, asked again every `pause` seconds.

    After `limit` seconds it raises what `ask` raised, OSError or KafkaConnectionError.
    """
    began = time.monotonic()
    told = began - TOLD_SECONDS
    while True:
        try:
            return await ask()
        except (OSError, KafkaConnectionError):
            now = time.monotonic()
            if now - began > limit:
                raise
            if now - told >= TOLD_SECONDS:
                told = now
                left = limit - (now - began)
                log.warning("no broker yet at %s: trying for another %.0f s", servers, left)
            await asyncio.sleep(pause)
