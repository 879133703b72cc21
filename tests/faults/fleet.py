"""The fleet: worker processes under a supervisor that starts each again when it ends.

Knows processes, signals and what a worker tells over HTTP. Must not know Kafka or counts.
"""

import asyncio
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from stack.ports import free_port
from stack.procs import Process
from tests.faults.arms import Arms
from tests.faults.proxy import Proxy

_LOOK_S = 0.1
_RESTART_S = 1.0


@dataclass
class Exit:
    """A worker that ended."""

    worker: int
    code: int
    at_seconds: float
    last_words: str


class Worker:
    """One worker with a proxy of its own to the broker, which may be held down on purpose."""

    def __init__(self, number: int, workdir: Path, proxy: Proxy, env: Mapping[str, str]) -> None:
        self.number = number
        self.port = free_port()
        self.proxy = proxy
        self.arms = Arms(workdir / f"worker-{number}")
        self.held = True
        """Held down: the supervisor does not start it."""
        self.frozen = False
        self.noted = 0
        """The process whose end is noted."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        self.process = Process(
            [sys.executable, "-m", "tests.faults.inside.worker"],
            log=workdir / f"worker-{number}.log",
            env={
                **clean,
                **env,
                "PYTHONUNBUFFERED": "1",
                "PULSE_HTTP_PORT": str(self.port),
                "PULSE_BOOTSTRAP_SERVERS": f"127.0.0.1:{proxy.port}",
                "FAULTS_DIR": str(self.arms.folder),
            },
        )

    def start(self) -> None:
        """Start it, if it does not run, and have it started again from now on."""
        if not self.process.running:
            self.process.start()
        self.held = False

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
        with error:
            return orjson.loads(error.read())
    except OSError:
        return {}


class Fleet:
    """Workers that are started again, a second after they have ended, unless they are held.

    The last of `workers` is the spare: it comes and goes by the campaign's faults only.
    """

    def __init__(self, workers: list[Worker]) -> None:
        self.workers, self.spare = workers[:-1], workers[-1]
        self.all = workers
        self.exits: list[Exit] = []
        self._began = time.monotonic()
        self._supervisor: asyncio.Task[None] | None = None

    def seconds(self) -> float:
        """How long the fleet has been there."""
        return round(time.monotonic() - self._began, 1)

    def start(self) -> None:
        """Start all workers but the spare, and to supervise them."""
        for worker in self.workers:
            worker.start()
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> list[int | None]:
        """Ask all to stop; their exit codes."""
        if self._supervisor:
            self._supervisor.cancel()
        codes = [await asyncio.to_thread(worker.process.end, 20) for worker in self.workers]
        await asyncio.to_thread(self.spare.process.end, 20)
        return codes

    async def settled(self, partitions: int) -> bool:
        """Whether all that are not held are ready and own every partition between them."""
        here = [worker for worker in self.all if not worker.held]
        owned = [await worker.partitions() for worker in here]
        ready = [await worker.ready() for worker in here]
        return all(owned) and all(ready) and set().union(*owned) == set(range(partitions))

    def exits_of(self, worker: Worker, since: int) -> list[Exit]:
        """How `worker` has ended since there were `since` exits."""
        return [exited for exited in self.exits[since:] if exited.worker == worker.number]

    async def _supervise(self) -> None:
        while True:
            for worker in self.all:
                self.note_exit(worker)
                if not worker.held and not worker.process.running:
                    await asyncio.sleep(_RESTART_S)
                    if not worker.held and not worker.process.running:
                        worker.process.start()
            await asyncio.sleep(_LOOK_S)

    def note_exit(self, worker: Worker) -> None:
        """Note the end of the worker's process, if it has ended, once."""
        if not worker.process.started or worker.process.running:
            return
        if worker.noted == worker.process.pid:
            return
        worker.noted = worker.process.pid
        code = worker.process.exit_code
        assert code is not None
        lines = worker.process.tail().strip().splitlines() or [""]
        words = [line for line in lines if " CRITICAL " in line or "cannot start" in line] or lines
        self.exits.append(Exit(worker.number, code, self.seconds(), words[-1][:300]))
