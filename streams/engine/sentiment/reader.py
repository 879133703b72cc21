"""Reads one chunk of text (what stands between two blanks) into the beats that it carries.

Knows how words, emoji and emoticons are written; must not know what they do to each other, which
depends on the rest of the text. A chunk is read in time linear in its length, whatever it holds.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from itertools import product
from typing import Final, NamedTuple

from streams.engine.sentiment.chunks import Chunks
from streams.engine.sentiment.lexicon import ENGLISH, Lexicon
from streams.engine.sentiment.tongue import spelt, stem

MAX_CACHED_CHUNKS: Final = 16_384
"""Chunks of English texts in each of the two generations of the cache; there is one for each."""
MAX_CACHED_ELSEWHERE: Final = 4_096
"""The same for each of the other languages."""
_MAX_LOOKUP_CHARS: Final = 40
_AROUND: Final = ".,!?;:\u2026\"'()[]*~-#\u00bf\u00a1\u061f\u060c\u0964"
_MAX_STRETCHES: Final = 4
_STRETCH_PUSH: Final = 0.4
_REPEAT_WORTH: Final = 0.35
_MAX_REPEATS: Final = 4


class Kind(IntEnum):
    """What a beat does."""

    SCORE = 0
    SHOUT = 1
    """A score whose word is in capitals."""
    NEGATE = 2
    BOOST = 3
    TURN = 4
    STOP = 5
    """The end of a clause."""
    LEAD = 6
    """The first word of at least one phrase."""


class Beat(NamedTuple):
    """One thing in a chunk that counts."""

    kind: Kind
    weight: float = 0.0
    """Valence (-4.0 to 4.0, a little more for stretched words), or the strength of a boost."""
    term: str = ""
    """The first word of a phrase, for `Kind.LEAD`."""


Beats = tuple[Beat, ...]

_STOP: Final = Beat(Kind.STOP)
_NEGATE: Final = Beat(Kind.NEGATE)
_TURN: Final = Beat(Kind.TURN)

_EMOJI_BASE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_EMOJI_DRESS: Final = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]"
# Marks that belong to the letter before them, and the joiner of Persian: no letters to Python.
_MARKS: Final = (
    "[\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u093c"
    "\u093e-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a4d\u0abc-\u0acd"
    "\u0b01-\u0b4d\u0b82-\u0bcd\u0c00-\u0c4d\u0c81-\u0ccd\u0d00-\u0d4d\u0e31-\u0e4e\u200c]"
)
_PIECE: Final = re.compile(
    # An address ends at a blank; what it holds is no opinion.
    r"(?P<address>(?:https?://|www\.|@)\S+)"
    rf"|(?P<word>[^\W_]+(?:(?:['\u2019-]|{_MARKS}+)[^\W_]+)*{_MARKS}*)"
    rf"|(?P<emoji>{_EMOJI_BASE}{_EMOJI_DRESS}*(?:\u200d{_EMOJI_BASE}{_EMOJI_DRESS}*)*)"
    r"|(?P<emoticon></?3+"
    r"|(?<![0-9])[:;=][-'^]?(?:[)\](\[{}/\\|*@]+|[DPp3]+(?![^\W_])))"
    r"|(?P<stop>[.,!?;:\u2026\u3002\uff01\uff1f\uff0c\u3001\u061f\u060c\u0964]+)"
)
_DRESS: Final = re.compile(_EMOJI_DRESS)
_STRETCH: Final = re.compile(r"(\w)\1{2,}")
_REPEATED_MOUTH: Final = re.compile(r"(\W|[DPp3])\1+$")
_HUMPS: Final = re.compile("[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+")
_MAX_HUMPS: Final = 6


class Reader(Chunks[Beats]):
    """Beats by chunk, in the language of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(MAX_CACHED_CHUNKS if lexicon.tag == ENGLISH else MAX_CACHED_ELSEWHERE)
        self.tag = lexicon.tag
        self.looks_back = lexicon.looks_back
        self._lexicon = lexicon
        self._words = lexicon.tag != ""
        self._terms = frozenset(lexicon.words).union(
            lexicon.elsewhere, lexicon.negators, lexicon.turns, lexicon.boosters
        )

    def read(self, chunk: str) -> Beats:
        """The beats of `chunk`, in the order of what carries them."""
        if not chunk.isalnum() and (emoticon := self._emoticon(chunk)) is not None:
            return (Beat(Kind.SCORE, emoticon),)
        beats: list[Beat] = []
        last_emoji, repeats = "", 0
        for piece in _PIECE.finditer(chunk):
            kind, found = piece.lastgroup, piece.group()
            if kind == "emoji":
                repeats = repeats + 1 if found == last_emoji else 0
                last_emoji = found
                if repeats < _MAX_REPEATS and (meant := self._emoji(found)):
                    beats.append(Beat(Kind.SCORE, meant * (_REPEAT_WORTH if repeats else 1.0)))
            elif kind == "emoticon":
                if valence := self._emoticon(found):
                    beats.append(Beat(Kind.SCORE, valence))
            elif kind == "word" and self._words:
                beats += self._word(found)
            elif kind == "stop":
                beats.append(_STOP)
        if self._words and (lead := self.bare(chunk)) in self._lexicon.phrases:
            beats.insert(0, Beat(Kind.LEAD, 0.0, lead))
        return tuple(beats)

    def _emoji(self, found: str) -> float:
        known = self._lexicon.emoji
        valence = known.get(found)
        if valence is None:
            plain = _DRESS.sub("", found)
            valence = known.get(plain)
        if valence is None:
            # A joined emoji (a gesture and a gender, say) means what its first part means.
            valence = known.get(plain[:1], 0.0)
        return valence

    def _emoticon(self, found: str) -> float | None:
        known = self._lexicon.emoticons
        if len(found) > _MAX_LOOKUP_CHARS:
            return None
        for form in (found, found.lower(), _REPEATED_MOUTH.sub(r"\1", found)):
            if form in known:
                return known[form]
        return None

    def phrase(self, first: str, chunks: Sequence[str], place: int) -> tuple[float, int]:
        """Return valence and length in chunks of the phrase that starts here; length 0: none."""
        start = place + 2
        if start > len(chunks):
            return 0.0, 0
        for phrase in self._lexicon.phrases[first].get(self.bare(chunks[place + 1]), ()):
            end = start + len(phrase.rest)
            if tuple(map(self.bare, chunks[start:end])) == phrase.rest:
                return phrase.valence, end - place
        return 0.0, 0

    def bare(self, chunk: str) -> str:
        """Return the chunk as phrases are written: spelt as in the lexicon, nothing around it."""
        if chunk.isascii() and chunk.isalpha() and chunk.islower():
            return chunk[:_MAX_LOOKUP_CHARS]  # As most are.
        return spelt(self._lexicon.tag, chunk[:_MAX_LOOKUP_CHARS]).strip(_AROUND)

    def _word(self, raw: str) -> Beats:
        if len(raw) > _MAX_LOOKUP_CHARS and "-" not in raw and not _STRETCH.search(raw):
            return ()
        term = spelt(self._lexicon.tag, raw)
        beat = self._known(term, 0.0)
        if beat is None:
            beat = self._stretched(term)
        if beat is None:
            beat = self._bent(term)
        if beat is not None:
            if beat.kind is Kind.SCORE and len(raw) > 1 and raw.isupper():
                return (Beat(Kind.SHOUT, beat.weight),)
            return (beat,)
        if term in self._lexicon.words:
            return ()
        if "-" in term or "'" in term:
            return self._each(re.split("['-]", term))
        if not raw.islower() and not raw[1:].islower() and raw.isascii():
            humps = [hump.group().lower() for hump in _HUMPS.finditer(raw)]
            return self._each(humps) if 1 < len(humps) <= _MAX_HUMPS else ()
        return ()

    def _each(self, parts: Sequence[str]) -> Beats:
        return tuple(found for part in parts if (found := self._known(part, 0.0)) is not None)

    def _bent(self, term: str) -> Beat | None:
        """Read a word that is known by its stem, in languages whose endings are known."""
        lexicon = self._lexicon
        if not lexicon.suffixes or len(term) > _MAX_LOOKUP_CHARS:
            return None
        root = stem(term, lexicon.prefixes, lexicon.suffixes)
        if not root:
            return None
        valence = lexicon.stems.get(root) or lexicon.words.get(root)
        return Beat(Kind.SCORE, valence) if valence else None

    def _known(self, term: str, push: float) -> Beat | None:
        lexicon = self._lexicon
        if term in lexicon.negators or term.endswith("n't"):
            return _NEGATE
        if term in lexicon.turns:
            return _TURN
        if term in lexicon.boosters:
            strength = lexicon.boosters[term]
            return Beat(Kind.BOOST, strength * (1.0 + push))
        valence = lexicon.words.get(term)
        if valence is None:
            valence = lexicon.elsewhere.get(term)
        if not valence:
            return None
        return Beat(Kind.SCORE, valence + (push if valence > 0.0 else -push))

    def _stretched(self, term: str) -> Beat | None:
        """Read "loooove" as "love" and "goooood" as "good", with more weight."""
        runs = [match.span() for match in _STRETCH.finditer(term)]
        if not 0 < len(runs) <= _MAX_STRETCHES:
            return None
        for keep in product((2, 1), repeat=len(runs)):
            form, end = "", 0
            for (start, stop), letters in zip(runs, keep, strict=True):
                form += term[end : start + letters]
                end = stop
            form += term[end:]
            # One look-up, for in a hostile text nothing is a word.
            if form in self._terms or form.endswith("n't"):
                beat = self._known(form, _STRETCH_PUSH)
                if beat is not None:
                    return beat
        return None
