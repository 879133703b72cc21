"""The word lists behind the analyser, as read from the data files beside this module.

Knows the files and what their columns mean; knows nothing of texts or of how a list is used.
A valence is a float from -4.0 (most negative) to 4.0 (most positive).
"""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from streams.engine.sentiment import tongue
from streams.engine.sentiment.tongue import Tongue

_MAX_VALENCE: Final = 4.0
_CUE_KINDS: Final = ("negate", "boost", "turn")
ENGLISH: Final = "en"
_LEAST_FORM: Final = 3
_LEAST_JOINED: Final = 6
_ENDINGS: Final = (
    *(("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("d", ""), ("ied", "y"), ("ing", "")),
    *(("ing", "e"), ("ly", ""), ("er", ""), ("ier", "y"), ("est", ""), ("iest", "y")),
    *(("ness", ""), ("iness", "y"), ("y", "")),
)
"""Of words of English, and what stands there without them."""
_TRUST: Final = {
    # In VADER, in AFINN, in the opinion lexicon: of praise, of blame.
    (True, True, True): (1.0, 1.0),
    (True, True, False): (0.5, 0.86),
    (True, False, True): (0.65, 0.65),
    (False, True, True): (0.8, 0.8),
    (True, False, False): (0.5, 0.6),
    (False, True, False): (0.4, 0.6),
    (False, False, True): (0.2, 0.2),
}
"""How much of its valence a word has in texts, by the lists that have it. From an ordinal
regression of people's ratings on the words of 23,700 texts (`docs/sentiment.md`); what the opinion
lexicon alone has was lowered from there, since more of it costs agreement on tweets."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A term of several words; it is found by its first two."""

    rest: tuple[str, ...]
    """The words after the first two."""
    valence: float


Phrases = Mapping[str, Mapping[str, tuple[Phrase, ...]]]
"""By first and by second word, the longest phrase first."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What the rules look up in texts of one language.

    All terms are spelt as `tongue.spelt` does, with straight apostrophes.
    """

    tag: str
    """The language; "" for none, where only signs count."""
    words: Mapping[str, float]
    """A word at 0 says nothing, and neither do its parts."""
    stems: Mapping[str, float]
    """By word without its endings, for words that are not in `words`."""
    elsewhere: Mapping[str, float]
    """Words of English that count in this language, too."""
    phrases: Phrases
    emoji: Mapping[str, float]
    """Without skin tones and variation selectors."""
    emoticons: Mapping[str, float]
    negators: frozenset[str]
    boosters: Mapping[str, float]
    """Strength of the push, above 0 for more and below 0 for less; 1 is that of "very"."""
    turns: frozenset[str]
    """Words like "but": what follows weighs more than what came before."""
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    looks_back: bool = False
    """Whether a negator also turns the word just before it, as in German."""


@dataclass(frozen=True, slots=True)
class Lexica:
    """All lexicons."""

    languages: Mapping[str, Lexicon]
    """By tag of two letters."""
    signs: Lexicon
    """Emoji and emoticons alone, for texts in any other language."""
    known_by: Mapping[str, tuple[str, ...]]
    """Languages that a word hints at."""
    digest: str
    """Eight hexadecimal digits that change with any of the data."""


class _Tables:
    """The data files, read one after the other, with a running checksum of their bytes."""

    def __init__(self, without: Collection[str]) -> None:
        self._without = without
        self._crc = 0

    @property
    def digest(self) -> str:
        return f"{self._crc:08x}"

    def add(self, digest: int) -> None:
        """Count a file that another module has read."""
        self._crc = zlib.crc32(digest.to_bytes(4, "big"), self._crc)

    def rows(self, name: str, columns: int) -> Iterator[tuple[list[str], float]]:
        """Yield the text columns and the closing number of each row of a file."""
        if self._left_out(name):
            return
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

    def _left_out(self, name: str) -> bool:
        if any(name.startswith(one) for one in self._without):
            self._crc = zlib.crc32(b"without " + name.encode(), self._crc)
            return True
        return False

    def terms(self, *names: str) -> dict[str, float]:
        """Read files of term and valence; a later file has the last word."""
        return {term: valence for name in names for (term,), valence in self.rows(name, 2)}

    def grouped(self, path: str) -> dict[str, float]:
        """Read a file of valence and terms."""
        if self._left_out(path):
            return {}
        table, _, digest = tongue.rows(path)
        self.add(digest)
        return {
            term: valence
            for number, kind, terms in table
            for valence in (tongue.valence(path, number, kind),)
            for term in terms
        }


def load_lexica(without: Collection[str] = ()) -> Lexica:
    """Read the shipped lists. Raises ValueError, with file and line, for a row out of shape.

    `without` leaves files out whose names begin so: to measure what they are worth.
    """
    tables = _Tables(without)
    anywhere = tables.grouped("anywhere.tsv")
    english, hinting = _english(tables)
    languages = {ENGLISH: english}
    known_by: dict[str, tuple[str, ...]] = {}
    for tag in tongue.tags():
        spoken, digest = tongue.load_tongue(tag)
        tables.add(digest)
        hints = set(spoken.hints)
        if tag == ENGLISH:
            hints.update(hinting)
        else:
            hints.difference_update(hinting - spoken.functions)
        hints.difference_update(anywhere)
        for word in hints:
            known_by[word] = (*known_by.get(word, ()), tag)
        if tag != ENGLISH:
            translated = tables.grouped(f"afinn/{tag}.tsv")
            elsewhere = anywhere if spoken.latin else english.words
            languages[tag] = _of(spoken, translated, elsewhere, english)
    signs = Lexicon(
        "", {}, {}, {}, {}, english.emoji, english.emoticons, frozenset(), {}, frozenset()
    )
    return Lexica(languages, signs, known_by, tables.digest)


def _english(tables: _Tables) -> tuple[Lexicon, frozenset[str]]:
    """The lexicon, and the words of it that make English known.

    Those of the opinion lexicon alone, and those that are only weighed anew, do not: too many of
    them are words of French, too.
    """
    vader, afinn = tables.terms("vader_words.tsv"), tables.grouped("afinn/en.tsv")
    reweighed = tables.grouped("english_words.tsv")
    own = tables.terms("english_phrases.tsv", "creator_terms.tsv")
    terms = _blended(vader, afinn, tables.grouped("opinion_words.tsv")) | reweighed | own
    emoticons = tables.terms("vader_emoticons.tsv", "emoticons.tsv")
    emoji = tables.terms("emoji.tsv")
    cues: dict[str, dict[str, float]] = {kind: {} for kind in _CUE_KINDS}
    for (kind, term), strength in tables.rows("english_cues.tsv", 3):
        cues[kind][term] = strength
    cue_words = frozenset(term for listed in cues.values() for term in listed)
    english = Lexicon(
        tag=ENGLISH,
        words=_in_one_word(terms, cue_words)
        | {term: valence for term, valence in terms.items() if " " not in term},
        stems={},
        elsewhere={},
        phrases=_by_first_words((t, v) for t, v in terms.items() if " " in t),
        emoji=emoji,
        emoticons=emoticons,
        negators=frozenset(cues["negate"]),
        boosters=cues["boost"],
        turns=frozenset(cues["turn"]),
    )
    hinting = frozenset(term for term in vader | afinn | own if " " not in term)
    return english, hinting


def _in_one_word(terms: Mapping[str, float], cues: frozenset[str]) -> dict[str, float]:
    """Phrases as hashtags have them: "#cantwait", "#breakingbad".

    Those that say nothing, too, so that a hashtag is not read by its parts.
    """
    joined = {
        "".join(filter(str.isalnum, term)): valence
        for term, valence in terms.items()
        if " " in term
    }
    return {
        term: valence
        for term, valence in joined.items()
        if len(term) >= _LEAST_JOINED and term.isascii() and term not in cues
    }


def _blended(
    vader: dict[str, float], afinn: dict[str, float], opinions: dict[str, float]
) -> dict[str, float]:
    """Terms of all lists, the more of their valence the more lists have them.

    The opinion lexicon gives sides, no strength: its valence counts where no other list has one.
    It holds few forms of a word, so that it also has "hugs" where it has "hug".
    """
    found = {}
    for term in vader | afinn | opinions:
        rated = [listed[term] for listed in (vader, afinn) if term in listed]
        valence = sum(rated) / len(rated) if rated else opinions[term]
        agreed = any(opinions.get(form, 0.0) * valence > 0.0 for form in _forms(term))
        praise, blame = _TRUST[term in vader, term in afinn, agreed]
        found[term] = valence * (praise if valence > 0.0 else blame)
    return found


def _forms(term: str) -> Iterator[str]:
    """A word of English, and what it may be bent from."""
    yield term
    for ending, instead in _ENDINGS:
        if term.endswith(ending) and len(term) - len(ending) >= _LEAST_FORM:
            yield term.removesuffix(ending) + instead


def _of(
    spoken: Tongue,
    translated: dict[str, float],
    elsewhere: Mapping[str, float],
    signs: Lexicon,
) -> Lexicon:
    """The lexicon of a language: a translated list, over which its own has the last word."""
    stems = {term[:-1]: valence for term, valence in translated.items() if term[-1] == "~"}
    words = {term: valence for term, valence in translated.items() if term[-1] != "~"}
    for term, valence in spoken.terms.items():
        if " " not in term:
            words[term] = valence
            if stem := spoken.stem(term):
                stems[stem] = valence
    cues = spoken.cues()
    # Where words in Latin letters are read as English, they also act on each other as in English.
    english = None if spoken.latin else signs
    negators = spoken.negators | (english.negators - cues if english else frozenset())
    boosters = ({k: v for k, v in english.boosters.items() if k not in cues} if english else {}) | (
        spoken.boosters
    )
    return Lexicon(
        tag=spoken.tag,
        words=words,
        stems={stem: valence for stem, valence in stems.items() if stem not in cues},
        elsewhere=elsewhere,
        phrases=_by_first_words((t, v) for t, v in spoken.terms.items() if " " in t),
        emoji=signs.emoji,
        emoticons=signs.emoticons,
        negators=negators,
        boosters=boosters,
        turns=spoken.turns | (english.turns - cues if english else frozenset()),
        prefixes=spoken.prefixes,
        suffixes=spoken.suffixes,
        looks_back=spoken.looks_back,
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
