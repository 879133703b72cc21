"""A worker that must not go on ends with a message, a report and a status for its supervisor."""

import asyncio
import json
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from stack.waiting import until
from streams.kafka.fuse import EXIT_CODE
from tests.integration.deployment import PARTITIONS, Deployment, Sent, creators_of


def likes(start: int) -> list[Sent]:
    """One like on each partition."""
    return [
        Sent(
            "likes",
            creator.encode(),
            json.dumps(
                {
                    "event_id": f"e{start}",
                    "creator_id": creator,
                    "platform": "x",
                    "occurred_at": int(time.time() * 1000),
                    "post_id": "p",
                    "actor_id": "a",
                }
            ).encode(),
        )
        for partition in range(PARTITIONS)
        for creator in creators_of(partition, 1)
    ]


async def test_a_fenced_worker_ends_and_its_successor_counts_what_it_could_not(
    deployed: Deployment, tmp_path: Path
):
    report = tmp_path / "report.json"
    worker = deployed.worker("--report", str(report))
    await worker.ready()
    await deployed.send(likes(0))
    await deployed.settled("engagement-scores", PARTITIONS)

    # Another deployment with the same PULSE_APP_ID, say.
    app_id = deployed.env["PULSE_APP_ID"]
    usurper = AIOKafkaProducer(bootstrap_servers=deployed.bootstrap, transactional_id=f"{app_id}-0")
    await usurper.start()
    await usurper.stop()
    await deployed.send(likes(1))
    assert await asyncio.to_thread(worker.process.wait, 30) == EXIT_CODE
    output = worker.process.output()
    assert "the checkpoint of partition 0 failed; nothing of it counts" in output
    assert "PULSE_APP_ID" in output
    told = json.loads(report.read_text())
    assert told["exit_status"] == EXIT_CODE
    assert told["exit_reason"] == "a checkpoint failed"

    successor = deployed.worker()
    await successor.ready()

    async def both_counted() -> bool:
        scores = {s["creator_id"]: s for s in await deployed.values("engagement-scores")}
        return all(s["windows"]["24h"]["likes"] == 2 for s in scores.values())

    await until(both_counted, 60, lambda: f"two likes each\n{successor.process.tail()}")
    await successor.stop()


async def test_a_gap_in_the_log_stops_a_worker_until_an_operator_accepts_it(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(0))
    await deployed.settled("engagement-scores", PARTITIONS)
    await worker.stop()

    await deployed.send(likes(1))
    await lose_everything(deployed, "likes")
    worker = deployed.worker()
    assert await asyncio.to_thread(worker.process.wait, 30) == EXIT_CODE
    assert "pulse state accept-gap" in worker.process.output()

    async def accept(*arguments: str) -> tuple[int, str]:
        return await asyncio.to_thread(deployed.command, "state", "accept-gap", *arguments)

    status, output = await accept()
    assert status == 1, "it lists what is lost and asks, and nobody answers"
    assert output.count(f"{deployed.prefix}likes[") == PARTITIONS
    assert "Are all workers stopped?" in output
    status, output = await accept("--yes")
    assert status == 0, output
    assert output.count(f"{deployed.prefix}likes[") == PARTITIONS

    nothing = (0, "there is nothing to accept: no record is missing\n")
    assert await accept() == nothing, "nobody is asked"
    worker = deployed.worker()
    await worker.ready()
    assert await accept("--made-anew") == nothing, "that changes nothing, so workers may run"
    await worker.stop()


async def lose_everything(deployment: Deployment, topic: str) -> None:
    """Delete all records, as retention would."""
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.bootstrap)
    await admin.start()
    try:
        name = deployment.prefix + topic
        await admin.delete_records(
            {TopicPartition(name, p): RecordsToDelete(before_offset=-1) for p in range(PARTITIONS)}
        )
    finally:
        await admin.close()
