"""Packing: state records to bytes and back, whatever the size of their numbers.

Knows MessagePack, and that its integers end at 64 bits while sums of money do not. Must not know
what is stored.
"""

from typing import Any, TypeVar

import msgspec
from msgspec.msgpack import Ext

T = TypeVar("T")

_BIG = 1
"""The extension type of a whole number that 64 bits cannot hold: its decimal digits."""
_MAX_DIGITS = 100

_encode = msgspec.msgpack.Encoder().encode


def pack(record: object) -> bytes:
    """The bytes of a record of plain data."""
    try:
        return _encode(record)
    except OverflowError:
        return _encode(_wide(msgspec.to_builtins(record, builtin_types=(bytes,))))


def unpack(raw: bytes, decoder: "msgspec.msgpack.Decoder[T]") -> T:
    """The record in `raw`. Raises msgspec.DecodeError or ValueError for anything else."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        try:
            plain = msgspec.msgpack.decode(raw, ext_hook=_number)
            return msgspec.convert(plain, decoder.type)
        except (TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error


def _wide(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _wide(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_wide(value) for value in data]
    if isinstance(data, int) and not -(1 << 63) <= data < 1 << 64:
        return Ext(_BIG, str(data).encode())
    return data


def _number(code: int, data: memoryview) -> int:
    if code != _BIG or len(data) > _MAX_DIGITS:
        raise ValueError(f"unknown extension type {code}")
    return int(bytes(data))
