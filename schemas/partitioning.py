"""Partitioning: which partition a key belongs to.

Knows the default partitioner of the Java client (murmur2 over the key's bytes), because every
producer of inbound events is asked to use it. Must not know topics or brokers.
"""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32 bit murmur2 of `data`, unsigned, with the seed of Kafka's Java client."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length & 3:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """The partition in [0, partitions) to which Kafka's default partitioner sends `key`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
