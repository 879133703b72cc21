"""The batch transport: Faust's consumer, handing agents one message for each fetched batch.

Knows Faust's consumer and the life of its fetcher. Must not know shards or checkpoints.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, cast

from faust import Schema
from faust.transport.drivers.aiokafka import Consumer, Producer, Transport
from faust.types import TP, ConsumerMessage

from streams.engine.shard import Batch
from streams.kafka.chain import Answer, ChainThread, Drain
from streams.kafka.fuse import Fuse
from streams.kafka.options import KafkaOptions
from streams.kafka.ports import Delivery

POLL_SECONDS = 0.25
"""Bounds how late a position that moved without records is told."""
WAITING_POLL_SECONDS = 0.02
"""The same while topics wait: one that may go on is not to wait for those that are read."""

PACE_SECONDS = 0.1
"""The least time between two reads. What a batch costs on its way hardly depends on its size:
without a pace they were of a few records each at half load, and took a fifth of a worker's time."""
MANY = 10_000
"""Records of a read that is not waited after: they are of a backlog, and so are the next ones."""


class PassThrough(Schema[Any, Any]):
    """The codec of batch topics: the value is a `Delivery` and is handed on untouched."""

    def loads_key(self, app: Any, message: Any, **_options: Any) -> None:
        """Batches have no key."""

    def loads_value(self, app: Any, message: Any, **_options: Any) -> Delivery:
        """The delivery, as the transport made it."""
        return cast(Delivery, message.value)


class BatchConsumer(Consumer):
    """Yields one message per topic-partition and read; its offsets are never committed by Faust."""

    _thread: ChainThread
    _read_at = 0.0
    """When a few records were last read, in monotonic seconds."""

    @property
    def options(self) -> KafkaOptions:
        """The seam's options, given to the transport."""
        return cast(BatchTransport, self.transport).options

    @property
    def fuse(self) -> Fuse:
        """The way out, given to the transport."""
        return cast(BatchTransport, self.transport).fuse

    def _new_consumer_thread(self) -> ChainThread:
        thread = ChainThread(self, loop=self.loop, beacon=self.beacon)
        thread.options = self.options
        self._logical = self.options.inbound()
        return thread

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Read once and yield (topic-partition, batch) for each that has moved."""
        if (pause := self._read_at + PACE_SECONDS - time.monotonic()) > 0.0:
            await asyncio.sleep(pause)
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        generation = self.app.consumer_generation_id
        seam = cast(Any, self.app).seam
        inbound = [tp for tp in self._active_partitions if tp.topic in self._logical]
        active = {tp for tp in inbound if seam.takes_more(tp.partition, self._logical[tp.topic])}
        if len(active) < len(inbound):
            timeout = min(timeout, WAITING_POLL_SECONDS)
        drains = cast(Mapping[TP, Drain], await self._getmany(active, timeout))
        if drains and sum(len(drain.records) for drain in drains.values()) < MANY:
            self._read_at = time.monotonic()
        for tp, drain in drains.items():
            # What is dropped here leaves a hole, which its shard sees and has read again.
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if tp in self._active_partitions:
                yield tp, self._to_message(tp, drain)

    def _to_message(self, tp: TP, record: Drain) -> ConsumerMessage:
        start, records, end = record
        stamp = records[-1].timestamp / 1000 if records else 0.0
        delivery = Delivery(tp.partition, Batch(self._logical[tp.topic], start, records, end))
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            end - 1,
            stamp,
            0,
            None,
            None,
            cast(Any, delivery),
            None,
            0,
            len(records),
            tp=TP(*tp),
            generation_id=self.app.consumer_generation_id,
        )

    async def _drain_messages(self, fetcher: Any) -> None:
        # The stock loop filters by `_read_offset`, which means "next" after a seek and "last read"
        # after a message, and adds gaps for a commit that is not ours.
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _tp, message in self.getmany(POLL_SECONDS):
                    await self.wait_first(self.callback(message), self.suspend_flow.wait())
                await asyncio.sleep(0)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                self.fuse.blow("the consumer stopped by itself")
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except Exception as error:
            self.fuse.blow("reading failed", error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the flow, then write down what is new before others may own the partitions."""
        seam = cast(Any, self.app).seam
        # A takeover that ends meanwhile must not start the flow again.
        seam.hold()
        await super().on_partitions_revoked(revoked)
        await seam.suspend()

    async def perform_seek(self) -> None:
        """Positions come from shard records alone, so Faust's own seek does nothing."""

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue makes the fetcher wait; dropping partitions would only add pauses."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was dropped."""

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        return False

    async def in_thread(self, method: Any, *args: Any, timeout: float) -> Any:
        """Run a coroutine method of the consumer thread there; `TimeoutError` after `timeout` s."""
        return await asyncio.wait_for(self._thread.call_thread(method, *args), timeout)

    @property
    def thread(self) -> ChainThread:
        """The consumer thread."""
        return self._thread

    def answers(self) -> dict[TP, Answer]:
        """What the broker last answered for each topic-partition that is being read."""
        return self._thread.answers()


class QuietProducer(Producer):
    """Faust's own producer: it declares topics and sends nothing."""

    def _settings_auth(self) -> Mapping[str, Any]:
        return cast(BatchTransport, self.transport).options.security


class BatchTransport(Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer: ClassVar[type[BatchConsumer]] = BatchConsumer
    Producer: ClassVar[type[QuietProducer]] = QuietProducer

    def __init__(self, url: Any, app: Any, options: KafkaOptions, fuse: Fuse) -> None:
        super().__init__(url, app)
        self.options = options
        self.fuse = fuse
