"""Windowed peers: Kafka Streams and Quix Streams, counting the same events in the same windows.

Knows how each is built, started and checked. Each counts tumbling minutes, alone or with five
minutes that hop by ten seconds beside them; every (creator, window) must have its exact count.
"""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from bench.load import key_of, per_pane
from bench.measure import committed, cpu_seconds, follow
from bench.rig import PARTITIONS, Rig, pinned, say
from bench.throughput import TIMEOUT, Row, row
from stack.kafka import java_runtime
from stack.procs import REPOSITORY, Process
from tests.harness.topics import create_topics

MINUTE_MS, SLIDING_MS, STEP_MS = 60_000, 300_000, 10_000
KAFKA_STREAMS, QUIX = ".tools/peers/kafka-streams", ".tools/peers/quix"

Read = Callable[[bytes, bytes], tuple[bytes, int, int]]
"""A peer's output, key and value, as (creator, start of the window in ms, count so far)."""


def set_up(parts: Iterable[str]) -> None:
    """Have the peers of these parts built; CalledProcessError if one cannot be."""
    for peer in sorted(
        {part.removesuffix("-sliding") for part in parts} & {"kafka-streams", "quix"}
    ):
        subprocess.run([REPOSITORY / "bench" / "setup.sh", peer], check=True)


async def kafka_streams(rig: Rig, upto: int, windows: str) -> Row:
    """Kafka Streams over the first events; `windows` is "tumbling" or "sliding"."""
    jars = f"{REPOSITORY / KAFKA_STREAMS}/classes:{REPOSITORY / KAFKA_STREAMS}/libs/*"
    command = [java_runtime(), "-Xms512m", "-Xmx2g", "-cp", jars, "bench.Counts"]
    guarantee = {"tumbling": "at_least_once", "sliding": "exactly_once_v2"}[windows]
    return await _count(rig, "Kafka Streams", command, upto, windows, guarantee, _java_counts)


async def quix(rig: Rig, upto: int, windows: str) -> Row:
    """Quix Streams over the first events; `windows` is "tumbling" or "sliding"."""
    command = [str(REPOSITORY / QUIX / "bin" / "python"), "bench/peers/quix.py"]
    guarantee = {"tumbling": "at-least-once", "sliding": "exactly-once"}[windows]
    return await _count(rig, "Quix Streams", command, upto, windows, guarantee, _quix_counts)


async def _count(
    rig: Rig,
    name: str,
    command: list[str],
    upto: int,
    windows: str,
    guarantee: str,
    read: Read,
) -> Row:
    events = await rig.backlog(upto)
    app = f"{name.split(maxsplit=1)[0].lower()}-{windows}"
    outputs = {f"{app}-minutes": MINUTE_MS, f"{app}-sliding": SLIDING_MS}
    if windows == "tumbling":
        del outputs[f"{app}-sliding"]
    await create_topics(rig.bootstrap, dict.fromkeys(outputs, PARTITIONS))
    say(f"{name}, {windows}: starting")
    log, topics = rig.workdir / f"{app}.log", rig.topics(events)
    with tempfile.TemporaryDirectory(prefix="state-", dir=rig.workdir) as state:
        env = rig.peer_env(
            events,
            BENCH_APP=app,
            BENCH_WINDOWS=windows,
            BENCH_GUARANTEE=guarantee,
            BENCH_STATE=state,
        )
        peer = pinned(Process(command, log=log, env=env))
        with peer:
            progress = await follow(rig.bootstrap, app, topics, peer, events, TIMEOUT)
            cpu = cpu_seconds(peer.pid)
    say(f"{name}, {windows}: checking its counts")
    wrong = 0
    for topic, size in outputs.items():
        wrong += await _wrong_windows(rig, events, topic, size, read)
    does = {
        "tumbling": "tumbling 1 min",
        "sliding": "tumbling 1 min and 5 min hopping by 10 s",
    }[windows]
    does = f"{guarantee.replace('_', ' ')}; {does}"
    return row(f"{name}, {windows}", does, progress, events, cpu) | {
        "verified": wrong == 0,
        "wrong_windows": wrong,
    }


async def _wrong_windows(
    rig: Rig,
    events: int,
    topic: str,
    size: int,
    read: Read,
) -> int:
    """(creator, window) pairs whose last count is not what was sent."""
    last: dict[tuple[bytes, int], int] = {}
    async for record in committed(rig.bootstrap, topic):
        creator, start, count = read(record.key, record.value)
        last[creator, start] = count
    return mismatches(expected(per_pane(rig.stream, STEP_MS, events), size), last)


def expected(sent: Mapping[tuple[int, int], int], size: int) -> Counter[tuple[bytes, int]]:
    """Counts by (creator, start) of windows of `size` ms, of counts by (rank, 10 s pane)."""
    wanted: Counter[tuple[bytes, int]] = Counter()
    step = STEP_MS if size == SLIDING_MS else size
    for (rank, pane), count in sent.items():
        creator, at = key_of(rank), pane * STEP_MS
        for start in range(at // step * step, at - size, -step):
            wanted[creator, start] += count
    return wanted


def mismatches(wanted: dict[Any, int], found: dict[Any, int]) -> int:
    """How many keys differ, those that only one of them has among them."""
    return sum(wanted.get(key) != found.get(key) for key in wanted.keys() | found.keys())


def _java_counts(key: bytes, value: bytes) -> tuple[bytes, int, int]:
    return key[:-8], int.from_bytes(key[-8:], "big"), int.from_bytes(value, "big")


def _quix_counts(key: bytes, value: bytes) -> tuple[bytes, int, int]:
    window = orjson.loads(value)
    return key, window["start"], window["value"]
