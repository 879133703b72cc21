"""Model files: learned weights as bytes, and all that can be wrong with such bytes.

Knows the format. Must not know where the bytes come from or what is judged.

Three parts: the line `MAGIC`, a line of JSON (`Header`), and the table of weights, a byte for each
bucket and class, compressed by zlib. `digest` is the first 16 hexadecimal digits of the SHA-256 of
all but itself: of the header with an empty digest, and of the uncompressed table.
"""

import math
import zlib
from hashlib import sha256

import msgspec

from streams.engine.sentiment.model import Three, Weights
from streams.engine.sentiment.traits import BUCKETS, REVISION, SIGNALS

MAGIC = b"creator-pulse sentiment model 1\n"
MAX_BYTES = 5_000_000
_FAMILY = b"creator-pulse sentiment model "
_TABLE_BYTES = 3 * BUCKETS
_AGAIN = "train it again with `pulse sentiment train`"


class ModelError(ValueError):
    """Bytes that are no model for this release; the message says why, and what to do."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """All of a model but its table; triples are of negative, neutral, positive."""

    digest: str
    revision: int
    """Of `traits`: how texts were read."""
    below: str
    """The version of the analyser that the signals came from."""
    comments: int
    usual: Three
    word_step: float
    piece_step: float
    constant: Three
    signals: list[Three]
    sharpness: float
    offset: Three


def encode(header: Header, table: bytes) -> bytes:
    """The file of a model; its digest is worked out here."""
    header = msgspec.structs.replace(header, digest=_digest(header, table))
    return MAGIC + msgspec.json.encode(header) + b"\n" + zlib.compress(table, 9)


def decode(data: bytes) -> tuple[Header, Weights]:
    """What is in a file. Raises ModelError."""
    if data and MAGIC.startswith(data):
        raise ModelError(f"cut off: it ends within its first line; {_AGAIN}")
    if not data.startswith(MAGIC):
        if data.startswith(_FAMILY):
            told = data[len(_FAMILY) :].split(b"\n")[0][:20].decode("utf-8", "replace")
            raise ModelError(f"a model of format {told}, where this release reads 1; {_AGAIN}")
        raise ModelError(
            "no sentiment model: expected a file that `pulse sentiment train` has written"
        )
    line, found, packed = data[len(MAGIC) :].partition(b"\n")
    if not found:
        raise ModelError(f"cut off: it ends within its header; {_AGAIN}")
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"damaged: its header cannot be read ({error}); {_AGAIN}") from error
    if header.revision != REVISION:
        raise ModelError(
            f"made by another release: texts were read by revision {header.revision}, now by"
            f" {REVISION}; {_AGAIN}"
        )
    table = _table(packed)
    if header.digest != _digest(header, table):
        raise ModelError(f"altered: its content does not fit its digest {header.digest}; {_AGAIN}")
    _check(header)
    return header, Weights(
        table,
        header.word_step,
        header.piece_step,
        header.constant,
        header.signals,
        header.sharpness,
        header.offset,
        header.usual,
    )


def _table(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        table = unpacking.decompress(packed, _TABLE_BYTES + 1)
    except zlib.error as error:
        raise ModelError(f"damaged: its table cannot be unpacked ({error}); {_AGAIN}") from error
    if len(table) < _TABLE_BYTES or not unpacking.eof:
        raise ModelError(
            f"cut off: its table has {len(table):,} bytes, expected {_TABLE_BYTES:,}; {_AGAIN}"
        )
    if unpacking.unused_data:
        raise ModelError(f"altered: {len(unpacking.unused_data):,} bytes follow it; {_AGAIN}")
    return table


def _check(header: Header) -> None:
    """What a digest cannot vouch for: a file made by hand."""
    numbers = [header.word_step, header.piece_step, header.sharpness]
    for three in (header.constant, header.offset, header.usual, *header.signals):
        numbers += three
    if not all(math.isfinite(number) for number in numbers) or min(header.usual) <= 0.0:
        raise ModelError(f"unfit: a number in its header is out of range; {_AGAIN}")
    if len(header.signals) != SIGNALS:
        raise ModelError(
            f"unfit: it has weights for {len(header.signals)} signals, expected {SIGNALS}; {_AGAIN}"
        )


def _digest(header: Header, table: bytes) -> str:
    plain = msgspec.json.encode(msgspec.structs.replace(header, digest=""))
    return sha256(plain + b"\n" + table).hexdigest()[:16]
