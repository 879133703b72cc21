"""Cases: short stories of what befalls decoders and a shard.

Knows what a story is made of, and how to keep it in a file. Must not know how it is made up,
played or judged.
"""

import msgspec

PARTITIONS = 2
START_MS = 1_768_478_400_000


class Sent(msgspec.Struct, array_like=True):
    """One record of a batch."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = []


class Decode(msgspec.Struct, tag="decode"):
    """Bytes for the decoder of one topic."""

    topic: str
    value: bytes


class Feed(msgspec.Struct, tag="feed"):
    """A batch; `hole` offsets were lost before it."""

    topic: str
    records: list[Sent]
    hole: int = 0


class Pass(msgspec.Struct, tag="pass"):
    """Time passes."""

    now_ms: int
    undrained: list[str] = []
    frozen: bool = False


class Save(msgspec.Struct, tag="save"):
    """A checkpoint; `crash`: the process ends right after it."""

    crash: bool = False


class Damage(msgspec.Struct, tag="damage"):
    """A restore with one stored record damaged; `seed` says which and how."""

    seed: int


Step = Decode | Feed | Pass | Save | Damage


class Case(msgspec.Struct):
    """A story. `undisturbed`: played without its crashes, too, its outputs must be the same."""

    seed: int
    number: int
    kind: str
    steps: list[Step]
    undisturbed: bool = False

    def inputs(self) -> int:
        """Records, values and damaged states in it."""
        return sum(len(step.records) if isinstance(step, Feed) else 1 for step in self.steps)


_packed = msgspec.msgpack.Encoder()
_unpacked = msgspec.msgpack.Decoder(Case)


def to_bytes(case: Case) -> bytes:
    """The case for a file."""
    return _packed.encode(case)


def from_bytes(raw: bytes) -> Case:
    """The case of a file."""
    return _unpacked.decode(raw)
