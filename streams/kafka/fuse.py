"""The end of the process: one flag after which nothing is committed, and the way out.

Knows how to stop at once. Must not know why anything failed; callers say so.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn

log = logging.getLogger(__name__)
EXIT_CODE = 70
"""Exit status after a fatal error; a supervisor starts the worker again."""


class Blown(Exception):
    """Work was refused because the process is about to end."""


class FatalError(Exception):
    """A state in which the worker must not go on. The message says what an operator can do."""


class Fuse:
    """Blown once, never mended: from then on no transaction begins or ends in this process."""

    def __init__(self, leave: Callable[[int], None] = os._exit) -> None:
        self._leave = leave
        self.blown = False
        self.reason = ""

    def check(self) -> None:
        """Raise `Blown` if the process is on its way out."""
        if self.blown:
            raise Blown(self.reason)

    def poison(self, reason: str) -> None:
        """Stop all commits, without an await between the failure and the flag."""
        if not self.blown:
            self.blown = True
            self.reason = reason

    def blow(self, reason: str, error: BaseException | None = None) -> NoReturn:
        """Poison, log `reason` (with a traceback unless it is a `FatalError`) and end the process.

        Safe from any thread. Raises `Blown` only where a test has replaced the way out.
        """
        self.poison(reason)
        told = isinstance(error, FatalError)
        log.critical("%s%s", reason, f": {error}" if told else "", exc_info=None if told else error)
        for handler in logging.getLogger().handlers:
            handler.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        self._leave(EXIT_CODE)
        raise Blown(reason)
