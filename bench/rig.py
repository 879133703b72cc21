"""Rig: one broker, the backlogs that are read from it, and processes on cores of their own.

Knows where things run and which events a topic set holds. Must not know who reads them.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.load import TOPICS, Stream, preload
from stack.kafka import KafkaServer
from stack.ports import free_port
from stack.procs import Process, pulse
from tests.harness.topics import create_topics

PARTITIONS = 4
BROKER_CORE, WORKER_CORE = 0, 1
COMPILED = Path(__file__).parents[1] / ".tools" / "compiled"
"""Our program with its core compiled, as a package is installed where that can be done."""


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def pinned(process: Process, core: int = WORKER_CORE) -> Process:
    """The same process, not yet started, bound to one core."""
    process.command = ["taskset", "-c", str(core), *process.command]
    return process


def move(process: Process, core: int) -> None:
    """Bind all threads of a running process to another core."""
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


class Rig:
    """A broker on one core, this process beside it, and what is measured alone on another."""

    def __init__(self, workdir: Path, stream: Stream, *, pure: bool = False) -> None:
        self.workdir = workdir
        self.stream = stream
        self.compiled = COMPILED.is_dir() and not pure
        self.kafka = KafkaServer(workdir / "kafka")
        self._backlogs: dict[str, int] = {}
        self.next_id = stream.total
        """First event id that nobody has sent yet."""

    def __enter__(self) -> Self:
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {BROKER_CORE})  # inherited by the broker
        self.kafka.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kafka.stop()

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self.kafka.bootstrap

    def pulse_env(self, app_id: str = "bench") -> dict[str, str]:
        """The settings of our worker: as shipped, but for what names and reaches things."""
        build = {"PYTHONPATH": str(COMPILED), "PYTHONSAFEPATH": "1"} if self.compiled else {}
        return build | {
            "PULSE_BOOTSTRAP_SERVERS": self.bootstrap,
            "PULSE_PARTITIONS": str(PARTITIONS),
            "PULSE_APP_ID": app_id,
            "PULSE_HTTP_PORT": str(free_port()),
            "PULSE_ACTOR_SECRET": "benchmark-secret-of-no-value",
        }

    def peer_env(self, upto: int, **more: str) -> dict[str, str]:
        """What a peer is told: the broker, its topics and how many events they hold."""
        return {
            "BENCH_BOOTSTRAP": self.bootstrap,
            "BENCH_PARTITIONS": str(PARTITIONS),
            "BENCH_TOPICS": ",".join(self.topics(upto)),
            "BENCH_EVENTS": str(upto),
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
        } | more

    def create_product_topics(self, env: Mapping[str, str]) -> None:
        """Create our own topics, as an operator would."""
        with pulse("topics", "create", log=self.workdir / "topics.log", env=dict(env)) as setup:
            if setup.wait(120):
                raise RuntimeError(setup.tail())

    def topics(self, upto: int) -> list[str]:
        """The topics that hold the first `upto` events; the whole stream is in our own."""
        prefix = "" if upto >= self.stream.total else f"first-{upto}-"
        return [prefix + name for name in TOPICS]

    async def backlog(self, upto: int | None = None) -> int:
        """Have the first `upto` events (all by default) on their topics; how many there are."""
        upto = min(upto or self.stream.total, self.stream.total)
        names = self.topics(upto)
        if names[0] not in self._backlogs:
            if upto == self.stream.total:
                self.create_product_topics(self.pulse_env())
            else:
                times = {"message.timestamp.type": "LogAppendTime"}
                await create_topics(self.bootstrap, dict.fromkeys(names, PARTITIONS), times)
            say(f"writing {upto:,} events")
            prefix = names[0].removesuffix(TOPICS[0])
            sent = await preload(self.bootstrap, PARTITIONS, self.stream, upto=upto, prefix=prefix)
            assert sum(sent.values()) == upto, sent
            self._backlogs[names[0]] = upto
        return upto
