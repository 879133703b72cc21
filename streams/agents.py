"""Agents: one Faust agent for each keyed inbound topic, each handing batches to their shard.

Knows the topics. Must not know what is done with a batch, and never awaits anything but the next:
an agent that waits holds up the reading of all topics.
"""

from collections.abc import Callable
from typing import Any

from streams.engine.shard import Batch
from streams.kafka.build import SeamApp

Deliver = Callable[[int, Batch], None]


def register(app: SeamApp, deliver: Deliver) -> None:
    """Add the agents (posts, likes, comments, ...) to `app`."""

    async def hand_over(stream: Any) -> None:
        async for partition, batch in stream.noack():
            deliver(partition, batch)

    for name, channel in app.inputs.items():
        app.agent(channel, name=name)(hand_over)
