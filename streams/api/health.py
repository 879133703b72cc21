"""Health: whether what is shown is complete and fresh.

Knows how far readers are and how long brokers have been silent. Must not read anything itself.
"""

from collections.abc import Callable, Mapping

from streams.api.reader import Progress
from streams.web import Verdict

STALE_SECONDS = 20.0
"""Without an answer of the brokers for so long, what is shown may be old."""
HUNG_SECONDS = 30.0
"""A loop that has not turned for so long needs a restart."""


class ApiHealth:
    """Judges from what it is told. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._beat = clock()
        self.phase = "starting"
        self.progress: dict[str, Callable[[], Progress]] = {}
        self.facts: dict[str, Callable[[], object]] = {}

    def beat(self) -> None:
        """The loop has turned."""
        self._beat = self._clock()

    def alive(self) -> Verdict:
        """Not ok: only a restart helps."""
        age = self._clock() - self._beat
        reasons = [] if age < HUNG_SECONDS else [f"the loop has not turned for {age:.0f} s"]
        return Verdict(not reasons, reasons, {})

    def ready(self) -> Verdict:
        """Not ok: what is shown may be old or incomplete; the facts tell how far each reader is."""
        reasons = [self.phase] if self.phase else []
        facts: dict[str, object] = {}
        now = self._clock()
        for name, ask in self.progress.items():
            progress = ask()
            silent = now - progress.asked if progress.asked else 0.0
            facts[name] = _told(progress)
            if not progress.caught_up:
                reasons.append(
                    f"{name}: {progress.done:,} of {progress.total:,} records read so far"
                )
            elif silent > STALE_SECONDS:
                reasons.append(f"{name}: the brokers have not answered for {silent:.0f} s")
        facts |= {name: ask() for name, ask in self.facts.items()}
        return Verdict(not reasons, reasons, facts)


def _told(progress: Progress) -> Mapping[str, object]:
    share = progress.done / progress.total if progress.total else 1.0
    return {
        "records": progress.done,
        "of": progress.total,
        "share": round(share, 4),
        "caught_up": progress.caught_up,
        "lag": progress.lag,
    }
