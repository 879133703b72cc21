"""The strike at stored state: a changelog's beginning is deleted, and an operator restores it.

Knows the changelogs as topics of keys and values. Must not know what is in them.
"""

import asyncio

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete

from stack.procs import pulse
from tests.faults.brokers import set_topic, topic_settings
from tests.faults.fleet import Worker
from tests.faults.scene import Fault, Scene
from tests.harness.topics import read_all

_TABLES = ("engagement", "sentiment")
_REFUSED = 70

Backup = list[tuple[int, bytes, bytes]]
"""(partition, key, value), the latest of each key."""


async def cut(scene: Scene, worker: Worker) -> Fault:
    """All workers stop; half of one changelog's partition is deleted; nobody may go on from that.

    The worker that is started must refuse, with a message. Then the topic is made anew from a copy,
    and all go on.
    """
    at = scene.fleet.seconds()
    topic = f"{scene.plan.app_id}-{_TABLES[0]}-changelog"
    partition = scene.chance.randrange(scene.plan.partitions)
    async with scene.excused():
        await _stop_all(scene)
        backup = await _copy(scene, topic)
        cut_at = await _delete(scene, topic, partition)
        scene.tell(f"deleted {topic}/{partition} up to {cut_at}")
        worker.process.start()
        exited = await scene.ended(worker)
        await _renew(scene, topic, backup)
        for one in scene.fleet.workers:
            one.start()
        await scene.until(
            lambda: scene.fleet.settled(scene.plan.partitions), "all work again after the restore"
        )
    refused = exited.code == _REFUSED and topic in exited.last_words
    proof = f"{topic}/{partition} began at {cut_at}; worker {worker.number} left with code"
    proof += f" {exited.code}: {exited.last_words}"
    return Fault("changelog_cut", at, proof, bit=refused, worker=worker.number)


async def _stop_all(scene: Scene) -> None:
    for one in scene.fleet.workers:
        one.held = True
        await asyncio.to_thread(one.process.end, 15)
        scene.fleet.note_exit(one)


async def _copy(scene: Scene, topic: str) -> Backup:
    records = await read_all(scene.broker.bootstrap, [topic])
    latest = {(record.partition, record.key): record.value for record in records}
    return [(at, key, value) for (at, key), value in latest.items() if value is not None]


async def _delete(scene: Scene, topic: str, partition: int) -> int:
    cluster, place = scene.cluster, TopicPartition(topic, partition)
    settings = await topic_settings(cluster, topic)
    # The broker deletes records of such topics only where their policy says so.
    await set_topic(cluster, topic, settings | {"cleanup.policy": "delete"})
    (end,) = (await cluster.ends([place])).values()
    middle = max(end // 2, 1)
    await cluster.admin.delete_records({place: RecordsToDelete(middle)})
    await set_topic(cluster, topic, settings)
    return middle


async def _renew(scene: Scene, topic: str, backup: Backup) -> None:
    await scene.cluster.admin.delete_topics([topic])

    async def gone() -> bool:
        return topic not in await scene.cluster.admin.list_topics()

    await scene.until(gone, f"{topic} is deleted", 30)
    create = pulse("topics", "create", log=scene.plan.workdir / "topics.log", env=scene.settings)
    create.start()
    assert await asyncio.to_thread(create.wait, 60) == 0, create.tail()
    async with AIOKafkaProducer(
        bootstrap_servers=scene.broker.bootstrap, enable_idempotence=True, max_request_size=8 << 20
    ) as producer:
        sent = [
            await producer.send(topic, value, key, partition) for partition, key, value in backup
        ]
        for future in sent:
            await future
