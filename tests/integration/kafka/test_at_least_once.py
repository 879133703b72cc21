"""A broker without transactions: nothing is lost, and a clean stop doubles nothing."""

import json
from collections import Counter
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from stack.waiting import until
from streams.embedded import EmbeddedBroker
from streams.kafka.admin import create_topics
from tests.integration.kafka.deployment import Deployment


async def told_at_least(deployment: Deployment, count: int) -> Counter[tuple[str, int, int]]:
    """Read until `count` different records were told, without asking where the log ends."""
    topic = deployment.physical("engagement-windows")
    told: Counter[tuple[str, int, int]] = Counter()
    consumer = AIOKafkaConsumer(bootstrap_servers=deployment.bootstrap)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, partition) for partition in range(deployment.partitions)]
        consumer.assign(tps)
        for tp in tps:
            consumer.seek(tp, 0)

        async def enough() -> bool:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                told.update(tuple(json.loads(record.value)) for record in records)
            return len(told) >= count

        await until(enough, 40, lambda: f"{count} records are told\n{deployment.logs()}")
    finally:
        await consumer.stop()
    return told


async def test_counts_are_complete_on_the_embedded_broker_and_go_on_after_a_stop(
    app_id: str, topic_prefix: str, tmp_path: Path
) -> None:
    async with EmbeddedBroker(tmp_path / "broker.log") as broker:
        deployment = Deployment(broker.bootstrap, app_id, topic_prefix, tmp_path)
        await create_topics(deployment.options())
        try:
            first = deployment.worker("first", "at_least_once", SEAM_SESSION="2")
            await deployment.produce(600)
            await told_at_least(deployment, 600)
            first.terminate()
            assert await deployment.ended(first, 10) == 0
            await deployment.produce(600)
            deployment.worker("second", "at_least_once", SEAM_SESSION="2")
            told = await told_at_least(deployment, 1200)
            assert told.keys() == deployment.produced.keys()
            assert set(told.values()) == {1}
        finally:
            deployment.end()
