"""The whole system in one command: it proves itself, names who dies, and leaves nothing behind.

What takes minutes, the frozen worker and alerts that end, is left to the long form (`make stack`
with `--duration 540`).
"""

import json
import os
import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.ports import free_port
from stack.procs import Process
from stack.waiting import await_condition

Start = Callable[..., Process]
STARTED = 180
"""Seconds in which all parts are up, on a busy machine."""


@pytest.fixture
def stack(tmp_path: Path) -> Start:
    def start(*arguments: str) -> Process:
        env = os.environ | {"TMPDIR": str(tmp_path)}
        command = [sys.executable, "-m", "stack", *arguments]
        process = Process(command, log=tmp_path / "stack.log", env=env)
        process.start()
        return process

    return start


def children_of(process: Process) -> dict[int, str]:
    """The command of each process that it has started and that lives, by process id."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
    return {pid: command.decode().replace("\0", " ") for pid, command in commands.items()}


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_stack_proves_that_all_of_it_works_and_leaves_nothing_behind(
    stack: Start, tmp_path: Path
) -> None:
    report = tmp_path / "stack.json"
    arguments = ("--duration", "400", "--brief", "--until-proven", "--report", str(report))
    process = stack(*arguments)
    try:
        process.await_output("all parts are up", STARTED)
        children = list(children_of(process))
        assert len(children) == 7 + 1, "seven parts, and who ends them if the stack cannot"
        assert process.wait(420) == 0, process.tail()
    finally:
        process.end()
    done = json.loads(report.read_text())
    assert done["ok"] is True
    assert [part["exit_status"] for part in done["parts"] if part["name"] != "kafka"] == [0] * 6
    met = {point["point"]: point["ok"] for point in done["points"]}
    assert met.keys() >= {"parts", "rules", "panels", "api", "page", "domain fires"}
    assert all(met.values())
    assert done["stop_seconds"] < 10
    await_condition(lambda: gone(children), 60, lambda: f"all of {children} are gone")
    (home,) = tmp_path.glob("pulse-stack-*")
    assert {file.name for file in home.iterdir()} == {"logs"}, "data are gone, logs stay"


def test_a_stack_that_is_interrupted_stops_in_order(stack: Start, tmp_path: Path) -> None:
    port = free_port()
    report = tmp_path / "stack.json"
    process = stack("--port", f"api={port}", "--report", str(report))
    try:
        process.await_output("simulator is ready", STARTED)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            assert answer.status == 200
        children = list(children_of(process))
        process.interrupt()
        assert process.wait(30) == 0, process.tail()
    finally:
        process.end()
    done = json.loads(report.read_text())
    assert done["ok"] is True
    assert done["stop_seconds"] < 10
    await_condition(lambda: gone(children), 60, lambda: f"all of {children} are gone")


def test_a_part_that_dies_is_named_with_its_last_words_and_ends_the_stack(
    stack: Start, tmp_path: Path
) -> None:
    report = tmp_path / "stack.json"
    process = stack("--report", str(report))
    try:
        process.await_output("simulator is ready", STARTED)
        children = children_of(process)
        (api,) = (pid for pid, command in children.items() if command.endswith("streams api "))
        os.kill(api, signal.SIGKILL)
        assert process.wait(60) == 1, process.tail()
    finally:
        process.end()
    assert f"api has ended with status -{signal.SIGKILL.value}" in process.output()
    assert "| " in process.output().partition("api.log:")[2], "the end of its log"
    done = json.loads(report.read_text())
    assert done["ok"] is False
    assert "api has ended" in done["failure"]
    await_condition(lambda: gone(list(children)), 60, lambda: f"{children} are gone")
