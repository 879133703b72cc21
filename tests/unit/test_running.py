"""Running: the first signal asks, the second insists, and a report says how it ended."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest

from streams.running import arm, first, heed, write_report
from streams.settings import Settings


async def test_the_first_signal_asks_to_stop_and_a_second_one_insists() -> None:
    loop = asyncio.get_running_loop()
    insisted: asyncio.Future[str] = loop.create_future()
    refused: asyncio.Future[None] = loop.create_future()
    # Whoever insists ends the process: here the loop is told of what would come after.
    loop.set_exception_handler(lambda *_: refused.set_result(None))
    asked = heed(insisted.set_result)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        await first(asked)
        assert asked.result() == "SIGTERM"
        assert not insisted.done()
        os.kill(os.getpid(), signal.SIGINT)
        await first(insisted)
        assert insisted.result() == "SIGINT again: stopping at once"
        await first(refused)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def test_what_hangs_is_ended_a_little_before_its_time_is_over() -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[str] = loop.create_future()
    arm(0.2, 0.1, lambda reason: loop.call_soon_threadsafe(ended.set_result, reason) and None)
    await first(ended)
    assert ended.result() == "stopping took longer than 0.2 s"


def test_a_report_says_how_it_ended_what_was_done_and_under_which_settings(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(
        path, 70, "it failed", time.monotonic(), {"events": 3}, Settings(actor_secret="s" * 32)
    )
    told = json.loads(path.read_text())
    assert list(told) == [
        "exit_status", "exit_reason", "seconds", "events", "version", "parts", "settings",
    ]  # fmt: skip
    assert (told["exit_status"], told["exit_reason"], told["events"]) == (70, "it failed", 3)
    assert "s" * 32 not in path.read_text()


def test_a_report_that_cannot_be_written_is_told_and_changes_nothing_of_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "gone" / "report.json"
    write_report(path, 0, "stopped by SIGTERM", time.monotonic(), {}, Settings())
    assert f"the report cannot be written: {path}: No such file or directory" in caplog.text
