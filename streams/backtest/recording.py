"""Recording: files of events, and the order in which the shards of a worker would meet them.

Knows the files (JSON Lines as `pulse replay` takes them) and the order that `streams.kafka.replay`
makes of topics. Must not know shards, rules or alerts.

A file is read once to check it and to note where each event lies; what is in it stays on disk. The
order is that of a worker with `--clock events`: event time is cut into steps of a minute, and each
topic of a partition gives its events up to the first that belongs to a later step.
"""

import mmap
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from schemas import topics
from schemas.events import Campaign
from schemas.partitioning import partition_for
from streams.engine.detours import EARLIEST_MS, LATEST_MS, campaign_of
from streams.kafka.replay import STEP_MS
from streams.sources.replay import BadLine, parse

TOPICS = tuple(sorted(topic.name for topic in topics.KEYED))
"""Within a step topics have their turn in this order."""
_NUMBER = {name: number for number, name in enumerate(TOPICS)}
_NO_TIME = -1
_TOLD_EVERY = 4_096

Ints = NDArray[np.int64]
Told = Callable[[int, float], bool]
"""Hears events and the share of the bytes read so far; whether to stop is what it answers."""


class BadEvent(Exception):
    """A line of a file that holds no event of the contract; its text names file, line and fault."""

    def __init__(self, path: Path, error: BadLine) -> None:
        super().__init__(f"{path}: {error}")


class Stopped(Exception):
    """Somebody has asked to stop while files were read."""


class Event(NamedTuple):
    """A record as a consumer would hand it over, without the broker's time."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Block(NamedTuple):
    """What one partition is told in one step: places [begin, end) of the recording's order.

    `head_ms` is the event time of the partition's next record, None after its last.
    """

    step: int
    partition: int
    begin: int
    end: int
    head_ms: int | None


class Recording:
    """Events of some files, by partition and step. To be closed, or used as a context manager.

    `events` are keyed ones, `campaigns` the others; `first_ms` has the first event time of each
    creator, `last_ms` is the last of all (0 without any).
    """

    def __init__(self, paths: Sequence[Path], partitions: int) -> None:
        self.paths, self.partitions = tuple(paths), partitions
        self.campaigns: list[bytes] = []
        self.refused = 0
        self.first_ms: dict[str, int] = {}
        self.last_ms = 0
        self._maps: list[mmap.mmap | bytes] = []
        self._keys: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._homes: list[int] = []
        self._firsts: list[int] = []
        self._file, self._topic = array("H"), array("B")
        self._begin, self._length = array("Q"), array("I")
        self._creator, self._at = array("I"), array("q")
        self._order: Ints = np.empty(0, np.int64)
        self.blocks: list[Block] = []

    @property
    def events(self) -> int:
        """Events that belong to a creator."""
        return len(self._at)

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """The first and the last event time; None where no event has a time."""
        return (min(self.first_ms.values()), self.last_ms) if self.first_ms else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        for held in self._maps:
            if isinstance(held, mmap.mmap):
                held.close()
        self._maps.clear()

    def read(self, refused: Callable[[BadEvent], None], told: Told) -> Self:
        """Read all files and find their order. Raises OSError, Stopped, and what `refused` does."""
        whole = sum(path.stat().st_size for path in self.paths) or 1
        past = 0
        for number, path in enumerate(self.paths):
            past = self._read_file(number, path, past, whole, refused, told)
        self.first_ms = {
            key.decode(): first
            for key, first in zip(self._keys, self._firsts, strict=True)
            if first < LATEST_MS
        }
        self._arrange()
        return self

    def _read_file(
        self,
        number: int,
        path: Path,
        past: int,
        whole: int,
        refused: Callable[[BadEvent], None],
        told: Told,
    ) -> int:
        begin = 0
        with path.open("rb") as file:
            # An empty file cannot be mapped.
            empty = path.stat().st_size == 0
            self._maps.append(
                b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            )
            for line, text in enumerate(file, start=1):
                if line % _TOLD_EVERY == 0 and told(self.events, (past + begin) / whole):
                    raise Stopped
                if text.strip():
                    try:
                        self._note(number, begin, line, text)
                    except BadLine as error:
                        self.refused += 1
                        refused(BadEvent(path, error))
                begin += len(text)
        return past + begin

    def _note(self, file: int, begin: int, line: int, text: bytes) -> None:
        record = parse(line, text)
        if record.topic == topics.CAMPAIGNS.name:
            if not isinstance(campaign := campaign_of(record.value, -1), Campaign):
                raise BadLine(line, f"{campaign.error} at {campaign.path} ({campaign.code})")
            self.campaigns.append(record.value)
            return
        creator = self._numbers.get(record.key)
        if creator is None:
            creator = self._numbers[record.key] = len(self._keys)
            self._keys.append(record.key)
            self._homes.append(partition_for(record.key, self.partitions))
            self._firsts.append(LATEST_MS)
        at = record.at_ms
        if EARLIEST_MS <= at < LATEST_MS:
            self._firsts[creator] = min(at, self._firsts[creator])
            self.last_ms = max(self.last_ms, at)
        else:
            at = _NO_TIME
        self._file.append(file)
        self._topic.append(_NUMBER[record.topic])
        self._begin.append(begin + text.index(record.value))
        self._length.append(len(record.value))
        self._creator.append(creator)
        self._at.append(at)

    def _arrange(self) -> None:
        """Find the order and the blocks."""
        if not self._at:
            return
        at = np.array(self._at, np.int64)
        home = np.array(self._homes, np.int64)[np.array(self._creator, np.int64)]
        lane = home * len(TOPICS) + np.array(self._topic, np.int64)
        merged = self._merged(at)
        by_lane = merged[np.argsort(lane[merged], kind="stable")]
        steps = _steps(at[by_lane], lane[by_lane])
        of_lane = lane[by_lane]
        order = np.lexsort((of_lane, steps, of_lane // len(TOPICS)))
        self._order = by_lane[order]
        steps, of_lane = steps[order], of_lane[order]
        homes = of_lane // len(TOPICS)
        starts = np.flatnonzero(_changes(homes) | _changes(steps))
        ends = np.append(starts[1:], len(steps))
        heads = _heads(at[self._order], _changes(of_lane) | _changes(steps), starts)
        blocks = []
        for place, (begin, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            more = place + 1 < len(starts) and homes[end] == homes[begin]
            head = int(heads[place + 1]) if more else None
            blocks.append(Block(int(steps[begin]), int(homes[begin]), begin, end, head))
        self.blocks = sorted(blocks, key=lambda block: block.step)

    def _merged(self, at: Ints) -> Ints:
        """All places in order of time, each file's own order kept: what is late stays late."""
        if len(self.paths) == 1:
            return np.arange(len(at), dtype=np.int64)
        file = np.array(self._file)
        raised = np.concatenate(
            [np.maximum.accumulate(at[file == n]) for n in range(len(self.paths)) if n in file]
        )
        return np.argsort(raised, kind="stable")

    def batches(self, block: Block) -> Iterator[tuple[str, list[tuple[bytes, bytes]]]]:
        """The events of a block, topic by topic: (topic, [(key, value), ...])."""
        order = self._order[block.begin : block.end].tolist()
        held: list[tuple[bytes, bytes]] = []
        topic = self._topic[order[0]]
        maps, file, begins, lengths = self._maps, self._file, self._begin, self._length
        keys, creators, topics_ = self._keys, self._creator, self._topic
        for place in order:
            if topics_[place] != topic:
                yield TOPICS[topic], held
                topic, held = topics_[place], []
            begin = begins[place]
            value = maps[file[place]][begin : begin + lengths[place]]
            held.append((keys[creators[place]], value))
        yield TOPICS[topic], held


def _changes(values: Ints) -> NDArray[np.bool_]:
    """Where a value differs from the one before; True at the first."""
    return np.concatenate(([True], values[1:] != values[:-1]))


def _steps(at: Ints, lane: Ints) -> Ints:
    """The step of each event: that of the highest time of its lane so far.

    `lane` rises. What has no time goes with what was before it; at the beginning, with the first
    step of its partition.
    """
    steps = np.empty_like(at)
    bounds = [*np.flatnonzero(_changes(lane)).tolist(), len(at)]
    for begin, end in pairwise(bounds):
        steps[begin:end] = np.maximum.accumulate(at[begin:end])
    timeless = steps == _NO_TIME
    steps //= STEP_MS
    if timeless.any():
        homes = lane // len(TOPICS)
        for home in np.unique(homes[timeless]):
            known = steps[(homes == home) & ~timeless]
            steps[timeless & (homes == home)] = known.min() if known.size else 0
    return steps


def _heads(at: Ints, group_starts: NDArray[np.bool_], block_starts: Ints) -> Ints:
    """The lowest time among the first events of the topics of each block."""
    firsts = np.where(group_starts & (at != _NO_TIME), at, np.iinfo(np.int64).max)
    return np.minimum.reduceat(firsts, block_starts)
