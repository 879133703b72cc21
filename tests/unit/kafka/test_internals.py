"""What the seam relies on inside Faust, mode and aiokafka: an upgrade must not change it unseen.

Each function below was read when the seam was written. Where one has changed, read it again with
the part of the seam that is named beside it, then put the new digest here.
"""

import asyncio
import hashlib
import importlib.metadata
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.consumer.fetcher import Fetcher, FetchError, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import (
    Assignment,
    Subscription,
    SubscriptionState,
    TopicPartitionState,
)
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator, MessageBatch
from aiokafka.producer.sender import Sender, SendProduceReqHandler
from aiokafka.producer.transaction_manager import TransactionManager, TransactionState
from aiokafka.structs import TopicPartition
from faust.assignor.partition_assignor import PartitionAssignor
from faust.serializers.schemas import Schema
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.consumer import Consumer, ConsumerThread, ThreadDelegateConsumer
from faust.transport.consumer import Fetcher as FaustFetcher
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    ConsumerRebalanceListener,
    Producer,
    Transport,
)
from mode import Service
from mode.threads import QueueServiceThread

VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}


def digest(function: Callable[..., Any]) -> str:
    """Eight hex digits of the source, without its indentation."""
    source = textwrap.dedent(inspect.getsource(function))
    return hashlib.sha256(source.encode()).hexdigest()[:8]


def read(function: Any, was: str, relied_on_by: str) -> Any:
    return pytest.param(
        function, was, relied_on_by, id=getattr(function, "__qualname__", str(function))
    )


@pytest.mark.parametrize(("package", "version"), VERSIONS.items())
def test_the_version_that_was_read_is_the_one_installed(package: str, version: str) -> None:
    assert importlib.metadata.version(package) == version


@pytest.mark.parametrize(
    ("function", "was", "relied_on_by"),
    [
        read(
            AIOKafkaConsumerThread._create_worker_consumer,
            "c179c0bd",
            "ChainThread, which takes its place",
        ),
        read(
            AIOKafkaConsumerThread._fetch_records, "9e7369fc", "ChainThread, which takes its place"
        ),
        read(
            AIOKafkaConsumerThread.getmany,
            "1b1c5804",
            "ChainThread._fetch_records, which it calls in the thread",
        ),
        read(AIOKafkaConsumerThread._ensure_consumer, "a2c77687", "ChainThread"),
        read(
            AIOKafkaConsumerThread.verify_event_path,
            "3f5576be",
            "ChainThread, which takes its place",
        ),
        read(
            ConsumerRebalanceListener.on_partitions_revoked,
            "cb4aa49e",
            "BatchConsumer.on_partitions_revoked",
        ),
        read(
            ConsumerRebalanceListener.on_partitions_assigned,
            "f8231db5",
            "Takeover.note: the generation comes from there",
        ),
        read(
            ConsumerThread.on_partitions_revoked, "e10fd9e1", "BatchConsumer.on_partitions_revoked"
        ),
        read(ThreadDelegateConsumer._getmany, "8dbffecc", "BatchConsumer.getmany"),
        read(ThreadDelegateConsumer.threadsafe_partitions_assigned, "ea72c2d1", "Takeover.note"),
        read(QueueServiceThread.call_thread, "d1304f73", "BatchConsumer.in_thread"),
        read(Consumer.__init__, "00f02908", "BatchConsumer"),
        read(Consumer.getmany, "e486c434", "BatchConsumer.getmany, which takes its place"),
        read(
            Consumer._wait_next_records, "ba40cd36", "BatchConsumer.getmany, which takes its place"
        ),
        read(
            Consumer._drain_messages,
            "8f35dd7a",
            "BatchConsumer._drain_messages, which takes its place",
        ),
        read(
            Consumer.perform_seek, "2b4ceebd", "BatchConsumer.perform_seek, which takes its place"
        ),
        read(
            Consumer.on_buffer_full,
            "edcee179",
            "BatchConsumer.on_buffer_full, which takes its place",
        ),
        read(
            Consumer.on_buffer_drop,
            "c5f80b09",
            "BatchConsumer.on_buffer_drop, which takes its place",
        ),
        read(Consumer.stop_flow, "aa77389d", "BatchConsumer.getmany"),
        read(Consumer.resume_flow, "192f20bc", "TakeoverRecovery._take_over"),
        read(Consumer.resume_partitions, "fc639213", "TakeoverRecovery._take_over"),
        read(Consumer.pause_partitions, "a1814af0", "BatchConsumer.getmany"),
        read(Consumer._set_active_tps, "5177b9c0", "BatchConsumer.getmany"),
        read(Consumer._commit_offsets, "86b3e9b0", "BatchConsumer._commit"),
        read(Consumer.on_stop, "7accc1bf", "BatchConsumer: nothing is waited for"),
        read(FaustFetcher.on_stop, "3c196945", "BatchConsumer._drain_messages"),
        read(Producer._settings_auth, "1b7a4a35", "QuietProducer, which takes its place"),
        read(Producer._settings_default, "492005e1", "QuietProducer._settings_auth"),
        read(Transport.__init__, "ae80bd69", "BatchTransport"),
        read(Conductor._compile_message_handler, "86322d3c", "BatchConsumer._drain_messages"),
        read(Schema.compile, "bd271ec5", "PassThrough"),
        read(Collection._new_store_by_url, "28b01ee9", "StateTable._new_store"),
        read(Collection.on_start, "818773d6", "StateTable"),
        read(Collection.on_rebalance, "5d760812", "CheckpointStore.on_rebalance"),
        read(Collection._changelog_topic_name, "2c44f5e7", "KafkaOptions.changelog"),
        read(TableManager.on_start, "b82e759b", "SeamTableManager"),
        read(TableManager.on_stop, "301d30f9", "TakeoverRecovery.on_stop"),
        read(TableManager.on_rebalance, "fc9b70e0", "TakeoverRecovery.on_rebalance"),
        read(TableManager._update_channels, "c43fe8c0", "SeamTableManager"),
        read(Recovery.__init__, "0b42091f", "TakeoverRecovery"),
        read(Recovery.on_rebalance, "31030bc1", "TakeoverRecovery.on_rebalance"),
        read(Recovery.on_partitions_revoked, "684cfdcf", "TakeoverRecovery.flush_buffers"),
        read(
            Recovery.on_recovery_completed,
            "895e7c41",
            "TakeoverRecovery._take_over, which takes its place",
        ),
        read(
            Recovery._resume_streams,
            "fbe0f747",
            "TakeoverRecovery._take_over, which takes its place",
        ),
        read(
            PartitionAssignor._get_copartitioned_groups,
            "76de3cb3",
            "verify_assignment: it leaves out missing topics",
        ),
        read(
            PartitionAssignor.on_assignment,
            "63482c10",
            "build_kafka: canonical_url tells members apart",
        ),
        read(faust.App._on_partitions_revoked, "c1abd58d", "Seam.suspend"),
        read(faust.App._on_partitions_assigned, "c9c5485e", "Takeover.note"),
        read(
            faust.App._stop_consumer,
            "96573acf",
            "Seam.stop: the last checkpoint comes before leaving the group",
        ),
        read(faust.App.on_rebalance_end, "702029e3", "TakeoverRecovery._take_over"),
        read(Fetcher.fetched_records, "e20ce0c8", "ChainThread._drain"),
        read(Fetcher._proc_fetch_request, "ace04969", "ChainThread._chained, Freshness"),
        read(Fetcher._update_fetch_positions, "1dc02ecc", "ChainThread.seek_chain"),
        read(Fetcher._create_fetch_waiter, "65046fcd", "ChainThread._fetch_records"),
        read(Fetcher.seek_to, "10c45c3c", "ChainThread.seek_chain"),
        read(FetchResult.check_assignment, "2ffd6c1a", "ChainThread._chained"),
        read(FetchResult.getall, "b638929d", "ChainThread._chained"),
        read(
            PartitionRecords._unpack_records,
            "047f7fc3",
            "Unpacked, which takes its place; ChainThread._chained: positions move without records",
        ),
        read(SubscriptionState.fetch_context, "88fca759", "ChainThread._fetch_records"),
        read(Assignment.__init__, "bdb18eca", "ChainThread._current_chain"),
        read(GroupCoordinator._send_req, "ca4ba174", "ChainThread.is_current"),
        read(GroupCoordinator._do_heartbeat, "5628cb32", "ChainThread.is_current"),
        read(GroupCoordinator.reset_generation, "3cb4a249", "ChainThread.is_current"),
        read(
            GroupCoordinator.ensure_active_group,
            "44c4b92c",
            "Seam.suspend: heartbeats go on meanwhile",
        ),
        read(GroupCoordinator._heartbeat_routine, "a6c6710b", "MAX_POLL_INTERVAL_MS"),
        read(GroupCoordinator._on_join_prepare, "620a6bbc", "Seam.suspend"),
        read(GroupCoordinator._on_join_complete, "186788a4", "Takeover.note"),
        read(GroupCoordinator.fetch_committed_offsets, "c83e0caf", "ChainThread.committed"),
        read(aiokafka.AIOKafkaProducer.start, "dd4ee286", "PartitionProducer.start"),
        read(aiokafka.AIOKafkaProducer.stop, "8ee7f0d1", "_stop in producer.py"),
        read(aiokafka.AIOKafkaProducer.create_batch, "86ae801b", "PartitionProducer.submit"),
        read(aiokafka.AIOKafkaProducer.send_batch, "ff8d65b5", "PartitionProducer.submit"),
        read(aiokafka.AIOKafkaProducer.begin_transaction, "9834b9f6", "PartitionProducer.begin"),
        read(aiokafka.AIOKafkaProducer.commit_transaction, "8f568a6a", "PartitionProducer.commit"),
        read(
            aiokafka.AIOKafkaProducer.send_offsets_to_transaction,
            "8053778f",
            "PartitionProducer.offsets",
        ),
        read(MessageAccumulator.add_batch, "35870bc8", "PartitionProducer.submit"),
        read(MessageAccumulator.flush_for_commit, "c1deaeb3", "Checkpointer._deliver"),
        read(MessageAccumulator.drain_by_nodes, "cc2f3eaf", "PartitionProducer.submit"),
        read(MessageBatch.failure, "1a80d3cc", "Checkpointer._deliver"),
        read(Sender._sender_routine, "c07b5ec5", "PartitionProducer"),
        read(Sender._fail_all, "a939bb08", "Checkpointer._deliver"),
        read(Sender._maybe_wait_for_pid, "32cf2484", "PartitionProducer.start"),
        read(Sender._do_txn_commit, "a474e71a", "PartitionProducer.commit"),
        read(SendProduceReqHandler._can_retry, "00041770", "Checkpointer._deliver"),
        read(SendProduceReqHandler.handle_response, "552007ac", "Checkpointer._deliver"),
    ],
)
def test_a_function_that_the_seam_was_written_against_has_not_changed(
    function: Callable[..., Any], was: str, relied_on_by: str
) -> None:
    assert digest(function) == was, f"read it again with {relied_on_by}"


class TestFetchedRecords:
    """chain.py reads with a timeout of 0 and trusts that this does not wait."""

    async def test_with_a_timeout_of_zero_it_never_gives_way(self) -> None:
        fetcher = Fetcher.__new__(Fetcher)
        fetcher._records = {}
        fetcher._subscriptions = SubscriptionState()
        fetcher._subscriptions.subscribe({"t"})
        fetcher._subscriptions.assign_from_subscribed({TopicPartition("t", 0)})
        step = fetcher.fetched_records({TopicPartition("t", 0)}, timeout=0)
        with pytest.raises(StopIteration) as done:
            step.send(None)
        assert done.value.value == {}

    async def test_an_empty_set_of_partitions_means_all_of_them(self) -> None:
        # Why `_drain` asks for nothing when it wants nothing.
        assert "if partitions and tp not in partitions" in inspect.getsource(
            Fetcher.fetched_records
        )

    def test_an_error_is_held_back_while_other_partitions_have_records(self) -> None:
        # Why `_chained` looks for errors itself.
        error = FetchError(error=ValueError("held back"), backoff=0.1)
        with pytest.raises(ValueError, match="held back"):
            error.check_raise()


class TestPositions:
    """chain.py, clocks.py: a partition's state as the fetcher keeps it."""

    async def test_a_new_assignment_has_new_states_without_positions(self) -> None:
        subscription = Subscription({"t"})
        tp = TopicPartition("t", 0)
        subscription._assign({tp})
        first = subscription.assignment
        first.state_value(tp).seek(7)
        subscription._assign({tp})
        second = subscription.assignment
        assert second is not first
        assert second.state_value(tp)._position is None
        assert second.state_value(tp).highwater is None
        assert second.state_value(tp).timestamp is None
        assert not first.active

    async def test_the_last_stable_offset_of_a_fetch_is_kept(self) -> None:
        assert TopicPartitionState(None).lso is None
        assert "tp_state.lso = lso" in inspect.getsource(Fetcher._proc_fetch_request)

    async def test_a_seek_and_a_read_move_the_position(self) -> None:
        state = TopicPartitionState(None)
        state.seek(5)
        assert state.position == 5
        state.consumed_to(9)
        assert state.position == 9


class TestTrouble:
    """chain.py, `trouble`: what aiokafka keeps to itself."""

    def test_an_error_of_the_group_waits_to_be_asked_for(self) -> None:
        source = inspect.getsource(GroupCoordinator._push_error_to_user)
        assert "self._pending_exception = exc" in source
        assert "self._error_consumed_fut" in source

    def test_the_background_tasks_are_where_they_are_looked_for(self) -> None:
        assert "self._coordination_task" in inspect.getsource(GroupCoordinator.check_errors)
        assert "return self._fetch_task" in inspect.getsource(Fetcher.error_future.fget)


class TestBatches:
    """producer.py: prepared batches."""

    def batch(self, size: int) -> BatchBuilder:
        return BatchBuilder(size, 0, is_transactional=1)

    def test_the_first_record_is_taken_whatever_its_size(self) -> None:
        batch = self.batch(100)
        entry = {"timestamp": 1, "key": b"k", "value": b"v" * 1000, "headers": []}
        assert batch.append(**entry) is not None
        assert batch.append(**entry) is None

    def test_a_full_batch_takes_no_more(self) -> None:
        batch = self.batch(200)
        taken = 0
        while batch.append(timestamp=1, key=b"k", value=b"v" * 20, headers=[("h", b"1")]):
            taken += 1
        assert taken == batch.record_count() > 1
        assert batch.size() <= 200
        assert batch.closed()

    async def test_a_failed_batch_fails_its_future(self) -> None:
        batch = MessageBatch(TopicPartition("t", 0), self.batch(100), 1, 0)
        batch.failure(MessageSizeTooLargeError())
        with pytest.raises(MessageSizeTooLargeError):
            await batch.future

    async def test_a_commit_takes_no_notice_of_a_failed_batch(self) -> None:
        # Why a checkpoint awaits every future before it commits.
        accumulator = MessageAccumulator(None, 100, 0, 1.0)
        batch = MessageBatch(TopicPartition("t", 0), self.batch(100), 1, 0)
        accumulator._pending_batches.add(batch)
        batch.failure(MessageSizeTooLargeError())
        await accumulator.flush_for_commit()
        batch.future.exception()

    async def test_only_a_ready_producer_begins_a_transaction(self) -> None:
        manager = TransactionManager("id", 1000)
        with pytest.raises(AssertionError, match="Invalid state transition"):
            manager.begin_transaction()
        manager.set_pid_and_epoch(1, 0)
        manager.begin_transaction()
        assert manager.state is TransactionState.IN_TRANSACTION

    async def test_a_producer_knows_how_often_its_id_was_fenced(self) -> None:
        manager = TransactionManager("id", 1000)
        manager.set_pid_and_epoch(1, 7)
        assert manager.producer_epoch == 7
        assert "_txn_manager" in inspect.getsource(aiokafka.AIOKafkaProducer.__init__)


class TestServices:
    """recovery.py: how mode runs tasks, and what Faust tells its recovery."""

    def test_a_task_of_a_subclass_takes_the_place_of_its_namesake(self) -> None:
        ran: list[str] = []

        class Stock(Service):
            @Service.task
            async def work(self) -> None:
                ran.append("stock")

        class Ours(Stock):
            @Service.task
            async def work(self) -> None:
                ran.append("ours")

        async def run() -> None:
            service = Ours()
            await service.start()
            await asyncio.sleep(0)
            await service.stop()

        asyncio.run(run())
        assert ran == ["ours"]

    def test_all_tasks_of_the_recovery_are_ours(self) -> None:
        from streams.kafka.recovery import TakeoverRecovery

        stock = {name for name, value in vars(Recovery).items() if _is_task(value)}
        ours = {name for name, value in vars(TakeoverRecovery).items() if _is_task(value)}
        assert stock == ours

    def test_the_table_manager_and_the_transport_can_be_replaced(self) -> None:
        assert isinstance(vars(faust.App)["transport"], property)
        assert vars(faust.App)["transport"].fset is not None
        assert "TableManager" in faust.App("x").conf.SETTINGS


def _is_task(value: object) -> bool:
    return type(value).__name__ == "ServiceTask"


def test_consumers_refuse_to_seek_what_is_not_assigned() -> None:
    assert "IllegalStateError" in inspect.getsource(SubscriptionState._assigned_state)
    assert "seek_to" in inspect.getsource(aiokafka.AIOKafkaConsumer.seek)
