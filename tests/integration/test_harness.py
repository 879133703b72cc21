"""The harness keeps its promises, or every test on top of it means less."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from stack.kafka import KafkaServer, kept_classes
from stack.ports import free_port
from stack.procs import REPOSITORY, Process
from stack.waiting import await_condition, until
from tests.harness.prometheus import PrometheusServer, promtool
from tests.harness.topics import create_topics, produce, read_all


async def test_a_broker_keeps_its_data_over_a_kill_and_a_restart(tmp_path: Path) -> None:
    with KafkaServer(tmp_path / "kafka") as server:
        await create_topics(server.bootstrap, {"kept": 2})
        await produce(server.bootstrap, [("kept", b"k", b"%d" % n, n % 2) for n in range(10)])
        server.kill()
        server.start()
        records = await read_all(server.bootstrap, ["kept"])
        assert [r.value for r in records if r.partition == 1] == [b"1", b"3", b"5", b"7", b"9"]
        assert len(records) == 10


async def test_an_override_reaches_the_broker(tmp_path: Path) -> None:
    with KafkaServer(tmp_path / "kafka", overrides={"message.max.bytes": "2000"}) as server:
        await create_topics(server.bootstrap, {"small": 1})
        with pytest.raises(Exception, match="MessageSizeTooLarge"):
            await produce(server.bootstrap, [("small", None, b"x" * 3000, 0)])


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = KafkaServer(tmp_path / "kafka", overrides={"num.io.threads": "none"})
    with pytest.raises(AssertionError, match=r"num\.io\.threads"):
        server.start()


def test_a_broker_maps_the_classes_that_set_up_has_kept_here(kafka: KafkaServer) -> None:
    kept = kept_classes()
    made_in = kept.with_name(".classes-kept")
    mapped = Path(f"/proc/{kafka.process.pid}/maps").read_text()
    if kept.exists() and made_in.exists() and made_in.read_text().startswith(f"{REPOSITORY} "):
        assert str(kept) in mapped, kafka.log_path.read_text()[:2_000]


def test_processes_end_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from stack.procs import Process
        process = Process(["sleep", "60"], log=Path({str(tmp_path / "sleep.log")!r}))
        process.start()
        print(process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    pid = int(run.stdout)
    await_condition(lambda: not _lives(pid), 60, f"process {pid} is gone")


def test_a_frozen_process_is_ended_all_the_same(tmp_path: Path) -> None:
    process = Process(["sleep", "60"], log=tmp_path / "log")
    process.start()
    process.freeze()
    assert process.running
    assert process.end() == -signal.SIGTERM


def _lives(pid: int) -> bool:
    """Whether the process runs; one that has ended and awaits its parent does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_prometheus_scrapes_its_targets_and_answers_queries(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Gauge("harness_answer", "What a scrape finds.", registry=registry).set(42)
    port = free_port()
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        with PrometheusServer(tmp_path, {"harness": f"127.0.0.1:{port}"}) as prometheus:
            (series,) = prometheus.query("harness_answer")
            assert series["value"][1] == "42"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_promtool_judges_what_it_is_given() -> None:
    assert (
        promtool(
            "check", "metrics", stdin="# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"
        ).returncode
        == 0
    )
    assert promtool("check", "metrics", stdin="not a metric\n").returncode != 0


async def test_reading_stops_before_an_open_transaction(kafka: KafkaServer, unique: str) -> None:
    await create_topics(kafka.bootstrap, {unique: 1})
    await produce(kafka.bootstrap, [(unique, None, b"before", 0)])
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, transactional_id=unique
    ) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(unique, b"open", partition=0)
        committed = await read_all(kafka.bootstrap, [unique])
        everything = await read_all(kafka.bootstrap, [unique], "read_uncommitted")
        assert [r.value for r in committed] == [b"before"]
        assert [r.value for r in everything] == [b"before", b"open"]
        await producer.commit_transaction()

    async def both() -> bool:
        return len(await read_all(kafka.bootstrap, [unique])) == 2

    await until(both, 60, "the committed record can be read")
