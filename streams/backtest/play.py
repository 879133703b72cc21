"""Play: a recording, to the shards that a worker would have, as fast as the processor allows.

Knows shards by their doors and in which order they are told events and time. Must not know files
or what alerts are good for.

What a shard is told is what a worker with `--clock events` tells it: the same records in the same
order, and the time between two steps. Scores are left owed, since nobody reads them here; they
take no part in detection.
"""

import time
from collections import Counter
from collections.abc import Callable

import msgspec

from schemas import topics
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.events import Campaign
from schemas.scores import EngagementWindow
from streams.backtest.recording import Event, Recording
from streams.engine.detours import campaign_of
from streams.engine.roster import Roster
from streams.engine.sentiment import Analyser
from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from streams.kafka.replay import STEP_MS

_MOST_DIRTY = 20_000
_LOOK_EVERY = 64
_END = Tick(0, frozenset(), emit=False)

Told = Callable[[int, float, int], bool]
"""Hears events and their share so far, and the event time; whether to stop is what it answers."""

_alert = msgspec.json.Decoder(Alert)
_letter = msgspec.json.Decoder(DeadLetter)
_window = msgspec.json.Decoder(EngagementWindow)


class Played(msgspec.Struct, kw_only=True):
    """What came of a recording: all alert records in order of time, and what it cost.

    `raw` are the records as the topic would hold them. `late` counts events whose minute was
    closed, `dead` refused ones by code. `windows` are (minute in ms, creator, engagements) of
    closed minutes, where they were wanted. Seconds by the wall and by the processor.
    """

    alerts: list[Alert] = []
    raw: list[bytes] = []
    windows: list[tuple[int, str, int]] = []
    events: int = 0
    complete: bool = False
    until_ms: int = 0
    late: int = 0
    dead: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class _Player:
    """The shards of one run, and what they have published."""

    def __init__(
        self,
        recording: Recording,
        config: ShardConfig,
        windows: bool,
        analyser: Analyser | None,
    ) -> None:
        roster = Roster()
        for value in recording.campaigns:
            # All of them are known from the start, as to a worker, which reads them first.
            if isinstance(campaign := campaign_of(value, -1), Campaign):
                roster.put(campaign)
        self._shards = [Shard(p, config, analyser, roster) for p in range(config.partitions)]
        self._offsets: list[Counter[str]] = [Counter() for _ in self._shards]
        self._told = [0] * len(self._shards)
        self._windows = windows
        self.done = Played()

    def apply(self, partition: int, topic: str, events: list[tuple[bytes, bytes]]) -> None:
        start = self._offsets[partition][topic]
        records = [
            Event(offset, -1, key, value) for offset, (key, value) in enumerate(events, start)
        ]
        end = self._offsets[partition][topic] = start + len(records)
        self._shards[partition].apply(Batch(topic, start, records, end))

    def advance(self, partition: int, head_ms: int | None) -> None:
        """The end of a step, before a record of `head_ms`; None at the end of all."""
        shard = self._shards[partition]
        if head_ms is None:
            shard.advance(_END)
        else:
            # Of all topics with unread records only the slowest counts, whichever it is.
            topic = topics.LIKES.name
            shard.advance(Tick(0, frozenset({topic}), heads={topic: head_ms}, emit=False))
        self._told[partition] += 1
        crowded = self._told[partition] % _LOOK_EVERY == 0 and shard.dirty() > _MOST_DIRTY
        if crowded or shard.speaks:
            self._take(shard)

    def _take(self, shard: Shard) -> None:
        done = self.done
        for output in shard.take_snapshot().outputs:
            if output.value is None:
                continue
            if output.topic == topics.FLEET_SIGNALS.name:
                self.apply(output.partition, output.topic, [(output.key or b"", output.value)])
            elif output.topic == topics.ALERTS.name:
                done.raw.append(output.value)
            elif output.topic == topics.LATE_EVENTS.name:
                done.late += 1
            elif output.topic == topics.DEAD_LETTERS.name:
                done.dead[_letter.decode(output.value).code] += 1
            elif self._windows and output.topic == topics.ENGAGEMENT_WINDOWS.name:
                window = _window.decode(output.value)
                at_ms = round(window.window_start.timestamp() * 1000)
                done.windows.append((at_ms, window.creator_id, window.engagements))

    def finish(self) -> Played:
        # Twice: what a shard says last may raise an alert on another one.
        for shard in (*self._shards, *self._shards):
            self._take(shard)
        done = self.done
        pairs = [(_alert.decode(raw), raw) for raw in done.raw]
        # Records of one shard are in order; those of several are merged.
        pairs.sort(key=lambda pair: pair[0].updated_at)
        done.alerts, done.raw = [alert for alert, _ in pairs], [raw for _, raw in pairs]
        return done


def play(
    recording: Recording,
    config: ShardConfig,
    told: Told,
    *,
    windows: bool = False,
    analyser: Analyser | None = None,
) -> Played:
    """Play a recording that was read for as many partitions as `config` says.

    Raises ProcessingError for a fault of the core.
    """
    began, began_cpu = time.perf_counter(), time.process_time()
    player = _Player(recording, config, windows, analyser)
    done, total = player.done, max(1, recording.events)
    for block in recording.blocks:
        for topic, events in recording.batches(block):
            player.apply(block.partition, topic, events)
            done.events += len(events)
        player.advance(block.partition, block.head_ms)
        done.until_ms = (block.step + 1) * STEP_MS
        if told(done.events, done.events / total, done.until_ms):
            break
    player.finish()
    done.complete = done.events == recording.events
    done.seconds = time.perf_counter() - began
    done.cpu_seconds = time.process_time() - began_cpu
    return done
