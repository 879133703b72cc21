"""A deployment of real workers on a real Kafka: its commands, its events, what came of them."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.partitioning import partition_for
from stack.ports import free_port
from stack.procs import Process, pulse
from stack.waiting import await_condition, until
from streams.app import kafka_options
from streams.kafka.admin import create_topics
from streams.settings import Settings
from tests.harness.topics import read_all

PARTITIONS = 4


class Sent(NamedTuple):
    """One record as produced. `partition` None is the one of the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


class Deployment:
    """Everything that shares an app id and a topic prefix."""

    def __init__(self, bootstrap: str, unique: str, workdir: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"{unique}."
        self.workdir = workdir
        self.env = {
            "PULSE_BOOTSTRAP_SERVERS": bootstrap,
            "PULSE_APP_ID": f"pulse-{unique}",
            "PULSE_TOPIC_PREFIX": self.prefix,
            "PULSE_PARTITIONS": str(PARTITIONS),
            "PULSE_SESSION_TIMEOUT": "6",
            "PULSE_HEARTBEAT_INTERVAL": "1",
            "PULSE_ACTOR_SECRET": "a secret for the tests",
        }
        self._started: list[Process] = []

    def command(self, *arguments: str, **env: str) -> tuple[int, str]:
        """Run `pulse ...` to its end; status and output."""
        process = self.start(*arguments, **env)
        status = process.wait(180)
        return status, process.output()

    async def make_topics(self) -> None:
        """Do as `pulse topics create` does, without a process that first imports for a second."""
        await create_topics(kafka_options(Settings.from_env(self.env)))

    def start(self, *arguments: str, **env: str) -> Process:
        """Start `pulse ...`. It is ended with the deployment, at the latest."""
        log = self.workdir / f"{arguments[0]}-{len(self._started)}.log"
        process = pulse(*arguments, log=log, env=self.env | env)
        self._started.append(process)
        process.start()
        return process

    def worker(self, *arguments: str, release: str = "present", **env: str) -> "Worker":
        """Start a worker. It is ended with the deployment, at the latest.

        Of the `later` release stored records have fields that the present one does not know.
        """
        worker = Worker(self, arguments, env)
        if release == "later":
            worker.process.command[2] = "tests.integration.later_release"
        self._started.append(worker.process)
        worker.process.start()
        return worker

    def end(self) -> None:
        """End what still runs."""
        for process in self._started:
            process.end()

    async def send(self, records: Iterable[Sent]) -> list[tuple[int, int]]:
        """Produce in order and wait for it; the (partition, offset) of each."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", linger_ms=5, max_request_size=4_000_000
        ) as producer:
            sent = [
                await producer.send(self.prefix + r.topic, r.value, r.key, r.partition)
                for r in records
            ]
            metadata = [await future for future in sent]
        return [(told.partition, told.offset) for told in metadata]

    async def has_read(self, topic: str, places: Iterable[tuple[int, int]]) -> None:
        """Wait until workers have read these (partition, offset), and published what came of it."""
        due: dict[int, int] = {}
        for partition, offset in places:
            due[partition] = max(offset + 1, due.get(partition, 0))
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:

            async def committed() -> bool:
                told = await admin.list_consumer_group_offsets(self.env["PULSE_APP_ID"])
                stand = {p: told.get(TopicPartition(self.prefix + topic, p)) for p in due}
                return all(at is not None and at.offset >= due[p] for p, at in stand.items())

            await until(committed, 60, lambda: f"{topic} is read up to {due}\n{self.tails()}")
        finally:
            await admin.close()

    async def read(self, *topics: str) -> list[ConsumerRecord]:
        """All committed records of some topics, by logical name."""
        return await read_all(self.bootstrap, [self.prefix + topic for topic in topics])

    async def values(self, topic: str) -> list[dict[str, Any]]:
        """All committed values of a topic, decoded."""
        return [json.loads(record.value) for record in await self.read(topic) if record.value]

    async def settled(self, topic: str, count: int, timeout: float = 60.0) -> list[dict[str, Any]]:
        """The values of a topic once there are `count` of them."""
        seen: list[dict[str, Any]] = []

        async def enough() -> bool:
            seen[:] = await self.values(topic)
            return len(seen) >= count

        await until(enough, timeout, lambda: f"{count} in {topic}, got {len(seen)}\n{self.tails()}")
        return seen

    def tails(self) -> str:
        """The ends of all logs."""
        return "\n".join(process.tail() for process in self._started if process.running)


class Worker:
    """One `pulse worker` and its pages."""

    def __init__(
        self, deployment: Deployment, arguments: Iterable[str], env: Mapping[str, str]
    ) -> None:
        self.port = free_port()
        self.log = deployment.workdir / f"worker-{self.port}.log"
        self.process = pulse(
            "worker",
            *arguments,
            log=self.log,
            env=deployment.env | {"PULSE_HTTP_PORT": str(self.port)} | env,
        )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page; status 0 while nothing listens."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    async def ready(self, timeout: float = 60.0) -> None:
        """Wait until it processes events."""

        def asked() -> bool:
            running = self.process.running
            assert running, f"ended with {self.process.exit_code}\n{self.process.tail()}"
            return self.get("/readyz")[0] == 200

        await asyncio.to_thread(
            await_condition, asked, timeout, lambda: f"ready\n{self.process.tail()}"
        )

    def metric(self, name: str, **labels: str) -> float:
        """The value of one series, summed over the labels that are not named."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            named = series.partition("{")[0]
            if named == name and all(f'{key}="{v}"' in series for key, v in labels.items()):
                total += float(value)
        return total

    async def stop(self) -> float:
        """SIGTERM; seconds until it had ended, with status 0.

        A stop is bounded by the worker itself, which else leaves with another status: that, and not
        how fast a busy machine is, holds that it stops in order.
        """
        began = time.monotonic()
        self.process.terminate()
        status = await asyncio.to_thread(self.process.wait, 30)
        assert status == 0, f"ended with {status}\n{self.process.tail()}"
        return time.monotonic() - began


def creators_of(partition: int, count: int) -> list[str]:
    """The first `count` creator ids that belong to `partition`."""
    names = (f"creator-{n}" for n in range(10_000))
    mine = (name for name in names if partition_for(name.encode(), PARTITIONS) == partition)
    return [next(mine) for _ in range(count)]
