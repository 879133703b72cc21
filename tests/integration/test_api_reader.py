"""The API's reader on a real Kafka: positions that hold, that are lost, or are of another topic."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from schemas import topics
from stack.waiting import until
from streams.api.reader import Place, Reader
from streams.follow import Followed
from streams.kafka.options import KafkaOptions
from tests.integration.deployment import PARTITIONS, Deployment, Sent

NAME = topics.ALERTS.name


@asynccontextmanager
async def reading(deployed: Deployment, positions: Mapping[Place, int]) -> AsyncIterator[Reader]:
    options = KafkaOptions(deployed.bootstrap, "a", PARTITIONS, deployed.prefix)
    reader = Reader(options, [topics.ALERTS])
    await reader.start(positions)
    try:
        yield reader
    finally:
        await reader.stop()


async def read_up(reader: Reader) -> tuple[list[Followed], dict[Place, int]]:
    records: list[Followed] = []
    positions: dict[Place, int] = {}

    async def done() -> bool:
        batch = await reader.read(0.1)
        records.extend(batch.records)
        positions.update(batch.positions)
        return reader.progress().caught_up

    await until(done, 30, lambda: f"all is read, at {reader.progress()}")
    return records, positions


async def send(deployed: Deployment, *numbers: int) -> None:
    await deployed.send(Sent(NAME, b"k", b"%d" % number, 0) for number in numbers)


async def test_reading_goes_on_where_it_was_and_passes_over_what_was_taken_back(
    deployed: Deployment,
) -> None:
    await send(deployed, 1, 2)
    async with reading(deployed, {}) as reader:
        records, positions = await read_up(reader)
    assert [record.value for record in records] == [b"1", b"2"]
    assert positions == {(NAME, 0): 2}
    producer = AIOKafkaProducer(bootstrap_servers=deployed.bootstrap, transactional_id="t-1")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(deployed.prefix + NAME, b"taken back", b"k", partition=0)
    await producer.abort_transaction()
    await producer.stop()
    async with reading(deployed, positions) as reader:
        records, positions = await read_up(reader)
        assert records == []
        assert positions == {(NAME, 0): 4}, "the record that was taken back, and its marker"
        await reader.survey()
        assert reader.progress().lag == 0


async def test_what_retention_has_dropped_unread_is_counted(deployed: Deployment) -> None:
    await send(deployed, *range(10))
    admin = AIOKafkaAdminClient(bootstrap_servers=deployed.bootstrap)
    await admin.start()
    place = TopicPartition(deployed.prefix + NAME, 0)
    await admin.delete_records({place: RecordsToDelete(before_offset=7)})
    await admin.close()
    async with reading(deployed, {(NAME, 0): 3}) as reader:
        records, _ = await read_up(reader)
    assert [record.value for record in records] == [b"7", b"8", b"9"]
    assert reader.lost == {(NAME, 0): 4}
    assert reader.renewed == set()


async def test_a_position_beyond_the_end_is_of_another_topic(deployed: Deployment) -> None:
    await send(deployed, 1, 2)
    async with reading(deployed, {(NAME, 0): 50, (NAME, 1): 0}) as reader:
        records, _ = await read_up(reader)
    assert (len(records), reader.renewed, reader.lost) == (2, {NAME}, {})
