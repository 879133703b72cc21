"""What reaches a shard, and what is read again."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.engine.intake import ProcessingError
from streams.engine.layout import CorruptStateError
from streams.engine.poison import poison_note
from streams.engine.shard import Batch, Snapshot, Tick
from streams.kafka import records as records_module
from streams.kafka.chain import Answer
from streams.kafka.checkpoint import Checkpointer
from streams.kafka.convoy import event_time
from streams.kafka.fuse import EXIT_CODE, Blown, FatalError, Fuse
from streams.kafka.hooks import Hooks
from streams.kafka.replay import new_convoy
from streams.kafka.seam import Seam
from streams.kafka.slot import Slot
from tests.harness.driver import Raw
from tests.unit.kafka.shards import OPTIONS, GatedWriter, ToyShard

LIKES = TP("p.likes", 2)


class FakeConsumer:
    """Answers what it is given, and notes seeks."""

    def __init__(self) -> None:
        self.thread = self
        self.known: dict[TP, Answer] = {}
        self.seeks: list[Mapping[TP, int]] = []
        self.error: BaseException | None = None

    def trouble(self) -> BaseException | None:
        return self.error

    def answers(self) -> Mapping[TP, Answer]:
        return self.known

    seek_chain = "seek_chain"

    async def in_thread(self, method: str, positions: Mapping[TP, int], timeout: float) -> None:
        assert method == "seek_chain"
        self.seeks.append(positions)


class Bench:
    """A seam that owns partition 2, without Faust or brokers."""

    def __init__(self) -> None:
        self.exits: list[int] = []
        self.holes: list[tuple[int, str]] = []
        self.consumer = FakeConsumer()
        self.shard = ToyShard()
        self.shard.positions["likes"] = 10
        fuse = Fuse(self.exits.append)
        options = replace(OPTIONS, checkpoint_interval=0.01, checkpoint_max_dirty=3)
        hooks = Hooks(on_hole=lambda *hole: self.holes.append(hole))
        app: Any = type("App", (), {"consumer": self.consumer})()
        self.seam = Seam(app, options, lambda *_: self.shard, hooks, fuse)

        async def pass_on(_step: str) -> None:
            await asyncio.sleep(0)

        async def no_group(_positions: object) -> bool:
            raise AssertionError

        self.writer = GatedWriter(pass_on)
        checkpointer = Checkpointer(
            options, 2, self.shard, self.writer, fuse, lambda *_: None, no_group
        )
        producer: Any = self.writer
        self.slot = Slot(2, self.shard, producer, checkpointer, new_convoy(options), False)

    def adopt(self) -> None:
        self.seam.adopt(self.slot)
        self.seam.resume({2})


def records(count: int, start: int = 10) -> list[Raw]:
    """Records that tell no time, so that none waits for others."""
    return [Raw(start + n, -1, None, b"1") for n in range(count)]


async def test_a_batch_reaches_the_shard_of_its_partition() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(2), 12))
    assert bench.shard.positions["likes"] == 12


async def test_a_batch_for_a_partition_that_is_not_owned_is_dropped() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(3, Batch("likes", 10, records(2), 12))
    assert bench.shard.positions["likes"] == 10


async def test_nothing_reaches_a_shard_between_revocation_and_resumption() -> None:
    bench = Bench()
    bench.adopt()
    await bench.seam.suspend()
    bench.seam.deliver(2, Batch("likes", 10, records(2), 12))
    await bench.seam.tick(1)
    assert bench.shard.positions["likes"] == 10
    assert not bench.shard.ticks
    bench.seam.resume({2})
    bench.seam.deliver(2, Batch("likes", 10, records(2), 12))
    assert bench.shard.positions["likes"] == 12


async def test_a_hole_is_read_again_by_one_seek_for_all_batches_behind_it() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 15, records(1), 16))
    bench.seam.deliver(2, Batch("likes", 16, records(1), 17))
    await asyncio.sleep(0.01)
    assert bench.consumer.seeks == [{LIKES: 10}]
    assert bench.holes == [(2, "likes")]
    bench.seam.deliver(2, Batch("likes", 10, records(6), 16))
    assert bench.shard.positions["likes"] == 16


async def test_a_hole_after_one_that_was_mended_is_read_again_too() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 15, records(1), 16))
    bench.seam.deliver(2, Batch("likes", 10, records(2), 12))
    bench.seam.deliver(2, Batch("likes", 15, records(1), 16))
    await asyncio.sleep(0.01)
    assert bench.consumer.seeks == [{LIKES: 10}, {LIKES: 12}]


async def test_a_lost_batch_is_read_again_though_nothing_follows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.kafka.stragglers.STRAGGLER_SECONDS", 0.02)
    bench = Bench()
    bench.adopt()
    bench.consumer.known = {LIKES: Answer(position=15, highwater=15, stamp=1, unread=False)}
    await bench.seam.tick(1)
    await asyncio.sleep(0.03)
    await bench.seam.tick(2)
    await asyncio.sleep(0.01)
    assert bench.consumer.seeks == [{LIKES: 10}]


async def test_an_exception_of_the_shard_ends_the_process_uncommitted() -> None:
    bench = Bench()
    bench.adopt()

    def broken(_batch: Batch) -> None:
        raise ValueError("half applied")

    bench.shard.apply = broken  # type: ignore[assignment, method-assign]
    with pytest.raises(Blown):
        bench.seam.deliver(2, Batch("likes", 10, records(1), 11))
    assert bench.exits == [EXIT_CODE]
    with pytest.raises(Blown):
        await bench.slot.checkpointer.run()
    assert not bench.writer.commits


async def test_a_record_that_cannot_be_processed_is_named_to_the_successor() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(1), 11))

    def broken(_batch: Batch) -> None:
        try:
            raise ZeroDivisionError("a bug")
        except ZeroDivisionError as error:
            raise ProcessingError("likes", 11) from error

    bench.shard.apply = broken  # type: ignore[assignment, method-assign]
    bench.seam.deliver(2, Batch("likes", 11, records(1), 12))
    for _ in range(100):
        if bench.exits:
            break
        await asyncio.sleep(0.01)
    assert bench.exits == [EXIT_CODE]
    note = poison_note("likes", 11, "ZeroDivisionError('a bug')")
    assert [(r.topic, r.partition, r.key, r.value) for r in bench.writer.written] == [
        ("app-engagement-changelog", 2, *note)
    ]
    assert bench.shard.snapshots == 0


async def test_news_are_written_down_within_the_interval() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(1), 11))
    for _ in range(100):
        if bench.writer.commits:
            break
        await asyncio.sleep(0.01)
    assert bench.writer.commits == 1
    assert bench.writer.offsets_sent == {("p.likes", 2): 11}


async def test_too_many_changes_do_not_wait_for_the_interval() -> None:
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, checkpoint_interval=60)
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(3), 13))
    for _ in range(100):
        if bench.writer.commits:
            break
        await asyncio.sleep(0.01)
    assert bench.writer.commits == 1


async def test_reading_waits_for_checkpoints_that_cannot_keep_up() -> None:
    bench = Bench()
    assert not bench.seam.takes_more(2, "likes")
    bench.adopt()
    assert bench.seam.takes_more(2, "likes")
    assert not bench.seam.takes_more(3, "likes")
    bench.shard.pending = 12
    assert not bench.seam.takes_more(2, "likes")
    await bench.seam.suspend()
    assert not bench.seam.takes_more(2, "likes")


def timed(offset: int, minute: int) -> Raw:
    value = b'{"occurred_at": %d}' % (1_768_478_400_000 + minute * 60_000)
    return Raw(offset, -1, None, value)


async def test_a_topic_far_ahead_of_a_slower_one_waits_until_that_is_drained() -> None:
    bench = Bench()
    bench.adopt()
    names = bench.seam._physical
    bench.consumer.known = {TP(name, 2): Answer(0, 0, 1, False) for name in names.values()}
    posts = TP("p.posts", 2)
    bench.consumer.known |= {LIKES: Answer(12, 12, 1, False), posts: Answer(0, 1, 1, True)}
    bench.shard.positions.update(dict.fromkeys(names, 0), likes=10)
    bench.shard.clocks = {"posts": 1_768_478_400_000}
    await bench.seam.tick(1)
    bench.seam.deliver(2, Batch("likes", 10, [timed(10, 9), timed(11, 11)], 12))
    assert bench.shard.positions["likes"] == 11
    assert not bench.seam.takes_more(2, "likes")
    assert bench.seam.takes_more(2, "posts")
    assert bench.seam.waiting_topics() == ["likes"]
    await bench.seam.tick(2)
    assert bench.shard.ticks[-1].undrained == {"likes", "posts"}
    assert bench.shard.ticks[-1].heads == {"likes": 1_768_478_400_000 + 11 * 60_000}
    bench.seam.deliver(2, Batch("posts", 0, [timed(0, 1)], 1))
    assert bench.shard.positions["likes"] == 12
    assert bench.seam.takes_more(2, "likes")


async def test_a_backlog_is_told_the_time_each_ten_minutes_of_it_and_what_is_unread_by_then() -> (
    None
):
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, checkpoint_max_dirty=1_000)
    bench.adopt()
    names = bench.seam._physical
    bench.consumer.known = {TP(name, 2): Answer(0, 0, 1, False) for name in names.values()}
    bench.consumer.known[LIKES] = Answer(10, 10, 1, False)
    bench.shard.positions.update(dict.fromkeys(names, 0), likes=10)
    apply, shard = bench.shard.apply, bench.shard

    def and_note_the_time(batch: Batch) -> int | None:
        for record in batch.records:
            shard.clocks[batch.topic] = event_time(record) or 0
        return apply(batch)

    shard.apply = and_note_the_time  # type: ignore[method-assign]
    await bench.seam.tick(1)
    assert shard.ticks[-1].undrained == set()
    comments = TP("p.comments", 2)
    filled = {LIKES: Answer(15, 15, 2, False), comments: Answer(0, 1, 2, True)}
    bench.consumer.known = bench.consumer.known | filled
    shard.clocks = {"comments": 1_768_478_400_000 + 12 * 60_000}
    minutes = (0, 5, 11, 12, 22)
    backlog = [timed(10 + n, minute) for n, minute in enumerate(minutes)]
    for record in backlog:
        bench.seam.deliver(2, Batch("likes", record.offset, [record], record.offset + 1))
    assert shard.positions["likes"] == 15
    assert ["comments" in tick.undrained for tick in shard.ticks[1:]] == [True, True]


async def test_what_waits_is_forgotten_with_the_assignment_and_not_taken_for_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.kafka.stragglers.STRAGGLER_SECONDS", 0.0)
    bench = Bench()
    bench.adopt()
    bench.consumer.known = {LIKES: Answer(11, 11, 1, False)}
    bench.seam.deliver(2, Batch("likes", 10, [timed(10, 9)], 11))
    for now in range(3):
        await bench.seam.tick(now)
        await asyncio.sleep(0.01)
    assert bench.shard.positions["likes"] == 10
    assert bench.consumer.seeks == []
    bench.seam.hold()
    bench.seam.resume({2})
    assert bench.seam.waiting() == set()


async def test_a_hole_behind_what_waits_is_read_again_from_there() -> None:
    bench = Bench()
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, [timed(10, 9)], 11))
    bench.seam.deliver(2, Batch("likes", 15, [timed(15, 9)], 16))
    await asyncio.sleep(0.01)
    assert bench.consumer.seeks == [{LIKES: 11}]
    assert bench.seam.slots[2].convoy.ends() == {"likes": 11}


async def test_a_long_release_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.seam.RELEASE_SECONDS", 0.0)
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, checkpoint_max_dirty=1_000)
    bench.adopt()
    slot = bench.seam.slots[2]
    for at in range(10, 20):
        slot.convoy.join(Batch("likes", at, records(1, at), at + 1))
    await bench.seam.tick(1)
    assert bench.shard.positions["likes"] == 11
    while bench.shard.positions["likes"] < 20:
        await asyncio.sleep(0.001)


async def test_with_the_clock_of_events_only_events_move_time() -> None:
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, clock="events")
    bench.slot.convoy = new_convoy(bench.seam.options)
    bench.adopt()
    names = bench.seam._physical
    bench.consumer.known = {TP(name, 2): Answer(0, 0, 1, False) for name in names.values()}
    bench.consumer.known[LIKES] = Answer(11, 11, 1, False)
    bench.shard.positions.update(dict.fromkeys(names, 0), likes=10)
    await bench.seam.tick(1)
    assert not bench.shard.ticks, "not everything is read yet"
    bench.seam.deliver(2, Batch("likes", 10, [timed(10, 9)], 11))
    assert bench.shard.positions["likes"] == 11
    for now in (2, 3, 4):
        await bench.seam.tick(now)
    assert bench.shard.ticks == [Tick(0, frozenset())]


async def test_time_that_passes_is_told_and_not_the_time_of_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, tick_interval=0.01)
    bench.adopt()
    bench.seam.start()
    while not bench.shard.ticks:
        await asyncio.sleep(0.01)
    monkeypatch.setattr("streams.kafka.seam.time.time", lambda: 0.0)
    seen = len(bench.shard.ticks)
    while len(bench.shard.ticks) < seen + 5:
        await asyncio.sleep(0.01)
    steps = [b.now_ms - a.now_ms for a, b in itertools.pairwise(bench.shard.ticks)]
    assert all(0 <= step < 60_000 for step in steps)
    await bench.seam.stop()


async def test_the_shard_is_told_the_time_and_what_is_undrained() -> None:
    bench = Bench()
    bench.adopt()
    names = bench.seam._physical
    bench.consumer.known = {TP(name, 2): Answer(0, 0, 1, False) for name in names.values()}
    bench.consumer.known[LIKES] = Answer(10, 12, 1, False)
    bench.shard.positions.update(dict.fromkeys(names, 0), likes=10)
    await bench.seam.tick(1234)
    assert bench.shard.ticks == [Tick(1234, frozenset({"likes"}), False, emit=False)]
    assert bench.seam.lag()["likes", 2] == 2
    assert not bench.seam.brokers_silent()


async def test_scores_are_asked_for_when_a_checkpoint_takes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    last_asked: list[bool] = []
    take = bench.shard.take_snapshot

    def taken() -> Snapshot:
        last_asked.append(bench.shard.ticks[-1].emit)
        return take()

    monkeypatch.setattr(bench.shard, "take_snapshot", taken)
    bench.seam.options = replace(bench.seam.options, checkpoint_interval=0.05, tick_interval=0.01)
    bench.adopt()
    bench.seam.start()
    while len(bench.shard.ticks) < 5:
        await asyncio.sleep(0.005)
    bench.seam.deliver(2, Batch("likes", 10, records(1), 11))
    while not bench.writer.commits:
        await asyncio.sleep(0.005)
    assert last_asked == [True]
    assert not all(tick.emit for tick in bench.shard.ticks), "time passes in between, too"
    await bench.seam.stop()


async def test_a_stop_writes_what_is_new_and_lets_go() -> None:
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, checkpoint_interval=0.05)
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(1), 11))
    await bench.seam.stop()
    assert bench.writer.commits == 1
    assert bench.writer.steps[-1] == "close"
    assert bench.seam.owned() == frozenset()


async def test_a_last_checkpoint_that_takes_too_long_ends_the_process() -> None:
    bench = Bench()
    bench.seam.options = replace(bench.seam.options, session_timeout=0.06)

    async def hang(_step: str) -> None:
        await asyncio.Event().wait()

    bench.writer._gate = hang
    bench.adopt()
    bench.seam.deliver(2, Batch("likes", 10, records(1), 11))
    with contextlib.suppress(Blown):
        await bench.seam.suspend()
    assert EXIT_CODE in bench.exits
    assert bench.seam.fuse.blown


async def test_trouble_in_the_consumers_background_ends_the_process() -> None:
    bench = Bench()
    bench.consumer.error = ValueError("not allowed")
    with pytest.raises(Blown):
        await bench.seam.tick(1)
    assert bench.exits == [EXIT_CODE]


async def test_a_failure_beside_the_main_flow_ends_the_process() -> None:
    bench = Bench()

    async def fail() -> None:
        raise FatalError("no way on")

    with pytest.raises(Blown):
        await bench.seam.spawn(fail())
    assert bench.exits == [EXIT_CODE]


@pytest.mark.parametrize("while_", ["a batch is applied", "time passes"])
async def test_state_that_cannot_be_read_ends_the_process_and_blames_no_record(
    while_: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.adopt()

    def refuse(_: object) -> None:
        raise CorruptStateError(b"pmara", "truncated")

    async def away(*_: object) -> list[object]:
        raise KafkaConnectionError

    monkeypatch.setattr(records_module, "read_records", away)
    if while_ == "time passes":
        monkeypatch.setattr(bench.shard, "advance", refuse)
        await bench.seam.tick(1_000)
    else:
        monkeypatch.setattr(bench.shard, "apply", refuse)
        bench.seam.deliver(2, Batch("likes", 10, records(2), 12))
    for _ in range(100):
        if bench.exits:
            break
        await asyncio.sleep(0)
    assert bench.exits == [EXIT_CODE]
    assert "panes of creator mara" in caplog.text
    assert "pulse state delete --partition 2 --key pmara" in caplog.text
    assert bench.writer.written == []
