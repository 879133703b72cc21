"""Partitioning: the same partition as the Java client's, for any key."""

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas import partitioning


# The vectors of Apache Kafka's own UtilsTest.testMurmur2, there as signed integers.
@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_those_of_the_java_client(key: bytes, signed: int):
    assert partitioning.murmur2(key) == signed % 2**32


@given(st.binary(max_size=64))
def test_hashes_agree_with_another_client(key: bytes):
    assert partitioning.murmur2(key) == murmur2(key) % 2**32


@given(st.binary(max_size=64), st.integers(1, 64))
def test_partitions_agree_with_another_client(key: bytes, count: int):
    everyone = list(range(count))
    theirs = DefaultPartitioner()(key, everyone, everyone)
    assert partitioning.partition_for(key, count) == theirs


def test_creators_spread_over_all_partitions():
    found = [partitioning.partition_for(f"creator-{i}".encode(), 4) for i in range(2_000)]
    assert all(400 < found.count(partition) < 600 for partition in range(4))
