"""Partitions change hands in the right order, or the worker says why they do not."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from streams.kafka.fuse import FatalError
from streams.kafka.gap import Gap, accept_gaps
from tests.integration.kafka.counting import CountingShard
from tests.integration.kafka.deployment import EXIT_CODE, Deployment


async def test_a_restore_of_three_sessions_keeps_its_place_while_another_worker_joins(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    first = deployment.worker("first")
    await deployment.produce(600)
    await deployment.all_counted()
    first.kill()
    slow = deployment.worker("slow", SEAM_SESSION="2", SEAM_RESTORE_SECONDS="6")
    await asyncio.to_thread(slow.await_output, "Setting newly assigned partitions", 30)
    await asyncio.sleep(2)
    joiner = deployment.worker("joiner", SEAM_SESSION="2")
    await deployment.produce(600)
    await deployment.all_counted(60)
    assert slow.running
    assert joiner.running
    await deployment.consuming(slow)
    assert "RESTORED" in joiner.output()


async def test_a_topic_that_is_missing_from_the_assignment_ends_the_worker_with_its_name(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([deployment.physical("clicks")])
    finally:
        await admin.close()
    worker = deployment.worker("worker")
    assert await deployment.ended(worker, 30) == EXIT_CODE
    assert f"{deployment.physical('clicks')}[0]" in worker.output()
    assert "pulse topics check" in worker.output()


async def test_a_worker_that_the_group_refuses_ends_instead_of_waiting(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    worker = deployment.worker("worker", SEAM_SESSION="0.6")
    assert await deployment.ended(worker, 30) == EXIT_CODE
    assert "InvalidSessionTimeout" in worker.output()


async def test_a_position_before_the_log_stops_the_worker_with_what_to_do(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    first = deployment.worker("first")
    await deployment.produce(300)
    await deployment.all_counted()
    first.terminate()
    assert await deployment.ended(first, 10) == 0
    ends = await deployment.positions()
    await deployment.produce(300)
    likes = deployment.physical("likes")
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.bootstrap)
    await admin.start()
    try:
        gone = RecordsToDelete(before_offset=ends["likes", 1] + 2)
        await admin.delete_records({TopicPartition(likes, 1): gone})
    finally:
        await admin.close()
    worker = deployment.worker("worker")
    assert await deployment.ended(worker, 30) == EXIT_CODE
    assert f"{likes}[1]" in worker.output()
    assert "pulse state accept-gap" in worker.output()
    assert await deployment.positions() == ends

    at = ends["likes", 1]
    assert await accept_gaps(deployment.options(), CountingShard) == [Gap(likes, 1, at, at + 2)]
    assert await accept_gaps(deployment.options(), CountingShard) == []
    deployment.forget([("likes", 1, at), ("likes", 1, at + 1)])
    after = deployment.worker("after")
    await deployment.consuming(after)
    with pytest.raises(FatalError, match=r"1 workers .* are running"):
        await accept_gaps(deployment.options(), CountingShard)
    await deployment.all_counted()
