"""The fleet: worker processes under a supervisor that starts each again when it ends.

Knows processes, signals and what a worker tells over HTTP. Must not know Kafka or counts.
"""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.harness.ports import free_port
from tests.harness.procs import Process, pulse

_LOOK_S = 0.1
_RESTART_S = 1.0


@dataclass
class Exit:
    """A worker that ended by itself."""

    worker: int
    code: int
    at_seconds: float
    last_words: str


class Worker:
    """One `pulse worker`, which may be held down on purpose."""

    def __init__(self, number: int, workdir: Path, env: Mapping[str, str]) -> None:
        self.number = number
        self.port = free_port()
        self.held = False
        """Held down: the supervisor does not start it."""
        self.frozen = False
        self.process: Process = pulse(
            "worker",
            log=workdir / f"worker-{number}.log",
            env={**env, "PULSE_HTTP_PORT": str(self.port)},
        )

    async def partitions(self) -> set[int]:
        """The partitions it is ready to work on; none while it cannot say."""
        return set((await self._ask("/readyz")).get("partitions", ()))

    async def ready(self) -> bool:
        """Whether it says that it works."""
        return bool((await self._ask("/readyz")).get("ok"))

    async def _ask(self, path: str) -> dict[str, Any]:
        if self.frozen or not self.process.running:
            return {}
        return await asyncio.to_thread(_get, f"http://127.0.0.1:{self.port}{path}")


def _get(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        return orjson.loads(error.read())
    except OSError:
        return {}


class Fleet:
    """Workers that are started again, a second after they have ended, unless they are held."""

    def __init__(self, size: int, workdir: Path, env: Mapping[str, str]) -> None:
        self.workers = [Worker(number, workdir, env) for number in range(size)]
        self.exits: list[Exit] = []
        self._began = time.monotonic()
        self._supervisor: asyncio.Task[None] | None = None

    def seconds(self) -> float:
        """How long the fleet has been there."""
        return round(time.monotonic() - self._began, 1)

    def start(self) -> None:
        """Start all workers, and to supervise them."""
        for worker in self.workers:
            worker.process.start()
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> list[int | None]:
        """Ask all to stop; their exit codes."""
        if self._supervisor:
            self._supervisor.cancel()
        return [await asyncio.to_thread(worker.process.end, 20) for worker in self.workers]

    async def settled(self, partitions: int) -> bool:
        """Whether all workers are ready and own every partition between them, each at least one."""
        owned = [await worker.partitions() for worker in self.workers]
        ready = [await worker.ready() for worker in self.workers]
        return all(owned) and all(ready) and set.union(*owned) == set(range(partitions))

    async def _supervise(self) -> None:
        while True:
            for worker in self.workers:
                if not worker.held and not worker.process.running:
                    self._note_exit(worker)
                    await asyncio.sleep(_RESTART_S)
                    if not worker.held and not worker.process.running:
                        worker.process.start()
            await asyncio.sleep(_LOOK_S)

    def _note_exit(self, worker: Worker) -> None:
        code = worker.process.exit_code
        assert code is not None
        lines = worker.process.tail().strip().splitlines() or [""]
        words = [line for line in lines if " CRITICAL " in line] or lines
        self.exits.append(Exit(worker.number, code, self.seconds(), words[-1][:300]))
