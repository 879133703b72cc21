"""Tongue: what the analyser knows of a language besides who wrote in it.

Knows its spelling, the words that make it known, its endings, and the list of valences that is its
own. Must not know what a text says. The files are `data/languages/*.tsv`: a kind, then its terms.
"""

import unicodedata
import zlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_BOOST: Final = 1.0
_SOFTEN: Final = -1.0
_LEAST_STEM: Final = 4
_LEAST_ARABIC_STEM: Final = 3
_SILENT: Final = ("boost", "soften", "turn", "prefix", "suffix")
"""Kinds whose words hint at no language: others have them, too."""
_KINDS: Final = ("function", "negate", "boost", "soften", "turn", "prefix", "suffix")

_COMBINING: Final[dict[int, str | None]] = dict.fromkeys(range(0x300, 0x370))
_ARABIC: Final[dict[int, str | None]] = {
    **dict.fromkeys([*range(0x610, 0x61B), *range(0x64B, 0x660), 0x640, 0x670, 0x200C, 0x621]),
    # One alef, final ya, ha, kaf and waw, of several.
    **dict.fromkeys([0x623, 0x625, 0x622, 0x671], "\u0627"),
    **dict.fromkeys([0x649, 0x6CC, 0x626], "\u064a"),
    0x629: "\u0647",
    0x6A9: "\u0643",
    0x624: "\u0648",
}
_DEVANAGARI: Final[dict[int, str | None]] = {
    0x93C: None,
    0x901: "\u0902",
    0x200C: None,
    0x200D: None,
}
_UMLAUTS: Final[dict[int, str | None]] = {
    ord("ä"): "ae",
    ord("ö"): "oe",
    ord("ü"): "ue",
    ord("ß"): "ss",
}


def _without_accents() -> dict[int, str | None]:
    """Latin and Greek letters, each to the one below its accent."""
    found: dict[int, str | None] = dict(_COMBINING)
    for code in [*range(0xC0, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x2000)]:
        base = unicodedata.normalize("NFD", chr(code))[0]
        if ord(base) != code and base.isalpha():
            found[code] = base
    return found | {0x131: "i", ord("ł"): "l", ord("ø"): "o", ord("đ"): "d"}


_PLAIN: Final = _without_accents()
# Where a letter with a mark is a letter of its own, it stays; in German it has another spelling.
_SPELLING: Final[dict[str, dict[int, str | None]]] = {
    **dict.fromkeys(
        ("es", "fr", "it", "pt", "ro", "cs", "pl", "hu", "el", "tr", "id", "nl"), _PLAIN
    ),
    "de": _UMLAUTS,
    "ar": _ARABIC,
    "fa": _ARABIC,
    "hi": _DEVANAGARI,
    "ru": {0x451: "\u0435"},
}
_LOOKS_BACK: Final = frozenset({"de", "nl", "sv", "da", "no", "hi", "tr"})
_NOT_LATIN: Final = frozenset({"ar", "el", "fa", "hi", "ru", "uk"})


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language. All terms are as `spelt` leaves them."""

    tag: str
    """Two letters of ISO 639-1."""
    name: str
    functions: frozenset[str]
    """Words without which hardly a sentence is made."""
    hints: frozenset[str]
    """Words that make the language known, in every spelling in which they may be written."""
    negators: frozenset[str]
    boosters: dict[str, float]
    turns: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    terms: dict[str, float]
    """Valences of the language's own list; terms of several words, too."""
    looks_back: bool
    """Whether a negator also turns what came before it."""
    latin: bool
    """Whether it is written in Latin letters; if not, words in those are read as English."""

    def spelt(self, term: str) -> str:
        """The one spelling of a word under which it is looked up."""
        return spelt(self.tag, term)

    def stem(self, term: str) -> str:
        """What is left of a spelt word without its endings; "" where that says too little."""
        return stem(term, self.prefixes, self.suffixes)

    def cues(self) -> frozenset[str]:
        """Words that change others or hold a sentence together: never valences."""
        return self.functions | self.negators | self.turns | frozenset(self.boosters)


def spelt(tag: str, term: str) -> str:
    """The one spelling of a word of a language under which it is looked up."""
    term = term.lower().replace("\u2019", "'")
    if term.isascii():
        return term
    term = unicodedata.normalize("NFC", term)
    table = _SPELLING.get(tag)
    return term if table is None else term.translate(table)


def stem(term: str, prefixes: tuple[str, ...], suffixes: tuple[str, ...]) -> str:
    """A spelt word without the first prefix and the first suffix of those given that fit; or ""."""
    least = _LEAST_ARABIC_STEM if prefixes else _LEAST_STEM
    found = term
    for prefix in prefixes:
        if found.startswith(prefix) and len(found) - len(prefix) >= least:
            found = found[len(prefix) :]
            break
    for suffix in suffixes:
        if found.endswith(suffix) and len(found) - len(suffix) >= least:
            found = found[: -len(suffix)]
            break
    return found if suffixes and len(found) >= least else ""


def rows(path: str) -> tuple[list[tuple[int, str, list[str]]], str, int]:
    """Rows of a file of the data as line, kind and terms; its head; a checksum of its bytes.

    Raises ValueError, with file and line, for a row out of shape.
    """
    raw = files(__package__).joinpath("data", path).read_bytes()
    found = []
    head = ""
    for number, line in enumerate(raw.decode("utf-8").splitlines(), start=1):
        if line.startswith("# "):
            head = head or line[2:]
            continue
        kind, tab, terms = line.partition("\t")
        if not tab or not kind or not all(terms.split("|")):
            raise ValueError(f"{path}:{number}: want a kind, a tab, and terms with | between them")
        found.append((number, kind, terms.split("|")))
    return found, head, zlib.crc32(raw)


def valence(path: str, number: int, kind: str) -> float:
    """A kind that is a valence. Raises ValueError, with file and line, for anything else."""
    try:
        value = float(kind)
    except ValueError:
        value = float("nan")
    if not -4.0 <= value <= 4.0:
        raise ValueError(
            f"{path}:{number}: want {', '.join(_KINDS)} or a valence from -4 to 4, got {kind!r}"
        )
    return value


def load_tongue(tag: str) -> tuple[Tongue, int]:
    """A language of `data/languages` and the checksum of its file."""
    path = f"languages/{tag}.tsv"
    table, head, digest = rows(path)
    kinds: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    written: set[str] = set()
    terms: dict[str, float] = {}
    for number, kind, listed in table:
        if kind not in _SILENT:
            written.update(one for one in listed if " " not in one)
        if kind in kinds:
            kinds[kind] += [" ".join(spelt(tag, word) for word in one.split()) for one in listed]
            continue
        value = valence(path, number, kind)
        for one in listed:
            terms[" ".join(spelt(tag, word) for word in one.split())] = value
    negators, turns = frozenset(kinds["negate"]), frozenset(kinds["turn"])
    boosters = dict.fromkeys(kinds["boost"], _BOOST) | dict.fromkeys(kinds["soften"], _SOFTEN)
    return Tongue(
        tag=tag,
        name=head.partition(":")[0].partition(",")[0],
        functions=frozenset(kinds["function"]),
        hints=frozenset(written | {spelt(tag, one) for one in written}),
        negators=negators,
        boosters={word: push for word, push in boosters.items() if word not in negators | turns},
        turns=turns - negators,
        prefixes=tuple(sorted(kinds["prefix"], key=len, reverse=True)),
        suffixes=tuple(sorted(kinds["suffix"], key=len, reverse=True)),
        terms=terms,
        looks_back=tag in _LOOKS_BACK,
        latin=tag not in _NOT_LATIN,
    ), digest


def tags() -> list[str]:
    """Every language of the data, in one order."""
    listed = files(__package__).joinpath("data", "languages").iterdir()
    return sorted(
        entry.name.removesuffix(".tsv") for entry in listed if entry.name.endswith(".tsv")
    )
