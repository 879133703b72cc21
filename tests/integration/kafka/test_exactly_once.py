"""Counts stay exact whatever happens to the workers."""

import asyncio

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.engine.poison import poison_note
from tests.integration.kafka.deployment import EXIT_CODE, Deployment


async def test_a_worker_killed_under_load_is_replaced_without_loss_or_doubling(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    async with deployment.load(12_000, seconds=6):
        for round_ in range(3):
            worker = deployment.worker(f"killed-{round_}")
            await deployment.consuming(worker)
            await asyncio.sleep(0.3 + 0.2 * round_)
            worker.kill()
    deployment.worker("last")
    await deployment.all_counted()


async def test_a_second_worker_joins_and_leaves_under_load(deployment: Deployment) -> None:
    await deployment.create_topics()
    first = deployment.worker("first")
    await deployment.consuming(first)
    async with deployment.load(9_000, seconds=6):
        second = deployment.worker("second")
        await deployment.consuming(second)
        assert "RESTORED" in second.output()
        second.terminate()
        assert await deployment.ended(second, 10) == 0
    await deployment.all_counted()
    assert first.running


async def test_a_worker_frozen_past_its_session_is_fenced_and_leaves(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    frozen = deployment.worker("frozen", SEAM_SESSION="2")
    await deployment.consuming(frozen)
    other = deployment.worker("other", SEAM_SESSION="2")
    await deployment.consuming(other)
    async with deployment.load(9_000, seconds=7):
        await asyncio.sleep(1)
        frozen.freeze()
        await asyncio.to_thread(other.await_output, "consuming partitions [0, 1, 2, 3]", 20)
        await asyncio.sleep(1)
        frozen.thaw()
        assert await deployment.ended(frozen, 20) == EXIT_CODE, deployment.logs()
    await deployment.all_counted()
    assert "another worker has taken the partition over" in frozen.output()


async def test_a_stop_writes_down_what_no_checkpoint_has_yet(deployment: Deployment) -> None:
    await deployment.create_topics()
    worker = deployment.worker("slow-to-write", SEAM_INTERVAL="60")
    await deployment.consuming(worker)
    await deployment.produce(900)
    await asyncio.sleep(1)
    assert not await deployment.told()
    worker.terminate()
    assert await deployment.ended(worker, 10) == 0
    await deployment.counts_are_exact()


async def test_reset_group_offsets_count_nothing_twice(deployment: Deployment) -> None:
    await deployment.create_topics()
    worker = deployment.worker("before")
    await deployment.produce(900)
    await deployment.all_counted()
    worker.terminate()
    assert await deployment.ended(worker, 10) == 0
    ends = await deployment.positions()
    assert {k: v for k, v in (await deployment.committed_offsets()).items() if v} == {
        k: v for k, v in ends.items() if v
    }
    async with AIOKafkaProducer(
        bootstrap_servers=deployment.bootstrap, transactional_id=f"{deployment.app_id}-reset"
    ) as operator:
        await operator.begin_transaction()
        await operator.send_offsets_to_transaction(
            {
                TopicPartition(deployment.physical(topic), p): OffsetAndMetadata(0, "")
                for topic, p in ends
            },
            deployment.app_id,
        )
        await operator.commit_transaction()
    after = deployment.worker("after")
    await deployment.consuming(after)
    await deployment.produce(90)
    await deployment.all_counted()


async def test_batches_that_get_lost_on_the_way_are_read_again(deployment: Deployment) -> None:
    await deployment.create_topics()
    worker = deployment.worker("worker", SEAM_DROP_EVERY="3")
    await deployment.consuming(worker)
    await deployment.produce(3_000, seconds=3)
    await deployment.all_counted()
    assert "HOLE" in worker.output()


async def test_positions_pass_over_aborted_records_and_markers(deployment: Deployment) -> None:
    await deployment.create_topics()
    worker = deployment.worker("worker")
    await deployment.consuming(worker)
    likes = deployment.physical("likes")
    async with AIOKafkaProducer(
        bootstrap_servers=deployment.bootstrap, transactional_id=f"{deployment.app_id}-source"
    ) as source:
        for _ in range(3):
            await source.begin_transaction()
            await source.send_and_wait(likes, b"1", b"aborted", partition=2)
            await source.abort_transaction()
    # One record, and three times an aborted one with its marker: the log ends at 6.
    for _ in range(100):
        if (await deployment.positions()).get(("likes", 2)) == 6:
            break
        await asyncio.sleep(0.1)
    assert (await deployment.positions())["likes", 2] == 6
    assert not await deployment.told()


async def test_an_oversize_state_record_ends_the_worker_before_anything_is_committed(
    deployment: Deployment,
) -> None:
    await deployment.create_topics(changelog_config={"max.message.bytes": "2000"})
    first = deployment.worker("fits")
    await deployment.produce(60)
    await deployment.all_counted()
    first.terminate()
    assert await deployment.ended(first, 10) == 0
    before = await deployment.committed_offsets()
    worker = deployment.worker("too-large", SEAM_BLOB="5000")
    await deployment.consuming(worker)
    async with AIOKafkaProducer(bootstrap_servers=deployment.bootstrap) as producer:
        await producer.send_and_wait(deployment.physical("likes"), b"1", b"creator-1")
    assert await deployment.ended(worker, 20) == EXIT_CODE
    assert "larger than the topic's max.message.bytes" in worker.output()
    assert await deployment.committed_offsets() == before
    await deployment.counts_are_exact()


async def test_a_record_that_cannot_be_processed_ends_one_worker_and_not_the_next(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    worker = deployment.worker("worker")
    await deployment.consuming(worker)
    await deployment.produce(30)
    await deployment.all_counted()
    before = await deployment.positions()
    async with AIOKafkaProducer(bootstrap_servers=deployment.bootstrap) as producer:
        bad = await producer.send_and_wait(deployment.physical("likes"), b"explode", b"creator-1")
    assert await deployment.ended(worker, 20) == EXIT_CODE
    assert f"the record at offset {bad.offset} of likes could not be processed" in worker.output()
    assert await deployment.positions() == before
    note = (bad.partition, poison_note("likes", bad.offset, "")[0])
    assert note in await deployment.changelog()

    after = deployment.worker("after")
    await deployment.produce(60)
    await deployment.all_counted()
    assert after.running
    assert (await deployment.positions())["likes", bad.partition] > bad.offset
    assert note not in await deployment.changelog()
