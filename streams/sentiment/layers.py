"""Layers: the shipped analyser with parts of it left out, to see what each is worth.

Knows which data and which marks make a layer. Must not know how it is measured.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from streams.engine.sentiment import LexiconAnalyser
from streams.engine.sentiment.lexicon import load_lexica

FILES: Final = {
    "VADER's words": ("vader_words.tsv",),
    "AFINN, translations too": ("afinn/",),
    "Hu and Liu's words": ("opinion_words.tsv",),
    "words weighed anew": ("english_words.tsv",),
    "phrases": ("english_phrases.tsv",),
    "creators' terms": ("creator_terms.tsv",),
    "emoji": ("emoji.tsv",),
    "emoticons": ("vader_emoticons.tsv", "emoticons.tsv"),
}
"""Data that say something by themselves."""
_CUES: Final = ("english_cues.tsv",)
_SHOUTED: Final = re.compile(r"[!?]")


class Layer(NamedTuple):
    """An analyser, and what is done to a text before it."""

    name: str
    analyser: LexiconAnalyser
    prepared: Callable[[str], str] = str


def layers() -> Iterator[Layer]:
    """Each layer alone, then all but one, then all."""
    every = tuple(name for names in FILES.values() for name in names)
    for name, own in FILES.items():
        others = tuple(one for one in every if one not in own)
        yield Layer(f"{name} alone", LexiconAnalyser(load_lexica(others)))
    for name, own in FILES.items():
        yield Layer(f"without {name}", LexiconAnalyser(load_lexica(own)))
    yield Layer("without negation, boosters, but", LexiconAnalyser(load_lexica(_CUES)))
    whole = LexiconAnalyser(load_lexica())
    yield Layer("without capitals", whole, str.lower)
    yield Layer("without marks", whole, lambda text: _SHOUTED.sub(" ", text))
    yield Layer("all", whole)
