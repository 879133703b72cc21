"""Stopping: Ctrl-C and SIGTERM end a long calculation between two steps, with what there is so far.

Knows signals. Must not know what is stopped.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_STATUS = 130
"""What a shell expects of a command that was interrupted."""


class Stop:
    """Whether somebody has asked to stop."""

    asked = False


@contextmanager
def heeded() -> Iterator[Stop]:
    """Signals set `asked`; a second one ends at once. What was set before holds again after it."""
    stop = Stop()

    def hear(_number: int, _frame: object) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
