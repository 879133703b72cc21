"""Hooks: the worst moments to die or to stand still, offered to the campaign.

Knows where in the product these moments are. Must not know why the campaign wants them.
"""

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streams.kafka import restore as restoring
from streams.kafka import takeover
from streams.kafka.producer import Outgoing, PartitionProducer
from streams.kafka.seam import Seam
from tests.faults.arms import Arms

_HOARD: list[bytearray] = []
_SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


def put_on(arms: Arms) -> None:
    """Offer every moment."""
    _in_transaction(arms)
    _in_restore(arms)
    _in_rebalance(arms)
    _in_want(arms)


def _strike(arms: Arms, order: dict[str, Any], **facts: Any) -> None:
    if arms.claim(order, at_ms=int(time.time() * 1000), pid=os.getpid(), **facts):
        os.kill(os.getpid(), _SIGNALS[order["deed"]])
        # A stopped process goes on from here when it is thawed; a killed one is gone by then.
        time.sleep(0.05)


def _in_transaction(arms: Arms) -> None:
    submit, commit = PartitionProducer.submit, PartitionProducer.commit

    def met(producer: Any, order: dict[str, Any], names: set[str]) -> bool:
        """Whether the transaction holds what the order wants to be in it."""
        producer.partition_met = producer._partition
        return all(any(name.endswith(wanted) for name in names) for wanted in order["holding"])

    async def hooked_submit(self: Any, records: Iterable[Outgoing]) -> Any:
        records = list(records)
        self.topics_met = {record.topic for record in records}
        order = arms.due("in_sends")
        if order is None or not met(self, order, self.topics_met):
            return await submit(self, records)
        outputs = [record for record in records if not record.topic.endswith("-changelog")]
        await asyncio.gather(*await submit(self, outputs))
        _strike(arms, order, partition=self._partition, sent=len(outputs), of=len(records))
        rest = [record for record in records if record.topic.endswith("-changelog")]
        return await submit(self, rest)

    async def hooked_commit(self: Any) -> None:
        order = arms.due("before_commit")
        if order is not None and met(self, order, self.topics_met):
            _strike(arms, order, partition=self._partition, topics=sorted(self.topics_met))
        await commit(self)

    PartitionProducer.submit = hooked_submit  # type: ignore[method-assign]
    PartitionProducer.commit = hooked_commit  # type: ignore[method-assign]


def _in_restore(arms: Arms) -> None:
    restore = takeover.restore_tables
    # Read in several steps, there is a middle.
    restoring.FETCH_BYTES = 100_000

    async def hooked(options: Any, partition: int, progress: Any) -> Any:
        def told(at: int, read: int, total: int) -> None:
            progress(at, read, total)
            order = arms.due("in_restore")
            if order is not None and read:
                _strike(arms, order, partition=partition, read=read, total=total)

        return await restore(options, partition, told)

    takeover.restore_tables = hooked


def _in_rebalance(arms: Arms) -> None:
    suspend, run = Seam.suspend, takeover.Takeover.run

    async def hooked_suspend(self: Any) -> None:
        order = arms.due("in_revocation")
        if order is not None and self.slots:
            _strike(arms, order, partitions=sorted(self.slots))
        await suspend(self)

    async def hooked_run(self: Any, consume: Any) -> None:
        order = arms.due("in_takeover")
        if order is not None and self._assigned:
            _strike(arms, order, generation=self._generation)
        await run(self, consume)

    Seam.suspend = hooked_suspend  # type: ignore[method-assign]
    takeover.Takeover.run = hooked_run  # type: ignore[method-assign]


def _in_want(arms: Arms) -> None:
    """All memory that the process may have is used up, as it delivers a batch."""
    deliver = Seam.deliver

    def hooked(self: Any, partition: int, batch: Any) -> None:
        order = arms.due("in_delivery")
        if order is not None and arms.claim(order, pid=os.getpid(), partition=partition):
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize(), hard))
            _exhaust()
        deliver(self, partition, batch)

    Seam.deliver = hooked  # type: ignore[method-assign]


def _exhaust() -> None:
    for size in (1 << 24, 1 << 20, 1 << 18):
        with contextlib.suppress(MemoryError):
            while True:
                _HOARD.append(bytearray(size))
