"""The shipped analyser: lexicons and rules, for words of two dozen languages and emoji in any.

Knows how the beats of a text act on each other; knows neither files nor events nor windows.

The rules, in the order in which they act on a valence:
- a booster up to three chunks before it strengthens or softens it, less the further away ("if"
  softens, too);
- a negator up to three chunks before it, in the same clause, turns and weakens it; each negator
  also counts a little against the text by itself; in languages where it may follow, such as
  German, it also turns the word just before it;
- capitals strengthen it, unless the whole text is in capitals;
- after "but" it counts 1.5 times, and all that came before counts half.
Exclamation and question marks then push the sum further in its own direction, exclamation marks
praise more than blame; where nothing is said and nothing asked, they are faint praise by
themselves. `compound = sum / sqrt(sum * sum + 15)`. The verdict is neutral between
NEGATIVE_FROM and `positive_from` of the language.
"""

from collections.abc import Sequence
from functools import cache
from math import copysign, sqrt
from typing import Final, NamedTuple

from streams.engine.sentiment.flags import flags, holds_letters
from streams.engine.sentiment.guess import Guess
from streams.engine.sentiment.lexicon import ENGLISH, Lexica, load_lexica
from streams.engine.sentiment.reader import Beats, Kind, Reader
from streams.engine.sentiment.verdict import Label, Verdict

MAX_CHARS: Final = 5_000
"""Characters of a text that are judged; the platforms' own limits for comments are lower."""
NEGATIVE_FROM: Final = -0.16
"""The compound from which on down a text is blame; a lone "not" stays above it."""
_POSITIVE_FROM: Final = {ENGLISH: 0.26}
_POSITIVE_ELSEWHERE: Final = 0.32

_RULES: Final = 5
"""Raised with every change of the rules, so that two versions of them are never taken for one."""
_REACH: Final = 3
_BOOST: Final = 0.3
_BOOST_FADE: Final = 0.05
_MAX_BOOST: Final = 0.9
_MAX_SOFTENING: Final = 0.7
_NEGATED_PRAISE: Final = -0.75
_NEGATED_BLAME: Final = -0.5
_DENIAL: Final = 0.6
_SHOUT: Final = 0.4
_BEFORE_TURN: Final = 0.5
_AFTER_TURN: Final = 1.5
_EXCLAIM_PRAISE, _EXCLAIM_BLAME, _MAX_EXCLAIMS = 0.8, 0.2, 4
_DOUBT, _MAX_DOUBTS = 0.2, 3
_SOFTENING: Final = 15.0

# Members of an enum are slow to reach in a hot loop.
_SHOUTED, _NEGATE, _BOOSTER = Kind.SHOUT, Kind.NEGATE, Kind.BOOST
_TURN, _STOP, _LEAD = Kind.TURN, Kind.STOP, Kind.LEAD
_POSITIVE, _NEUTRAL, _NEGATIVE = Label.POSITIVE, Label.NEUTRAL, Label.NEGATIVE
_UNTOLD: Final = frozenset({"und", "mul", "zxx", ""})
_SAME: Final = {
    "eng": "en",
    "spa": "es",
    "por": "pt",
    "ita": "it",
    "fra": "fr",
    "fre": "fr",
    "deu": "de",
    "ger": "de",
    "ara": "ar",
    "hin": "hi",
    "rus": "ru",
    "tur": "tr",
    "nld": "nl",
    "dut": "nl",
    "nb": "no",
    "nn": "no",
    "ms": "id",
    "in": "id",
    "prs": "fa",
    "sco": "en",
    "arabic": "ar",
    "czech": "cs",
    "danish": "da",
    "german": "de",
    "greek": "el",
    "english": "en",
    "spanish": "es",
    "persian": "fa",
    "finnish": "fi",
    "french": "fr",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "dutch": "nl",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}
"""Other tags and the English names of languages that have a lexicon here, or are near to one."""
_ABSTAINED: Final = 16


def positive_from(language: str) -> float:
    """The compound from which on a text whose words counted in `language` is praise.

    Praise is the common tone, so it takes more of it than of blame: one word of valence 1 is none
    yet. In English it takes less, since there flat words of praise were weighed down. By rated
    texts these are the best such limits (`docs/sentiment.md`).
    """
    return _POSITIVE_FROM.get(language, _POSITIVE_ELSEWHERE)


class Step(NamedTuple):
    """One thing that counted in a text."""

    chunk: str
    """What stands between two blanks, or a phrase."""
    does: str
    """"counts", "turns", "pushes" or "shifts"."""
    effect: float
    """What it added to the sum, before a later "but" halved it; for a push, its strength."""


class Explanation(NamedTuple):
    """A verdict and how it came about."""

    verdict: Verdict
    steps: list[Step]
    marks: float
    """What exclamation and question marks added to the sum."""
    total: float


class LexiconAnalyser:
    """Judges a text by the words, emoji and emoticons in it.

    At most `max_chars` characters of a text are judged; the cost is linear in them. Words count by
    the lexicon of the language that is told, or else guessed; where it has none, only emoji and
    emoticons do.
    """

    def __init__(self, lexica: Lexica, *, max_chars: int = MAX_CHARS) -> None:
        self._max_chars = max_chars
        self._readers = {tag: Reader(lexicon) for tag, lexicon in lexica.languages.items()}
        self._signs = Reader(lexica.signs)
        self._guess = Guess(lexica.known_by)
        self._version = f"lexicon-{_RULES}-{lexica.digest}"

    @property
    def version(self) -> str:
        """Names rules and data, such as "lexicon-1-0badcafe"."""
        return self._version

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        """Judge one text; see `Analyser.judge`."""
        if len(text) > self._max_chars:
            text = text[: self._max_chars]
        chunks = text.split()
        reader = self._reader(text, chunks, lang)
        readings = list(map(reader.__getitem__, chunks))
        total = 0.0
        signs = any(readings)
        if signs:
            total = self._sum(text, reader, chunks, readings, None)
        if total or "!" in text:
            total += _marks(text, total, reader)
        return _verdict(text, chunks, reader, total, signs)

    def explain(self, text: str, lang: str | None = None) -> Explanation:
        """Judge one text, and tell what counted and how much."""
        text = text[: self._max_chars]
        chunks = text.split()
        reader = self._reader(text, chunks, lang)
        readings = list(map(reader.__getitem__, chunks))
        steps: list[Step] = []
        total = self._sum(text, reader, chunks, readings, steps)
        marks = _marks(text, total, reader)
        verdict = _verdict(text, chunks, reader, total + marks, any(readings))
        return Explanation(verdict, steps, marks, total + marks)

    def _reader(self, text: str, chunks: Sequence[str], lang: str | None) -> Reader:
        if lang is None:
            tag = self._guess(text, chunks)
        elif (tag := lang) not in self._readers:
            tag = tag.replace("_", "-").partition("-")[0].lower()
            tag = self._guess(text, chunks) if tag in _UNTOLD else _SAME.get(tag, tag)
        return self._readers.get(tag, self._signs)

    def _sum(
        self,
        text: str,
        reader: Reader,
        chunks: Sequence[str],
        readings: Sequence[Beats],
        steps: list[Step] | None,
    ) -> float:
        """Add up the valences, each under the rules that reach it: one pass over the beats."""
        total = 0.0
        factor = 1.0
        resume = negated_until = boosted_until = last_place = -1
        boost = last = 0.0
        looks_back = reader.looks_back
        shouts_count: bool | None = None
        for place, beats in enumerate(readings):
            if not beats or place < resume:
                continue
            for kind, weight, term in beats:
                if kind is _STOP:
                    negated_until = boosted_until = last_place = -1
                    continue
                if kind is _NEGATE:
                    negated_until = place + _REACH
                    effect = -_DENIAL
                    if looks_back and last_place >= 0 and place - last_place < _REACH:
                        effect += _negated(last) - last
                        last_place = -1
                    total += effect * factor
                    if steps is not None:
                        steps.append(Step(chunks[place], "turns", effect * factor))
                    continue
                if kind is _BOOSTER:
                    boost = weight * _BOOST + (boost if place <= boosted_until else 0.0)
                    boosted_until = place + _REACH
                    if steps is not None:
                        steps.append(Step(chunks[place], "pushes", boost))
                    continue
                if kind is _TURN:
                    if steps is not None:
                        steps.append(Step(chunks[place], "shifts", total * (_BEFORE_TURN - 1.0)))
                    total *= _BEFORE_TURN
                    factor = _AFTER_TURN
                    negated_until = boosted_until = last_place = -1
                    continue
                valence, past = weight, 0
                if kind is _LEAD:
                    valence, past = reader.phrase(term, chunks, place)
                    if not past:
                        continue
                if place <= boosted_until:
                    valence = _pushed(valence, boost, place + _REACH - boosted_until)
                    boosted_until = -1
                if place <= negated_until:
                    valence = _negated(valence)
                    last_place = -1
                else:
                    last, last_place = valence, place
                if kind is _SHOUTED:
                    if shouts_count is None:
                        shouts_count = not text.isupper()
                    if shouts_count:
                        valence += _SHOUT if valence > 0.0 else -_SHOUT
                total += valence * factor
                if steps is not None:
                    said = " ".join(chunks[place : place + max(past, 1)])
                    steps.append(Step(said, "counts", valence * factor))
                if past:
                    resume = place + past
                    break
        return total


def _negated(valence: float) -> float:
    return valence * (_NEGATED_PRAISE if valence > 0.0 else _NEGATED_BLAME)


def _marks(text: str, total: float, reader: Reader) -> float:
    """What marks add to a sum.

    Who exclaims in words that no list knows is mostly glad ("see you at six!!"), unless they ask.
    """
    if total == 0.0:
        if not reader.tag or "?" in text or not holds_letters(text):
            return 0.0
        return _EXCLAIM_PRAISE * min(text.count("!"), _MAX_EXCLAIMS)
    exclaim = _EXCLAIM_PRAISE if total > 0.0 else _EXCLAIM_BLAME
    strength = exclaim * min(text.count("!"), _MAX_EXCLAIMS)
    strength += _DOUBT * min(max(text.count("?") - 1, 0), _MAX_DOUBTS)
    return copysign(strength, total)


def _verdict(
    text: str, chunks: Sequence[str], reader: Reader, total: float, signs: bool
) -> Verdict:
    compound = total / sqrt(total * total + _SOFTENING)
    label = _NEUTRAL
    if compound >= positive_from(reader.tag):
        label = _POSITIVE
    elif compound <= NEGATIVE_FROM:
        label = _NEGATIVE
    found = flags(text, chunks, signs=signs)
    if reader.tag == "" and holds_letters(text):
        found |= _ABSTAINED
    return Verdict(label, compound, found, reader.tag)


def _pushed(valence: float, boost: float, distance: int) -> float:
    """Strengthen or soften a valence by a boost that stands `distance` chunks before it."""
    if not valence:
        return valence  # "like a" is there to say nothing, and "very like a" says no more.
    push = min(boost, _MAX_BOOST) * (1.0 - _BOOST_FADE * distance)
    push = max(push, -_MAX_SOFTENING * abs(valence))
    return valence + (push if valence > 0.0 else -push)


@cache
def load_default() -> LexiconAnalyser:
    """The analyser over the shipped data; the first call takes a fifth of a second to read them."""
    return LexiconAnalyser(load_lexica())
