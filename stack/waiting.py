"""Waiting for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class TooLate(AssertionError):
    """What was waited for has not come in time."""


def _failure(describe: str | Callable[[], str], timeout: float, last: object) -> TooLate:
    told = describe() if callable(describe) else describe
    return TooLate(f"not within {timeout:g} s: {told} (last seen: {last!r})")


def await_condition(
    condition: Callable[[], T], timeout: float, describe: str | Callable[[], str]
) -> T:
    """Call ``condition`` until it returns something true, and return that.

    Raises TooLate after ``timeout`` seconds, with ``describe`` (a text, or a function that
    makes one then) and what the condition returned last. Exceptions of the condition pass through.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise _failure(describe, timeout, value)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def until(
    condition: Callable[[], object], timeout: float, describe: str | Callable[[], str]
) -> Any:
    """Do as `await_condition` in an event loop; the condition may be a coroutine function."""
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() >= deadline:
            raise _failure(describe, timeout, value)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
