"""Numbers of any size are stored and read back; what is no record is refused."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.packing import pack, unpack


class Thing(msgspec.Struct, array_like=True):
    counts: dict[int, int]
    names: list[tuple[str, int]] = []
    raw: bytes = b""


DECODER = msgspec.msgpack.Decoder(Thing)
ANY = st.integers(-(10**30), 10**30)


@given(
    st.dictionaries(st.integers(0, 100), ANY),
    st.lists(st.tuples(st.text(), ANY)),
    st.binary(max_size=9),
)
def test_what_is_packed_is_unpacked(
    counts: dict[int, int], names: list[tuple[str, int]], raw: bytes
) -> None:
    thing = Thing(counts, names, raw)
    assert unpack(pack(thing), DECODER) == thing


def test_ordinary_numbers_are_packed_as_ever() -> None:
    thing = Thing({1: 2**63}, [("a", -1)])
    assert pack(thing) == msgspec.msgpack.encode(thing)


@given(st.binary(max_size=40))
def test_other_bytes_are_refused(raw: bytes) -> None:
    with contextlib.suppress(msgspec.DecodeError, ValueError):
        assert isinstance(unpack(raw, DECODER), Thing)


def test_an_extension_that_is_no_number_is_refused() -> None:
    for ext in (
        msgspec.msgpack.Ext(2, b"1"),
        msgspec.msgpack.Ext(1, b"x"),
        msgspec.msgpack.Ext(1, b"1" * 101),
    ):
        with pytest.raises((msgspec.DecodeError, ValueError)):
            unpack(msgspec.msgpack.encode([{1: ext}]), DECODER)
