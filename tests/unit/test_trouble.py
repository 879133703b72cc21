"""Trouble: exceptions as people are told of them."""

import socket

import pytest
from aiokafka import errors

from streams.trouble import why

CALLS = (
    "[Errno 101] Connect call failed ('::1', 1, 0, 0), "
    "[Errno 111] Connect call failed ('127.0.0.1', 1), "
    "[Errno 111] Connect call failed ('127.0.0.2', 1)"
)


class HTTPServerFailed(Exception):
    """An exception whose name begins with an abbreviation."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("a sentence"), "a sentence"),
        (ConnectionResetError(104, "Connection reset"), "Connection reset"),
        (FileNotFoundError(2, "No such file", "a.yml"), "[Errno 2] No such file: 'a.yml'"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError(f"Multiple exceptions: {CALLS}"), "Network is unreachable, Connection refused"),
        (ConnectionRefusedError(111, "Connect call failed ('::1', 1)"), "Connection refused"),
        (TimeoutError(), "no answer in time"),
        (errors.KafkaTimeoutError(), "kafka timeout"),
        (errors.TopicAuthorizationFailedError("likes"), "topic authorization failed: likes"),
        (errors.TopicAuthorizationFailedError(), "topic authorization failed"),
        (errors.UnknownError(), "unknown"),
        (errors.KafkaError("a sentence"), "kafka: a sentence"),
        (HTTPServerFailed(), "http server failed"),
        (Exception(), "Exception"),
    ],
)
def test_an_exception_is_told_in_its_own_words_or_by_its_name_in_words(
    error: Exception, told: str
) -> None:
    assert why(error) == told
