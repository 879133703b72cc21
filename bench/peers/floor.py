"""The floor: fetch and decode, nothing else. What Python costs before anything is computed.

Run as `python -m bench.peers.floor`: reads BENCH_EVENTS records of BENCH_TOPICS at BENCH_BOOTSTRAP
with the worker's own consumer settings, decodes each by `schemas.codec.decode`, and prints one line
of JSON: what it read after the first tenth, in how many seconds and CPU seconds of all threads.
"""

import asyncio
import gc
import json
import os
import time
from collections.abc import Iterable
from itertools import repeat
from operator import attrgetter

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.codec import Fault, decode
from streams.kafka.options import KafkaOptions

_WARM_UP = 0.1
_value = attrgetter("value")


async def run(
    bootstrap: str, topics: Iterable[str], partitions: int, total: int
) -> dict[str, float]:
    """Read and decode `total` records; the figures."""
    options = KafkaOptions(bootstrap, "floor", partitions)
    consumer = AIOKafkaConsumer(
        **options.client(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=options.fetch_max_wait_ms,
        fetch_min_bytes=options.fetch_min_bytes,
        max_partition_fetch_bytes=options.max_fetch_bytes,
    )
    await consumer.start()
    consumer.assign([TopicPartition(name, p) for name in topics for p in range(partitions)])
    done, faults, warm, began, spent = 0, 0, 0, 0.0, 0.0
    try:
        while done < total:
            for tp, records in (await consumer.getmany(timeout_ms=250)).items():
                kinds = map(type, map(decode, repeat(tp.topic), map(_value, records)))
                faults += Fault in set(kinds)
                done += len(records)
            if not warm and done >= total * _WARM_UP:
                warm, began, spent = done, time.monotonic(), time.process_time()
        seconds, cpu = time.monotonic() - began, time.process_time() - spent
    finally:
        await consumer.stop()
    return {
        "read": done,
        "faulty_batches": faults,
        "measured": done - warm,
        "seconds": seconds,
        "cpu_seconds": cpu,
    }


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # as the worker has it
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    env = os.environ
    figures = run(
        env["BENCH_BOOTSTRAP"],
        env["BENCH_TOPICS"].split(","),
        int(env["BENCH_PARTITIONS"]),
        int(env["BENCH_EVENTS"]),
    )
    print(json.dumps(asyncio.run(figures)), flush=True)
