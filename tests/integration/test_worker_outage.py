"""What a worker does while its brokers are away, and when it is told to stop just then."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stack.kafka import KafkaServer
from stack.waiting import until
from tests.integration.deployment import Deployment, Sent


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[KafkaServer]:
    server = KafkaServer(tmp_path / "kafka")
    await asyncio.to_thread(server.start)
    yield server
    server.thaw()
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def alone(own_kafka: KafkaServer, unique: str, tmp_path: Path) -> AsyncIterator[Deployment]:
    made = Deployment(own_kafka.bootstrap, unique, tmp_path)
    await made.make_topics()
    yield made
    await asyncio.to_thread(made.end)


def like(number: int) -> Sent:
    event = {
        "event_id": f"e{number}",
        "creator_id": "c1",
        "platform": "x",
        "occurred_at": int(time.time() * 1000),
        "post_id": "p",
        "actor_id": f"a{number}",
    }
    return Sent("likes", b"c1", json.dumps(event).encode())


async def counted(deployment: Deployment, likes: int) -> bool:
    scores = await deployment.values("engagement-scores")
    return bool(scores) and bool(scores[-1]["windows"]["24h"]["likes"] == likes)


async def test_a_worker_outlives_a_restart_of_its_broker_and_says_so_meanwhile(
    own_kafka: KafkaServer, alone: Deployment
):
    worker = alone.worker()
    await worker.ready()
    await alone.send(like(n) for n in range(10))
    await alone.settled("engagement-scores", 1)

    await asyncio.to_thread(own_kafka.kill)

    def away() -> bool:
        status, body = worker.get("/readyz")
        return status == 503 and "the brokers have not answered" in body

    await until(away, 30, lambda: f"not ready\n{worker.process.tail()}")
    assert worker.get("/healthz")[0] == 200

    await asyncio.to_thread(own_kafka.start)
    await worker.ready()
    await alone.send(like(n) for n in range(10, 20))
    await until(lambda: counted(alone, 20), 60, lambda: f"all are counted\n{worker.process.tail()}")
    await worker.stop()


async def test_a_stop_takes_ten_seconds_at_most_even_if_the_broker_hangs(
    own_kafka: KafkaServer, alone: Deployment
):
    worker = alone.worker()
    await worker.ready()
    await alone.send(like(n) for n in range(10))
    await until(lambda: counted(alone, 10), 60, "all likes are counted")

    async def written() -> bool:
        before = worker.metric("engagement_state_records_written_total")
        await asyncio.sleep(1.0)
        return before == worker.metric("engagement_state_records_written_total")

    # A checkpoint that cannot end is told with its traceback; there is to be none under way.
    await until(written, 60, "nothing is left to write")
    own_kafka.freeze()
    began = time.monotonic()
    worker.process.terminate()
    status = await asyncio.to_thread(worker.process.wait, 30)
    # Ten by its own clock; until it is gone and seen to be, a busy machine takes more.
    assert time.monotonic() - began < 14
    assert status in {0, 70}, worker.process.tail()
    assert "Traceback" not in worker.process.output()


async def test_a_second_signal_ends_a_worker_that_is_slow_to_stop_at_once(
    own_kafka: KafkaServer, alone: Deployment, tmp_path: Path
):
    report = tmp_path / "report.json"
    worker = alone.worker("--report", str(report))
    await worker.ready()
    own_kafka.freeze()
    worker.process.terminate()
    await asyncio.to_thread(worker.process.await_output, "stopping", 60)
    began = time.monotonic()
    worker.process.interrupt()
    status = await asyncio.to_thread(worker.process.wait, 15)
    assert time.monotonic() - began < 8, "by one signal it may take ten"
    told = json.loads(report.read_text())
    assert (status, told["exit_status"]) in {(70, 70), (0, 0)}
