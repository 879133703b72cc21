"""What is known of chunks of text (what stands between two blanks), for as long as they come again.

Knows how much is kept, and which is forgotten. Must not know what a chunk says.
"""

from typing import Final, TypeVar

Known = TypeVar("Known")

MAX_CACHED_CHARS: Final = 32
"""Longer chunks are addresses, hidden payloads or scripts without blanks: rarely seen twice."""


class Chunks(dict[str, Known]):
    """What `read` says, by chunk: `chunks[chunk]` reads what it has not read lately.

    A cache in two generations of `room` chunks each. What is in it never changes what a chunk reads
    as, and what comes again stays.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room
        self._older: dict[str, Known] = {}

    def __missing__(self, chunk: str) -> Known:
        if len(chunk) > MAX_CACHED_CHARS:
            return self.read(chunk)
        known = self._older.get(chunk)
        if known is None:
            known = self.read(chunk)
        if len(self) >= self._room:
            self._older = dict(self)
            self.clear()
        self[chunk] = known
        return known

    def read(self, chunk: str) -> Known:
        """What `chunk` says, whatever was read before."""
        raise NotImplementedError
