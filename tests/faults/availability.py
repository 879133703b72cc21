"""Availability: how long each partition stood still while there was something to read.

Knows committed positions over time, and what is excused because the fault itself lasted so long.
Must not know which fault it was.
"""

import asyncio
import contextlib
import time
from typing import NamedTuple

from aiokafka.errors import KafkaError

from tests.faults.cluster import Cluster

_LOOK_S = 0.4
_NOTABLE_S = 2.0


class Gap(NamedTuple):
    """A partition committed nothing new between two moments, in seconds of a monotonic clock."""

    partition: int
    begin: float
    end: float


class Availability:
    """Watches one cluster under a load that never pauses."""

    def __init__(self, cluster: Cluster, partitions: int) -> None:
        self._cluster = cluster
        self._partitions = partitions
        self._gaps: list[Gap] = []
        self._excused: list[tuple[float, float]] = []
        self._began = time.monotonic()
        self._moved: dict[int, tuple[int, float]] = {}

    def excuse(self, begin: float, end: float) -> None:
        """What stood still then is the fault itself."""
        self._excused.append((begin, end))

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            # Without a broker there is nothing to see.
            with contextlib.suppress(KafkaError, OSError, AssertionError):
                self.look(await self._told(), time.monotonic())
            await asyncio.sleep(_LOOK_S)

    async def _told(self) -> dict[int, int]:
        sums = dict.fromkeys(range(self._partitions), 0)
        async with asyncio.timeout(5):
            for tp, position in (await self._cluster.positions()).items():
                sums[tp.partition] += position
        return sums

    def look(self, told: dict[int, int], now: float) -> None:
        """Take note of the committed positions, summed by partition, at `now`."""
        for partition, position in told.items():
            before, since = self._moved.get(partition, (position, now))
            if position == before:
                self._moved[partition] = before, since
                continue
            self._moved[partition] = position, now
            if now - since > _NOTABLE_S:
                self._gaps.append(Gap(partition, since, now))

    def longest(self) -> float:
        """The longest standstill, in seconds, without what is excused."""
        return round(max((self._left(gap) for gap in self._gaps), default=0.0), 1)

    def within(self, begin: float, end: float) -> float:
        """The same for standstills that end within [begin, end]."""
        ours = [gap for gap in self._gaps if begin <= gap.end <= end]
        return round(max((self._left(gap) for gap in ours), default=0.0), 1)

    def _left(self, gap: Gap) -> float:
        left = gap.end - gap.begin
        for begin, end in self._excused:
            left -= max(0.0, min(end, gap.end) - max(begin, gap.begin))
        return left
