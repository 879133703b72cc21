"""One deployment of counting workers on a real Kafka, and what must be true of it."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas import topics
from stack.procs import REPOSITORY, Process
from stack.waiting import until
from streams.engine.poison import is_poison_note
from streams.kafka.options import SHARD_RECORD_KEY, KafkaOptions
from tests.harness.topics import create_topics, read_all

WORKER = REPOSITORY / "tests" / "integration" / "kafka" / "worker.py"
EXIT_CODE = 70


class Deployment:
    """Topics, workers and events under one app id; counts what was produced."""

    def __init__(self, bootstrap: str, app_id: str, prefix: str, workdir: Path) -> None:
        self.bootstrap = bootstrap
        self.app_id = app_id
        self.prefix = prefix
        self.workdir = workdir
        self.partitions = 4
        self.produced: dict[tuple[str, int, int], bytes] = {}
        self.workers: list[Process] = []

    def physical(self, topic: str) -> str:
        return self.prefix + topic

    async def create_topics(self, changelog_config: dict[str, str] | None = None) -> None:
        names = [topic.physical(self.prefix) for topic in (*topics.KEYED, *topics.OUTBOUND)]
        await create_topics(self.bootstrap, dict.fromkeys(names, self.partitions))
        changelogs = [f"{self.app_id}-{table}-changelog" for table in topics.TABLES]
        await create_topics(
            self.bootstrap, dict.fromkeys(changelogs, self.partitions), changelog_config
        )

    def worker(self, name: str, guarantee: str = "exactly_once", **env: str) -> Process:
        """Start a worker; it is ended when the test is over."""
        code = f"import runpy; runpy.run_path({str(WORKER)!r}, run_name='__main__')"
        process = Process(
            [
                sys.executable,
                "-c",
                code,
                self.bootstrap,
                self.app_id,
                self.prefix,
                str(self.partitions),
                guarantee,
            ],
            log=self.workdir / f"{name}.log",
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default", **env},
        )
        process.start()
        self.workers.append(process)
        return process

    async def consuming(self, worker: Process, timeout: float = 30.0) -> None:
        """Wait until the worker consumes what it was assigned."""
        await asyncio.to_thread(worker.await_output, "consuming partitions", timeout)

    async def ended(self, worker: Process, timeout: float = 30.0) -> int:
        """Wait until the worker has ended, and return its exit code."""
        return await asyncio.to_thread(worker.wait, timeout)

    async def produce(
        self,
        count: int,
        keys: int = 40,
        names: Iterable[str] = ("likes", "comments", "posts"),
        value: bytes = b"1",
        seconds: float = 0.0,
    ) -> None:
        """Produce `count` records over the topics in turn, spread over `seconds`."""
        logical = list(names)
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all") as producer:
            sent = []
            for at in range(count):
                key = b"creator-%d" % (at % keys)
                topic = logical[at % len(logical)]
                future = await producer.send(self.physical(topic), value, key)
                sent.append((topic, key, future))
                if seconds and at % 50 == 49:
                    await asyncio.sleep(seconds * 50 / count)
            for topic, key, future in sent:
                done = await future
                self.produced[topic, done.partition, done.offset] = key

    def forget(self, records: Iterable[tuple[str, int, int]]) -> None:
        """Do not expect these records to be counted."""
        for record in records:
            del self.produced[record]

    def options(self) -> KafkaOptions:
        """The options that its workers have, but for timeouts."""
        return KafkaOptions(
            bootstrap=self.bootstrap,
            app_id=self.app_id,
            partitions=self.partitions,
            prefix=self.prefix,
            session_timeout=3.0,
        )

    @asynccontextmanager
    async def load(self, count: int, seconds: float) -> AsyncIterator[None]:
        """Produce in the background; at the end all of it is there."""
        task = asyncio.create_task(self.produce(count, seconds=seconds))
        try:
            yield
        except BaseException:
            task.cancel()
            raise
        await task

    async def told(self) -> list[tuple[str, int, int]]:
        """What the workers have told of, committed: (topic, partition, offset)."""
        records = await read_all(self.bootstrap, [self.physical("engagement-windows")])
        return [(t, p, o) for t, p, o in (json.loads(r.value or b"") for r in records)]

    async def state(self) -> dict[tuple[int, bytes], dict[str, object]]:
        """The committed state records by (partition, key), without notes to successors."""
        latest = await self.changelog()
        return {at: json.loads(value) for at, value in latest.items() if not is_poison_note(at[1])}

    async def changelog(self) -> dict[tuple[int, bytes], bytes]:
        """The committed records of the changelog as a restore would find them."""
        records = await read_all(self.bootstrap, [f"{self.app_id}-engagement-changelog"])
        latest = {(r.partition, r.key): r.value for r in records}
        return {at: value for at, value in latest.items() if value is not None}

    async def positions(self) -> dict[tuple[str, int], int]:
        """The positions in the shard records, by (logical topic, partition)."""
        return {
            (topic, partition): position
            for (partition, key), record in (await self.state()).items()
            if key == SHARD_RECORD_KEY
            for topic, position in record.items()
            if isinstance(position, int)
        }

    async def committed_offsets(self) -> dict[tuple[str, int], int]:
        """The group's committed offsets by (logical topic, partition)."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.app_id)
        await consumer.start()
        try:
            return {
                (topic.name, p): at
                for topic in topics.KEYED
                for p in range(self.partitions)
                if (at := await consumer.committed(TopicPartition(self.physical(topic.name), p)))
                is not None
            }
        finally:
            await consumer.stop()

    async def all_counted(self, timeout: float = 40.0) -> None:
        """Wait until all is told, then hold every record to exactly one count."""

        async def complete() -> bool:
            return set(await self.told()) >= self.produced.keys()

        await until(complete, timeout, lambda: f"all is told\n{self.logs()}")
        await self.counts_are_exact()

    async def counts_are_exact(self) -> None:
        """Every record told once, and every state record equal to what was produced."""
        told = Counter(await self.told())
        lost = self.produced.keys() - told.keys()
        doubled = {record: times for record, times in told.items() if times > 1}
        assert not lost, f"{len(lost)} lost, such as {sorted(lost)[:5]}\n{self.logs()}"
        assert not doubled, f"{len(doubled)} doubled: {sorted(doubled)[:5]}\n{self.logs()}"
        assert told.keys() == self.produced.keys()
        state = await self.state()
        counts = {key: r["n"] for (_, key), r in state.items() if "n" in r}
        assert counts == dict(Counter(self.produced.values())), self.logs()

    def logs(self) -> str:
        return "\n".join(f"--- {worker.log.name}\n{worker.tail()}" for worker in self.workers)

    def end(self) -> None:
        for worker in self.workers:
            worker.end(patience=10)
