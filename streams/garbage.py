"""Garbage: when cyclic garbage is looked for, so that nothing waits long for it.

Knows Python's collector. Must not know what makes garbage.

Nearly all that a worker makes is freed by counting references, so looking for cycles mostly finds
none; and a backlog holds hundreds of thousands of small objects for a while, which cost half a
microsecond each to look at. By itself Python does that whenever so many more were made than freed:
up to 380 ms in one go. Here the young are looked at each ten seconds, and each object once: what
lives on is set aside. A cycle that dies later is found when all is looked at, which comes seldom.
While there is a backlog most of the young are on their way through, and are soon gone by
themselves: then the young are looked at each minute only.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Final

LOOK_SECONDS: Final = 10.0
"""What is looked at in one go is what was made since the last look and lives."""
BUSY_SECONDS: Final = 60.0
"""The same while there is a backlog."""
FULL_SECONDS: Final = 3_600.0
"""The least time between two looks at everything."""
_GROWTH: Final = 1.25
"""Only where so much more is set aside than the last time can there be much to find: Python's own
rule for its oldest generation."""


class Garbage:
    """Looks for garbage in Python's place. There is one for a process."""

    def __init__(self, now: float, busy: Callable[[], bool] = lambda: False) -> None:
        """`now` is in monotonic seconds, here as below; `busy` tells whether there is a backlog."""
        self._busy = busy
        self._young_at = self._all_at = now
        self._kept = gc.get_freeze_count()

    async def look_for_ever(self) -> None:
        """Look now and then, in the loop of whoever makes most of it, until cancelled."""
        gc.disable()
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self.look(time.monotonic())
        finally:
            gc.enable()

    def look(self, now: float) -> None:
        """Free what has died of the young, and set the others aside; not yet if busy."""
        if now - self._young_at < BUSY_SECONDS and self._busy():
            return
        self._young_at = now
        gc.collect(0)
        gc.freeze()
        if now - self._all_at >= FULL_SECONDS:
            self._all_at = now
            if gc.get_freeze_count() > _GROWTH * self._kept:
                self.look_at_all()

    def look_at_all(self) -> None:
        """Free all that has died, however old."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._kept = gc.get_freeze_count()
