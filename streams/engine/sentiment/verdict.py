"""The answer of a sentiment analyser, and what every analyser promises.

Knows no lexicon, no language and no text.
"""

from enum import IntEnum
from typing import NamedTuple, Protocol


class Label(IntEnum):
    """Class of a text; the value is its sign, so a mean of labels is a net sentiment."""

    NEGATIVE = -1
    NEUTRAL = 0
    POSITIVE = 1


class Verdict(NamedTuple):
    """The judgement of one text."""

    label: Label
    compound: float
    """Strength and direction, -1.0 (all negative) to 1.0 (all positive); 0.0 says nothing."""
    flags: int = 0
    """What else can be said of it: a sum of `flags.Flag`."""
    language: str = ""
    """The language whose words counted, by two letters; "" where no words could count."""


class Analyser(Protocol):
    """Judges texts: the same text, language and version always give the same verdict."""

    @property
    def version(self) -> str:
        """Names rules and data; two analysers of one version never disagree."""
        ...

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        """Judge one text.

        `lang` is a BCP 47 tag such as "en-GB", or None where it is not known. Raises nothing for
        any text, and its cost grows no faster than the text.
        """
        ...
