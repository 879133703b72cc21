"""Labelled comments are read by the names in the first line, and a bad row is told exactly."""

from pathlib import Path

import pytest

from streams.engine.sentiment import Label
from streams.sentiment import labelled
from streams.sentiment.labelled import BadFile, BadRow, Comment


def raised(fault: BadRow) -> None:
    raise fault


def read(folder: Path, text: str) -> list[Comment]:
    path = folder / "comments.csv"
    path.write_text(text, encoding="utf-8")
    return labelled.read(path, raised)


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path):
    found = read(tmp_path, "id,Label,language,TEXT\n1,Positive,pt-BR,que lindo\n2,neutral,,hm\n")
    assert found == [
        Comment("que lindo", Label.POSITIVE, "pt-BR"),
        Comment("hm", Label.NEUTRAL, None),
    ]


def test_language_may_be_missing_and_texts_may_hold_commas_and_lines(tmp_path: Path):
    found = read(tmp_path, '\ufefftext,label\n"a, b\nc",negative\n\n')
    assert found == [Comment("a, b\nc", Label.NEGATIVE, None)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("text,label\nfine,positive\nbad,great\n", r"line 3: expected a label of .*, got 'great'"),
        ("text,label\nfine\n", r"line 2: expected 2 columns, got 1"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_what_was_expected(tmp_path: Path, text: str, why: str):
    with pytest.raises(BadRow, match=why):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no column text and no column label"),
        ("text,mood\nx,positive\n", "no column label; expected a header .* got text,mood"),
        ("text,label\n", "no comment in it can be used"),
    ],
)
def test_a_file_without_comments_is_refused(tmp_path: Path, text: str, why: str):
    with pytest.raises(BadFile, match=why):
        read(tmp_path, text)
