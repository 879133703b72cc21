"""Saying: how a command of somebody becomes a record of `alert-commands`.

Knows the fields, the key and the partition of such a record. Must not know who asks, or how.
"""

import time
import uuid
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas import codec, topics
from schemas.commands import AlertCommand
from schemas.partitioning import partition_for
from streams.kafka.options import KafkaOptions


class Unfit(ValueError):
    """A command that workers would refuse; the text has the path of the fault and what it is."""


def made(
    action: Any, creator: str, platform: str | None, by: str, note: str | None, **rest: Any
) -> AlertCommand:
    """A command as of now, with an id of its own. Raises Unfit."""
    command = AlertCommand(
        event_id=uuid.uuid4().hex,
        creator_id=creator,
        platform=platform or "unknown",
        occurred_at=round(time.time() * 1000),
        action=action,
        by=by,
        note=note,
        **rest,
    )
    fault = codec.decode(topics.ALERT_COMMANDS.name, codec.encode(command))
    if isinstance(fault, codec.Fault):
        raise Unfit(f"{fault.path}: {fault.error}")
    return command


async def publish(producer: AIOKafkaProducer, options: KafkaOptions, command: AlertCommand) -> None:
    """Write a command where the worker that owns the creator reads it; returns when it is there.

    Raises KafkaError.
    """
    await producer.send_and_wait(
        topics.ALERT_COMMANDS.physical(options.prefix),
        codec.encode(command),
        command.event_id.encode(),
        partition=partition_for(command.creator_id.encode(), options.partitions),
    )
