"""Supervisor: starts the parts in order, watches them, and ends them all.

Knows what waits for what, and whose end is the end of everything. Must not know what a part does.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType

from stack.parts import Part, Parts
from stack.procs import Process, ProcessEnded

PATIENCE = 120.0
"""Seconds that a part may take to be ready, on a slow machine."""
STOP_SECONDS = 7.0
KAFKA_STOP_SECONDS = 2.5
"""Together less than the 10 s in which everything is to be gone."""
MOST_RESTARTS = 5
"""Of one part; more is a loop that nobody should have to watch."""
_PAUSE = 0.2
_LOG_LINES = 12

Tell = Callable[[str], None]


class PartFailed(Exception):
    """A part has ended, or is not ready in time; the message names it and quotes its log."""


class Asked(Exception):
    """Somebody wants the stack to end."""


class Supervisor:
    """Of one stack. `tell` is given a line whenever something has happened."""

    def __init__(self, parts: Parts, tell: Tell) -> None:
        self._parts = parts
        self._tell = tell
        self._asked = threading.Event()
        self._started: list[Part] = []
        self.ended: dict[str, int | None] = {}
        self.stop_seconds = 0.0

    def heed(self) -> None:
        """From now on SIGINT and SIGTERM ask for the end; `nap` and `start` then raise Asked."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self._asked.set()

        signal.signal(signal.SIGINT, ask)
        signal.signal(signal.SIGTERM, ask)

    def nap(self, seconds: float) -> None:
        """Let some time pass. Raises Asked."""
        if self._asked.wait(seconds):
            raise Asked

    def start(self) -> None:
        """Start all parts; return once each is ready. Raises PartFailed or Asked."""
        parts = self._parts
        self._start([parts.kafka])
        parts.topics.start()
        self._await("topics", parts.topics, lambda: not parts.topics.running)
        if parts.topics.exit_code != 0:
            raise PartFailed(_quoted("topics", "could not be created", parts.topics))
        self._tell("topics are made")
        self._start(parts.servers)
        self._start([parts.simulator])

    def watch(self) -> None:
        """See that all parts run; start again who says that this is needed. Raises PartFailed."""
        for part in self._started:
            if part.process.running:
                continue
            status = part.process.exit_code
            if status not in part.again or part.restarts == MOST_RESTARTS:
                times = f", after {part.restarts} restarts" if part.restarts else ""
                raise PartFailed(
                    _quoted(part.name, f"has ended with status {status}{times}", part.process)
                )
            part.restarts += 1
            part.process.start()
            self._tell(f"{part.name} has ended with status {status}: started again")

    def stop(self) -> None:
        """End everything that was started; what it takes is bounded, whatever hangs."""
        began = time.monotonic()
        others = [part for part in self._started if part is not self._parts.kafka]
        processes = [part.process for part in others]
        if self._parts.topics.started:
            processes.append(self._parts.topics)
        _end(processes, STOP_SECONDS)
        _end([self._parts.kafka.process], KAFKA_STOP_SECONDS)
        self.ended = {part.name: part.process.exit_code for part in self._started}
        self.stop_seconds = time.monotonic() - began

    def _start(self, parts: Iterable[Part]) -> None:
        """Start these together, then wait for each."""
        begun = time.monotonic()
        for part in parts:
            part.prepare()
            part.process.start()
            self._started.append(part)
        for part in parts:
            self._await(part.name, part.process, part.ready)
            self._tell(f"{part.name} is ready ({time.monotonic() - begun:.1f} s)")

    def _await(self, name: str, process: Process, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            self.nap(_PAUSE)
            try:
                if ready():
                    return
            except ProcessEnded:
                pass  # `watch` says so, with its log
            self.watch()
            if time.monotonic() > deadline:
                raise PartFailed(_quoted(name, f"is not ready after {PATIENCE:g} s", process))


def _end(processes: Iterable[Process], patience: float) -> None:
    """Ask all at once, wait for them together, and kill who is left."""
    deadline = time.monotonic() + patience
    alive = [process for process in processes if process.started and process.running]
    for process in alive:
        process.thaw()
        process.terminate()
    while any(process.running for process in alive) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in alive:
        process.kill()


def _quoted(name: str, what: str, process: Process) -> str:
    lines = process.output().splitlines()[-_LOG_LINES:]
    quoted = "".join(f"\n  | {line}" for line in lines)
    return f"{name} {what}; the end of {process.log}:{quoted}"
