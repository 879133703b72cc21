"""Observer: what a worker remembers of itself, for metrics, probes and the final report.

Knows the seam's hooks and the shards' counters. Must not know how any of it is shown.
"""

import logging
import time
from collections import Counter, defaultdict
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from schemas import topics
from schemas.alerts import Alert
from streams.engine.roster import Roster as Campaigns
from streams.engine.rulebook import RuleBook
from streams.engine.shard import Batch, Shard, Snapshot
from streams.engine.stats import ShardStats
from streams.kafka.hooks import Hooks
from streams.kafka.seam import Seam
from streams.outputs.alertmanager import Pusher
from streams.outputs.lagclock import LagClock
from streams.outputs.metrics import Metrics
from streams.outputs.readings import Reading, Survey, add
from streams.outputs.survey import Surveyor
from streams.rulewatch import RuleWatch

log = logging.getLogger(__name__)
_ALERTS_KEPT = 1_000
_OUTBOUND = frozenset(topic.name for topic in topics.OUTBOUND)
_alert = msgspec.json.Decoder(Alert)


class _Event(Struct):
    event_id: str = ""


_event = msgspec.json.Decoder(_Event)


def _event_id(value: bytes | None) -> str:
    """The id of an event; empty where it has none, or is none."""
    try:
        return _event.decode(value or b"{}").event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


class Observer:
    """Listens to the seam by `hooks`, and reads off the shards by `read`."""

    def __init__(self, max_creator_series: int) -> None:
        self.hooks = Hooks(
            on_committed=self._committed,
            on_failed=self._failed,
            on_restore_progress=self._progress,
            on_restored=self._restored,
            on_dropped=self._dropped,
            on_applied=self.arrived,
        )
        self.restoring: dict[int, tuple[int, int]] = {}
        """Changelog records (read, in all) of each partition that is being restored."""
        self.campaigns = Campaigns()
        """The campaigns that are loaded."""
        self.dropped = 0
        """How many shards have gone to other workers."""
        self.checkpoints = 0
        self.failures: Counter[str] = Counter()
        """Failed checkpoints by kind: the process ends with the first."""
        self.published: Counter[str] = Counter()
        """Committed records, by outbound topic."""
        self.alerts: list[Alert] = []
        """The first thousand committed alerts that began."""
        self.pusher = Pusher((), resend=60.0)
        self.rules = RuleWatch(None)
        self._surveyor = Surveyor(max_creator_series)
        self._surveyed = Survey()
        self._lag_clock = LagClock()
        self._shards: dict[int, Shard] = {}
        self._past = ShardStats()
        self._told: dict[tuple[str, str], tuple[str, float]] = {}
        self._arrived: defaultdict[int, list[tuple[float, int, bytes | None]]] = defaultdict(list)
        self._seam: Seam | None = None
        self._metrics: Metrics | None = None

    def attach(self, seam: Seam, metrics: Metrics) -> None:
        """Name the seam to ask and the metrics to push to."""
        self._seam, self._metrics = seam, metrics

    def arrived(self, partition: int, batch: Batch) -> None:
        """A batch is given to its shard."""
        if batch.records:
            first = batch.records[0]
            self._arrived[partition].append((time.monotonic(), first.timestamp, first.value))
            last = batch.records[-1].timestamp
            self._lag_clock.applied((batch.topic, partition), last / 1000)

    def look_for_lag(self) -> None:
        """Take note of what is drained. The more often, the more exact the lag in seconds is."""
        # What brokers said before they fell silent tells nothing of now.
        if self._seam is not None and self._shards and not self._seam.brokers_silent():
            self._lag_clock.look(self._seam.lag(), time.time())

    def counted(self) -> ShardStats:
        """The counters of all shards that ever were here."""
        total = ShardStats()
        add(total, self._past)
        for shard in self._shards.values():
            add(total, shard.stats)
        return total

    def read(self) -> Reading:
        """The state of all shards, for a scrape."""
        reading = Reading(
            counted=self.counted(),
            partitions=len(self._shards),
            campaigns=len(self.campaigns.campaigns),
            found=self._surveyed,
            told=self._told,
        )
        if self._seam is not None:
            reading.rebalances = self._seam.rebalances
            reading.checkpoint_age = self._seam.checkpoint_age()
            reading.ready = self._seam.ready and not self._seam.brokers_silent()
            reading.configured = self._seam.options.partitions
            lags = self._seam.lag()
            reading.lag_seconds = self._lag_clock.seconds(lags, time.time())
            for (topic, _partition), records in lags.items():
                reading.lag[topic] = reading.lag.get(topic, 0) + records
            for (topic, _partition), records in self._seam.hidden().items():
                reading.hidden[topic] = reading.hidden.get(topic, 0) + records
            for partition, slot in self._seam.slots.items():
                if (epoch := slot.producer.epoch) is not None:
                    reading.epochs[partition] = epoch
            for topic in self._seam.waiting_topics():
                reading.waiting[topic] += 1
        for partition, shard in self._shards.items():
            reading.creators += shard.creators
            reading.scores_waiting += shard.scores_waiting()
            reading.uncommitted += shard.dirty()
            if shard.watermark_ms is not None:
                reading.watermarks[partition] = shard.watermark_ms / 1000
        for partition, (read, total) in self.restoring.items():
            reading.restoring[partition] = read / total if total else 1.0
        reading.rules = self.rules.book.digest, self.rules.loaded_at, self.rules.failures
        reading.unpushed = self.pusher.waiting()
        return reading

    def survey(self) -> None:
        """Look at every creator; what is found is shown from then on. May run in another thread."""
        self._surveyed = self._surveyor.look(list(self._shards.values()), self.campaigns)

    def judge_by(self, book: RuleBook) -> None:
        """New rules hold for all shards."""
        for shard in self._shards.values():
            shard.judge_by(book)

    def forget_erased(self) -> None:
        """Let the pusher forget what fires no more without having been resolved."""
        for partition, shard in self._shards.items():
            self.pusher.forget_but(partition, shard.firing())

    def report(self) -> dict[str, Any]:
        """What was done, as `pulse worker --report` writes it."""
        counted = self.counted()
        return {
            "events": counted.accepted.total(),
            "events_by_topic": dict(counted.accepted),
            "received": counted.received.total(),
            "duplicates": counted.duplicates.total(),
            "forwarded": counted.forwarded.total(),
            "late": counted.late.total(),
            "dead_letters": counted.dead_letters.total(),
            "dead_letters_by_code": {
                f"{topic}/{code}": n for (topic, code), n in sorted(counted.dead_letters.items())
            },
            "scores": self.published["engagement-scores"],
            "windows": self.published["engagement-windows"],
            "alerts": msgspec.to_builtins(self.alerts),
            "published": dict(self.published),
            "checkpoints": self.checkpoints,
            "checkpoint_failures": dict(self.failures),
            "holes": counted.holes,
            "rebalances": self._seam.rebalances if self._seam else 0,
        }

    def _committed(self, partition: int, snapshot: Snapshot, seconds: float) -> None:
        self.checkpoints += 1
        published = Counter(map(attrgetter("topic"), snapshot.outputs))
        self.published.update({name: n for name, n in published.items() if name in _OUTBOUND})
        if published["alerts"]:
            self._keep_alerts(partition, snapshot)
        taken = time.monotonic() - seconds
        arrived = self._arrived.pop(partition, [])
        if after := [entry for entry in arrived if entry[0] > taken]:
            self._arrived[partition] = after
        if self._metrics is None:
            return
        state = {
            table: (
                len(records),
                sum(len(key) + len(value or b"") for key, value in records.items()),
            )
            for table, records in snapshot.tables.items()
        }
        outbound = {name: n for name, n in published.items() if name in _OUTBOUND}
        done = [(stamp / 1000, value) for at, stamp, value in arrived if at <= taken]
        oldest = [stamp for stamp, _ in done]
        event_id = _event_id(min(done, key=itemgetter(0))[1]) if done else ""
        self._metrics.checkpoint_committed(seconds, state, outbound, oldest, event_id)

    def _failed(self, _partition: int, failure: str) -> None:
        self.failures[failure] += 1
        if self._metrics is not None:
            self._metrics.checkpoint_failed(failure)

    def _keep_alerts(self, partition: int, snapshot: Snapshot) -> None:
        for output in snapshot.outputs:
            if output.topic != "alerts" or output.value is None:
                continue
            self.pusher.committed(partition, output.value)
            alert = _alert.decode(output.value)
            self._told[alert.kind, alert.status] = alert.alert_id, time.time()
            log.info("alert %s %s: %s", alert.status, alert.alert_id, alert.title)
            if alert.status == "firing" and len(self.alerts) < _ALERTS_KEPT:
                self.alerts.append(alert)

    def _progress(self, partition: int, read: int, total: int) -> None:
        self.restoring[partition] = (read, total)

    def _restored(self, partition: int, shard: Any, seconds: float) -> None:
        _, total = self.restoring.pop(partition, (0, 0))
        self._shards[partition] = shard
        # It may have been made under the rules before these.
        shard.judge_by(self.rules.book)
        self.pusher.restored(partition, shard.firing())
        if self._metrics is not None:
            self._metrics.restored(seconds, total)

    def _dropped(self, partition: int) -> None:
        self.restoring.pop(partition, None)
        self._arrived.pop(partition, None)
        self._lag_clock.forget(partition)
        shard = self._shards.pop(partition, None)
        if shard is not None:
            self.dropped += 1
            self.pusher.dropped(partition)
            add(self._past, shard.stats)
