"""The word lists behind the analyser, as read from the data files beside this module.

Knows the files and what their columns mean; knows nothing of texts or of how a list is used.
A valence is a float from -4.0 (most negative) to 4.0 (most positive).
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_MAX_VALENCE: Final = 4.0
_CUE_KINDS: Final = ("negate", "boost", "turn")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A term of several words; it is found by its first two."""

    rest: tuple[str, ...]
    """The words after the first two."""
    valence: float


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything that the rules look up. All terms are lower case with straight apostrophes."""

    words: Mapping[str, float]
    phrases: Mapping[str, Mapping[str, tuple[Phrase, ...]]]
    """By first and by second word, the longest phrase first."""
    emoji: Mapping[str, float]
    """Without skin tones and variation selectors."""
    emoticons: Mapping[str, float]
    negators: frozenset[str]
    boosters: Mapping[str, float]
    """Strength of the push, above 0 for more and below 0 for less; 1 is that of "very"."""
    turns: frozenset[str]
    """Words like "but": what follows weighs more than what came before."""
    digest: str
    """Eight hexadecimal digits that change with any of the data."""


class _Tables:
    """The data files, read one after the other, with a running checksum of their bytes."""

    def __init__(self) -> None:
        self._crc = 0

    @property
    def digest(self) -> str:
        return f"{self._crc:08x}"

    def rows(self, name: str, columns: int) -> Iterator[tuple[list[str], float]]:
        """Yield the text columns and the closing number of each row of a file."""
        raw = files(__package__).joinpath("data", name).read_bytes()
        self._crc = zlib.crc32(raw, self._crc)
        for number, line in enumerate(raw.decode("utf-8").splitlines(), start=1):
            if not line or line.startswith("# "):
                continue
            *texts, value = line.split("\t")
            try:
                valence = float(value)
            except ValueError:
                valence = float("nan")
            if len(texts) != columns - 1 or not -_MAX_VALENCE <= valence <= _MAX_VALENCE:
                raise ValueError(f"{name}:{number}: want {columns} columns and a valence: {line!r}")
            yield texts, valence

    def terms(self, *names: str) -> dict[str, float]:
        """Read files of term and valence; a later file has the last word."""
        return {term: valence for name in names for (term,), valence in self.rows(name, 2)}


def load_lexicon() -> Lexicon:
    """Read the shipped lists. Raises ValueError, with file and line, for a row out of shape."""
    tables = _Tables()
    terms = tables.terms("vader_words.tsv", "creator_terms.tsv")
    emoticons = tables.terms("vader_emoticons.tsv")
    emoji = tables.terms("emoji.tsv")
    cues: dict[str, dict[str, float]] = {kind: {} for kind in _CUE_KINDS}
    for (kind, term), strength in tables.rows("english_cues.tsv", 3):
        cues[kind][term] = strength
    return Lexicon(
        words={term: valence for term, valence in terms.items() if " " not in term},
        phrases=_by_first_words((t, v) for t, v in terms.items() if " " in t),
        emoji=emoji,
        emoticons=emoticons,
        negators=frozenset(cues["negate"]),
        boosters=cues["boost"],
        turns=frozenset(cues["turn"]),
        digest=tables.digest,
    )


def _by_first_words(
    terms: Iterable[tuple[str, float]],
) -> dict[str, dict[str, tuple[Phrase, ...]]]:
    found: dict[str, dict[str, tuple[Phrase, ...]]] = {}
    for term, valence in sorted(terms, key=lambda item: -len(item[0].split())):
        first, second, *rest = term.split()
        seconds = found.setdefault(first, {})
        seconds[second] = (*seconds.get(second, ()), Phrase(tuple(rest), valence))
    return found
