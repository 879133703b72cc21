"""Floods: hostile populations, in which every event is valid and only their number is not.

Knows what each flood is made of, and the bounds that must hold in it: memory, stored bytes, time,
and not one event lost. Must not know how bounds are kept.
"""

import gc
import resource
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import msgspec

from streams.engine.shard import Batch, Shard, ShardConfig, Tick
from tests.fuzz.cases import START_MS
from tests.fuzz.events import stretched
from tests.fuzz.judge import CHANGELOG_LIMIT, Ledger, check
from tests.fuzz.player import Costs, Record

BATCH = 500
CHECKPOINT = 10
"""Batches from checkpoint to checkpoint."""
MEMORY_LIMIT = 64 << 20
"""Bytes by which one hostile creator may let a worker grow, passing rubbish included."""
STATE_LIMIT = 4 << 20
"""Bytes that one hostile creator may have stored."""
CREATOR_LIMIT = 16 << 10
"""Bytes of memory for each of a burst of new creators, before they fall idle."""
_MINUTE_MS = 60_000
_LONG = "\N{PILE OF POO}" * 240

Event = tuple[str, int, dict[str, Any]]
"""(topic, event time, what is not of the envelope)."""


class Flood(NamedTuple):
    """One hostile population. `held`: the watermark stands still until the end."""

    events: Callable[[int], Iterator[Event]]
    held: bool = False
    many_creators: bool = False
    share: float = 1.0
    """Events as a share of what is asked for: some cost more each."""


def _posts(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "likes", START_MS + i, {"post_id": f"p{i}", "actor_id": "a"}


def _actors(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "likes", START_MS + i, {"post_id": "p", "actor_id": f"a{i}"}


def _published(n: int) -> Iterator[Event]:
    for i in range(n):
        action = "delete" if i % 3 == 2 else "publish"
        fields = {"post_id": f"{_LONG}{i}", "action": action, "media_type": f"m{i}"}
        yield "posts", START_MS + i * 10, fields


def _totals(n: int) -> Iterator[Event]:
    for i in range(n):
        fields = {"post_id": f"{_LONG}{i // 2}", "likes": 10**12 * (i % 2), "saves": i, "views": i}
        yield "counters", START_MS + i, fields


def _jumps(n: int) -> Iterator[Event]:
    rng = Random(n)
    for i in range(n):
        fields = {m: rng.choice((0, 1, 10**6, 10**12)) for m in ("likes", "views", "followers")}
        at = START_MS + i * 100 + rng.randrange(-60_000, 1)
        yield "counters", at, fields | {"post_id": rng.choice((None, "p"))}


def _currencies(n: int) -> Iterator[Event]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for i in range(n):
        code = letters[i % 26] + letters[i // 26 % 26] + letters[i // 676 % 26]
        fields = {"campaign_id": f"c{i}", "order_id": f"o{i}", "value": 1e9, "currency": code}
        yield (
            "conversions",
            START_MS + i,
            fields | {"action": ("convert", "refund")[i // 17_576 % 2]},
        )


def _campaigns(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "clicks", START_MS + i, {"campaign_id": f"{_LONG}{i}", "link_id": f"l{i}"}


def _minutes(n: int) -> Iterator[Event]:
    for i in range(n):
        at = START_MS - (i * 7_919_317 % (20 * 365 * 1_440)) * _MINUTE_MS
        yield "likes", at, {"post_id": f"{_LONG}{i}", "actor_id": f"a{i}"}


def _panes(n: int) -> Iterator[Event]:
    for i in range(n):
        at = START_MS + (i * 7_919 % 4_000) * 10_000 + i % 10_000
        topic = ("likes", "posts", "counters", "follows")[i % 4]
        fields: dict[str, Any] = {"post_id": f"{_LONG}{i}", "actor_id": f"a{i}"}
        if topic == "counters":
            fields = {"post_id": f"p{i % 200}", "likes": i, "followers": None}
        yield topic, at, fields


def _profiles(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "creators", START_MS + i, {"handle": f"@{i}", "followers": i, "tags": [f"t{i}"] * 100}


def _unfollows(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "follows", START_MS + i * 5_000, {"actor_id": f"a{i}", "action": "unfollow"}


def _emoji(n: int) -> Iterator[Event]:
    rng = Random(n)
    dress = "\U0001f468\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f525\U0001f602!\u0301 "
    for i in range(n):
        text = "".join(rng.choices(dress, k=50)) * 400
        fields = {"comment_id": f"c{i}", "post_id": "p", "actor_id": f"a{i}", "text": text}
        yield "comments", START_MS + i, fields


def _stretched(n: int) -> Iterator[Event]:
    rng = Random(n)
    for i in range(n):
        fields = {"comment_id": f"c{i}", "post_id": "p", "actor_id": f"a{i}"}
        yield "comments", START_MS + i, fields | {"text": stretched(rng, 1_500)}


def _creators(n: int) -> Iterator[Event]:
    for i in range(n):
        yield "likes", START_MS + i // 100, {"post_id": "p", "actor_id": "a", "creator_id": f"c{i}"}


FLOODS = {
    "posts liked": Flood(_posts),
    "accounts": Flood(_actors),
    "posts published": Flood(_published, share=0.5),
    "polled posts": Flood(_totals),
    "jumping totals": Flood(_jumps),
    "currencies": Flood(_currencies),
    "campaigns": Flood(_campaigns),
    "minutes": Flood(_minutes, held=True),
    "panes": Flood(_panes, held=True, share=0.5),
    "profiles": Flood(_profiles, share=0.5),
    "unfollows": Flood(_unfollows),
    "long comments of emoji": Flood(_emoji, share=0.01),
    "long comments of stretched words": Flood(_stretched, share=0.005),
    "new creators": Flood(_creators, many_creators=True, share=0.1),
}


def run(name: str, inputs: int) -> dict[str, Any]:
    """Play one flood in this process; what it cost. Raises Wrong where a bound does not hold."""
    flood = FLOODS[name]
    n = max(int(inputs * flood.share), 1)
    play = _Play(flood, n)
    gc.collect()
    before = _rss()
    began = time.process_time()
    play.run()
    seconds = time.process_time() - began
    grown = _rss() - before
    creators = n if flood.many_creators else 1
    if flood.many_creators:
        check(n < 10_000 or grown / n < CREATOR_LIMIT, f"{grown / n:.0f} bytes for each creator")
    else:
        check(grown < MEMORY_LIMIT, f"memory grew by {grown >> 20} MiB")
        check(play.peak < STATE_LIMIT, f"one creator had {play.peak} bytes of state")
    worst, told = max(play.costs.worst.values())
    return {
        "inputs": n,
        "creators": creators,
        "microseconds_per_input": round(1e6 * seconds / n, 1),
        "worst_step_milliseconds": round(worst / 1e6, 1),
        "worst_step": told,
        "memory_grown_bytes": grown,
        "memory_grown_bytes_per_creator": grown // creators,
        "peak_state_bytes": play.peak or None,
        "largest_record_bytes": play.largest,
        "folded": dict(play.shard.stats.folded),
        "late": play.shard.stats.late.total(),
        "dead_letters": play.shard.stats.dead_letters.total(),
    }


class _Play:
    """One flood on one shard: batches, ticks and checkpoints, as a worker would make them."""

    def __init__(self, flood: Flood, n: int) -> None:
        self._flood = flood
        self._n = n
        # A step over many creators costs in proportion to them: it is told, not limited.
        self.costs = Costs(1 << 62) if flood.many_creators else Costs()
        self.ledger = Ledger(remember=False)
        self.shard = Shard(0, ShardConfig(partitions=1, duplicate_horizon=512))
        self.stored: dict[bytes, bytes] = {}
        self.peak = 0
        self.largest = 0
        self._offsets: dict[str, int] = {}
        self._now = START_MS

    def run(self) -> None:
        waiting: dict[str, list[Record]] = {}
        batches = 0
        for i, (topic, at_ms, fields) in enumerate(self._flood.events(self._n)):
            common = {"event_id": f"e{i}", "creator_id": "c", "platform": "x", "occurred_at": at_ms}
            value = msgspec.json.encode(common | fields)
            records = waiting.setdefault(topic, [])
            offset = self._offsets.get(topic, 0) + len(records)
            records.append(Record(offset, max(at_ms, self._now), b"c", value))
            self._now = max(self._now, at_ms)
            if len(records) == BATCH or (len(value) > 10_000 and len(records) == BATCH // 10):
                batches += 1
                self._apply(topic, waiting.pop(topic))
                self._advance(frozenset(("profiles",)) if self._flood.held else frozenset())
                if batches % CHECKPOINT == 0:
                    self._save()
        for topic, records in waiting.items():
            self._apply(topic, records)
        self._save()
        for _ in range(3):
            self._now += 40 * _MINUTE_MS
            self._advance(frozenset())
            self._save()
        self.ledger.retire(self.shard)
        self.ledger.settle()

    def _apply(self, topic: str, records: list[Record]) -> None:
        start = records[0].offset
        end = self._offsets[topic] = start + len(records)
        self.ledger.sent[topic] += len(records)
        batch = Batch(topic, start, records, end)
        hole = self.costs.run(
            "apply", lambda: self.shard.apply(batch), lambda: f"{len(records)} of {topic}", 0
        )
        check(hole is None, "a chained batch was refused")

    def _advance(self, undrained: frozenset[str]) -> None:
        tick = Tick(self._now, undrained)
        self.costs.run("advance", lambda: self.shard.advance(tick), lambda: "time passes", 0)

    def _save(self) -> None:
        snapshot = self.costs.run("snapshot", self.shard.take_snapshot, lambda: "a checkpoint", 0)
        for records in snapshot.tables.values():
            for key, value in records.items():
                if value is None:
                    self.stored.pop(key, None)
                elif key[:1] != b"\x00":
                    check(len(value) < CHANGELOG_LIMIT, f"{key!r}: {len(value)} bytes")
                    self.largest = max(self.largest, len(value))
                    if not self._flood.many_creators:
                        self.stored[key] = value
        self.peak = max(self.peak, sum(map(len, self.stored.values())))
        self.ledger.look(snapshot.outputs)


def _rss() -> int:
    """The largest resident memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
