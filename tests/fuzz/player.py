"""Player: plays one case on a decoder or a shard, measures each step and has it judged.

Knows the shard's doors, as a worker uses them. Must not know how cases are made.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable
from operator import ne
from random import Random
from typing import Any, NamedTuple, TypeVar

from schemas import codec, topics
from schemas.events import Comment
from streams.engine import stored
from streams.engine.detours import EARLIEST_MS
from streams.engine.intake import ProcessingError
from streams.engine.layout import CorruptStateError
from streams.engine.own import SHARD_KEY
from streams.engine.poison import poison_note
from streams.engine.sentiment import load_default
from streams.engine.shard import Batch, Shard, ShardConfig, Snapshot, Tick, WrongPartitionsError
from streams.kafka.convoy import event_time
from tests.fuzz.cases import PARTITIONS, START_MS, Case, Damage, Decode, Feed, Pass, Save, Sent
from tests.fuzz.judge import CHANGELOG_LIMIT, Ledger, check, content
from tests.fuzz.mutations import damage

LIMIT_NS = 1_000_000_000
"""CPU time that one step may take at the very most."""
HANG_SECONDS = 120
CONFIG = ShardConfig(partitions=PARTITIONS, duplicate_horizon=512)
_ANALYSER = load_default()
_VALUES = {topic.name: topic.value for topic in topics.INBOUND}

T = TypeVar("T")
Tables = dict[str, dict[bytes, bytes]]
Worst = dict[str, tuple[int, str]]
"""(nanoseconds, description) of the slowest step of each kind."""


class Record(NamedTuple):
    """A record as a consumer would hand it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Hang(BaseException):
    """A case took far too long; not an Exception, so that nothing on the way swallows it."""


class Costs:
    """CPU time of steps: how they spread, and the worst of each kind with what it was."""

    def __init__(self, limit_ns: int = LIMIT_NS) -> None:
        self._limit = limit_ns
        self.spread: Counter[int] = Counter()
        """Inputs by CPU time in microseconds."""
        self.worst: Worst = {}

    def run(self, kind: str, step: Callable[[], T], told: Callable[[], str], inputs: int = 1) -> T:
        """Run and measure one step; Wrong if it takes more than the limit."""
        began = time.thread_time_ns()
        try:
            return step()
        finally:
            took = time.thread_time_ns() - began
            if inputs:
                self.spread[took // (1_000 * inputs)] += inputs
            if took > self.worst.get(kind, (0, ""))[0]:
                self.worst[kind] = (took, told())
            check(took <= self._limit, f"{kind} took {took / 1e9:.1f} s of CPU time: {told()}")


class Player:
    """Plays one case; `play` raises whatever goes wrong."""

    def __init__(self, costs: Costs, case: Case, *, crashes: bool = True) -> None:
        self._costs = costs
        self._case = case
        self._crashes = crashes
        self.ledger = Ledger()
        self.tables: Tables = {"engagement": {}, "sentiment": {}}
        self.shard = Shard(0, CONFIG, _ANALYSER)
        self._offsets: Counter[str] = Counter()
        self._now = 0
        self.at = 0
        """The step that is played."""

    def play(self) -> None:
        """Play all steps, then let time pass until everything is closed, and settle."""
        for at, step in enumerate(self._case.steps):
            self.at = at
            self._step(step)
        if self._case.kind == "decoders":
            return
        for _ in range(3):
            self._now += 3_600_000
            self._advance(Pass(self._now))
            self._save()
        self.ledger.retire(self.shard)
        self.ledger.settle()

    def _step(self, step: Any) -> None:
        if isinstance(step, Decode):
            self._decode(step)
        elif isinstance(step, Feed):
            self._feed(step)
        elif isinstance(step, Pass):
            self._advance(step)
        elif isinstance(step, Save):
            if step.crash:
                self._advance(Pass(self._now, frozen=True))
            self._save()
            if step.crash and self._crashes:
                self._crash()
        else:
            self._damage(step)

    def _decode(self, step: Decode) -> None:
        raw = step.value
        found = self._costs.run(
            "decode",
            lambda: codec.decode(step.topic, raw),
            lambda: f"{step.topic}, {len(raw)} bytes: {raw[:100]!r}",
        )
        at = event_time(Record(0, START_MS, None, raw))
        check(at is None or EARLIEST_MS <= at <= START_MS, f"read ahead at {at}")
        if isinstance(found, codec.Fault):
            check(len(found.error) <= codec.MAX_ERROR_CHARS, "a long error")
            check(found.path.startswith("$"), f"path {found.path!r}")
            return
        if isinstance(found, Comment):
            self._costs.run(
                "judge", lambda: judge(found.text, found.lang), lambda: repr(found.text[:80]), 0
            )
        check(isinstance(found, _VALUES[step.topic]), f"decoded to {type(found)}")
        check(codec.decode(step.topic, codec.encode(found)) == found, "does not survive encoding")

    def _feed(self, step: Feed) -> None:
        batch = self._batch(step)
        self.ledger.sent[step.topic] += len(step.records)
        shard, first = self.shard, step.records[0]
        hole = self._costs.run(
            "apply",
            lambda: shard.apply(batch),
            lambda: f"{len(step.records)} of {step.topic}: {_brief(first)}",
            len(step.records),
        )
        if step.hole and batch.start != 0:
            check(hole is not None, "a hole was not seen")
            self._offsets[step.topic] = hole or 0
            again = self._batch(Feed(step.topic, step.records))
            check(shard.apply(again) is None, "read again, and refused")
            return
        check(hole is None, "a chained batch was refused")

    def _batch(self, step: Feed) -> Batch:
        start = self._offsets[step.topic]
        if step.hole and start:
            start += step.hole
            step = Feed(step.topic, step.records)
        records = [
            Record(start + n, sent.timestamp, sent.key, sent.value, tuple(sent.headers))
            for n, sent in enumerate(step.records)
        ]
        end = self._offsets[step.topic] = start + len(records)
        return Batch(step.topic, start, records, end)

    def _advance(self, step: Pass) -> None:
        self._now = max(self._now, step.now_ms)
        tick = Tick(step.now_ms, frozenset(step.undrained), step.frozen)
        shard = self.shard
        self._costs.run("advance", lambda: shard.advance(tick), lambda: repr(tick), 0)

    def _save(self) -> None:
        shard = self.shard
        snapshot: Snapshot = self._costs.run(
            "snapshot", shard.take_snapshot, lambda: f"{shard.creators} creators", 0
        )
        for table, records in snapshot.tables.items():
            held = self.tables[table]
            for key, value in records.items():
                if value is None:
                    held.pop(key, None)
                else:
                    check(len(value) < CHANGELOG_LIMIT, f"{key!r}: {len(value)} bytes")
                    held[key] = value
        self.ledger.look(snapshot.outputs)

    def _restored(self) -> Shard:
        tables = {table: dict(records) for table, records in self.tables.items()}
        return self._costs.run(
            "restore",
            lambda: Shard.restore(0, CONFIG, tables, _ANALYSER),
            lambda: f"{len(tables['engagement'])} records",
            0,
        )

    def _crash(self) -> None:
        before = self.shard
        self.ledger.retire(before)
        self.shard = self._restored()
        check(self.shard.positions == before.positions, "positions differ after a restore")
        held, found = content(before), content(self._restored())
        for creator_id in held.keys() | found.keys():
            was, is_ = held.get(creator_id, {}), found.get(creator_id, {})
            for part in was.keys() | is_.keys():
                before_, after = was.get(part), is_.get(part)
                if isinstance(before_, list) and isinstance(after, list):
                    # Only the fields that differ.
                    pairs = [pair for pair in zip(before_, after, strict=True) if ne(*pair)]
                    before_, after = [was for was, _ in pairs], [is_ for _, is_ in pairs]
                check(before_ == after, f"{creator_id} {part!r}: {before_!r}, restored {after!r}")

    def _damage(self, step: Damage) -> None:
        rng = Random(step.seed)
        tables = {table: dict(records) for table, records in self.tables.items()}
        held = tables[rng.choice(sorted(tables))] or tables["engagement"]
        key = rng.choice(sorted(held))
        value = held[key]
        if rng.random() < 0.85:
            held[key] = damage(rng, value)
        else:
            del held[key]
            if rng.random() < 0.8:
                held[damage(rng, key)] = value

        if rng.random() < 0.2:
            note, about = poison_note("likes", rng.randrange(99), "too much")
            tables["engagement"][note] = about if rng.random() < 0.5 else damage(rng, about)

        def restore() -> None:
            try:
                Shard.restore(0, CONFIG, tables, _ANALYSER)
            except CorruptStateError as error:
                check(repr(error.key) in str(error), "a corrupt record without its key")
            except WrongPartitionsError:
                check(key == SHARD_KEY, "another number of partitions, from nowhere")

        def look() -> None:
            faults = {
                name: why
                for records in tables.values()
                for name, why in stored.faults(records).items()
            }
            check(all(faults.values()), "a fault without a reason")
            for name, value in held.items():
                try:
                    stored.plain(name, value)
                except CorruptStateError as error:
                    check(error.key == name, f"{name!r} is blamed on {error.key!r}")

        self._costs.run("look", look, lambda: f"{key!r} = {held.get(key, b'')[:80]!r}", 0)
        self._costs.run("damage", restore, lambda: f"{key!r} = {held.get(key, b'')[:80]!r}")


def judge(text: str, lang: str | None) -> None:
    """Judge one text, and check that the verdict is one."""
    verdict = _ANALYSER.judge(text, lang)
    check(-1.0 <= verdict.compound <= 1.0, f"compound {verdict.compound} of {text[:80]!r}")


def play(costs: Costs, case: Case) -> None:
    """Play a case; raises what goes wrong, Hang where it never ends."""

    def hang(*_: object) -> None:
        raise Hang(f"still running after {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    player = Player(costs, case)
    try:
        player.play()
        if case.undisturbed:
            calm = Player(costs, case, crashes=False)
            calm.play()
            lost = calm.ledger.published - player.ledger.published
            extra = player.ledger.published - calm.ledger.published
            check(not lost and not extra, f"crashes lose {lost} and add {extra}")
    except ProcessingError as error:
        # What went wrong is the cause; the step says with which record.
        cause = error.__cause__ or error
        cause.add_note(f"at step {player.at}: {error}")
        raise cause from None
    except BaseException as error:
        error.add_note(f"at step {player.at}")
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _brief(sent: Sent) -> str:
    value = sent.value or b""
    return f"{len(value)} bytes at {sent.timestamp}: {value[:100]!r}"
