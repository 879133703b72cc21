"""Processes: started with a log file, watched, and ended whatever happens to who started them.

Each process leads a session of its own, so Ctrl-C reaches only us, and they are ended in order. A
reaper process holds the read end of a pipe and kills what is left when we die without having done
so.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from stack.waiting import await_condition

REPOSITORY = Path(__file__).resolve().parents[1]

_LOG_TAIL = 4_000

_REAPER = """
import os, signal, sys
alive = set()
for line in sys.stdin:
    (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
for pid in alive:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
"""


class ProcessEnded(AssertionError):
    """A process has ended that was to go on."""


def _dismiss(reaper: subprocess.Popen[str]) -> None:
    """Let it do its work, and go."""
    assert reaper.stdin is not None
    with contextlib.suppress(OSError):
        reaper.stdin.close()
    reaper.wait()


class _Reaper:
    """Ends what is left when this process is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def tell(self, sign: str, pid: int) -> None:
        """That a process has begun (+) or ended (-)."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _REAPER],
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            atexit.register(_dismiss, self._process)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{sign}{pid}\n")
        self._process.stdin.flush()


_reaper = _Reaper()


class Process:
    """One process, its output in one log file (appended to over restarts).

    As a context manager it is started on entry and ended on exit. ``env`` is the whole environment.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = REPOSITORY,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(self) -> None:
        """Start the process; an error if it is running already."""
        assert not self.running, f"{self.command[0]} is running already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _reaper.tell("+", self._process.pid)

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        assert self._process is not None, "never started"
        return self._process.pid

    @property
    def started(self) -> bool:
        """Whether it has ever been started."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether the process lives (a frozen one does)."""
        return self._process is not None and self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        assert self._process is not None, "never started"
        was_known = self._process.returncode is not None
        code = self._process.poll()
        if code is not None and not was_known:
            _reaper.tell("-", self._process.pid)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children, if it lives."""
        if self.running:
            os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self.signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """Do as Ctrl-C in a terminal does (SIGINT)."""
        self.signal(signal.SIGINT)

    def kill(self) -> None:
        """End it without notice (SIGKILL) and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait(10)

    def freeze(self) -> None:
        """Stop its clock (SIGSTOP); `thaw` lets it go on."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self.signal(signal.SIGCONT)

    def wait(self, timeout: float) -> int:
        """Wait up to ``timeout`` s until it has ended and return its exit code."""
        await_condition(
            lambda: not self.running, timeout, lambda: f"{self.command} ends\n{self.tail()}"
        )
        code = self.exit_code
        assert code is not None
        return code

    def end(self, patience: float = 10.0) -> int | None:
        """End it if it lives: SIGTERM, SIGKILL after ``patience`` s. Returns the exit code."""
        if self._process is None:
            return None
        if self.running:
            self.thaw()
            self.terminate()
            try:
                self.wait(patience)
            except AssertionError:
                self.kill()
        return self.exit_code

    def output(self) -> str:
        """All it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def must_run(self, what: str) -> None:
        """Raise ProcessEnded, with the end of its output, if it has ended."""
        if not self.running:
            raise ProcessEnded(f"{what} ended with {self.exit_code}\n{self.tail()}")

    def tail(self) -> str:
        """The end of its output, for messages."""
        return self.output()[-_LOG_TAIL:]

    def await_output(self, text: str, timeout: float) -> None:
        """Wait until ``text`` is in the output; fails at once if the process ends without it."""

        def seen() -> bool:
            alive = self.running
            found = text in self.output()
            if not found and not alive:
                raise ProcessEnded(
                    f"ended with {self.exit_code} before writing {text!r}\n{self.tail()}"
                )
            return found

        await_condition(seen, timeout, lambda: f"{text!r} in the output of\n{self.tail()}")


def pulse(*arguments: str, log: Path, env: Mapping[str, str] | None = None) -> Process:
    """Return a ``pulse`` command, not yet started, with only the PULSE_ variables of ``env``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    clean.update(env or {})
    clean["PYTHONUNBUFFERED"] = "1"
    return Process([sys.executable, "-m", "streams", *arguments], log=log, env=clean)
