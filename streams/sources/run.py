"""A run: what every source does beside its work: stop when asked, show progress, keep pace.

Knows signals, terminals and the wall clock. Must not know events.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.instants import from_ms

_PLAIN_EVERY_SECONDS = 5.0
_SHOWN_FAULTS = 20


def now_ms() -> int:
    """The present, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def stop_when_asked() -> asyncio.Event:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets; a second Ctrl-C ends at once."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def stop(number: int, _frame: object) -> None:
        # Not the loop's own handlers: those wait while a read from stdin does.
        if heard:
            raise KeyboardInterrupt
        heard.append(number)
        loop.call_soon_threadsafe(asked.set)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return asked


async def pause(seconds: float, asked: asyncio.Event) -> None:
    """Wait for some seconds, or until `asked`."""
    try:
        await asyncio.wait_for(asked.wait(), seconds)
    except TimeoutError:
        return


class Pace:
    """Which event time is due now: `first_ms` at the start, then `speed` times as fast.

    `speed` None is as fast as possible: everything is due. With `live`, event time never runs
    ahead of the wall clock: from when it has caught up, it goes along.
    """

    def __init__(self, first_ms: int, speed: float | None, *, live: bool = False) -> None:
        self.first_ms = first_ms
        self.speed = speed
        self.live = live
        self.began_ms = now_ms()

    def due_ms(self) -> int | None:
        """Events before this time are due; None if all are."""
        now = now_ms()
        if self.speed is None:
            return now if self.live else None
        due = self.first_ms + int((now - self.began_ms) * self.speed)
        return min(due, now) if self.live else due


class Shown(Protocol):
    """A line that tells how far the work is."""

    def tell(self, done: int, share: float | None, note: str = "") -> None:
        """`done` events so far, `share` (0-1) of the whole where it is known."""


class _Plain:
    def __init__(self, title: str) -> None:
        self._title = title
        self._last = time.monotonic()

    def tell(self, done: int, share: float | None, note: str = "") -> None:
        if time.monotonic() - self._last < _PLAIN_EVERY_SECONDS:
            return
        self._last = time.monotonic()
        part = "" if share is None else f" ({share:.0%})"
        click.echo(f"{self._title}: {done:,} events{part} {note}".rstrip(), err=True)


class _Bar:
    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None, done="0 events", note="")

    def tell(self, done: int, share: float | None, note: str = "") -> None:
        total = None if share is None else 1.0
        self._progress.update(
            self._task, total=total, completed=share or 0.0, done=f"{done:,} events", note=note
        )


class Refusals:
    """What was refused: told on stderr, the first few in full. `what` are bad lines or rows."""

    def __init__(self, what: str, prefix: str = "") -> None:
        self.count = 0
        self._what, self._prefix = what, prefix

    def __call__(self, error: Exception) -> None:
        """Hear of one more."""
        self.count += 1
        if self.count <= _SHOWN_FAULTS:
            click.echo(f"{self._prefix}{error}", err=True)
        elif self.count == _SHOWN_FAULTS + 1:
            click.echo(f"further {self._what} are only counted", err=True)


@contextmanager
def progress(title: str) -> Iterator[Shown]:
    """Progress on stderr: a bar on a terminal, now and then a line elsewhere."""
    if not sys.stderr.isatty():
        yield _Plain(title)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bar(shown, title)


def stamp(ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC."""
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
