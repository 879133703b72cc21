"""A model judges by its weights, is a file that can be trusted, and never looks like another."""

import math

import msgspec
import pytest

from streams.engine.sentiment import Label
from streams.engine.sentiment.model import CACHED_CHUNKS, ZERO, TrainedAnalyser, _Part
from streams.engine.sentiment.modelfile import MAGIC, ModelError, decode, encode
from streams.engine.sentiment.traits import REACH, READ_CHARS, SIGNALS, read, signals, walk
from tests.harness.models import BELOW, NONE, model, model_file

WORDS = model({"blib": 100, "zorp": -100})


def test_learned_words_decide() -> None:
    assert WORDS.judge("what a blib").label is Label.POSITIVE
    assert WORDS.judge("what a zorp").label is Label.NEGATIVE
    assert WORDS.judge("what a day").label is Label.NEUTRAL
    assert WORDS.judge("what a blib").compound > 0.3 > WORDS.judge("what a day").compound


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_text_of_nothing_says_nothing(text: str) -> None:
    assert WORDS.judge(text) == BELOW.judge(text)
    assert WORDS.judge(text)[:2] == (Label.NEUTRAL, 0.0)


def test_flags_and_language_are_those_of_the_lexicon() -> None:
    for text, lang in (("where is this?", None), ("me encanta, gracias", "es"), ("😍😍", None)):
        assert WORDS.judge(text, lang)[2:] == BELOW.judge(text, lang)[2:]
    assert WORDS.judge("where is this?").flags


def test_pairs_of_words_have_weights_of_their_own() -> None:
    pairs = model({"so blib": 60, "so": -60, "blib": -60})
    assert pairs.judge("so").compound < 0
    by_table = walk("so blib")[0]
    assert len(by_table) == 3
    assert set(by_table) > set(walk("so")[0] + walk("blib")[0])


def test_what_the_lexicon_says_is_weighed_too() -> None:
    lexical = model({}, signals=[(-3.0, 0.0, 3.0), *[NONE] * (SIGNALS - 1)])
    assert lexical.judge("i love this").label is Label.POSITIVE
    assert lexical.judge("i hate this").label is Label.NEGATIVE
    assert lexical.judge("the third one").label is Label.NEUTRAL
    # Told by its signals: it is judged as another language, of which the lexicon says nothing.
    assert abs(lexical.judge("love", "ja").compound) < lexical.judge("love", "en").compound


def test_probabilities_are_those_that_the_compound_is_made_of() -> None:
    for text in ("what a blib", "what a zorp", "hm"):
        negative, neutral, positive = WORDS.probabilities(text)
        assert negative + neutral + positive == pytest.approx(1.0)
        assert WORDS.judge(text).compound == positive - negative


def test_the_class_does_not_depend_on_how_frequent_it_is_but_never_contradicts_the_compound() -> (
    None
):
    # Negative comments are rare; this one is four times as likely as any one is.
    rare = model({}, usual=(0.05, 0.5, 0.45), offset=tuple(map(math.log, (0.3, 0.45, 0.25))))
    assert rare.judge("hm").label is Label.NEGATIVE
    torn = model({}, usual=(0.05, 0.5, 0.45), offset=tuple(map(math.log, (0.2, 0.4, 0.4))))
    verdict = torn.judge("hm")
    assert (verdict.label, verdict.compound > 0) == (Label.NEUTRAL, True)


def test_the_sums_of_a_model_are_those_of_the_walk_that_it_learns_from() -> None:
    text = (
        "I do NOT like, really :) the blib... 😍🏽 so so sooo @you https://x.y/z don't zorp it now!"
        " nothing of all this was ever so bad"
    )
    words, pieces = walk(text)
    table = bytes((7 * place) % 256 for place in range(3 * (1 << 18)))
    data = decode(model_file({}))[0]
    sums = [sum(table[3 * b + k] - ZERO for b in words) for k in range(3)]
    of_pieces = [sum(table[3 * b + k] - ZERO for b in pieces) for k in range(3)]
    _, weights = decode(encode(data, table))
    learned = TrainedAnalyser(weights, "x", BELOW)
    scores = learned._scores(text, 0.0)
    expected = [
        weights.offset[k]
        + sums[k] * weights.word_step / math.sqrt(len(words))
        + of_pieces[k] * weights.piece_step / math.sqrt(len(pieces))
        for k in range(3)
    ]
    assert scores == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hm",
        "what a blib!!",
        "i do not like the zorp, really :) so so sooo bad",
        "😍😍 blib? " * 9,
    ],
)
def test_an_explanation_adds_up_to_the_very_probabilities(text: str) -> None:
    data = decode(model_file({}))[0]
    steps = [(0.1 * place, -0.2, 0.3 - 0.05 * place) for place in range(SIGNALS)]
    table = bytes((11 * place) % 251 for place in range(3 * (1 << 18)))
    _, weights = decode(
        encode(msgspec.structs.replace(data, signals=steps, sharpness=0.7, piece_step=0.01), table)
    )
    analyser = TrainedAnalyser(weights, "x", BELOW)
    told = analyser.explain(text)
    assert told.verdict == analyser.judge(text)
    assert told.probabilities == analyser.probabilities(text)
    assert [effect.of for effect in told.chunks] == text.split()
    sums = [sum(one) for one in zip(*(e.scores for e in told.chunks + told.others), strict=True)]
    likely = [math.exp(one) for one in sums]
    assert [one / sum(likely) for one in likely] == pytest.approx(told.probabilities)


def test_an_explanation_names_the_words_that_were_learned() -> None:
    chunks = {effect.of: effect.scores for effect in WORDS.explain("a blib, a zorp").chunks}
    assert chunks["blib,"][2] > 0.5 > chunks["a"][2]
    assert chunks["zorp"][0] > 0.5


def test_a_chunk_is_read_as_words_pairs_pieces_and_marks_each_once() -> None:
    part = read("Soooo-good!!!")
    assert len(part.words) == 3  # the word, the mark, and the two together
    assert read("soo-good!!").words == part.words
    assert read("GOOD").words != read("good").words
    assert read("👍🏽").words == read("👍").words
    assert read("https://a.b/c").words == read("https://d.e/f").words
    assert read("@ada").words == read("@bob").words
    assert len(read("abc").pieces) == 4 + 3 + 2 + 1  # of " abc ", from two letters to five
    assert _Part("abc", bytes(3 << 18)).p0 == -ZERO * 10


def test_words_with_marks_on_their_letters_stay_whole() -> None:
    assert len(read("अच्छा").words) == 1
    assert len(read("e\u0301te\u0301").words) == 1


def test_a_negator_reaches_the_next_chunks_of_its_clause() -> None:
    plain, negated = len(walk("a b c d e")[0]), walk("not a b c d e")[0]
    assert len(negated) == plain + 2 + REACH
    assert len(walk("not, a b c d e")[0]) == plain + 4
    assert len(walk("don't a")[0]) == len(walk("dont a")[0]) == 4


def test_signals_bend_the_compound() -> None:
    assert signals(0.0, "x")[:2] == [0.0, 1.0]
    assert signals(0.8, "x")[2:7] == pytest.approx([0.8, 0.5, 0.2, 0.0, 0.0])
    assert signals(-0.8, "x")[2:7] == pytest.approx([0.0, 0.0, 0.0, 0.5, 0.2])
    assert len(signals(0.1, "")) == SIGNALS


def test_what_lies_beyond_the_read_part_does_not_count() -> None:
    head = "hm " * (READ_CHARS // 3) + "  "
    assert WORDS.judge(head + "blib " * 50) == WORDS.judge(head)


def test_a_flood_of_new_words_is_not_kept() -> None:
    fresh = model({"blib": 100})
    first = fresh.judge("a blib")
    for number in range(3 * CACHED_CHUNKS):
        fresh.judge(f"w{number}")
    assert len(fresh._parts) + len(fresh._parts._older) <= 2 * CACHED_CHUNKS
    fresh.judge("x" * 500)
    assert "x" * 500 not in fresh._parts
    assert fresh.judge("a blib") == first


def test_the_version_names_the_weights_and_what_is_below() -> None:
    digest = decode(model_file({"blib": 100}))[0].digest
    assert model({"blib": 100}).version == f"model-{digest}+{BELOW.version}"
    assert model({"blib": 99}).version != model({"blib": 100}).version
    assert model({}, sharpness=0.9).version != model({}).version


def test_a_file_comes_back_as_it_was_and_is_small() -> None:
    data = model_file({"blib": 100})
    header, weights = decode(data)
    assert encode(header, weights.table) == data
    assert len(data) < 5_000


def refusal(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        decode(data)
    return str(caught.value)


def test_what_is_no_model_is_refused() -> None:
    expected = "no sentiment model: expected a file that `pulse sentiment train` has written"
    assert refusal(b"") == refusal(b"text,label\n") == expected


def test_a_model_of_another_format_or_release_is_refused() -> None:
    data = model_file({})
    assert refusal(data.replace(b"model 1\n", b"model 2\n", 1)) == (
        "a model of format 2, where this release reads 1; train it again with"
        " `pulse sentiment train`"
    )
    assert "texts were read by revision 99, now by" in refusal(model_file({}, revision=99))


def test_a_cut_model_is_refused_wherever_it_is_cut() -> None:
    data = model_file({"blib": 100})
    for length in range(1, len(data), 3):
        assert refusal(data[:length]).startswith(("cut off", "damaged"))
    assert "its table has 10 bytes, expected 786,432" in refusal(
        encode(decode(data)[0], bytes([ZERO]) * 10)
    )


def test_an_altered_model_is_refused() -> None:
    data = model_file({"blib": 100}, sharpness=1.5)
    assert "does not fit its digest" in refusal(data.replace(b":1.5,", b":2.5,", 1))
    header, weights = decode(data)
    other = encode(header, bytes([ZERO + 1]) + weights.table[1:])
    own, *_ = data[len(MAGIC) :].split(b"\n")
    theirs, *_ = other[len(MAGIC) :].split(b"\n")
    assert "does not fit its digest" in refusal(other.replace(theirs, own, 1))
    assert refusal(data + b"x").startswith("altered: 1 bytes follow it")
    assert refusal(data.replace(b'"usual"', b'"vsual"', 1)).startswith("damaged: its header")


def test_numbers_that_cannot_be_are_refused() -> None:
    assert "out of range" in refusal(model_file({}, usual=(0.0, 0.5, 0.5)))
    assert "weights for 2 signals, expected 11" in refusal(model_file({}, signals=[NONE, NONE]))
    header = decode(model_file({}))[0]
    wide = msgspec.structs.replace(header, sharpness=1e999)
    assert "damaged" in refusal(encode(wide, bytes([ZERO]) * (3 << 18)))
