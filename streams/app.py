"""App: the whole worker on one page, from settings to something that starts and stops.

Knows every part and in which order they come up. Must not know how any of them works.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from streams import agents
from streams.campaigns import OWNER, CampaignReader
from streams.engine.calendar import MOST_SHOWN, MOST_WRITTEN
from streams.engine.roster import Roster
from streams.engine.rulebook import RuleBook
from streams.engine.sentiment import Analyser
from streams.engine.shard import Shard, ShardConfig
from streams.engine.turns import MOST_SCORES
from streams.garbage import Garbage
from streams.health import WorkerHealth
from streams.kafka.admin import require_topics
from streams.kafka.build import build_kafka
from streams.kafka.fuse import Fuse
from streams.kafka.options import KafkaOptions
from streams.kafka.patience import patiently
from streams.kafka.ports import RestoreShard, ShardPort
from streams.kafka.standing import require_own_group, require_partitions
from streams.outputs.alertmanager import Pusher
from streams.outputs.credentials import Credentials
from streams.outputs.metrics import Metrics
from streams.outputs.observer import Observer
from streams.rulewatch import RuleWatch
from streams.security import kafka_security
from streams.settings import Settings
from streams.web import WebServer, application

log = logging.getLogger(__name__)
BEAT_SECONDS = 0.25
SURVEY_SECONDS = 2.0
BACKLOG = 250_000
"""Records not yet applied, beyond what a worker handles within seconds."""
RULES_SECONDS = 1.0


def kafka_options(settings: Settings) -> KafkaOptions:
    """What the seam needs of the settings."""
    return KafkaOptions(
        bootstrap=settings.bootstrap_servers,
        app_id=settings.app_id,
        partitions=settings.partitions,
        prefix=settings.topic_prefix,
        guarantee=settings.processing_guarantee,
        checkpoint_interval=settings.checkpoint_interval,
        checkpoint_max_dirty=settings.checkpoint_max_dirty,
        session_timeout=settings.session_timeout,
        heartbeat_interval=settings.heartbeat_interval,
        security=kafka_security(settings),
        replication_factor=settings.replication_factor,
        clock=settings.clock,
        max_skew=settings.max_skew,
    )


def shard_config(settings: Settings, book: RuleBook | None = None) -> ShardConfig:
    """What a shard needs of the settings."""
    live = settings.clock == "wall"
    return ShardConfig(
        rules=book or RuleBook(),
        partitions=settings.partitions,
        actor_secret=settings.actor_secret.encode(),
        lateness_ms=round(settings.allowed_lateness * 1000),
        score_interval_ms=1_000 if live else 0,
        # Where a tick ends a step of events, all that the step has changed is told with it.
        most_scores=MOST_SCORES if live else None,
        most_closed=(MOST_SHOWN, MOST_WRITTEN) if live else None,
    )


def shard_restorer(
    settings: Settings,
    book: Callable[[], RuleBook] = RuleBook,
    roster: Roster | None = None,
    analyser: Analyser | None = None,
) -> RestoreShard:
    """What makes the shard of a partition from its stored tables, with the rules that then hold.

    All its shards share the roster and the analyser.
    """

    def restore(partition: int, tables: Mapping[str, Mapping[bytes, bytes]]) -> Shard:
        config = shard_config(settings, book())
        return Shard.restore(partition, config, tables, analyser, roster)

    return restore


class App:
    """One worker. `start`, then `crashed` until it is time to `stop`."""

    def __init__(self, settings: Settings, fuse: Fuse, analyser: Analyser | None = None) -> None:
        self._options = options = kafka_options(settings)
        self._fuse = fuse
        self._start_timeout = settings.start_timeout
        self.observer = Observer(settings.max_creator_series)
        self.rules = self.observer.rules = RuleWatch(settings.rules_file)
        roster = Roster()
        restorer = shard_restorer(settings, lambda: self.rules.book, roster, analyser)
        self.faust, self.seam = build_kafka(options, restorer, self.observer.hooks, fuse)
        agents.register(self.faust, self.seam.deliver)
        self.metrics = Metrics(CollectorRegistry(), self.observer.read)
        self.observer.attach(self.seam, self.metrics)
        self.pusher = self.observer.pusher = Pusher(
            filter(None, settings.alertmanager_urls.split(",")),
            resend=settings.alertmanager_resend,
            template=settings.alert_link,
            credentials=Credentials(
                token=settings.alertmanager_token,
                token_file=settings.alertmanager_token_file,
                username=settings.alertmanager_username,
                password=settings.alertmanager_password,
            ),
            owner_of=roster.owner,
            tell=self.metrics.pushed,
            past_ms=None if settings.clock == "wall" else lambda: self.rules.book.base.desk.past_ms,
        )
        self.metrics.pushes_to(self.pusher.targets)
        self.health = WorkerHealth(self.seam, self.observer.restoring)
        self.campaigns = CampaignReader(options, self._campaign_owner, roster)
        self.observer.campaigns = roster
        self.web = WebServer(
            application(self.metrics.registry, self.health), settings.http_host, settings.http_port
        )
        self._garbage = Garbage(time.monotonic(), self._works_off)
        self._tasks: list[asyncio.Task[None]] = []

    def _campaign_owner(self) -> ShardPort | None:
        slot = self.seam.slots.get(OWNER)
        return None if slot is None or slot.suspended else slot.shard

    async def start(self) -> None:
        """Come up, and return when partitions are consumed. May be cancelled, then `stop`.

        Raises OSError, KafkaError or FatalError with what is in the way.
        """
        await self.web.start()
        await self.pusher.start()
        log.info("listening on %s", self.web.url)
        self.health.phase = "waiting for the brokers"
        await patiently(
            lambda: require_topics(self._options), self._options.bootstrap, self._start_timeout
        )
        await require_own_group(self._options)
        await require_partitions(self._options)
        self.health.phase = "loading campaigns"
        await self.campaigns.load()
        self.health.phase = ""
        beside = {
            "following the campaigns": self.campaigns.follow(),
            "the heartbeat": self._beat(),
            "the survey of creators": self._survey(),
            "watching the rules": self._watch_rules(),
            "looking for garbage": self._garbage.look_for_ever(),
        }
        self._tasks = [
            asyncio.create_task(self._guarded(name, work)) for name, work in beside.items()
        ]
        await self.faust.start()

    async def crashed(self) -> BaseException | None:
        """Wait until Faust has stopped by itself; what it died of, if it knows."""
        await self.faust.wait_until_stopped()
        reason: BaseException | None = self.faust.crash_reason
        return reason

    async def stop(self) -> None:
        """Write the last checkpoint, leave the group and let go of everything."""
        self.health.phase = "stopping"
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.faust.stop()
        await self.pusher.stop()
        await self.campaigns.stop()
        await self.web.stop()

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self._fuse.blow(f"{name} failed", error)

    async def _beat(self) -> None:
        while True:
            self.health.beat()
            self.metrics.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def _watch_rules(self) -> None:
        while True:
            await asyncio.sleep(RULES_SECONDS)
            book = await asyncio.to_thread(self.rules.look)
            if book is not None:
                self.observer.judge_by(book)

    def _works_off(self) -> bool:
        """Whether there is a backlog."""
        return sum(self.seam.lag().values()) > BACKLOG

    async def _survey(self) -> None:
        collected = 0
        while True:
            await asyncio.sleep(SURVEY_SECONDS)
            self.observer.look_for_lag()
            await asyncio.to_thread(self.observer.survey)
            self.observer.forget_erased()
            if collected < self.observer.dropped:
                # A shard refers to itself, and is old.
                collected = self.observer.dropped
                self._garbage.look_at_all()
