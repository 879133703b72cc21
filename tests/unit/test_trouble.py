"""Trouble: exceptions as people are told of them."""

import pytest
from aiokafka import errors

from streams.trouble import why


class HTTPServerFailed(Exception):
    """An exception whose name begins with an abbreviation."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("a sentence"), "a sentence"),
        (ConnectionResetError(104, "Connection reset"), "[Errno 104] Connection reset"),
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
