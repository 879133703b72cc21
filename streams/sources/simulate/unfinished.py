"""Unfinished: a history of which only the beginning was published or written, and what to do then.

Knows what of it is there, and which command goes on. Must not know why it stopped.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from streams.sources import run
from streams.sources.simulate.plan import Plan


class Unfinished(NamedTuple):
    """The first `published` events of a history are in the topics, up to `reached_ms`.

    `asked` are the options that make the same events again, but for the history's length and end.
    """

    plan: Plan
    published: int
    reached_ms: int
    asked: tuple[str, ...]

    @property
    def share(self) -> float:
        """How much of the history's time was reached: 0 to 1."""
        return _share(self.plan.start_ms, self.reached_ms, self.plan.history_end_ms)

    @property
    def command(self) -> str:
        """What publishes the rest: the same events but for those that are there."""
        length = self.plan.history_end_ms - self.plan.start_ms
        rest = ("--at", run.stamp(self.plan.history_end_ms), "--backfill", f"{length}ms")
        skip = ("--skip", str(self.published))
        return shlex.join(("pulse", "simulate", *self.asked, *rest, *skip))

    def lines(self) -> Iterator[str]:
        """What is told to whoever stopped it."""
        plan = self.plan
        times = (plan.start_ms, self.reached_ms, plan.history_end_ms)
        begin, reached, end = map(run.stamp, times)
        if not self.published:
            yield f"stopped before any of the history from {begin} to {end} was in the topics"
            return
        yield (
            f"stopped in the history: of {begin} to {end} the topics hold the first"
            f" {self.published:,} events, up to {reached} ({self.share:.0%}), and nothing later"
        )
        yield f"go on: {self.command}"
        yield "start anew: stop all workers, `pulse reset --to latest --yes`, and simulate again"

    def report(self) -> dict[str, Any]:
        """The same for a report."""
        return {
            "published": self.published,
            "reached": run.stamp(self.reached_ms) if self.published else None,
            "share": round(self.share, 4),
            "go_on": self.command,
        }


class UnfinishedFile(NamedTuple):
    """The first `written` events of a plan are in a file, up to `reached_ms`."""

    plan: Plan
    out: Path
    written: int
    reached_ms: int

    @property
    def share(self) -> float:
        """How much of the plan's time was reached: 0 to 1."""
        return _share(self.plan.start_ms, self.reached_ms, self.plan.end_ms)

    def lines(self) -> Iterator[str]:
        """What is told to whoever stopped it."""
        out = "stdout" if str(self.out) == "-" else self.out
        begin, reached, end = map(
            run.stamp, (self.plan.start_ms, self.reached_ms, self.plan.end_ms)
        )
        yield (
            f"stopped: {out} is incomplete: of {begin} to {end} it has the first"
            f" {self.written:,} events, up to {reached} ({self.share:.0%}), and nothing later"
        )

    def report(self) -> dict[str, Any]:
        """The same for a report."""
        return {
            "written": self.written,
            "reached": run.stamp(self.reached_ms),
            "share": round(self.share, 4),
        }


def _share(begin_ms: int, reached_ms: int, end_ms: int) -> float:
    return min(max((reached_ms - begin_ms) / max(1, end_ms - begin_ms), 0.0), 1.0)
