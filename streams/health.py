"""Health: whether a worker should be restarted, and whether it is doing its work now.

Knows what is asked of the seam and how long is too long. Must not know HTTP.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from streams.kafka.seam import Seam
from streams.web import Verdict

LONGEST_WITHOUT_CHECKPOINT = 30.0
"""Seconds; brokers that are away do not count, because a restart would not bring them back."""


class WorkerHealth:
    """Judges one worker by its seam. `restoring` holds (read, in all) by partition."""

    def __init__(
        self,
        seam: Seam,
        restoring: Mapping[int, tuple[int, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seam = seam
        self._restoring = restoring
        self._clock = clock
        self._silent_since: float | None = None
        self.phase = "starting"
        """What the worker is about before it is assigned anything; "" once it takes part."""

    def beat(self) -> None:
        """Take note of the time, a few times a second."""
        if not self._seam.brokers_silent():
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = self._clock()

    def alive(self) -> Verdict:
        """Not alive: everything is there, and yet nothing has been committed for too long."""
        age = self._seam.checkpoint_age()
        limit = max(LONGEST_WITHOUT_CHECKPOINT, 20 * self._seam.options.checkpoint_interval)
        stuck = self._seam.ready and self._silent_since is None and age > limit
        reasons = [f"no checkpoint for {age:.0f} s"] if stuck else []
        return Verdict(not reasons, reasons, {"checkpoint_age_seconds": round(age, 3)})

    def ready(self) -> Verdict:
        """Not ready: no events are processed now."""
        reasons = []
        if self.phase:
            reasons.append(self.phase)
        elif self._silent_since is not None:
            waited = self._clock() - self._silent_since
            reasons.append(f"the brokers have not answered for {waited:.0f} s")
        elif not self._seam.ready:
            reasons = [
                f"restoring partition {partition}: {_percent(read, total)} %,"
                f" {read} of {total} records"
                for partition, (read, total) in sorted(self._restoring.items())
            ] or ["waiting for the group to give partitions out"]
        facts: dict[str, Any] = {"partitions": sorted(self._seam.owned())}
        if self._restoring:
            read, total = (sum(parts) for parts in zip(*self._restoring.values(), strict=True))
            facts["restored_percent"] = _percent(read, total)
        return Verdict(not reasons, reasons, facts)


def _percent(read: int, total: int) -> int:
    return 100 * read // total if total else 100
