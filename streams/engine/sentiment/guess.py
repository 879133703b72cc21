"""Guess: the language of a text whose language nobody told, from its words and its script.

Knows function words and scripts. Must not know what words say, nor that a guess can be wrong.

Each word that hints at languages adds to their counts; all counts lie side by side in one whole
number, so that a text is counted by one sum over what stands between its blanks.
"""

import re
from collections.abc import Mapping, Sequence
from struct import unpack
from typing import Final

from streams.engine.sentiment.chunks import Chunks
from streams.engine.sentiment.lexicon import ENGLISH

_WEIGHT: Final = 12
"""Of a word that is of one language; a word of several is shared between them."""
_ENOUGH: Final = 8
_BITS: Final = 16
_MOST: Final = (1 << _BITS) - 1
MAX_CACHED_CHUNKS: Final = 8_192
"""Chunks (what stands between blanks) in each of the two generations of the cache."""
_READ_CHARS: Final = 4_000
"""Enough to know a language by, and too few for a count to outgrow its bits."""
_SCRIPT: Final = re.compile(
    "(?P<el>[\u0370-\u03ff])|(?P<ru>[\u0400-\u052f])|(?P<ar>[\u0600-\u06ff\u0750-\u077f])"
    "|(?P<hi>[\u0900-\u097f])"
    "|(?P<none>[\u0530-\u05ff\u0700-\u074f\u0780-\u08ff\u0980-\u1cff\u3040-\u318f\u31a0-\u9fff\ua000-\ud7ff])"
)
"""Scripts other than Latin, each with the language that is taken where no word says more."""


def _vote(tags: tuple[str, ...], shift: Mapping[str, int]) -> int:
    weight = _WEIGHT // len(tags) or 1
    others = [tag for tag in tags if tag != ENGLISH]
    vote = weight * len(others) << _BITS
    if len(others) < len(tags):
        vote += weight
    return vote + sum(weight << shift[tag] for tag in others)


class _Votes(Chunks[int]):
    """Counts by chunk."""

    def __init__(self, by_word: Mapping[str, int]) -> None:
        super().__init__(MAX_CACHED_CHUNKS)
        self._by_word = by_word

    def read(self, chunk: str) -> int:
        """The votes of all words in `chunk`."""
        lower = chunk.lower()
        for mark in ",.!?":
            lower = lower.replace(mark, " ")
        return sum(self._by_word.get(word, 0) for word in lower.split())


class Guess:
    """Guesses languages: `guess(text, text.split())` is a tag, or "" for a script without words."""

    def __init__(self, known_by: Mapping[str, tuple[str, ...]]) -> None:
        self._tags = sorted({tag for tags in known_by.values() for tag in tags} - {ENGLISH})
        # English in the lowest bits, then all others together, then each of them.
        self._form = f"<{len(self._tags) + 2}H"
        self._bytes = (len(self._tags) + 2) * _BITS // 8
        shift = {tag: _BITS * place for place, tag in enumerate(self._tags, start=2)}
        self._votes = _Votes({word: _vote(tags, shift) for word, tags in known_by.items()})

    def __call__(self, text: str, chunks: Sequence[str]) -> str:
        """The language of a text, which falls into `chunks`; English if in doubt."""
        if len(text) > _READ_CHARS:
            chunks = text[:_READ_CHARS].split()
        votes = sum(map(self._votes.__getitem__, chunks))
        if votes:
            english, others = votes & _MOST, (votes >> _BITS) & _MOST
            if english >= others and english >= _ENOUGH:
                return ENGLISH
            counts = list(unpack(self._form, votes.to_bytes(self._bytes, "little")))
            counts[1] = 0
            most = max(counts)
            if most >= _ENOUGH:
                best = counts.index(most)
                return self._tags[best - 2] if best else ENGLISH
        if text.isascii():
            return ENGLISH
        script = _SCRIPT.search(text)
        if script is None:
            return ENGLISH
        return "" if script.lastgroup == "none" else script.lastgroup or ENGLISH
