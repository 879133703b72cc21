"""Poison: records that ended the process, and so are not to be processed again.

Knows how such a record is noted in the store, and how it is found again. Must not know why
processing failed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from streams.engine.layout import VERSION, CorruptStateError, body

POISON_TAG = b"\x00poison/"


class Note(msgspec.Struct, array_like=True):
    """One record, and what processing it failed with."""

    topic: str
    offset: int
    error: str


class _Placed(Protocol):
    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=_Placed)
_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Note)

_LONGEST_ERROR = 500


def poison_note(topic: str, offset: int, error: str) -> tuple[bytes, bytes]:
    """The `engagement` record that tells a restored shard to set one inbound record aside.

    To be written, alone, by whoever catches a ProcessingError; of the `error`, 500 characters.
    """
    return _key(topic, offset), VERSION + _encode(Note(topic, offset, error[:_LONGEST_ERROR]))


def is_poison_note(key: bytes) -> bool:
    """Whether an `engagement` record is such a note."""
    return key.startswith(POISON_TAG)


class PoisonNotes:
    """The notes of a shard that still wait for their record."""

    __slots__ = ("_cured", "_notes")

    def __init__(self) -> None:
        self._notes: dict[tuple[str, int], str] = {}
        self._cured: list[bytes] = []

    def restore(self, engagement: Mapping[bytes, bytes]) -> None:
        """Take over the stored notes. Raises CorruptStateError."""
        for key, value in engagement.items():
            if is_poison_note(key):
                try:
                    note = _decoder.decode(body(value))
                except (msgspec.DecodeError, ValueError) as error:
                    raise CorruptStateError(key, str(error)) from error
                self._notes[note.topic, note.offset] = note.error

    def split(self, topic: str, records: Sequence[R]) -> tuple[Sequence[R], list[tuple[R, str]]]:
        """The records to process, and those to set aside with what they failed with."""
        if not self._notes:
            return records, []
        aside = [
            (record, self._notes.pop((topic, record.offset)))
            for record in records
            if (topic, record.offset) in self._notes
        ]
        if not aside:
            return records, []
        self._cured += [_key(topic, record.offset) for record, _ in aside]
        gone = {record.offset for record, _ in aside}
        return [record for record in records if record.offset not in gone], aside

    def take_cured(self) -> list[bytes]:
        """Keys of notes that have served, to be deleted from the store; given once."""
        cured, self._cured = self._cured, []
        return cured


def _key(topic: str, offset: int) -> bytes:
    return POISON_TAG + f"{topic}/{offset}".encode()
