"""`pulse demo`: broker, topics, worker and simulator in one command, with a live board.

Knows the order in which things start and stop, and what the report says. Must not know how any of
them works. The worker is a process of its own, with the settings and rules that ship.
"""

import asyncio
import dataclasses
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.live import Live

from schemas import topics
from streams import trouble, words
from streams.app import kafka_options
from streams.board import Board
from streams.cli import load_settings
from streams.embedded import EmbeddedBroker, end
from streams.follow import Follower, MissingTopics
from streams.kafka.admin import create_topics
from streams.outfile import OUT_FILE, write_json
from streams.printable import printable
from streams.settings import PREFIX, Settings, rows
from streams.sources import run
from streams.sources.durations import DURATION
from streams.sources.feed import Feed
from streams.sources.publish import NotReady, Publisher
from streams.sources.simulate import DAY_MS, Plan, generate, truth
from streams.sources.simulate.command import records, truth_document

HISTORY_MS = 2 * DAY_MS
LEAD_MS = 4_000
"""Live begins so long after the start: about when the history is published."""

_FOREVER_MS = 365 * DAY_MS
_WORKER_STOP_SECONDS = 6.0
_LAST_WORDS_SECONDS = 0.5
_LINE_SECONDS = 5.0
_TOLD = ("creator_id", "started_at", "severity", "reason", "injected", "seen_after_seconds")
"""What the report says of each alert by kind."""


class DemoFailed(Exception):
    """The demo could not go on; the message says why and where to look."""


class Demo:
    """One run: what was asked for, where its files are, and what has been seen so far."""

    def __init__(
        self, seed: int, creators: int, duration: float | None, *, with_board: bool
    ) -> None:
        self.started = time.monotonic()
        self.duration = duration
        self.with_board = with_board
        self.home = Path(tempfile.mkdtemp(prefix="pulse-demo-"))
        live_ms = run.now_ms() + LEAD_MS
        self.plan = Plan(
            seed=seed,
            creators=creators,
            start_ms=live_ms - HISTORY_MS,
            live_ms=live_ms,
            end_ms=live_ms + _FOREVER_MS,
            incidents="all",
        )
        self.incidents = truth(self.plan)
        self.truth_file = self.home / "truth.json"
        write_json(self.truth_file, truth_document(self.plan, self.incidents))
        self.feed = Feed(records(generate(self.plan)))
        self.board = Board()
        self.settings = Settings()
        self.timeline: dict[str, float] = {}
        self.alerts: list[dict[str, Any]] = []

    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self.started, 3)

    def reached(self, milestone: str) -> None:
        """Note when `milestone` was reached, the first time."""
        self.timeline.setdefault(milestone, self.seconds())

    async def serve(self) -> None:
        """Run until the duration is over or a signal comes. Raises DemoFailed."""
        asked = run.stop_when_asked()
        async with EmbeddedBroker(self.home / "broker.log") as broker:
            self.settings = _settings(broker.bootstrap)
            options = kafka_options(self.settings)
            await create_topics(options)
            self.board.addresses = self._addresses()
            _tell("\n".join(self.board.addresses))
            async with Publisher(options, together=True) as publisher:
                # All of it before the worker reads: this broker cannot show it in one piece.
                await self.feed.publish(publisher, asked, until_ms=self.plan.live_ms)
            if asked.is_set():
                return
            self.reached("history")
            _tell(f"history: {self.feed.counts.total():,} events of two days")
            async with (
                Follower(options, topics.OUTBOUND, from_beginning=True) as follower,
                self._worker() as worker,
            ):
                await self._watch(asked, broker, worker, follower)

    def _addresses(self) -> list[str]:
        settings = self.settings
        return [
            f"broker   {settings.bootstrap_servers}   log {self.home / 'broker.log'}",
            f"metrics  http://{settings.http_host}:{settings.http_port}/metrics"
            f"   worker's log {self.home / 'worker.log'}",
            f"truth    {self.truth_file}",
        ]

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Process]:
        log = self.home / "worker.log"
        environ = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "streams", "worker"),
                stdin=DEVNULL,
                stdout=file,
                stderr=STDOUT,
                env=environ | self.settings.environ(),
                start_new_session=True,
            )
            try:
                yield process
            finally:
                await end(process, _WORKER_STOP_SECONDS)

    async def _watch(
        self, asked: asyncio.Event, broker: EmbeddedBroker, worker: Process, follower: Follower
    ) -> None:
        tasks = {
            asyncio.create_task(self._publish_live(asked), name="the simulator"),
            asyncio.create_task(self._follow(follower), name="the reader"),
            asyncio.create_task(self._show(), name="the board"),
            asyncio.create_task(worker.wait(), name="the worker"),
            asyncio.create_task(broker.wait(), name="the broker"),
        }
        stop = asyncio.create_task(asked.wait())
        left = None if self.duration is None else max(0.0, self.duration - self.seconds())
        done, _ = await asyncio.wait(
            {*tasks, stop}, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
        asked.set()
        for task in (*tasks, stop):
            task.cancel()
        await asyncio.wait({*tasks, stop})
        failed = done - {stop}
        if failed:
            task = failed.pop()
            why = task.exception() or f"it has ended ({task.result()})"
            raise DemoFailed(f"{task.get_name()} failed: {why}; see {self.home}")
        _tell("stopping")
        status = await end(worker, _WORKER_STOP_SECONDS)
        for record in await follower.read(_LAST_WORDS_SECONDS):
            self._heard(self.board.take(record), record.topic)
        # A worker that is still being loaded knows no better way to stop.
        if status not in {0, -signal.SIGTERM}:
            raise DemoFailed(f"the worker left with status {status}; see {self.home}")
        self.reached("stopped")

    async def _publish_live(self, asked: asyncio.Event) -> None:
        async with Publisher(kafka_options(self.settings), together=False) as publisher:
            assert self.plan.live_ms is not None
            pace = run.Pace(self.plan.live_ms, None, live=True)
            await self.feed.publish(publisher, asked, pace=pace)

    async def _follow(self, follower: Follower) -> None:
        while True:
            for record in await follower.read():
                self._heard(self.board.take(record), record.topic)

    def _heard(self, value: dict[str, Any] | None, topic: str) -> None:
        if topic == topics.ENGAGEMENT_SCORES.name:
            self.reached("first_score")
        elif topic == topics.ALERTS.name and value is not None:
            self.reached("first_alert")
            self.reached(f"first_{value['kind']}")
            injected = any(
                (incident.creator_id, incident.kind) == (value["creator_id"], value["kind"])
                for incident in self.incidents
            )
            self.alerts.append(
                {**value, "seen_after_seconds": self.seconds(), "injected": injected}
            )
            # What goes on is told so often that what begins and ends would be lost among it.
            if not self.with_board and value["status"] != "update":
                kind = words.of(words.KINDS, value["kind"])
                _tell(f"alert {value['status']}: {kind}: {printable(value['reason'])}")

    async def _show(self) -> None:
        if self.with_board:
            console = Console()
            with Live(console=console, screen=True, auto_refresh=False) as live:
                while True:
                    live.update(self.board.page(console.height, self._note()), refresh=True)
                    await asyncio.sleep(0.5)
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            scores, windows = (
                self.board.counts[topic] for topic in ("engagement-scores", "engagement-windows")
            )
            _tell(
                f"{self.seconds():5.0f} s  {self.feed.counts.total():,} events in,"
                f" {scores:,} scores, {windows:,} windows, {self._told():,} alerts"
            )

    def _told(self) -> int:
        """How many alerts there were; each may have several records."""
        return len({alert["alert_id"] for alert in self.alerts})

    def by_kind(self) -> dict[str, list[dict[str, Any]]]:
        """What each kind of alert said when it fired, in the order in which it was seen."""
        told: dict[str, list[dict[str, Any]]] = {}
        for alert in self.alerts:
            if alert["status"] == "firing":
                one = {name: alert[name] for name in _TOLD}
                told.setdefault(alert["kind"], []).append(one)
        return told

    def summary(self) -> list[str]:
        """Lines that end a run: each kind of alert with what its first one said, then totals."""
        kinds = self.by_kind()
        lines = [f"{len(kinds)} kinds of alerts:"] if kinds else ["no alerts"]
        for kind, alerts in kinds.items():
            title = words.of(words.KINDS, kind)
            lines.append(f"  {title} ({len(alerts)}): {printable(alerts[0]['reason'])}")
        events = f"{self.feed.counts.total():,} events"
        return [*lines, f"{events}, {self._told()} alerts in {self.seconds():.0f} s"]

    def _note(self) -> str:
        events = self.feed.counts.total()
        return f"{events:,} events in, {self.seconds():.0f} s; Ctrl-C stops everything"

    def report(self, failure: str | None) -> dict[str, Any]:
        """What was done and seen; times in seconds since the start."""
        counts = self.board.counts
        return {
            "ok": failure is None,
            "failure": failure,
            "seconds": self.seconds(),
            "seed": self.plan.seed,
            "creators": self.plan.creators,
            "events": self.feed.counts.total(),
            "events_by_topic": dict(self.feed.counts),
            "scores": counts["engagement-scores"],
            "sentiment_scores": counts["sentiment-scores"],
            "windows": counts["engagement-windows"],
            "dead_letters": counts["dead-letters"],
            "late_events": counts["late-events"],
            "first_score_seconds": self.timeline.get("first_score"),
            "first_alert_seconds": self.timeline.get("first_alert"),
            "timeline": self.timeline,
            "alerts_by_kind": self.by_kind(),
            "alerts": self.alerts,
            "truth": truth_document(self.plan, self.incidents)["incidents"],
            "truth_file": str(self.truth_file),
            "settings": {row.name: row.value for row in rows(self.settings)},
        }


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _settings(bootstrap: str) -> Settings:
    """The settings of this environment, bent to the embedded broker."""
    chosen = load_settings()
    return dataclasses.replace(
        Settings(),
        bootstrap_servers=bootstrap,
        app_id="pulse-demo",
        partitions=chosen.partitions,
        processing_guarantee="at_least_once",
        actor_secret=secrets.token_hex(16),
        # The embedded broker lets a group begin after half a session timeout.
        session_timeout=4.0,
        heartbeat_interval=1.0,
        stop_timeout=_WORKER_STOP_SECONDS - 1.0,
        allowed_lateness=chosen.allowed_lateness,
        http_host=chosen.http_host,
        http_port=_free_port(chosen.http_host, chosen.http_port),
        log_level=chosen.log_level,
        log_format=chosen.log_format,
    )


def _free_port(host: str, wanted: int) -> int:
    """`wanted` where it is free, else any other."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@click.command("demo")
@click.option(
    "--duration",
    type=DURATION,
    help="Stop after this time, such as 90s or 10m; default: until Ctrl-C.",
)
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was seen to this JSON file.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1,
    show_default=True,
    help="Another seed is another world.",
)
@click.option(
    "--creators",
    type=click.IntRange(4, 2_000),
    default=32,
    show_default=True,
    help="How many creators to invent.",
)
def command(duration: float | None, report: Path | None, seed: int, creators: int) -> None:
    """Everything in one terminal: a broker in memory, a worker, a simulated world, a live board.

    Two days of history come first, then live events. When live begins, three creators have lost
    nearly all of their engagement, a post of another goes viral, and angry comments come in below
    one; soon after, one gains suspicious followers, and one loses hundreds: watch the alerts. With
    --duration or --report, plain lines are printed instead of the board. What each kind of alert
    said comes last.

    \b
    Examples:
      pulse demo
      pulse demo --duration 60 --report demo.json
    """
    with_board = duration is None and report is None and sys.stdout.isatty()
    demo = Demo(seed, creators, duration, with_board=with_board)
    failure = None
    try:
        asyncio.run(demo.serve())
    except (DemoFailed, NotReady, MissingTopics, KafkaError, OSError) as error:
        failure = trouble.why(error)
    if report is not None:
        write_json(report, demo.report(failure))
    if failure is not None:
        raise click.ClickException(failure)
    _tell("\n".join(demo.summary()))
