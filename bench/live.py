"""Live load: events at a steady rate, each sent when its time has come.

Run as `python -m bench.live`: writes BENCH_SECONDS of BENCH_RATE events/s from BENCH_START_MS on,
with event ids from BENCH_FIRST_ID, and prints one line of JSON: how many, and how far behind its
own time it fell at worst.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.load import Placement, Stream, events
from bench.rig import BROKER_CORE, PARTITIONS, Rig, pinned
from stack.procs import Process

TICK_SECONDS = 0.02
BATCH_BYTES = 131_072


def stream_of(env: Mapping[str, str]) -> Stream:
    """The stream that BENCH_ variables describe; nothing in it is taken back."""
    seconds = int(env["BENCH_SECONDS"])
    return Stream(
        total=int(env["BENCH_RATE"]) * seconds,
        end_ms=int(env["BENCH_START_MS"]) + seconds * 1000,
        hours=seconds / 3600,
        seed=2,
        first_id=int(env["BENCH_FIRST_ID"]),
        removed=0.0,
    )


def live(rig: Rig, rate: int, seconds: int, prefix: str = "") -> tuple[Process, Stream]:
    """A process, not yet started, that sends for `seconds` from two seconds from now on."""
    env = {
        "BENCH_BOOTSTRAP": rig.bootstrap,
        "BENCH_RATE": str(rate),
        "BENCH_SECONDS": str(seconds),
        "BENCH_START_MS": str(int(time.time() * 1000) + 2_000),
        "BENCH_FIRST_ID": str(rig.next_id),
        "BENCH_PREFIX": prefix,
        "PATH": os.environ["PATH"],
    }
    stream = stream_of(env)
    rig.next_id += stream.total
    command = [sys.executable, "-m", "bench.live"]
    log = rig.workdir / f"live-{stream.first_id}.log"
    return pinned(Process(command, log=log, env=env), BROKER_CORE), stream


async def send(bootstrap: str, stream: Stream, prefix: str) -> dict[str, int]:
    """Send all of a stream in its own time."""
    place = Placement(PARTITIONS, stream.creators)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES)
    await producer.start()
    sent, behind = 0, 0
    futures: set[asyncio.Future[object]] = set()
    builders: dict[tuple[str, int], BatchBuilder] = {}

    async def ship(topic: str, partition: int) -> None:
        builder = builders.pop((topic, partition))
        builder.close()
        future = await producer.send_batch(builder, prefix + topic, partition=partition)
        futures.add(future)
        future.add_done_callback(futures.discard)

    try:
        due_ms = stream.end_ms - stream.hours * 3_600_000
        step_ms = 1000 * stream.hours * 3600 / stream.total
        for topic, rank, value in events(stream):
            now_ms = time.time() * 1000
            while now_ms < due_ms:
                for at in list(builders):
                    await ship(*at)
                await asyncio.sleep(max(due_ms - now_ms, 0) / 1000 + TICK_SECONDS)
                now_ms = time.time() * 1000
            behind = max(behind, int(now_ms - due_ms))
            at = topic, place.partitions[rank]
            builder = builders.get(at)
            if builder is None:
                builder = builders[at] = producer.create_batch()
            if builder.append(key=place.keys[rank], value=value, timestamp=None) is None:
                await ship(*at)
                builder = builders[at] = producer.create_batch()
                builder.append(key=place.keys[rank], value=value, timestamp=None)
            sent += 1
            due_ms += step_ms
        for at in list(builders):
            await ship(*at)
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    return {"sent": sent, "behind_ms": behind}


async def finished(process: Process, timeout: float) -> dict[str, int]:
    """Wait for a live process; what it says. RuntimeError if it failed."""
    if await asyncio.to_thread(process.wait, timeout):
        raise RuntimeError(process.tail())
    told: dict[str, int] = orjson.loads(process.output().splitlines()[-1])
    return told


if __name__ == "__main__":
    environment = os.environ
    report = send(
        environment["BENCH_BOOTSTRAP"], stream_of(environment), environment["BENCH_PREFIX"]
    )
    print(json.dumps(asyncio.run(report)), flush=True)
