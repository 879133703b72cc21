"""The shipped analyser: a lexicon and rules, for English words and for emoji in any language.

Knows how the beats of a text act on each other; knows neither files nor events nor windows.

The rules, in the order in which they act on a valence:
- a booster up to three chunks before it strengthens or softens it, less the further away;
- a negator up to three chunks before it, in the same clause, turns and weakens it; each negator
  also counts a little against the text by itself;
- capitals strengthen it, unless the whole text is in capitals;
- after "but" it counts 1.5 times, and all that came before counts half.
Exclamation and question marks then push the sum further in its own direction, and
`compound = sum / sqrt(sum * sum + 15)`. The verdict is neutral within +-NEUTRAL_BAND.
"""

from collections.abc import Sequence
from math import copysign, sqrt
from typing import Final

from streams.engine.sentiment.lexicon import Lexicon, load_lexicon
from streams.engine.sentiment.reader import Beats, Kind, Reader, bare
from streams.engine.sentiment.verdict import Label, Verdict

MAX_CHARS: Final = 5_000
"""Characters of a text that are judged; the platforms' own limits for comments are lower."""
NEUTRAL_BAND: Final = 0.25
"""One word of valence 1, such as "okay", says too little to take a side: its compound is 0.25."""

_RULES: Final = 1
"""Raised with every change of the rules, so that two versions of them are never taken for one."""
_REACH: Final = 3
_BOOST: Final = 0.3
_BOOST_FADE: Final = 0.05
_MAX_BOOST: Final = 0.9
_MAX_SOFTENING: Final = 0.7
_NEGATED_PRAISE: Final = -0.75
_NEGATED_BLAME: Final = -0.5
_DENIAL: Final = 0.6
_SHOUT: Final = 0.7
_BEFORE_TURN: Final = 0.5
_AFTER_TURN: Final = 1.5
_EXCLAIM, _MAX_EXCLAIMS = 0.3, 4
_DOUBT, _MAX_DOUBTS = 0.2, 3
_SOFTENING: Final = 15.0

_SILENT: Final = Verdict(Label.NEUTRAL, 0.0)
# Members of an enum are slow to reach in a hot loop.
_SHOUTED, _NEGATE, _BOOSTER = Kind.SHOUT, Kind.NEGATE, Kind.BOOST
_TURN, _STOP, _LEAD = Kind.TURN, Kind.STOP, Kind.LEAD
_POSITIVE, _NEUTRAL, _NEGATIVE = Label.POSITIVE, Label.NEUTRAL, Label.NEGATIVE
_WORDS_READ_AS_ENGLISH: Final = frozenset({"en", "eng", "und", "mul", ""})


class LexiconAnalyser:
    """Judges a text by the words, emoji and emoticons in it.

    At most `max_chars` characters of a text are judged; the cost is linear in them. Words count in
    texts that are in English or whose language is not told; in others only emoji and emoticons do.
    """

    def __init__(self, lexicon: Lexicon, *, max_chars: int = MAX_CHARS) -> None:
        self._phrases = lexicon.phrases
        self._max_chars = max_chars
        self._words = Reader(lexicon, words=True)
        self._signs = Reader(lexicon, words=False)
        self._version = f"lexicon-{_RULES}-{lexicon.digest}"

    @property
    def version(self) -> str:
        """Names rules and data, such as "lexicon-1-0badcafe"."""
        return self._version

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        """Judge one text; see `Analyser.judge`."""
        if len(text) > self._max_chars:
            text = text[: self._max_chars]
        reader = self._words if lang is None or _reads_as_english(lang) else self._signs
        chunks = text.split()
        readings = list(map(reader.__getitem__, chunks))
        if not any(readings):
            return _SILENT
        total = self._sum(text, chunks, readings)
        if total == 0.0:
            return _SILENT
        total += copysign(
            _EXCLAIM * min(text.count("!"), _MAX_EXCLAIMS)
            + _DOUBT * min(max(text.count("?") - 1, 0), _MAX_DOUBTS),
            total,
        )
        compound = total / sqrt(total * total + _SOFTENING)
        if compound >= NEUTRAL_BAND:
            return Verdict(_POSITIVE, compound)
        if compound <= -NEUTRAL_BAND:
            return Verdict(_NEGATIVE, compound)
        return Verdict(_NEUTRAL, compound)

    def _sum(self, text: str, chunks: Sequence[str], readings: Sequence[Beats]) -> float:
        """Add up the valences, each under the rules that reach it: one pass over the beats."""
        total = 0.0
        factor = 1.0
        resume = negated_until = boosted_until = -1
        boost = 0.0
        shouts_count: bool | None = None
        for place, beats in enumerate(readings):
            if not beats or place < resume:
                continue
            for kind, weight, term in beats:
                if kind is _STOP:
                    negated_until = boosted_until = -1
                    continue
                if kind is _NEGATE:
                    negated_until = place + _REACH
                    total -= _DENIAL * factor
                    continue
                if kind is _BOOSTER:
                    boost = weight * _BOOST + (boost if place <= boosted_until else 0.0)
                    boosted_until = place + _REACH
                    continue
                if kind is _TURN:
                    total *= _BEFORE_TURN
                    factor = _AFTER_TURN
                    negated_until = boosted_until = -1
                    continue
                valence, past = weight, 0
                if kind is _LEAD:
                    valence, past = self._phrase(term, chunks, place)
                    if not past:
                        continue
                if place <= boosted_until:
                    valence = _pushed(valence, boost, place + _REACH - boosted_until)
                    boosted_until = -1
                if place <= negated_until:
                    valence *= _NEGATED_PRAISE if valence > 0.0 else _NEGATED_BLAME
                if kind is _SHOUTED:
                    if shouts_count is None:
                        shouts_count = not text.isupper()
                    if shouts_count:
                        valence += _SHOUT if valence > 0.0 else -_SHOUT
                total += valence * factor
                if past:
                    resume = place + past
                    break
        return total

    def _phrase(self, first: str, chunks: Sequence[str], place: int) -> tuple[float, int]:
        """Return valence and length in chunks of the phrase that starts here; length 0: none."""
        start = place + 2
        if start > len(chunks):
            return 0.0, 0
        for phrase in self._phrases[first].get(bare(chunks[place + 1]), ()):
            end = start + len(phrase.rest)
            if tuple(map(bare, chunks[start:end])) == phrase.rest:
                return phrase.valence, end - place
        return 0.0, 0


def _pushed(valence: float, boost: float, distance: int) -> float:
    """Strengthen or soften a valence by a boost that stands `distance` chunks before it."""
    if not valence:
        return valence  # "like a" is there to say nothing, and "very like a" says no more.
    push = min(boost, _MAX_BOOST) * (1.0 - _BOOST_FADE * distance)
    push = max(push, -_MAX_SOFTENING * abs(valence))
    return valence + (push if valence > 0.0 else -push)


def _reads_as_english(lang: str) -> bool:
    return lang == "en" or lang.replace("_", "-").partition("-")[0].lower() in (
        _WORDS_READ_AS_ENGLISH
    )


def load_default() -> LexiconAnalyser:
    """Return a new analyser over the shipped data; reading that takes some milliseconds."""
    return LexiconAnalyser(load_lexicon())
