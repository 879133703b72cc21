"""Partitions change hands in the right order, or the worker says why they do not."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from stack.procs import Process
from stack.waiting import until
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


async def test_what_a_worker_keeps_goes_on_while_it_restores_the_rest(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    staying = deployment.worker("staying", SEAM_RESTORE_SECONDS="4")
    await deployment.consuming(staying)
    leaving = deployment.worker("leaving")
    await deployment.consuming(leaving)
    await deployment.produce(300)
    await deployment.all_counted()
    kept = _last_partitions(staying)
    assert len(kept) == 2
    leaving.terminate()
    assert await deployment.ended(leaving, 10) == 0
    restored = staying.output().count("RESTORED")
    await deployment.produce(300)

    async def kept_are_told() -> bool:
        wanted = {record for record in deployment.produced if record[1] in kept}
        return wanted <= set(await deployment.told())

    await until(kept_are_told, 60, deployment.logs)
    assert staying.output().count("RESTORED") == restored
    await deployment.all_counted()


def _last_partitions(worker: Process) -> list[int]:
    """The partitions that the worker has told to consume last."""
    line = [line for line in worker.output().splitlines() if "consuming partitions" in line][-1]
    return [int(number) for number in line.split("[")[1].rstrip("]").split(",")]


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


async def test_a_changelog_that_has_lost_its_beginning_stops_the_worker_with_its_name(
    deployment: Deployment,
) -> None:
    await deployment.create_topics()
    first = deployment.worker("first")
    await deployment.produce(300)
    await deployment.all_counted()
    first.terminate()
    assert await deployment.ended(first, 10) == 0
    changelog = f"{deployment.app_id}-engagement-changelog"
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(changelog, 2): RecordsToDelete(before_offset=1)})
    finally:
        await admin.close()
    worker = deployment.worker("worker")
    assert await deployment.ended(worker, 30) == EXIT_CODE
    assert f"{changelog}[2] begins at 1 instead of 0" in worker.output()
    assert "make it anew from a copy" in worker.output()
