"""Authors: who has acted in a stretch, so that nobody is heard more than once, or twice.

Knows a sketch of who acted, by a hash. Must not know what was done or said.
"""

from collections.abc import Iterable
from typing import Final

NOBODY: Final = bytes(64)
"""The sketch of nobody, 512 bits; one of any length that is a power of two will do."""


def repeated(heard: dict[int, int], acts: list[tuple[int, int]], most: int, room: int) -> list[int]:
    """Count acts in `heard`, by a hash of who acted; the places of those that are one too many.

    That are all after the first `most` of somebody, which `heard` has room for so many people.
    """
    extra: list[int] = []
    for place, act in enumerate(acts):
        author = act[0]
        n = heard.get(author, 0)
        if n >= most:
            extra.append(place)
        elif n or len(heard) < room:
            heard[author] = n + 1
    return extra


def newcomers(known: bytes, acts: Iterable[tuple[int, int]]) -> tuple[bytes, list[tuple[int, int]]]:
    """The sketch of who acted with these acts, and the first act of each who is new in it.

    An act is a hash of who and something else. Hashes may meet: so many people it is at least.
    """
    sketch = bytearray(known)
    last = len(sketch) - 1
    kept: list[tuple[int, int]] = []
    for act in acts:
        author = act[0]
        place, bit = author >> 3 & last, 1 << (author & 7)
        if not sketch[place] & bit:
            sketch[place] |= bit
            kept.append(act)
    return bytes(sketch), kept


def admit(
    once: bytes, twice: bytes, acts: Iterable[tuple[int, int]]
) -> tuple[bytes, bytes, list[tuple[int, int]], int]:
    """Take in acts, each of them a hash of who and something else.

    The new sketches of who acted and who acted again, both of one length (a power of two); the
    acts that count, in their order; and how many people are new, at least: hashes may meet.
    """
    first, second = bytearray(once), bytearray(twice)
    last = len(first) - 1
    kept: list[tuple[int, int]] = []
    fresh = 0
    for act in acts:
        author = act[0]
        place, bit = author >> 3 & last, 1 << (author & 7)
        if not first[place] & bit:
            first[place] |= bit
            fresh += 1
        elif not second[place] & bit:
            second[place] |= bit
        else:
            continue
        kept.append(act)
    return bytes(first), bytes(second), kept, fresh
