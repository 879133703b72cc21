"""Comments in other languages than English: which language is read, and what is read of it."""

import pytest

from streams.engine.sentiment import Label, LexiconAnalyser, load_default
from streams.engine.sentiment.guess import MAX_CACHED_CHUNKS, Guess
from streams.engine.sentiment.lexicon import load_lexica

POSITIVE, NEUTRAL, NEGATIVE = Label.POSITIVE, Label.NEUTRAL, Label.NEGATIVE

SAID = [
    ("es", "me encanta, gracias por compartir", POSITIVE),
    ("es", "qué asco, esto es una estafa", NEGATIVE),
    ("es", "lo vi en la historia", NEUTRAL),
    ("pt", "que foto linda, parabéns!", POSITIVE),
    ("pt", "isso é um golpe, que vergonha", NEGATIVE),
    ("it", "che meraviglia, complimenti", POSITIVE),
    ("it", "che schifo, questa è una truffa", NEGATIVE),
    ("fr", "j'adore cette vidéo, merci", POSITIVE),
    ("fr", "c'est nul, quelle arnaque", NEGATIVE),
    ("de", "das ist wirklich wunderschön", POSITIVE),
    ("de", "das ist eine abzocke, ich bin enttäuscht", NEGATIVE),
    ("nl", "wat een prachtige foto, dankjewel", POSITIVE),
    ("nl", "wat een oplichter, belachelijk", NEGATIVE),
    ("ar", "ما شاء الله رائع جدا", POSITIVE),
    ("ar", "هذا نصاب وكذاب", NEGATIVE),
    ("fa", "خیلی عالی و زیبا بود", POSITIVE),
    ("hi", "बहुत सुंदर और शानदार है", POSITIVE),
    ("hi", "यह सब बकवास और झूठ है", NEGATIVE),
    ("hi", "bahut badhiya hai bhai, mast", POSITIVE),
    ("hi", "yeh sab bakwas hai, sharam karo", NEGATIVE),
    ("ru", "это просто потрясающе, спасибо", POSITIVE),
    ("ru", "какой ужас, это обман", NEGATIVE),
    ("uk", "це дуже гарно, дякую", POSITIVE),
    ("tr", "çok güzel, harika", POSITIVE),
    ("tr", "bu bir rezalet, yalan", NEGATIVE),
    ("id", "keren banget kak, suka banget", POSITIVE),
    ("id", "ini penipuan, jangan percaya, parah", NEGATIVE),
    ("pl", "przepięknie to wygląda, gratulacje", POSITIVE),
    ("pl", "to jest żenada i oszustwo", NEGATIVE),
    ("sv", "det är så vackert, tack", POSITIVE),
    ("da", "det er virkelig smukt, tillykke", POSITIVE),
    ("no", "det er så nydelig, gratulerer", POSITIVE),
    ("fi", "tämä on ihana, kiitos", POSITIVE),
    ("cs", "to je nádhera, gratuluju", POSITIVE),
    ("ro", "este minunat, felicitări", POSITIVE),
    ("hu", "ez gyönyörű, gratulálok", POSITIVE),
    ("el", "είναι υπέροχο, συγχαρητήρια", POSITIVE),
    ("vi", "đẹp quá bạn ơi, tuyệt vời", POSITIVE),
]


@pytest.fixture(scope="module")
def analyser() -> LexiconAnalyser:
    return load_default()


@pytest.mark.parametrize(("lang", "text", "label"), SAID)
def test_a_comment_is_read_in_its_language_told_or_not(
    analyser: LexiconAnalyser, lang: str, text: str, label: Label
) -> None:
    told, guessed = analyser.judge(text, lang), analyser.judge(text)
    assert (told.label, told.language) == (label, lang)
    assert (guessed.label, guessed.language) == (label, lang)


@pytest.mark.parametrize(
    ("better", "worse", "lang"),
    [
        ("muy bueno", "no es muy bueno", "es"),
        ("das ist schön", "das ist nicht schön", "de"),
        ("das gefällt mir", "das gefällt mir nicht", "de"),
        ("güzel", "güzel değil", "tr"),
        ("अच्छा है", "अच्छा नहीं है", "hi"),
        ("хорошо", "не хорошо", "ru"),
        ("c'est bon mais cher", "c'est cher", "fr"),
        ("bellissimo ma caro", "caro", "it"),
    ],
)
def test_words_act_on_each_other_in_every_language(
    analyser: LexiconAnalyser, better: str, worse: str, lang: str
) -> None:
    assert analyser.judge(better, lang).compound > analyser.judge(worse, lang).compound


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("das gefällt mir nicht", "de"),
        ("güzel değil", "tr"),
        ("अच्छा नहीं है", "hi"),
        ("jag gillar inte", "sv"),
    ],
)
def test_a_negator_turns_the_word_before_it_where_the_language_has_it_so(
    analyser: LexiconAnalyser, text: str, lang: str
) -> None:
    assert analyser.judge(text, lang).label is NEGATIVE


@pytest.mark.parametrize(
    ("one", "other", "lang"),
    [
        ("increible", "increíble", "es"),
        ("schoen", "schön", "de"),
        ("e\u0301tonnant, adore\u0301", "étonnant, adoré", "fr"),
        ("الجميلة", "جميله", "ar"),
        ("رَائِع", "رائع", "ar"),
        ("ещё лучший", "еще лучший", "ru"),
        ("maravillosas", "maravillosa", "es"),
        ("wunderschönes", "wunderschöne", "de"),
    ],
)
def test_spellings_and_endings_of_a_word_are_one(
    analyser: LexiconAnalyser, one: str, other: str, lang: str
) -> None:
    first, second = analyser.judge(one, lang).compound, analyser.judge(other, lang).compound
    assert first == pytest.approx(second, abs=0.2)
    assert min(first, second) > 0.2


@pytest.mark.parametrize("lang", ["pt-BR", "pt_PT", "por", "portuguese", "PT"])
def test_a_language_may_be_told_in_many_ways(analyser: LexiconAnalyser, lang: str) -> None:
    assert analyser.judge("parabéns", lang).language == "pt"


def test_emoji_and_words_of_the_net_count_everywhere(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("hoy 😍", "es").label is POSITIVE
    assert analyser.judge("lol so nice", "it").label is POSITIVE
    assert analyser.judge("yaar this is amazing", "hi").label is POSITIVE


def test_a_hashtag_is_read_by_its_words(analyser: LexiconAnalyser) -> None:
    assert analyser.judge("#LoveThisSong").label is POSITIVE
    assert analyser.judge("#WorstDayEver").label is NEGATIVE


def test_a_language_is_guessed_alike_however_long_ago_its_words_were_seen() -> None:
    guess = Guess(load_lexica().known_by)
    said = {text: guess(text, text.split()) for _, text, _ in SAID}
    for number in range(3 * MAX_CACHED_CHUNKS):
        guess(f"w{number}", [f"w{number}"])
    assert {text: guess(text, text.split()) for text in said} == said


def test_a_long_text_is_guessed_by_its_beginning() -> None:
    guess = Guess(load_lexica().known_by)
    text = "esto es lo que me encanta de ella " * 200
    assert guess(text + "that is what the others of them say " * 400, []) == "es"
