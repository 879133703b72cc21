"""Load: mixed events with a known total, in a Kafka topic set before anybody reads them.

Knows the mix, the skew and the span of event time. Imports nothing of what is measured. The same
seed and end give the same bytes, so that what one reads is a prefix of what another reads.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

MIX = (
    ("likes", 0.70),
    ("comments", 0.10),
    ("follows", 0.08),
    ("shares", 0.05),
    ("counters", 0.03),
    ("clicks", 0.02),
    ("posts", 0.02),
)
TOPICS = tuple(name for name, _ in MIX)
CREATORS = 1_000
ACTORS = 500_000
ZIPF = 1.0
POSTS_EACH = 5
EVENT_HOURS = 1.25
BATCH_BYTES = 262_144
_CHUNK = 100_000
_COMMENTS = [
    orjson.dumps(text)
    for text in (
        "love this so much, where is the jacket from?",
        "ok but why is nobody talking about the ending",
        "not a fan of the new format, unfollowed",
        "🔥🔥🔥",
        "first!",
        "this helped me a lot, thank you for explaining it so calmly",
        "another ad again? disappointed",
        "the light in the second picture is amazing",
    )
]

_HEAD = b'{"event_id":"e%d","creator_id":"creator-%d","platform":"instagram","occurred_at":%d'
_ACTED = _HEAD + b',"post_id":"post-%d-%d","actor_id":"actor-%d","action":"%b"}'
_COMMENTED = _HEAD + b',"comment_id":"k%d","post_id":"post-%d-%d","actor_id":"actor-%d","text":%b}'
_FOLLOWED = _HEAD + b',"actor_id":"actor-%d"}'
_POLLED = _HEAD + b',"post_id":"post-%d-%d","views":%d}'
_CLICKED = _HEAD + b',"campaign_id":"campaign-1","link_id":"link-1"}'
_POSTED = _HEAD + b',"post_id":"post-%d","media_type":"photo"}'

Drawn = npt.NDArray[Any]


class Stream(NamedTuple):
    """What the events are drawn from; `total` events fill `hours` that end at `end_ms`.

    Event ids are numbered from `first_id`, so that streams can follow each other; `removed` is the
    share of likes and shares that are taken back. A creator's share goes with its rank to the
    power of -`skew`; 0 is uniform.
    """

    total: int
    end_ms: int
    creators: int = CREATORS
    hours: float = EVENT_HOURS
    seed: int = 1
    first_id: int = 0
    removed: float = 0.03
    skew: float = ZIPF


def key_of(creator: int) -> bytes:
    """The record key of a creator by its rank."""
    return b"creator-%d" % creator


class _Chunk(NamedTuple):
    """What was drawn for some events in a row, an array for each property."""

    at_ms: Drawn
    ranks: Drawn
    kinds: Drawn
    posts: Drawn
    actors: Drawn
    removed: Drawn
    said: Drawn


def _chunks(stream: Stream, upto: int | None) -> Iterator[_Chunk]:
    chance = np.random.default_rng(stream.seed)
    shares = np.cumsum([share for _, share in MIX])
    weights = np.cumsum(1 / np.arange(1, stream.creators + 1) ** stream.skew)
    start, span = stream.end_ms - stream.hours * 3_600_000, stream.hours * 3_600_000
    wanted = stream.total if upto is None else min(upto, stream.total)
    for first in range(0, wanted, _CHUNK):
        ranks = np.searchsorted(weights, chance.random(_CHUNK) * weights[-1], side="right")
        kinds = np.searchsorted(shares, chance.random(_CHUNK), side="right")
        at = start + span * np.arange(first, first + _CHUNK) / stream.total
        drawn = (
            at.astype(np.int64),
            ranks,
            np.minimum(kinds, len(MIX) - 1),
            chance.integers(POSTS_EACH, size=_CHUNK),
            chance.integers(ACTORS, size=_CHUNK),
            chance.random(_CHUNK) < stream.removed,
            chance.integers(len(_COMMENTS), size=_CHUNK),
        )
        yield _Chunk(*(column[: wanted - first] for column in drawn))


def events(stream: Stream, upto: int | None = None) -> Iterator[tuple[str, int, bytes]]:
    """The first `upto` events (all by default) as (topic, creator's rank, value), in time order."""
    number = count(stream.first_id)
    for chunk in _chunks(stream, upto):
        columns = zip(*(column.tolist() for column in chunk), strict=True)
        # The columns first: asked before them, the count would be one ahead after each chunk.
        for (ms, rank, kind, post, actor, removed, said), n in zip(columns, number, strict=False):
            topic = TOPICS[kind]
            if topic in ("likes", "shares"):
                action = b"remove" if removed else b"add"
                value = _ACTED % (n, rank, ms, rank, post, actor, action)
            elif topic == "comments":
                value = _COMMENTED % (n, rank, ms, n, rank, post, actor, _COMMENTS[said])
            elif topic == "follows":
                value = _FOLLOWED % (n, rank, ms, actor)
            elif topic == "counters":
                value = _POLLED % (n, rank, ms, rank, post, n)
            elif topic == "clicks":
                value = _CLICKED % (n, rank, ms)
            else:
                value = _POSTED % (n, rank, ms, n)
            yield topic, rank, value


def per_pane(stream: Stream, pane_ms: int, upto: int | None = None) -> dict[tuple[int, int], int]:
    """How many of the first `upto` events each (creator's rank, pane since the epoch) has."""
    sums: Counter[tuple[int, int]] = Counter()
    for chunk in _chunks(stream, upto):
        panes = chunk.at_ms // pane_ms
        first = int(panes[0])
        width = int(panes[-1]) - first + 1
        cells, counts = np.unique(chunk.ranks * width + panes - first, return_counts=True)
        for cell, n in zip(cells.tolist(), counts.tolist(), strict=True):
            sums[cell // width, cell % width + first] += n
    return sums


class Placement:
    """Which partition a creator's records belong to, as Kafka's own partitioner has it."""

    def __init__(self, partitions: int, creators: int) -> None:
        place, everything = DefaultPartitioner(), list(range(partitions))
        self.keys = [key_of(rank) for rank in range(creators)]
        self.partitions = [place(key, everything, everything) for key in self.keys]


async def preload(
    bootstrap: str, partitions: int, stream: Stream, *, upto: int | None = None, prefix: str = ""
) -> Counter[str]:
    """Write the first `upto` events before anything reads; how many went to each topic."""
    place = Placement(partitions, stream.creators)
    keys, homes = place.keys, place.partitions
    sent: Counter[str] = Counter()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    builders: dict[tuple[str, int], BatchBuilder] = {}
    futures: list[asyncio.Future[object]] = []

    async def ship(topic: str, partition: int) -> None:
        builder = builders.pop((topic, partition))
        sent[topic] += builder.record_count()
        builder.close()
        futures.append(await producer.send_batch(builder, prefix + topic, partition=partition))

    try:
        for topic, rank, value in events(stream, upto):
            at = topic, homes[rank]
            builder = builders.get(at)
            if builder is None:
                builder = builders[at] = producer.create_batch()
            if builder.append(key=keys[rank], value=value, timestamp=None) is None:
                await ship(*at)
                builder = builders[at] = producer.create_batch()
                builder.append(key=keys[rank], value=value, timestamp=None)
        for topic, partition in list(builders):
            await ship(topic, partition)
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    return sent


def recent(total: int, **stream: int | float) -> Stream:
    """A stream of `total` events that ends a minute ago."""
    return Stream(total, int(time.time() * 1000) - 60_000, **stream)  # type: ignore[arg-type]
