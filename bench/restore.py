"""Restore: how long a worker needs to take over a million creators, with stale versions in the log.

Knows how to fill changelogs on a real Kafka with what the core itself writes: idle creators with a
full baseline, then ten minutes of load on the first of them, a checkpoint every half second. Then a
worker starts as after a crash, and is timed until it says that it is ready.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.core import TICK_MS, drive, steps
from bench.fleet import Parts, Tables, blank_shard_record, stored, templates
from bench.load import BATCH_BYTES, CREATORS, Placement, recent
from bench.measure import cpu_seconds, resident_bytes
from bench.rig import PARTITIONS, Rig, pinned, say
from stack.procs import Process, pulse
from streams.app import SURVEY_SECONDS
from streams.engine.shard import Shard, ShardConfig
from streams.outputs.metrics import PREFIX

LOAD_SECONDS, LOAD_RATE = 600, 5_000
APP = "bench-restore"
READY_TIMEOUT = 400.0
Figures = dict[str, Any]


class Writer:
    """Writes state records to the changelogs of one deployment, in large batches."""

    def __init__(self, producer: AIOKafkaProducer, app: str) -> None:
        self._producer = producer
        self._app = app
        self._builders: dict[tuple[str, int], BatchBuilder] = {}
        self._futures: set[asyncio.Future[object]] = set()
        self.records: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    async def write(self, table: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Put one record into a batch; None deletes."""
        at = f"{self._app}-{table}-changelog", partition
        self.records[table] += 1
        self.bytes[table] += len(key) + len(value or b"")
        builder = self._builders.get(at)
        if builder is None:
            builder = self._builders[at] = self._producer.create_batch()
        if builder.append(key=key, value=value, timestamp=None) is None:
            await self._ship(*at)
            builder = self._builders[at] = self._producer.create_batch()
            builder.append(key=key, value=value, timestamp=None)

    async def _ship(self, topic: str, partition: int) -> None:
        builder = self._builders.pop((topic, partition))
        builder.close()
        future = await self._producer.send_batch(builder, topic, partition=partition)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    async def flush(self) -> None:
        """Wait until all of it is there."""
        for at in list(self._builders):
            await self._ship(*at)
        await asyncio.gather(*self._futures)


async def restore(workdir: Path, known: int, load_seconds: int = LOAD_SECONDS) -> Figures:
    """Fill the changelogs, start a worker, and time it."""
    say("restore: simulating some creators with a full baseline")
    fleet = templates()
    stream = recent(load_seconds * LOAD_RATE, hours=load_seconds / 3600)
    with Rig(workdir, stream) as rig:
        await rig.backlog()
        env = rig.pulse_env(APP)
        rig.create_product_topics(env)
        writer = await _fill(rig, fleet, known)
        return await _timed(rig, env, known) | {
            "changelog_records": dict(writer.records),
            "changelog_bytes": dict(writer.bytes),
        }


async def _fill(rig: Rig, fleet: list[Parts], known: int) -> Writer:
    producer = AIOKafkaProducer(bootstrap_servers=rig.bootstrap, max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        writer = Writer(producer, APP)
        say(f"restore: writing {known:,} idle creators")
        homes = Placement(PARTITIONS, known).partitions
        for rank in range(known):
            for table, key, value in stored(fleet, range(rank, rank + 1)):
                await writer.write(table, homes[rank], key, value)
        for partition in range(PARTITIONS):
            say(f"restore: partition {partition} under load")
            await writer.flush()
            await _load(rig, writer, fleet, partition, homes[:CREATORS])
        await writer.flush()
    finally:
        await producer.stop()
    say(f"restore: {writer.records.total():,} records, {writer.bytes.total() / 1e6:,.0f} MB")
    return writer


async def _load(
    rig: Rig, writer: Writer, fleet: list[Parts], partition: int, homes: Iterable[int]
) -> None:
    """What a shard writes while its active creators get all of the stream."""
    env = rig.pulse_env(APP)
    config = ShardConfig(partitions=PARTITIONS, actor_secret=env["PULSE_ACTOR_SECRET"].encode())
    # The active creators are known before the load, as all others are.
    shard = Shard.restore(partition, config, _active(fleet, config, partition, homes))
    per_tick = LOAD_RATE * TICK_MS // 1000 // PARTITIONS
    load = steps(rig.stream, per_tick, partition=partition, partitions=PARTITIONS)
    start_ms = rig.stream.end_ms - int(rig.stream.hours * 3_600_000)
    costs = await asyncio.to_thread(drive, shard, load, start_ms, keep=True)
    snapshots = [*costs.snapshots, shard.take_snapshot()]
    for snapshot in snapshots:
        for table, changed in snapshot.tables.items():
            for key, value in changed.items():
                await writer.write(table, partition, key, value)


def _active(
    fleet: list[Parts], config: ShardConfig, partition: int, homes: Iterable[int]
) -> Tables:
    key, value = blank_shard_record(config)
    tables: Tables = {"engagement": {key: value}, "sentiment": {}}
    for rank, home in enumerate(homes):
        if home == partition:
            for table, key, value in stored(fleet, range(rank, rank + 1)):
                tables[table][key] = value
    return tables


async def _timed(rig: Rig, env: dict[str, str], known: int) -> Figures:
    log, port = rig.workdir / "restored.log", env["PULSE_HTTP_PORT"]
    worker = pinned(pulse("worker", log=log, env=env))
    say("restore: starting the worker")
    began = time.monotonic()
    with worker:
        await ready(port, worker)
        seconds = time.monotonic() - began
        cpu, memory = cpu_seconds(worker.pid), resident_bytes(worker.pid)
        await asyncio.sleep(SURVEY_SECONDS + 1)
        found, read = (
            await _told(port, "creators_known"),
            await _told(port, "restored_records_total"),
        )
    each = [float(s) for s in re.findall(r"partition \d+ restored in ([0-9.]+) s", worker.output())]
    return {
        "known": known,
        "found": found,
        "seconds_from_start_to_ready": round(seconds, 1),
        "seconds_by_partition": each,
        "cpu_seconds": round(cpu, 1),
        "creators_per_second": round(known / max(each, default=seconds)),
        "offsets_read": read,
        "worker_bytes": memory,
        "worker_bytes_per_creator": round(memory / known),
        "verified": found == known and len(each) == PARTITIONS,
    }


async def ready(port: str, worker: Process) -> None:
    """Wait until a worker says that it is ready."""
    url, deadline = f"http://127.0.0.1:{port}/readyz", time.monotonic() + READY_TIMEOUT
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            if not worker.running:
                raise RuntimeError(f"the worker ended early:\n{worker.tail()}")
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)
    raise TimeoutError(f"not ready after {READY_TIMEOUT:g} s:\n{worker.tail()}")


async def _told(port: str, metric: str) -> int:
    """The sum of a metric over its labels, as the worker tells it."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        text = await answer.text()
    found = re.findall(rf"^{PREFIX}{metric}\S* ([0-9.e+]+)$", text, re.MULTILINE)
    return round(sum(map(float, found)))
