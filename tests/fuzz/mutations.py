"""Mutations: how a valid event is spoilt, member by member and byte by byte.

Knows JSON text, MessagePack and the contract's limits from outside. Must not know the code under
test.
"""

import json
from random import Random
from typing import Any

import msgspec

from tests.fuzz.events import Members, joined

MINUTE_MS = 60_000
_LATEST = 253_402_300_799_999

NUMBERS = (
    b"0", b"-0", b"-1", b"1.5", b"1e3", b"1e400", b"-1e400", b"1e-400", b"NaN", b"Infinity",
    b"-Infinity", b"0x10", b"01", b"+1", b"1.", b".5", b"1_000", b"2147483648", b"4294967296",
    b"9007199254740993", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551616", b"1000000000000", b"1000000000001", b"1" + b"0" * 400,
    b"0." + b"0" * 400 + b"1", b"-" + b"9" * 30,
)  # fmt: skip
TEXTS = (
    b'""', b'" "', b'"\\u0000"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\ud83d\\ude00"', b'"\x01"',
    b'"\x7f"', b'"\\x41"', b'"\\', b'"\xff\xfe"', b'"\xc0\x80"', b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"', b"'a'", b'"a', b'a"', b'"\xe2\x80\xa8"', b'"\\u202e"', b'"add\\u0000"',
    b'"' + b"x" * 256 + b'"', b'"' + b"x" * 257 + b'"', b'"' + b"y" * 20_001 + b'"',
    b'"' + "\U0001f9d1\U0001f3fd\u200d".encode() * 85 + b'"', b'"' + b"\\u0041" * 300 + b'"',
    b'"a\\nb"', b'"EUR\\n"', b'"$.x` - at `$.y`"', b'"../../etc"', b'"{}"', b'"null"',
)  # fmt: skip
OTHERS = (
    b"null", b"true", b"false", b"[]", b"{}", b"[[]]", b'{"a":{}}', b"[1,2", b"nul", b"undefined",
    b"[" * 40 + b"]" * 40, b"[" * 2_000 + b"]" * 2_000, b'{"a":' * 1_500 + b"1" + b"}" * 1_500,
    b'{"creator-1":1,"creator-2":-5}', b'{"":1}', b'{"x":"y"}', b'{"x":1e400}', b'{"x":null}',
    b"{" + b",".join(b'"k%d":1' % n for n in range(900)) + b',"bad":[]}', b"[" * 60_000,
    b'["x"' + b',"x"' * 101 + b"]", b"/* */ 1",
)  # fmt: skip
TIMES = (
    b"0", b"1", b"-1", b"1768478400", b"1768478400000.0", b"1768478400000.5", b"1.7684784e12",
    b"946684799999", b"946684800000", b"32503679999999", b"32503680000000", b"253402300799999",
    b"253402300800000", b"9223372036854775807", b'"1768478400000"',
    b'"2026-01-15T12:00:00Z"', b'"2026-01-15T12:00:00"', b'"2026-01-15 12:00:00+00:00"',
    b'"2026-01-15T12:00:00.123456789Z"', b'"2026-02-30T12:00:00Z"', b'"2016-12-31T23:59:60Z"',
    b'"2026-01-15T24:00:00Z"', b'"2026-01-15T12:00:00+23:59"', b'"2026-01-15T12:00:00-23:59"',
    b'"2026-01-15T12:00:00+24:00"', b'"0001-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+14:00"',
    b'"9999-12-31T23:59:59Z"', b'"9999-12-31T23:59:59.999999-12:00"', b'"0000-01-01T00:00:00Z"',
    b'"10000-01-01T00:00:00Z"', b'"2026-W03"', b'"now"', b'"P1D"',
)  # fmt: skip


def spoil(rng: Random, parts: Members, at_ms: int) -> bytes:
    """The event in `parts`, spoilt once or a few times."""
    parts = list(parts)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _spoil_members(rng, parts, at_ms)
    raw = joined(parts)
    if rng.random() < 0.45:
        raw = _spoil_bytes(rng, raw)
    return raw


def timestamp(rng: Random, at_ms: int) -> int:
    """A broker's time of a record, mostly plausible."""
    if rng.random() < 0.97:
        return at_ms + rng.randrange(2_000)
    return rng.choice(
        (-1, -(2**40), 0, 1, at_ms - 5 * MINUTE_MS, at_ms - 5 * MINUTE_MS - 1, at_ms + 10**9,
         32_503_680_000_000, _LATEST, _LATEST + 1, 2**62, 2**63 - 1)
    )  # fmt: skip


def key(rng: Random, right: bytes) -> bytes | None:
    """A record's key, mostly the right one."""
    if rng.random() < 0.95:
        return right
    return rng.choice((None, b"", b"other", b"\xff\xfe", b"k" * 5_000, "\U0001f602".encode() * 300))


def headers(rng: Random) -> list[tuple[str, bytes | None]]:
    """A record's headers, mostly none."""
    if rng.random() < 0.96:
        return []
    return rng.choice(
        (
            [("pulse-forwarded-from", b"0")],
            [("pulse-forwarded-from", b"")],
            [("", b"")],
            [("nothing", None)],
            [("trace", b"x" * 40_000)],
            [(f"h{n}", b"v") for n in range(300)],
        )
    )


def damage(rng: Random, raw: bytes) -> bytes:
    """Stored bytes, damaged: a few bits, a piece lost, doubled or replaced."""
    how = rng.random()
    if how < 0.1:
        try:
            return raw[:1] + msgspec.msgpack.encode(_inflated(rng, msgspec.msgpack.decode(raw[1:])))
        except (msgspec.DecodeError, ValueError, OverflowError):
            pass
    return _spoil_bytes(rng, raw) if how < 0.6 else _spoil_packed(rng, raw)


def _inflated(rng: Random, data: Any) -> Any:
    """The same with some of its numbers out of all proportion."""
    if isinstance(data, dict):
        return {key: _inflated(rng, value) for key, value in data.items()}
    if isinstance(data, list):
        return [_inflated(rng, value) for value in data]
    if isinstance(data, int) and rng.random() < 0.3:
        return data * rng.choice((-1, 2**31, 10**18, -(10**40)))
    return data


def _token(rng: Random) -> bytes:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(NUMBERS)
    if kind < 0.65:
        return rng.choice(TEXTS)
    if kind < 0.8:
        return rng.choice(TIMES)
    if kind < 0.83:
        return json.dumps("\U0001f602" * rng.choice((10, 500, 30_000)), ensure_ascii=False).encode()
    if kind < 0.8302:
        return b'"' + b"z" * 1_000_000 + b'"'
    return rng.choice(OTHERS)


def _spoil_members(rng: Random, parts: Members, at_ms: int) -> None:
    where = rng.randrange(len(parts)) if parts else 0
    how = rng.random()
    if not parts or how < 0.08:
        parts.insert(where, (rng.choice((b'"x"', b'"occurred_at"', b'""', b"x")), _token(rng)))
        return
    name, value = parts[where]
    if how < 0.16:
        del parts[where]
    elif how < 0.24:
        parts.insert(rng.randrange(len(parts) + 1), (name, _token(rng)))
    elif how < 0.30:
        parts[where] = (name, b"[" + value + b"]")
    elif how < 0.36:
        parts[where] = (name, value[1:-1] if value[:1] == b'"' else b'"' + value + b'"')
    elif how < 0.40:
        parts[where] = (json.dumps(name.decode(errors="replace")[1:-1].upper()).encode(), value)
    elif how < 0.58:
        near = (0, 1, -1, 5 * MINUTE_MS, 5 * MINUTE_MS + 2_001, -30 * MINUTE_MS, -(10**8))
        time = rng.choice((rng.choice(TIMES), b"%d" % (at_ms + rng.choice(near))))
        parts[:] = [(n, time if n == b'"occurred_at"' else v) for n, v in parts]
    else:
        parts[where] = (name, _token(rng))


def _spoil_bytes(rng: Random, raw: bytes) -> bytes:
    if not raw:
        return rng.randbytes(rng.randrange(20))
    at = rng.randrange(len(raw))
    how = rng.randrange(10)
    if how == 0:
        return raw[:at]
    if how == 1:
        return raw[:at] + rng.randbytes(rng.randint(1, 8)) + raw[at:]
    if how == 2:
        end = min(at + rng.randint(1, 30), len(raw))
        return raw[:end] + raw[at:end] * rng.choice((1, 3, 50)) + raw[end:]
    if how == 3:
        return raw[:at] + raw[at + rng.randint(1, 9) :]
    if how == 4:
        return rng.choice((b"\xef\xbb\xbf", b"\x00", b" " * 200, b"\n")) + raw
    if how == 5:
        return raw + rng.choice((b"\x00", b"}", raw, b" " * 200, b",", b"\xff"))
    spoilt = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(raw))
        spoilt[place] = rng.choice((rng.randrange(256), spoilt[place] ^ (1 << rng.randrange(8))))
    return bytes(spoilt)


_PACKED = (
    b"\xc0", b"\xc2", b"\x00", b"\xff", b"\xcf" + b"\xff" * 8, b"\xd3\x80" + b"\x00" * 7, b"\x80",
    b"\x90", b"\xa0", b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff",
    b"\xc6\x7f\xff\xff\xff", b"\xcb\x7f\xf8" + b"\x00" * 6, b"\xcb\x7f\xf0" + b"\x00" * 6,
    b"\xc7\x01\x01\x39", b"\xc7\x01\x02\x39", b"\x91" * 300, b"\x81\x01" * 300,
)  # fmt: skip


def _spoil_packed(rng: Random, raw: bytes) -> bytes:
    """Replace a byte by a MessagePack value of another type or size."""
    at = rng.randrange(1, len(raw)) if len(raw) > 1 else 0
    return raw[:at] + rng.choice(_PACKED) + raw[at + rng.randrange(2) :]
