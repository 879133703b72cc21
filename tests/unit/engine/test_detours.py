"""Detours: whatever a record carries, what is published because of it can be published."""

import pytest

from schemas import topics
from streams.engine.detours import KEY_LIMIT
from streams.engine.registry import Output
from streams.engine.shard import Batch, Shard, ShardConfig
from tests.harness.driver import Raw

NOW = 1_768_478_430_000
HUGE = topics.LIKES.max_message_bytes - 1_000
"""As much as the broker lets a producer put into one record."""


def published(topic: str, record: Raw, partitions: int = 1) -> list[Output]:
    shard = Shard(0, ShardConfig(partitions=partitions))
    assert shard.apply(Batch(topic, 0, [record], 1)) is None
    return shard.take_snapshot().outputs


def size(output: Output) -> int:
    headers = sum(len(name) + len(value) for name, value in output.headers)
    return len(output.key or b"") + len(output.value or b"") + headers


@pytest.mark.parametrize("topic", [topic.name for topic in topics.INBOUND])
@pytest.mark.parametrize("byte", [b"k", b"\xff"])
def test_a_bad_record_with_a_huge_key_still_fits_into_dead_letters(topic: str, byte: bytes):
    (letter,) = published(topic, Raw(0, NOW, byte * HUGE, b"{}"))
    assert letter.topic == "dead-letters"
    assert letter.key == byte * KEY_LIMIT
    assert size(letter) < 10_000


@pytest.mark.parametrize("key", [b"", b"k" * HUGE, b"k" * 257, b"\xff"])
def test_an_erasure_of_nobody_who_can_exist_is_a_dead_letter(key: bytes):
    (letter,) = published("creators", Raw(0, NOW, key, None))
    assert letter.topic == "dead-letters"
    assert b'"code":"unexpected_null"' in (letter.value or b"")


def test_an_erasure_of_the_longest_identifier_is_taken():
    key = ("\N{RUNNER}" * 256).encode()
    assert len(key) == KEY_LIMIT
    outputs = published("creators", Raw(0, NOW, key, None))
    assert {output.topic for output in outputs} == {"engagement-scores", "sentiment-scores"}


def test_a_forwarded_record_keeps_its_headers():
    (sent_on,) = published(
        "creators", Raw(0, NOW, b"mara", None, (("trace", b"1"),)), partitions=64
    )
    assert sent_on.headers == (("trace", b"1"), ("pulse-forwarded-from", b"0"))


def test_a_forwarded_record_leaves_huge_headers_behind():
    headers = (("trace", b"x" * HUGE),)
    (sent_on,) = published("creators", Raw(0, NOW, b"mara", None, headers), partitions=64)
    assert sent_on.headers == (("pulse-forwarded-from", b"0"),)
