"""Logs: one line for each message, in both formats."""

import json
import logging
from collections.abc import Iterator

import pytest

from streams.logs import configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_text_is_one_line_with_time_level_and_logger(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "text")
    logging.getLogger("streams.test").info("two\nlines of %s", "text")
    line = capsys.readouterr().err
    assert line.endswith(" INFO streams.test: two | lines of text\n")
    assert line.count("\n") == 1
    assert line.split(" ")[0].endswith("Z")


def test_json_is_one_object_with_the_trace_inside(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "json")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("streams.test").exception("it failed")
    told = json.loads(capsys.readouterr().err)
    assert told["level"] == "ERROR"
    assert told["logger"] == "streams.test"
    assert told["message"] == "it failed"
    assert "ValueError: broken" in told["trace"]


def test_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "text")
    logging.getLogger("aiokafka.conn").info("chatter")
    logging.getLogger("streams.kafka.build").info("[^SeamApp]: Starting...")
    logging.getLogger("aiokafka.conn").warning("trouble")
    told = capsys.readouterr().err
    assert "chatter" not in told
    assert "Starting" not in told
    assert "trouble" in told


def test_with_debug_everything_is_heard(capsys: pytest.CaptureFixture[str]):
    configure("DEBUG", "text")
    logging.getLogger("aiokafka.conn").debug("detail")
    logging.getLogger("streams.kafka.build").info("[^SeamApp]: Starting...")
    told = capsys.readouterr().err
    assert "detail" in told
    assert "Starting" in told


def test_what_a_library_repeats_is_told_once_with_how_often(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    configure("INFO", "text")
    now = [1_768_478_400.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    monkeypatch.setattr("time.time_ns", lambda: int(now[0] * 1e9))
    log = logging.getLogger("aiokafka.client")
    for port in range(500):
        log.warning("Unable to connect to %s", port)
    log.warning("something else")
    now[0] += 10
    log.warning("Unable to connect to %s", 500)
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ", 1)[1] for line in told] == [
        "Unable to connect to 0",
        "something else",
        "Unable to connect to 500 (and 499 more like this)",
    ]


def test_our_own_words_are_never_held_back(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "text")
    for _ in range(3):
        logging.getLogger("streams.worker").warning("again")
    assert capsys.readouterr().err.count("again") == 3


def test_memory_of_messages_is_bounded(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "text")
    for number in range(3_000):
        logging.getLogger("mode").warning(f"message {number}")  # noqa: G004
    assert len(capsys.readouterr().err.splitlines()) == 3_000


def test_what_others_wrote_cannot_act_on_a_terminal(capsys: pytest.CaptureFixture[str]):
    configure("INFO", "text")
    logging.getLogger("streams.test").info("alert of %s", "\x1b]0;owned\x07\u202e")
    assert capsys.readouterr().err.rstrip("\n").isprintable()
