"""Service: all of `pulse api` on one page, from settings to something that starts and stops.

Knows every part and in which order they come up. Must not know how any of them works.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvicorn
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from prometheus_client import CollectorRegistry

from schemas import topics
from schemas.commands import AlertCommand
from streams import trouble
from streams.alerts import saying
from streams.api.access import Access
from streams.api.desk import Desk
from streams.api.health import ApiHealth
from streams.api.history import History, connect, size_of
from streams.api.hub import Hub
from streams.api.limiter import Limiter
from streams.api.metrics import ApiMetrics, ApiReading, ReaderReading, moment
from streams.api.reader import Batch, Place, Reader
from streams.api.server import Server, every_route
from streams.api.sessions import Sessions
from streams.api.settings import ApiSettings
from streams.api.tokens import Tokens
from streams.api.view import View
from streams.declared import Fault, SettingsError
from streams.kafka.options import KafkaOptions
from streams.kafka.patience import patiently

log = logging.getLogger(__name__)
T = TypeVar("T")
NOW = (
    topics.ENGAGEMENT_SCORES,
    topics.SENTIMENT_SCORES,
    topics.CREATORS,
    topics.CAMPAIGNS,
)
"""Compacted topics that are read from the beginning at each start."""
PAST = (topics.ENGAGEMENT_WINDOWS, topics.ALERTS, topics.ALERT_COMMANDS)
"""Topics that are read once, into history."""
SURVEY_SECONDS = 5.0
PRUNE_SECONDS = 3_600.0
TOKENS_SECONDS = 2.0
COUNT_SECONDS = 60.0
"""Between two counts of campaigns; and twenty times what the last one took, at least."""
BEAT_SECONDS = 1.0
SEND_SECONDS = 10.0
MORE_CONNECTIONS = 1_000
"""Connections at most, beside those of streams."""
UNREAD_SECONDS = 60.0
"""How long a client may leave unread what was sent to it."""
DRAIN_SECONDS = 3
"""How long requests under way may take when the process stops."""


class Failed(Exception):
    """A part has failed after the start; the text says which."""


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's."""
        yield


class Service:
    """One instance. `start`, then `failed` until it is time to `stop`."""

    def __init__(
        self, settings: ApiSettings, kafka: KafkaOptions, start_timeout: float = 0.0
    ) -> None:
        """`start_timeout` is how many seconds to wait for brokers that cannot be reached.

        Raises SettingsError, HistoryError (an OSError).
        """
        self._start_timeout = start_timeout
        self._settings = settings
        self._kafka = kafka
        self.health = ApiHealth(time.monotonic)
        self.tokens = _tokens(settings)
        self.hub = Hub()
        self.view = View(self.hub)
        self._now = Reader(kafka, NOW)
        self._past = Reader(kafka, PAST)
        self._writer = ThreadPoolExecutor(1, "history-writer")
        self.history = History(settings.api_database, f"{kafka.app_id}/{kafka.prefix}")
        access = Access(
            self.tokens,
            Sessions(settings.api_session_secret, settings.api_session_seconds),
            settings.api_public_url,
        )
        self.desk = Desk(
            settings,
            self.view,
            access,
            self.health,
            connect(settings.api_database, reading=True),
            self._send,
        )
        per_minute = settings.api_requests_per_minute
        self.server = Server(
            self.desk,
            Limiter(per_minute, max(10, per_minute // 10)),
            frozenset(filter(None, settings.api_cors_origins.split(","))),
            metrics=ApiMetrics(CollectorRegistry(), self._read, every_route()),
        )
        self.applied: Counter[str] = Counter()
        self._producer: AIOKafkaProducer | None = None
        self._producing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._uvicorn: _Uvicorn | None = None
        self.windows = 0
        self.url = ""

    async def start(self) -> None:
        """Come up; returns when topics are being read. May be cancelled, then `stop`.

        Raises OSError, KafkaError or MissingTopics with what is in the way.
        """
        listening = _listen(self._settings)
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        config = uvicorn.Config(
            self.server.asgi,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            limit_concurrency=self._settings.api_max_streams + MORE_CONNECTIONS,
            h11_max_incomplete_event_size=32_768,
        )
        self._uvicorn = _Uvicorn(config)
        self._begin("the web server", self._serve(listening))
        self._begin("the heartbeat", self._beat())
        log.info("listening on %s", self.url)
        for alert, raw in await self._written(self.history.open_alerts):
            self.view.tell(alert, raw, loud=False)
        self.health.phase = "waiting for the brokers"
        positions = await self._written(self.history.positions)
        await self._connect(self._now, {})
        await self._connect(self._past, positions)
        await self._admit_gaps()
        self.health.progress = {"now": self._now.progress, "history": self._past.progress}
        self.health.facts = {
            "creators": lambda: len(self.view.rows),
            "campaigns": lambda: len(self.view.campaigns),
            "open_alerts": lambda: len(self.view.alerts),
            "streams": lambda: self.desk.streams,
            "lost_records": lambda: sum(self._past.lost.values()),
        }
        self.health.phase = ""
        self._begin("following scores", self._follow())
        self._begin("following history", self._keep())
        self._begin("asking the brokers", self._survey())
        self._begin("dropping old history", self._prune())
        self._begin("counting campaigns", self._count())
        if self.tokens is not None:
            self._begin("watching the tokens", self._watch(self.tokens))

    async def failed(self) -> Failed:
        """Wait until a part has failed."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        error = None if task.cancelled() else task.exception()
        why = "" if error is None else f": {trouble.why(error)}"
        failed = Failed(f"{task.get_name()} failed{why}")
        failed.__cause__ = error
        return failed

    async def stop(self) -> None:
        """End streams and requests, write what was read, and let go of everything."""
        self.health.phase = "stopping"
        self.hub.close()
        serving = [task for task in self._tasks if task.get_name() == "the web server"]
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
            await asyncio.wait(serving, timeout=DRAIN_SECONDS + 1.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.gather(self._now.stop(), self._past.stop())
        if self._producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._producer.stop(), 2.0)
        self.desk.close()
        self._writer.shutdown(wait=True)
        self.history.close()

    def report(self) -> Mapping[str, Any]:
        """What was done."""
        return {
            "requests": self.server.requests,
            "refused": self.server.refused,
            "commands": self.desk.commands,
            "creators": len(self.view.rows),
            "campaigns": len(self.view.campaigns),
            "open_alerts": len(self.view.alerts),
            "windows_read": self.windows,
            "records_refused": self.view.refused,
        }

    def _read(self) -> ApiReading:
        readers = {
            name: ReaderReading(told.lag, told.caught_up, moment(told.asked))
            for name, reader in (("now", self._now), ("history", self._past))
            for told in (reader.progress(),)
        }
        return ApiReading(
            ready=self.health.ready().ok,
            readers=readers,
            applied={topic.name: self.applied[topic.name] for topic in (*NOW, *PAST)},
            refused_records=self.view.refused,
            lost_records=sum(self._past.lost.values()),
            streams=self.desk.streams,
            dropped=self.desk.dropped,
            commands=self.desk.commands,
            creators=len(self.view.rows),
            campaigns=len(self.view.campaigns),
            alerts=len(self.view.alerts),
            windows=self.windows,
            database_bytes=size_of(self._settings.api_database),
        )

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _written(self, what: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, what, *arguments)

    async def _connect(self, reader: Reader, positions: Mapping[Place, int]) -> None:
        async def start() -> None:
            try:
                await reader.start(positions)
            except (OSError, KafkaConnectionError):
                await reader.stop()
                raise

        await patiently(start, self._kafka.bootstrap, self._start_timeout)

    async def _serve(self, listening: socket.socket) -> None:
        assert self._uvicorn is not None
        await self._uvicorn.serve(sockets=[listening])

    async def _admit_gaps(self) -> None:
        for topic in sorted(self._past.renewed):
            log.warning("%s was made anew: history from the one before is forgotten", topic)
            await self._written(self.history.forget_topic, topic)
        for (topic, partition), lost in sorted(self._past.lost.items()):
            log.warning(
                "%s/%d: %d records were dropped by retention before they were read: history has "
                "a gap",
                topic,
                partition,
                lost,
            )

    async def _follow(self) -> None:
        while True:
            batch = await self._now.read()
            for record in batch.records:
                self.view.take(record)
            self.applied.update(record.topic for record in batch.records)
            await self._erase(batch)

    async def _erase(self, batch: Batch) -> None:
        for record in batch.records:
            if record.topic == topics.CREATORS.name and record.value is None:
                creator_id = (record.key or b"").decode(errors="replace")
                await self._written(self.history.erase, creator_id, record.at_ms)

    async def _keep(self) -> None:
        while True:
            batch = await self._past.read()
            if not batch.positions:
                continue
            taken = await self._written(self.history.put, batch.records, batch.positions)
            self.applied.update(record.topic for record in batch.records)
            self.windows += taken.windows
            for alert, raw in taken.alerts:
                self.view.tell(alert, raw)

    async def _survey(self) -> None:
        while True:
            await asyncio.sleep(SURVEY_SECONDS)
            # Health tells for how long the brokers have not answered.
            with contextlib.suppress(KafkaError, TimeoutError):
                await self._now.survey()
                await self._past.survey()

    async def _prune(self) -> None:
        while True:
            now = time.time()
            minutes = now - self._settings.api_minutes_retention
            hours = now - self._settings.api_retention
            await self._written(self.history.prune, int(minutes * 1000), int(hours * 1000))
            await asyncio.sleep(PRUNE_SECONDS)

    async def _count(self) -> None:
        while True:
            wait = SURVEY_SECONDS
            # While history is filled, less is in it than there was.
            if self._past.progress().caught_up:
                began = time.monotonic()
                await self.desk.tally.count()
                wait = max(COUNT_SECONDS, 20.0 * (time.monotonic() - began))
            await asyncio.sleep(wait)

    async def _watch(self, tokens: Tokens) -> None:
        complaint = ""
        while True:
            await asyncio.sleep(TOKENS_SECONDS)
            try:
                if tokens.look():
                    log.info("tokens read again: %d", len(tokens.entries))
                complaint = ""
            except (OSError, ValueError) as error:
                if str(error) != complaint:
                    complaint = str(error)
                    log.warning("the tokens stay as they were: %s", complaint)

    async def _beat(self) -> None:
        while True:
            self.health.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def _send(self, command: AlertCommand) -> None:
        async with self._producing:
            if self._producer is None:
                options = self._kafka
                producer = AIOKafkaProducer(
                    **options.client(), client_id=f"{options.app_id}-api", acks="all"
                )
                try:
                    await asyncio.wait_for(producer.start(), SEND_SECONDS)
                except BaseException:
                    with contextlib.suppress(KafkaError, TimeoutError):
                        await asyncio.wait_for(producer.stop(), 1.0)
                    raise
                self._producer = producer
        await asyncio.wait_for(saying.publish(self._producer, self._kafka, command), SEND_SECONDS)


def _tokens(settings: ApiSettings) -> Tokens | None:
    if not settings.demands_token:
        return None
    try:
        return Tokens(settings.api_tokens, settings.api_tokens_file)
    except (OSError, ValueError) as error:
        name = "PULSE_API_TOKENS_FILE"
        raise SettingsError([Fault(name, settings.api_tokens_file or "", str(error))]) from error


def _listen(settings: ApiSettings) -> socket.socket:
    """A bound socket. Raises OSError with what to do."""
    host, port = settings.api_host, settings.api_port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Accepted connections have it from here: the system drops a client that reads
                # nothing, or is gone without a word.
                unread = int(UNREAD_SECONDS * 1000)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread)
            listening.bind(address)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}:{port} ({error.strerror or error}); another instance may be "
            "there: give each a PULSE_API_PORT and a PULSE_API_DATABASE of its own, or port 0"
        ) from error
    return listening
