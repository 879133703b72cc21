"""`pulse api`: from the first log line to the exit status.

Knows options, signals and how a run ends. Must not know what is served.

A run ends in one of three ways: asked to stop, with status 0; unable to start, with a message and
status 1 (2 for settings); or by the failure of a part, with a message and status 70, to be started
again by a supervisor.
"""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import click
import uvloop
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams import trouble
from streams.api import tokens
from streams.api.service import Service
from streams.api.settings import ApiSettings
from streams.app import kafka_options
from streams.build import parts, version
from streams.cli import load_settings
from streams.follow import MissingTopics
from streams.garbage import Garbage
from streams.kafka.options import KafkaOptions
from streams.kafka.patience import unreachable
from streams.logs import configure
from streams.outfile import OUT_FILE
from streams.running import arm, first, heed, write_report

log = logging.getLogger(__name__)
STOP_SECONDS = 9.5
FAILED = 70


class Run:
    """One run, and its report."""

    def __init__(
        self, settings: ApiSettings, kafka: KafkaOptions, start_timeout: float, report: Path | None
    ) -> None:
        self._settings = settings
        self._start_timeout = start_timeout
        self._kafka = kafka
        self._report = report
        self._started = time.monotonic()
        self._ready: float | None = None
        self.service: Service | None = None

    async def serve(self) -> int:
        """Serve until asked to stop; returns the exit status. Raises SettingsError."""
        asked = heed(self._leave)
        try:
            service = self.service = Service(self._settings, self._kafka, self._start_timeout)
        except OSError as error:
            return self._end(1, f"could not start: {error}")
        tidying = asyncio.create_task(Garbage(time.monotonic()).look_for_ever())
        starting = asyncio.create_task(service.start())
        await first(starting, asked)
        status, reason = 0, ""
        if not asked.done():
            try:
                starting.result()
            except (OSError, KafkaError, MissingTopics) as error:
                status, reason = 1, f"could not start: {self._why(error)}"
        if not reason and not asked.done():
            failing = asyncio.create_task(service.failed())
            watching = asyncio.create_task(self._await_ready(service))
            await first(failing, asked)
            watching.cancel()
            if not asked.done():
                status, reason = FAILED, str(failing.result())
                log.debug("why", exc_info=failing.result().__cause__)
            failing.cancel()
        if asked.done():
            reason = f"stopped by {asked.result()}"
            log.info("%s: stopping", asked.result())
        arm(STOP_SECONDS, 0.0, self._leave)
        starting.cancel()
        tidying.cancel()
        await asyncio.gather(starting, tidying, return_exceptions=True)
        await service.stop()
        return self._end(status, reason)

    def _why(self, error: Exception) -> str:
        if isinstance(error, KafkaConnectionError):
            return unreachable(self._kafka.bootstrap)
        return trouble.why(error)

    async def _await_ready(self, service: Service) -> None:
        while not service.health.ready().ok:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self._ready = time.monotonic() - self._started
        log.info("all is read after %.1f s: %d creators", self._ready, len(service.view.rows))

    def _leave(self, reason: str) -> None:
        try:
            self._end(FAILED, reason)
        finally:
            os._exit(FAILED)

    def _end(self, status: int, reason: str) -> int:
        if status:
            log.error("%s", reason)
        else:
            log.info("stopped after %.0f s", time.monotonic() - self._started)
        if self._report is not None:
            done: dict[str, Any] = {"seconds_until_ready": self._ready and round(self._ready, 3)}
            if self.service is not None:
                done |= self.service.report()
            write_report(self._report, status, reason, self._started, done, self._settings)
        return status


def _make_token(ctx: click.Context, _: click.Parameter, who: str | None) -> None:
    if who is None or ctx.resilient_parsing:
        return
    try:
        token, line = tokens.make(who)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    click.echo(f"token (give it to {who.partition(':')[0]}; it is shown this once): {token}")
    click.echo(f"entry (for PULSE_API_TOKENS or PULSE_API_TOKENS_FILE): {line}")
    ctx.exit()


@click.command("api")
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was done to this JSON file at the end.",
)
@click.option(
    "--make-token",
    metavar="NAME:ROLE",
    callback=_make_token,
    expose_value=False,
    help="Make a token for a viewer or an operator, show it and its entry, and leave.",
)
def command(report: Path | None) -> None:
    """Serve scores, alerts and their history as JSON and as a live stream, until stopped.

    Reads the topics that workers write; any number of instances may run, each with a
    PULSE_API_DATABASE of its own. On loopback no token is needed unless some are set; elsewhere
    one is. The paths are in /api/v1/openapi.json and docs/api.md. The exit status is 0 when it was
    asked to stop, 1 if it could not start, 2 for settings, and 70 after a failure, to be started
    again.

    \b
    Examples:
      pulse api
      curl 'http://127.0.0.1:9120/api/v1/creators?sort=score&order=asc&limit=10'
      curl -N 'http://127.0.0.1:9120/api/v1/stream?only=alerts'
      pulse api --make-token lena:operator
      PULSE_API_HOST=0.0.0.0 PULSE_API_TOKENS_FILE=tokens pulse api --report api.json
    """
    settings = load_settings()
    api = ApiSettings.from_env(os.environ)
    configure(settings.log_level, settings.log_format)
    if settings.log_level != "DEBUG":
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
    log.info("pulse %s on %s", version(), ", ".join(f"{k} {v}" for k, v in parts().items()))
    run = Run(api, kafka_options(settings), settings.start_timeout, report)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(run.serve()))
