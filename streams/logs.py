"""Logs: one line on stderr for each message, for people or for machines.

Knows the two formats and which libraries chatter. Must not know what is logged.
"""

import logging
import sys
import time
from typing import Any

import orjson

from streams.printable import printable

REPEAT_SECONDS = 10.0
"""How long a library's message is not repeated."""

_CHATTER = ("faust", "mode", "aiokafka", "kafka", "asyncio")
_KINDS = 1_000
"""Kinds of messages remembered at most."""


class _Text(logging.Formatter):
    """`time LEVEL logger: message`; a traceback follows on lines of its own."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return printable(super().formatMessage(record).replace("\n", " | "))


class _Json(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, and `trace` of an exception."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def _worth_reading(record: logging.LogRecord) -> bool:
    """False for what Faust's services say of their own coming and going."""
    return record.levelno > logging.INFO or not str(record.msg).startswith("[^")


class _Repetitions:
    """Holds back what a library says again and again; the next one to pass tells how often.

    While a broker is away, a client library complains about each of its many attempts.
    """

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.name.split(".")[0] not in _CHATTER:
            return True
        kind = record.name, str(record.msg)
        since, held = self._said.get(kind, (record.created - REPEAT_SECONDS, 0))
        if record.created - since < REPEAT_SECONDS:
            self._said[kind] = since, held + 1
            return False
        if len(self._said) >= _KINDS:
            self._said.clear()
        self._said[kind] = record.created, 0
        if held:
            record.msg = f"{record.msg} (and {held} more like this)"
        return True


def configure(level: str, style: str) -> None:
    """Send all logs to stderr in `style` (text or json), libraries only from WARNING on.

    With level DEBUG the libraries are heard in full.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Text())
    if level != "DEBUG":
        handler.addFilter(_worth_reading)
        handler.addFilter(_Repetitions())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTER:
        logging.getLogger(name).setLevel(level if level in {"DEBUG", "ERROR"} else "WARNING")
