"""The benchmark of sentiment judges typical comments, and each text that it calls hostile."""

from bench.sentiment import HOSTILE, SHORT, typical


def test_comments_are_the_same_in_each_run_and_of_several_languages():
    told = typical(told=True)
    assert told == typical(told=True)
    assert len({lang for lang, _ in told}) >= 4
    assert {lang for lang, _ in typical(told=False)} == {None}


def test_hostile_texts_are_about_as_long_as_asked_for():
    for make in HOSTILE.values():
        assert 0.5 * SHORT <= len(make(SHORT)) <= 1.5 * SHORT
