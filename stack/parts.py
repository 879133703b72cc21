"""Parts: which processes a stack has, with what settings, and how to tell that each is ready.

Knows commands, ports and files. Must not know in what order they start or what is done with them.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.instants import from_ms
from stack import scrape
from stack.alertmanager import AlertmanagerServer
from stack.http import get
from stack.kafka import KafkaServer
from stack.ports import free_port
from stack.procs import Process, pulse
from stack.prometheus import PrometheusServer
from stack.proof import Subject, Worker

WORKERS = ("worker-1", "worker-2")
SERVERS = ("kafka", *WORKERS, "api", "prometheus", "alertmanager")
"""What listens, by the name under which it is given a port."""
UNSURE = 70
"""Status of a worker that cannot be sure of its state: started again, it is right."""
STOP_SECONDS = 5.0
"""What a worker is given for its last checkpoint."""
LIVE_SINCE_SECONDS = 7 * 60
"""The simulated incidents happened so long ago: they are still news (15 min), and the shortest of
them, which lasts 11 min, is over before a visitor is."""


@dataclass
class Part:
    """One process. `address` is for people; `again` are statuses after which it is started anew."""

    name: str
    process: Process
    address: str
    ready: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    again: frozenset[int] = frozenset()
    restarts: int = 0


class Parts:
    """All parts of one stack. Logs go to `logs`, data to `data`; `ports` may fix some ports."""

    def __init__(
        self, logs: Path, data: Path, ports: Mapping[str, int], seed: int, creators: int
    ) -> None:
        self._logs, self._data = logs, data
        self.ports = {name: ports.get(name) or free_port() for name in SERVERS}
        self.kafka_server = KafkaServer(
            data / "kafka", port=self.ports["kafka"], log=logs / "kafka.log"
        )
        self.alertmanager_server = AlertmanagerServer(
            data / "alertmanager",
            (scrape.SHIPPED / "alertmanager.yml").read_text(),
            port=self.ports["alertmanager"],
            log=logs / "alertmanager.log",
        )
        self.prometheus_server = PrometheusServer(
            data / "prometheus",
            scrape.adapted(self._addresses()),
            port=self.ports["prometheus"],
            log=logs / "prometheus.log",
        )
        self._env = {
            "PULSE_BOOTSTRAP_SERVERS": self.kafka_server.bootstrap,
            "PULSE_ACTOR_SECRET": secrets.token_hex(16),
            "PULSE_ALERTMANAGER_URLS": self.alertmanager_server.url,
            "PULSE_STOP_TIMEOUT": f"{STOP_SECONDS:g}",
        }
        self.kafka = Part(
            "kafka",
            self.kafka_server.process,
            self.kafka_server.bootstrap,
            self.kafka_server.ready,
            self.kafka_server.prepare,
        )
        self.topics = self._pulse("topics", "topics", "create")
        self.workers = [self._worker(name) for name in WORKERS]
        self.api = self._api()
        self.prometheus = Part(
            "prometheus",
            self.prometheus_server.process,
            self.prometheus_server.url,
            self.prometheus_server.ready,
        )
        self.alertmanager = Part(
            "alertmanager",
            self.alertmanager_server.process,
            self.alertmanager_server.url,
            self.alertmanager_server.ready,
        )
        self.simulator = self._simulator(seed, creators)
        self.servers = [*self.workers, self.api, self.alertmanager, self.prometheus]
        self.all = [self.kafka, *self.servers, self.simulator]

    def subject(self) -> Subject:
        """What there is to be proven of these parts, once they run."""
        chosen = self.workers[-1]
        worker = Worker(
            name=chosen.name,
            freeze=chosen.process.freeze,
            thaw=chosen.process.thaw,
            restarts=lambda: chosen.restarts,
            of=len(self.workers),
        )
        return Subject(
            bootstrap=self.kafka_server.bootstrap,
            api=self.api.address,
            prometheus=self.prometheus_server,
            alertmanager=self.alertmanager_server,
            panels=self.prometheus_server,
            ready=lambda: {part.name: part.ready() for part in self.all},
            worker=worker,
        )

    def _addresses(self) -> scrape.Addresses:
        """Where the hosts of docker-compose.yml are here."""
        here = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}
        return {
            "worker": [here[name] for name in WORKERS],
            "api": [here["api"]],
            "alertmanager": [here["alertmanager"]],
            "prometheus": [here["prometheus"]],
            "localhost": [here["prometheus"]],
        }

    def _pulse(self, name: str, *arguments: str, **env: str) -> Process:
        return pulse(*arguments, log=self._logs / f"{name}.log", env=self._env | env)

    def _worker(self, name: str) -> Part:
        port = self.ports[name]
        process = self._pulse(name, "worker", PULSE_HTTP_PORT=str(port))
        url = f"http://127.0.0.1:{port}"
        return Part(name, process, url, _answers(f"{url}/readyz"), again=frozenset({UNSURE}))

    def _api(self) -> Part:
        port = self.ports["api"]
        self._data.mkdir(parents=True, exist_ok=True)
        database = str(self._data / "api.sqlite3")
        process = self._pulse("api", "api", PULSE_API_PORT=str(port), PULSE_API_DATABASE=database)
        url = f"http://127.0.0.1:{port}"
        return Part("api", process, url, _answers(f"{url}/readyz"))

    def _simulator(self, seed: int, creators: int) -> Part:
        truth = str(self._logs / "truth.json")
        process = self._pulse("simulator", "simulate", "--incidents", "all", "--truth", truth)
        process.command += ["--seed", str(seed), "--creators", str(creators)]

        def set_live() -> None:
            live = from_ms((int(time.time()) - LIVE_SINCE_SECONDS) * 1000)
            process.command += ["--at", live.isoformat()]

        return Part("simulator", process, "", lambda: process.running, set_live)


def _answers(url: str) -> Callable[[], bool]:
    return lambda: get(url)[0] == 200
