"""The shipped word lists: in shape, in range, with their licence beside them."""

from importlib.resources import files

import pytest

from streams.engine.sentiment import lexicon as lexicon_module
from streams.engine.sentiment.lexicon import Lexicon, load_lexica
from streams.engine.sentiment.reader import Reader

LEXICA = load_lexica()
ENGLISH = LEXICA.languages["en"]
LEXICONS = pytest.mark.parametrize("lexicon", LEXICA.languages.values(), ids=LEXICA.languages)


@LEXICONS
def test_every_term_is_as_the_reader_looks_it_up(lexicon: Lexicon) -> None:
    bare = Reader(lexicon).bare
    for term in [*lexicon.words, *lexicon.negators, *lexicon.boosters, *lexicon.turns]:
        assert term == "".join(term.lower().split())
    for first, seconds in lexicon.phrases.items():
        for second, phrases in seconds.items():
            assert (first, second) == (bare(first), bare(second))
            assert all(word == bare(word) for phrase in phrases for word in phrase.rest)
            lengths = [len(phrase.rest) for phrase in phrases]
            assert lengths == sorted(lengths, reverse=True)


@LEXICONS
def test_no_term_does_two_things(lexicon: Lexicon) -> None:
    assert not lexicon.negators & lexicon.turns
    assert not (lexicon.negators | lexicon.turns) & lexicon.boosters.keys()


def test_creator_terms_have_the_last_word() -> None:
    assert ENGLISH.words["fire"] > 0 > ENGLISH.words["cringe"]


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("awful", "adversity"),  # all lists have it; VADER and the opinion lexicon
        ("delight", "achievable"),  # all lists; AFINN and the opinion lexicon
        ("achievable", "abounds"),  # two lists; the opinion lexicon alone
        ("insulted", "rescued"),  # "insult" is in the opinion lexicon; neither form is
    ],
)
def test_a_word_counts_the_more_the_more_lists_have_it(more: str, less: str) -> None:
    assert abs(ENGLISH.words[more]) > abs(ENGLISH.words[less]) > 0.0


def test_what_the_opinion_lexicon_alone_has_makes_no_language_known() -> None:
    assert "abounds" in ENGLISH.words
    assert "abounds" not in LEXICA.known_by
    assert "en" in LEXICA.known_by["awful"]


def test_own_weights_replace_those_of_the_lists_and_make_no_language_known() -> None:
    assert (
        ENGLISH.words["festival"]
        < load_lexica(["english_words.tsv"]).languages["en"].words["festival"]
    )
    assert ENGLISH.words["trump"] == 0.0
    assert "clunky" not in LEXICA.known_by


def test_a_phrase_in_one_word_says_the_same_but_takes_the_place_of_no_word() -> None:
    assert ENGLISH.words["cantwait"] == ENGLISH.words["cannotwait"] > 0.0
    assert ENGLISH.words["breakingbad"] == 0.0
    assert ENGLISH.words["letdown"] == -1.9  # its own, not that of "let down"
    assert "likeit" in ENGLISH.words
    assert "anl" not in ENGLISH.words  # too short to be sure of


def test_the_licence_and_the_source_of_the_data_are_beside_it() -> None:
    data = files("streams.engine.sentiment") / "data"
    assert "C.J. Hutto" in (data / "LICENSE.vader").read_text("utf-8")
    assert "Bing Liu" in (data / "LICENSE.opinion-lexicon").read_text("utf-8")
    notice = (data / "NOTICE").read_text("utf-8")
    for name in (entry.name for entry in data.iterdir() if entry.name.endswith(".tsv")):
        assert name in notice


@pytest.mark.parametrize(
    "row", ["good", "good\t5", "good\tnan", "good\tmuch", "good\t1\t2", "\t", "good 1"]
)
def test_a_row_out_of_shape_is_named_with_its_file_and_line(
    row: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vader_words.tsv").write_text(f"# head\nfine\t1\n{row}\n", "utf-8")
    monkeypatch.setattr(lexicon_module, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"vader_words\.tsv:3:"):
        load_lexica()
