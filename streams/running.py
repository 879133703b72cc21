"""Running: how a process that runs until it is stopped is asked to, is ended and reports.

Knows signals, a deadline for stopping and the report file. Must not know what the process does.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from streams.build import parts, version
from streams.declared import Declared, rows
from streams.outfile import write_json

log = logging.getLogger(__name__)


def heed(again: Callable[[str], None]) -> asyncio.Future[str]:
    """Done with its name by the first SIGINT or SIGTERM; `again` is told why at a second one."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[str] = loop.create_future()

    def ask(number: signal.Signals) -> None:
        if asked.done():
            again(f"{number.name} again: stopping at once")
        asked.set_result(number.name)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return asked


async def first(*futures: asyncio.Future[Any]) -> None:
    """Wait until one of these is done."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def arm(limit: float, margin: float, end: Callable[[str], None]) -> None:
    """Call `end` with the reason, `margin` seconds before stopping has taken `limit` seconds.

    Whatever hangs by then: the loop, a thread or the exit itself.
    """
    timer = threading.Timer(limit - margin, end, [f"stopping took longer than {limit:g} s"])
    timer.daemon = True
    timer.start()


def write_report(
    path: Path,
    status: int,
    reason: str,
    started: float,
    done: Mapping[str, Any],
    settings: Declared,
) -> None:
    """Write what was `done` since monotonic second `started`, how it ended, and under what.

    A report that cannot be written is logged.
    """
    report = {
        "exit_status": status,
        "exit_reason": reason,
        "seconds": round(time.monotonic() - started, 3),
        **done,
        "version": version(),
        "parts": parts(),
        "settings": {row.name: row.value for row in rows(settings)},
    }
    try:
        write_json(path, report)
    except OSError as error:
        # What was done is done: the exit status tells of that.
        log.error("the report cannot be written: %s: %s", error.filename, error.strerror)
