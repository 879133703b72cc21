"""Measure: how far a consumer group has come, and what CPU a process has spent.

Knows Kafka's group offsets and the process table. Must not know who is measured.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from stack.procs import Process

_TICKS = os.sysconf("SC_CLK_TCK")
_WARM_UP, _END = 0.1, 0.99


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Progress:
    """Samples of (seconds, CPU seconds, records consumed), and the rates between them."""

    samples: list[tuple[float, float, int]] = field(default_factory=list)

    def rates(self) -> tuple[float, float]:
        """(records per second, records per CPU second), without the start and the very end.

        Between two commits, so that waiting for the last one does not count.
        """
        total = self.samples[-1][2]
        steps = [b for a, b in zip(self.samples, self.samples[1:], strict=False) if a[2] != b[2]]
        inside = [s for s in steps if _WARM_UP * total <= s[2] <= _END * total]
        if len(inside) < 2:
            inside = [self.samples[0], self.samples[-1]]
        (wall0, cpu0, n0), (wall1, cpu1, n1) = inside[0], inside[-1]
        return (n1 - n0) / max(wall1 - wall0, 1e-9), (n1 - n0) / max(cpu1 - cpu0, 1e-9)

    @property
    def seconds(self) -> float:
        """Seconds from the first record consumed to the last."""
        started = next(wall for wall, _cpu, n in self.samples if n)
        return self.samples[-1][0] - started


async def follow(
    bootstrap: str,
    group: str,
    topics: Iterable[str],
    processes: Process | list[Process],
    total: int,
    timeout: float,
) -> Progress:
    """Sample a group's committed offsets until it has `total` records behind it."""
    workers = processes if isinstance(processes, list) else [processes]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    progress, started, wanted = Progress(), time.monotonic(), set(topics)
    try:
        while True:
            done = await consumed(admin, group, wanted)
            for worker in workers:
                if not worker.running:
                    raise RuntimeError(f"it ended early:\n{worker.tail()}")
            elapsed = time.monotonic() - started
            cpu = sum(cpu_seconds(worker.pid) for worker in workers)
            progress.samples.append((elapsed, cpu, done))
            if done >= total:
                return progress
            if elapsed > timeout:
                raise TimeoutError(f"{done} of {total} after {timeout} s:\n{workers[0].tail()}")
            await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def consumed(admin: AIOKafkaAdminClient, group: str, topics: set[str]) -> int:
    """The sum of a group's committed offsets on these topics."""
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:
        return 0  # the first group of a new broker
    return sum(o.offset for tp, o in offsets.items() if tp.topic in topics and o.offset > 0)


async def committed(bootstrap: str, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Every committed record of a topic, up to where it ends now."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic, p) for p in await _partitions(bootstrap, topic)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def latest_values(bootstrap: str, topic: str) -> dict[bytes, bytes]:
    """The last committed value of each key of a topic."""
    values: dict[bytes, bytes] = {}
    async for record in committed(bootstrap, topic):
        if record.key is None:
            continue
        if record.value is None:
            values.pop(record.key, None)
        else:
            values[record.key] = record.value
    return values


@asynccontextmanager
async def from_now_on(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of what is committed to a topic from now on, and soon."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="latest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic, p) for p in await _partitions(bootstrap, topic)]
        consumer.assign(parts)
        for tp, end in (await consumer.end_offsets(parts)).items():
            consumer.seek(tp, end)
        yield consumer
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: str) -> list[int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([topic])
        return [p["partition"] for p in described[0]["partitions"]]
    finally:
        await admin.close()
