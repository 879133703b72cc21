"""Worker: `pulse worker`, from the first log line to the exit status.

Knows signals, deadlines and how a run ends. Must not know what is computed.

A run ends in one of three ways: asked to stop, with a last checkpoint and status 0; unable to
start, with a message and status 1; or by a failure after which nothing more may be committed, with
a message and status 70, to be started again by a supervisor.
"""

import asyncio
import dataclasses
import logging
import os
import time
from pathlib import Path
from typing import Any, Literal

import click
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams import trouble
from streams.app import App
from streams.build import parts, version
from streams.cli import load_settings
from streams.engine.sentiment import Analyser
from streams.kafka.fuse import FatalError, Fuse
from streams.kafka.patience import unreachable
from streams.logs import configure
from streams.outfile import OUT_FILE
from streams.rulewatch import RuleWatch
from streams.running import arm, first, heed, write_report
from streams.sentiment.chosen import chosen
from streams.settings import DEVELOPMENT_SECRET, Settings

log = logging.getLogger(__name__)
STOP_MARGIN = 0.5
"""Seconds that ending by force is given of the time allowed for stopping."""


class Run:
    """One run of a worker, and its report."""

    def __init__(self, settings: Settings, report: Path | None, analyser: Analyser) -> None:
        self._settings = settings
        self._analyser = analyser
        self._report = report
        self._started = time.monotonic()
        self._reason = "it ended by itself"
        self.fuse = Fuse(self._leave)
        self.app: App | None = None

    async def serve(self) -> int:
        """Work until asked to stop; returns the exit status."""
        try:
            return await self._serve()
        except Exception as error:
            self.fuse.blow("the worker failed", error)

    async def _serve(self) -> int:
        asked = heed(self.fuse.blow)
        self.app = app = App(self._settings, self.fuse, self._analyser)
        starting = asyncio.create_task(app.start())
        await first(starting, asked)
        if not asked.done():
            if (error := starting.exception()) is not None:
                return await self._give_up(error)
            log.info("ready after %.1f s", time.monotonic() - self._started)
            crashed = asyncio.create_task(app.crashed())
            await first(crashed, asked)
            if not asked.done():
                self.fuse.blow("Faust has stopped by itself", crashed.result())
            crashed.cancel()

        log.info("%s: stopping", asked.result())
        self._arm()
        starting.cancel()
        await asyncio.wait({starting})
        await app.stop()
        self._reason = f"stopped by {asked.result()}"
        self.write_report(0)
        log.info("stopped after %.0f s", time.monotonic() - self._started)
        return 0

    async def _give_up(self, error: BaseException) -> int:
        if not isinstance(error, (OSError, KafkaError, FatalError)):
            raise error
        why = trouble.why(error)
        if isinstance(error, KafkaConnectionError):
            why = unreachable(self._settings.bootstrap_servers)
        log.error("cannot start: %s", why)
        self._reason = f"could not start: {why}"
        self._arm()
        assert self.app is not None
        await self.app.stop()
        self.write_report(1)
        return 1

    def _arm(self) -> None:
        """End the process by force when stopping hangs."""
        arm(self._settings.stop_timeout, STOP_MARGIN, self.fuse.blow)

    def _leave(self, status: int) -> None:
        self._reason = self.fuse.reason
        try:
            self.write_report(status)
        finally:
            os._exit(status)

    def write_report(self, status: int) -> None:
        """Write what was done to the report file, if there is to be one."""
        if self._report is None:
            return
        done: dict[str, Any] = self.app.observer.report() if self.app is not None else {}
        write_report(self._report, status, self._reason, self._started, done, self._settings)


def _use_uvloop() -> None:
    try:
        import uvloop
    except ImportError:
        return
    # As a policy, because Faust's consumer thread makes a loop of its own.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


@click.command("worker")
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was done to this JSON file at the end.",
)
@click.option(
    "--clock",
    type=click.Choice(["wall", "events"]),
    help="What moves time: the passing of it, or events alone (to replay old data). Overrides"
    " PULSE_CLOCK.",
)
def command(report: Path | None, clock: Literal["wall", "events"] | None) -> None:
    """Compute scores, windows and alerts from the events on Kafka, until stopped.

    Any number of workers share the partitions. Ctrl-C or SIGTERM stops one in order: nothing is
    lost or counted twice, and neither is it when the process is killed. The exit status is 0 when
    it was asked to stop, 1 if it could not start, 2 for settings, and 70 after a failure, to be
    started again.

    \b
    Examples:
      pulse worker
      PULSE_HTTP_PORT=9109 pulse worker --report report.json
      pulse worker --clock events
    """
    settings = load_settings()
    if clock is not None:
        settings = dataclasses.replace(settings, clock=clock)
    RuleWatch(settings.rules_file)  # told of before anything starts
    configure(settings.log_level, settings.log_format)
    analyser = chosen(settings.sentiment_model)
    log.info("pulse %s on %s", version(), ", ".join(f"{k} {v}" for k, v in parts().items()))
    if settings.actor_secret == DEVELOPMENT_SECRET:
        log.warning("PULSE_ACTOR_SECRET is not set: actors are hashed with a public key")
    _use_uvloop()
    raise SystemExit(asyncio.run(Run(settings, report, analyser).serve()))
