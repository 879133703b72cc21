"""Campaigns: the one topic that every worker reads whole, outside the consumer group.

Knows how to load and follow a compacted topic into the roster that all shards here look at, and
that the owner of partition 0 answers for what is wrong in it. Must not know what a campaign is used
for.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from schemas import topics
from schemas.events import Campaign
from streams.engine.detours import campaign_of
from streams.engine.roster import Roster
from streams.engine.shard import Batch
from streams.kafka.fuse import FatalError
from streams.kafka.options import KafkaOptions
from streams.kafka.ports import ShardPort

log = logging.getLogger(__name__)
NAME = topics.CAMPAIGNS.name
_MOST = 100
"""Campaigns taken at once: one may name thousands of creators, and others must not wait."""
OWNER = 0
"""The partition whose owner reports what is wrong in the campaigns."""


class CampaignReader:
    """Follows `campaigns` into `roster`.

    `owner` gives the shard of partition 0 while it is here and active. It is handed every batch
    from its own position on, so that a bad record is reported once over all restarts; others pass
    bad records by.
    """

    def __init__(
        self, options: KafkaOptions, owner: Callable[[], ShardPort | None], roster: Roster
    ) -> None:
        self._options = options
        self._owner = owner
        self._tp = TopicPartition(topics.CAMPAIGNS.physical(options.prefix), 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._begin = 0
        self._roster = roster

    async def load(self) -> None:
        """Read all that is there. Raises KafkaError or OSError where the brokers do not answer."""
        consumer = AIOKafkaConsumer(
            **self._options.client(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=500,
        )
        try:
            await consumer.start()
            consumer.assign([self._tp])
            self._begin = (await consumer.beginning_offsets([self._tp]))[self._tp]
            end = (await consumer.end_offsets([self._tp]))[self._tp]
            consumer.seek(self._tp, self._begin)
            self._consumer = consumer
            while await consumer.position(self._tp) < end:
                await self._step()
        except BaseException:
            self._consumer = None
            await consumer.stop()
            raise
        log.info("%d campaigns loaded", len(self._roster.campaigns))

    async def follow(self) -> None:
        """Read on for ever. Raises FatalError where the owner stands at what the log has lost."""
        while True:
            await self._step()

    async def stop(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _step(self) -> None:
        consumer = self._consumer
        assert consumer is not None, "load first"
        start = await self._chain(consumer)
        try:
            fetched: dict[Any, list[ConsumerRecord]] = await consumer.getmany(
                timeout_ms=500, max_records=_MOST
            )
        except OffsetOutOfRangeError as error:
            raise FatalError(
                f"{self._tp.topic}: position {start} is outside the log, which begins at "
                f"{self._begin}; was the topic created anew? Bad records in between would go "
                "unreported: stop all workers and run `pulse reset`, or restore the topic"
            ) from error
        end = await consumer.position(self._tp)
        records = fetched.get(self._tp, [])
        for record in records:
            self._take(record)
        owner = self._owner()
        if owner is not None and end > start:
            # A hole means that the partition came here meanwhile; the next step reads it again.
            owner.apply(Batch(NAME, start, records, end))
        # getmany returns at once where there is more, or where a seek has dropped what was fetched.
        await asyncio.sleep(0)

    async def _chain(self, consumer: AIOKafkaConsumer) -> int:
        """Where to read next: never beyond the owner's position."""
        position: int = await consumer.position(self._tp)
        owner = self._owner()
        if owner is None:
            return position
        wanted = owner.positions.get(NAME)
        if wanted is None:
            owner.apply(Batch(NAME, None, (), self._begin))
            wanted = self._begin
        if wanted < position:
            consumer.seek(self._tp, wanted)
            position = wanted
        return position

    def _take(self, record: ConsumerRecord) -> None:
        if record.value is None:
            self._roster.remove((record.key or b"").decode(errors="replace"))
            return
        campaign = campaign_of(record.value, record.timestamp)
        if isinstance(campaign, Campaign):
            self._roster.put(campaign)
