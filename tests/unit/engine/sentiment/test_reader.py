"""How a chunk of text is read: words, emoji, emoticons; and a cache that must not show."""

import pytest

from streams.engine.sentiment import reader as reader_module
from streams.engine.sentiment.chunks import MAX_CACHED_CHARS
from streams.engine.sentiment.lexicon import Lexica, Lexicon, load_lexica
from streams.engine.sentiment.reader import Beat, Kind, Reader


@pytest.fixture(scope="module")
def lexica() -> Lexica:
    return load_lexica()


@pytest.fixture(scope="module")
def lexicon(lexica: Lexica) -> Lexicon:
    return lexica.languages["en"]


@pytest.fixture
def read(lexicon: Lexicon) -> Reader:
    return Reader(lexicon)


def scores(beats: tuple[Beat, ...]) -> list[float]:
    return [beat.weight for beat in beats if beat.kind in (Kind.SCORE, Kind.SHOUT)]


def test_an_emoji_is_itself_and_not_a_word_glued_to_its_neighbour(
    read: Reader, lexicon: Lexicon
) -> None:
    fire, love = lexicon.emoji["🔥"], lexicon.words["love"]
    assert scores(read["🔥love"]) == [fire, love]
    assert scores(read["love🔥"]) == [love, fire]
    assert scores(read["xlove🔥x"]) == [fire]


def test_skin_tones_and_variation_selectors_change_nothing(read: Reader) -> None:
    assert scores(read["👍🏽"]) == scores(read["👍🏿"]) == scores(read["👍"]) != []
    assert scores(read["❤\ufe0f"]) == scores(read["❤"]) != []
    assert scores(read["🤦🏽\u200d♀\ufe0f"]) == scores(read["🤦"]) != []


def test_a_joined_emoji_with_a_meaning_of_its_own_has_its_own_valence(
    read: Reader, lexicon: Lexicon
) -> None:
    assert scores(read["❤\ufe0f\u200d🩹"]) == [lexicon.emoji["❤\u200d🩹"]]


def test_a_lone_skin_tone_or_joiner_is_nothing(read: Reader) -> None:
    assert read["\U0001f3fd"] == read["\u200d"] == read["\ufe0f"] == ()


def test_a_row_of_one_emoji_counts_less_with_each_and_not_at_all_in_the_end(read: Reader) -> None:
    assert sum(scores(read["🔥🔥"])) < 2 * sum(scores(read["🔥"]))
    assert scores(read["🔥" * 10]) == scores(read["🔥" * 1000])


@pytest.mark.parametrize("chunk", ["thanks:)", "great:D", "nice<3", "yes:-)", "ok:))))"])
def test_an_emoticon_is_found_at_the_end_of_a_word(read: Reader, chunk: str) -> None:
    assert max(scores(read[chunk])) > 0.8


@pytest.mark.parametrize(
    "chunk",
    [
        "http://x.example/:(",
        "https://love.example",
        "www.hate.example",
        "@lovely_hater",
        "10:30",
        "10:3",
    ],
)
def test_addresses_names_and_times_say_nothing(read: Reader, chunk: str) -> None:
    assert scores(read[chunk]) == []


@pytest.mark.parametrize(
    ("stretched", "plain"),
    [
        ("loooove", "love"),
        ("goooood", "good"),
        ("gooodddd", "good"),
        ("l" + "o" * 500 + "ve", "love"),
        ("LOOOVE", "love"),
    ],
)
def test_a_stretched_word_is_its_plain_form_with_more_weight(
    read: Reader, lexicon: Lexicon, stretched: str, plain: str
) -> None:
    assert scores(read[stretched])[0] > lexicon.words[plain]


def test_a_stretched_booster_pushes_more(read: Reader) -> None:
    assert read["soooo"][0].kind is Kind.BOOST
    assert read["soooo"][0].weight > read["so"][0].weight


def test_a_compound_word_is_read_whole_or_else_by_its_parts(read: Reader, lexicon: Lexicon) -> None:
    assert scores(read["well-made"]) == [lexicon.words["well-made"]]
    assert scores(read["love-hate"]) == [lexicon.words["love"], lexicon.words["hate"]]


def test_a_hashtag_is_its_word(read: Reader) -> None:
    assert scores(read["#love"]) == scores(read["love"])


def test_without_a_language_words_are_left_out_and_signs_are_not(
    lexica: Lexica, lexicon: Lexicon
) -> None:
    read = Reader(lexica.signs)
    assert read["love"] == ()
    assert scores(read["love🔥"]) == [lexicon.emoji["🔥"]]


def test_the_cache_keeps_a_bounded_number_of_short_chunks(
    lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "MAX_CACHED_CHUNKS", 10)
    read = Reader(lexicon)
    for number in range(1000):
        read[f"word{number}"]
        assert len(read) + len(read._older) <= 20
    assert len(read) + len(read._older) > 10
    long = "x" * (MAX_CACHED_CHARS + 1)
    read[long]
    assert long not in read


def test_what_the_cache_has_forgotten_reads_as_before(
    lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "MAX_CACHED_CHUNKS", 3)
    read, fresh = Reader(lexicon), Reader(lexicon)
    chunks = ["love", "hate!", "🔥🔥", "so", "not", "but", ":)", "x", "can't", "goood"]
    first = {chunk: fresh[chunk] for chunk in chunks}
    for chunk in [*chunks, *reversed(chunks), *chunks[::3]]:
        assert read[chunk] == first[chunk]
