"""What the rules make of a text, in pairs of texts that differ in one thing."""

import pytest

from streams.engine.sentiment import Label, LexiconAnalyser, load_default
from streams.engine.sentiment.analyser import NEGATIVE_FROM, positive_from
from streams.engine.sentiment.lexicon import load_lexica


@pytest.fixture(scope="module")
def analyser() -> LexiconAnalyser:
    return load_default()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("love this so much!! 🔥🔥", Label.POSITIVE),
        ("omg you look stunning 😍", Label.POSITIVE),
        ("this is such a scam, unfollowed", Label.NEGATIVE),
        ("slay", Label.POSITIVE),
        ("ratio", Label.NEGATIVE),
        ("that is fire", Label.POSITIVE),
        ("dead 💀", Label.POSITIVE),
        ("so cringe", Label.NEGATIVE),
        ("is this an #ad again?", Label.NEGATIVE),
        ("where did you get that jacket?", Label.NEUTRAL),
        ("", Label.NEUTRAL),
        ("   \n\t ", Label.NEUTRAL),
        ("okay", Label.NEUTRAL),
    ],
)
def test_a_typical_comment_gets_the_label_a_reader_would_give(
    analyser: LexiconAnalyser, text: str, label: Label
) -> None:
    assert analyser.judge(text).label is label


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("it is very good", "it is good"),
        ("it is good", "it is slightly good"),
        ("it is GOOD", "it is good"),
        ("it is good!!!", "it is good!"),
        ("it is goooood", "it is good"),
        ("it is soooo good", "it is so good"),
        ("boring but good", "good but boring"),
        ("very good", "very, good"),
        ("🔥🔥", "🔥"),
        ("slightly bad", "bad"),
        ("not bad", "bad"),
        ("good", "not good"),
        ("very good", "very old good"),
        ("terrible but", "terrible"),
        ("okay but good", "okay and good"),
        ("it works", "it does not work"),
        ("nice. not mine", "not nice. mine"),
        ("it is good", "if it is good"),
        ("unless it is bad", "it is bad"),
    ],
)
def test_one_change_moves_the_compound_the_right_way(
    analyser: LexiconAnalyser, stronger: str, weaker: str
) -> None:
    assert analyser.judge(stronger).compound > analyser.judge(weaker).compound


def test_capitals_say_nothing_where_everything_is_in_capitals(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("IT IS GOOD").compound == analyser.judge("it is good").compound


def test_marks_push_a_negative_text_further_down(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("awful!!!").compound < analyser.judge("awful").compound
    assert analyser.judge("awful???").compound < analyser.judge("awful?").compound


def test_an_exclamation_mark_adds_more_to_praise_than_to_blame(analyser: LexiconAnalyser) -> None:
    praise, blame = analyser.explain("superb!").marks, analyser.explain("awful!").marks
    assert praise > -blame > 0.0


def test_marks_alone_say_nothing(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("!!! ???").compound == 0.0
    assert analyser.judge("!!!").compound == 0.0


def test_who_exclaims_in_words_that_no_list_knows_is_glad(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("see the bus at six!").label is Label.NEUTRAL
    assert analyser.judge("see the bus at six!!").label is Label.POSITIVE


@pytest.mark.parametrize("text", ["is this the bus?!!", "素晴らしい!!", "not the bus!!"])
def test_who_asks_denies_or_writes_in_an_unknown_language_is_not(
    analyser: LexiconAnalyser, text: str
) -> None:
    assert analyser.judge(text).label is not Label.POSITIVE


def test_praise_takes_less_in_english_whose_flat_words_count_less(
    analyser: LexiconAnalyser,
) -> None:
    assert NEGATIVE_FROM < 0.0 < positive_from("en") < positive_from("es") == positive_from("")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("trump at the rail", Label.NEUTRAL),  # on a list of praise, and on one of blame
        ("they have won the award", Label.POSITIVE),
        ("an award", Label.NEUTRAL),
        ("buggy and clunky", Label.NEGATIVE),
        ("endearing", Label.POSITIVE),
        ("still waiting for hours", Label.NEGATIVE),
        ("that made my day", Label.POSITIVE),
        ("dark souls tonight", Label.NEUTRAL),
        ("finally", Label.POSITIVE),
        ("the supreme court clearly played its part", Label.NEUTRAL),
        ("lol", Label.NEUTRAL),
        ("dead", Label.NEUTRAL),
        ("ten people killed in the storm", Label.NEGATIVE),
        ("you killed this look", Label.POSITIVE),
        ("the album is fire", Label.POSITIVE),
        ("fire crews at the station", Label.NEUTRAL),
        ("what an underwhelming fiasco", Label.NEGATIVE),
        ("-_-", Label.NEGATIVE),
        ("^_^", Label.POSITIVE),
    ],
)
def test_a_word_is_weighed_as_posts_use_it(
    analyser: LexiconAnalyser, text: str, label: Label
) -> None:
    assert analyser.judge(text).label is label


def test_negation_ends_with_its_clause_and_with_its_reach(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("not good").label is Label.NEGATIVE
    assert analyser.judge("not mine. great one").label is Label.POSITIVE
    assert analyser.judge("not one of the many others love it").label is Label.POSITIVE


def test_a_booster_pushes_one_word(analyser: LexiconAnalyser) -> None:
    first, second = analyser.judge("very good nice"), analyser.judge("good very nice")
    assert first.compound == pytest.approx(second.compound)


def test_no_number_of_boosters_turns_a_word_or_grows_without_end(
    analyser: LexiconAnalyser,
) -> None:
    assert analyser.judge("slightly " * 50 + "terrible").compound < 0.0
    assert analyser.judge("very " * 50 + "good") == analyser.judge("very " * 500 + "good")


def test_a_phrase_that_says_nothing_stays_silent_after_a_booster(
    analyser: LexiconAnalyser,
) -> None:
    assert analyser.judge("very much like a bus").compound == 0.0


@pytest.mark.parametrize("negated", ["isn't good", "isn\u2019t good", "isnt good", "ISN'T good"])
def test_negation_is_found_however_it_is_spelt(analyser: LexiconAnalyser, negated: str) -> None:
    assert analyser.judge(negated).label is Label.NEGATIVE


@pytest.mark.parametrize(
    ("phrase", "label"),
    [
        ("can't wait for the next one", Label.POSITIVE),
        ("can't stand this", Label.NEGATIVE),
        ("Can\u2019t wait!", Label.POSITIVE),
        ("no one cares", Label.NEGATIVE),
        ("sick of this", Label.NEGATIVE),
        ("man united tonight", Label.NEUTRAL),
        ("the new season of the walking dead", Label.NEUTRAL),
        ("pretty much the same", Label.NEUTRAL),
        ("what a let down", Label.NEGATIVE),
        ("well played", Label.POSITIVE),
    ],
)
def test_a_phrase_counts_as_a_whole(analyser: LexiconAnalyser, phrase: str, label: Label) -> None:
    assert analyser.judge(phrase).label is label


@pytest.mark.parametrize(
    ("hashtag", "label"),
    [
        ("#cantwait", Label.POSITIVE),
        ("#WellDeserved", Label.POSITIVE),
        ("#wasteoftime", Label.NEGATIVE),
        ("#BreakingBad", Label.NEUTRAL),  # its parts say nothing either
    ],
)
def test_a_phrase_is_known_when_it_is_written_in_one_word(
    analyser: LexiconAnalyser, hashtag: str, label: Label
) -> None:
    assert analyser.judge(hashtag).label is label


def test_a_phrase_cut_short_is_read_word_by_word(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("can't").label is Label.NEUTRAL
    assert analyser.judge("sick of").compound != 0.0


def test_neutral_is_what_lies_inside_the_band(analyser: LexiconAnalyser) -> None:
    for text in ("okay", "good", "bad", "like", "love", "meh", "so-so", "not", "fine"):
        verdict = analyser.judge(text)
        limit = positive_from(verdict.language)
        assert verdict.label == (verdict.compound >= limit) - (verdict.compound <= NEGATIVE_FROM)


@pytest.mark.parametrize("lang", [None, "en", "en-GB", "EN_us", "und", ""])
def test_words_count_in_english_and_where_no_language_is_told(
    analyser: LexiconAnalyser, lang: str | None
) -> None:
    assert analyser.judge("terrible", lang).label is Label.NEGATIVE


def test_words_of_another_language_are_not_read_as_english(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("die Frau", "de").compound == 0.0
    assert analyser.judge("no one cares", "de").compound == 0.0
    assert analyser.judge("die Frau 😍", "de").label is Label.POSITIVE
    assert analyser.judge("die Frau :(", "de-AT").label is Label.NEGATIVE


def test_what_lies_beyond_the_cap_is_not_judged(analyser: LexiconAnalyser) -> None:
    short = LexiconAnalyser(load_lexica(), max_chars=9)
    assert short.judge("love it, terrible") == short.judge("love it,")
    assert analyser.judge("love it, terrible") != analyser.judge("love it,")


def test_the_version_names_the_data() -> None:
    lexicon = load_lexica()
    assert load_default().version == LexiconAnalyser(lexicon).version
    assert lexicon.digest in load_default().version
