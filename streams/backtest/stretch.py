"""Stretch: what the inbound topics hold between two moments, fetched into files for a recording.

Knows topics, offsets and the broker's time. Must not know what is done with the files.

Each partition of a topic becomes a file of JSON Lines, in the order of its log: a recording merges
them by event time, each in its own order. What a worker would not read (aborted transactions) is
left out; so is what no file can hold, counted: tombstones, and values that are no JSON.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CAMPAIGNS, Topic
from streams.follow import join
from streams.kafka.options import KafkaOptions

_STALLED_SECONDS = 60.0
_CLOSE_SECONDS = 3.0


class Stretch(NamedTuple):
    """From when to when, by the time at which the broker got a record (None: from its first, to
    what is committed now), in epoch ms. Of `campaigns` all is taken, as a worker does.
    """

    topics: tuple[Topic, ...]
    begin_ms: int | None = None
    end_ms: int | None = None


class Fetched(NamedTuple):
    """The files, how many records are in them, and how many could not be."""

    files: list[Path]
    records: int
    left_out: int


class Stalled(Exception):
    """The brokers have given nothing for long, though there is more."""


async def fetch(
    options: KafkaOptions, stretch: Stretch, folder: Path, told: Callable[[int, float], bool]
) -> Fetched | None:
    """Write the stretch to files in `folder`; None if `told` has asked to stop.

    `told` hears the number of records and their share so far. What comes later than the call is not
    waited for. Raises MissingTopics, KafkaError, TimeoutError, Stalled.
    """
    consumer = AIOKafkaConsumer(
        **options.client(),
        client_id=f"{options.app_id}-backtest",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=200,
        max_partition_fetch_bytes=options.max_fetch_bytes,
    )
    try:
        await join(consumer, {topic.physical(options.prefix) for topic in stretch.topics})
        spans = await _spans(consumer, options, stretch)
        names = {topic.physical(options.prefix): topic.name for topic in stretch.topics}
        return await _Spool(consumer, names, spans, folder).run(told)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(consumer.stop(), _CLOSE_SECONDS)


Spans = dict[TopicPartition, tuple[int, int]]
"""Offsets [begin, end) of each partition."""


async def _spans(consumer: AIOKafkaConsumer, options: KafkaOptions, stretch: Stretch) -> Spans:
    everything = sorted(consumer.assignment())
    begins = await consumer.beginning_offsets(everything)
    ends = await consumer.end_offsets(everything)
    whole = CAMPAIGNS.physical(options.prefix)
    bounded = [tp for tp in everything if tp.topic != whole]
    for moment, offsets in ((stretch.begin_ms, begins), (stretch.end_ms, ends)):
        if moment is not None and bounded:
            found = await consumer.offsets_for_times(dict.fromkeys(bounded, moment))
            for tp in bounded:
                # None: nothing came at that moment or later.
                at = found.get(tp)
                offsets[tp] = ends[tp] if at is None else min(at.offset, ends[tp])
    return {tp: (begins[tp], ends[tp]) for tp in everything if begins[tp] < ends[tp]}


class _Spool:
    """Records on their way from some partitions to files."""

    def __init__(
        self, consumer: AIOKafkaConsumer, names: dict[str, str], spans: Spans, folder: Path
    ) -> None:
        self._consumer, self._names, self._spans = consumer, names, spans
        self._paths = {tp: folder / f"{names[tp.topic]}-{tp.partition}.jsonl" for tp in spans}
        self._at = {tp: begin for tp, (begin, _) in spans.items()}
        self._records = self._left_out = 0

    async def run(self, told: Callable[[int, float], bool]) -> Fetched | None:
        consumer, spans = self._consumer, self._spans
        consumer.pause(*(consumer.assignment() - set(spans)))
        for tp, (begin, _) in spans.items():
            consumer.seek(tp, begin)
        whole = sum(end - begin for begin, end in spans.values()) or 1
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            files = {tp: stack.enter_context(path.open("wb")) for tp, path in self._paths.items()}
            open_, moved = set(spans), loop.time()
            while open_:
                fetched = await consumer.getmany(timeout_ms=500)
                for tp, records in fetched.items():
                    end = spans[tp][1]
                    self._write(files[tp], tp.topic, [r for r in records if r.offset < end])
                for tp in list(open_):
                    # A position also moves past the marks of transactions.
                    at = min(await consumer.position(tp), spans[tp][1])
                    if at > self._at[tp]:
                        self._at[tp], moved = at, loop.time()
                    if at >= spans[tp][1]:
                        open_.discard(tp)
                        consumer.pause(tp)
                done = sum(self._at[tp] - begin for tp, (begin, _) in spans.items())
                if told(self._records, done / whole):
                    return None
                if loop.time() - moved > _STALLED_SECONDS:
                    left = ", ".join(f"{tp.topic}-{tp.partition}" for tp in sorted(open_))
                    raise Stalled(
                        f"nothing has come of {left} for {_STALLED_SECONDS:.0f} s, though it has"
                        " more: is every broker up? `pulse doctor` tells"
                    )
        return Fetched(list(self._paths.values()), self._records, self._left_out)

    def _write(self, file: Any, topic: str, records: Iterable[Any]) -> None:
        head = b'{"topic":"' + self._names[topic].encode() + b'","event":'
        for record in records:
            line = _one_line(record.value)
            if line is None:
                self._left_out += 1
                continue
            self._records += 1
            file.write(head + line + b"}\n")


def _one_line(value: bytes | None) -> bytes | None:
    """JSON in one line, as it was written if it is; None for what is no JSON."""
    if value is None:
        return None
    try:
        msgspec.json.decode(value, type=msgspec.Raw)
        return value if b"\n" not in value else msgspec.json.format(value, indent=-1)
    except msgspec.DecodeError:
        return None
