"""Rule watch: the rules that hold in this process, read anew when their file changes.

Knows when a file is another one. Must not know what is in it, or who judges by it.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from streams.engine.rulebook import RuleBook
from streams.rulefile import Fault, RulesError, parse_rules

log = logging.getLogger(__name__)
_EMPTY = "Is empty; write `sensitivity: balanced` to go back to what ships"


class RuleWatch:
    """The rulebook of a file, or the shipped one without a file.

    Raises RulesError or OSError where the file cannot be used at the start; later, a file that
    cannot be used changes nothing, and is told of once.
    """

    def __init__(self, file: str | None, clock: Callable[[], float] = time.time) -> None:
        self._file = None if file is None else Path(file)
        self._clock = clock
        self._seen = b""
        self._found = b""
        """What the last look found: a file that two looks found alike is not being written."""
        self.failures = 0
        """Changes of the file that could not be used."""
        self.loaded_at = clock()
        """When the rules that hold were read, in seconds since the epoch."""
        self.book = RuleBook()
        if self._file is not None:
            raw = self._file.read_bytes()
            self._seen = self._found = hashlib.sha256(raw).digest()
            self.book = parse_rules(raw, str(self._file))

    def look(self) -> RuleBook | None:
        """The new rulebook, if the file has changed and can be used. Reads the file.

        It has changed when two looks found it alike, and not empty: who writes it may not be done.
        """
        if self._file is None:
            return None
        try:
            raw = self._file.read_bytes()
            seen = hashlib.sha256(raw).digest()
            if seen == self._seen or seen != self._found:
                self._found = seen
                return None
            self._seen = seen
            if not raw.strip():
                raise RulesError(str(self._file), [Fault(1, "$", _EMPTY)])
            self.book = parse_rules(raw, str(self._file))
        except (OSError, RulesError) as error:
            if isinstance(error, OSError):
                if self._seen == b"":
                    return None
                self._seen = b""
            self.failures += 1
            log.error("the rules stay as they were: %s", error)
            return None
        self.loaded_at = self._clock()
        log.info("new rules hold from here on: %s (%s)", self._file, self.book.digest)
        return self.book
