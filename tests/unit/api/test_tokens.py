"""Tokens: made once, kept as hashes, read again from their file, and never shown."""

from pathlib import Path

import pytest

from streams.api.tokens import Tokens, digest, make, parse

LENA = f"lena:operator:{digest('secret of lena')}"
SCREEN = f"screen:viewer:{digest('secret of the screen')}"


def test_a_made_token_is_known_by_its_entry_alone():
    token, entry = make("lena:operator")
    found = Tokens(entry, None).who(token)
    assert found is not None
    assert (found.name, found.role) == ("lena", "operator")
    assert token not in entry


@pytest.mark.parametrize(
    "who", ["lena", "lena:boss", ":viewer", "a b:viewer", "l" * 65 + ":viewer"]
)
def test_a_token_is_made_for_a_name_and_a_known_role_only(who: str):
    with pytest.raises(ValueError, match="is not NAME:ROLE"):
        make(who)


@pytest.mark.parametrize("token", ["", "secret of len", "secret of lena ", "x" * 513, "\udcff"])
def test_another_token_is_nobodys(token: str):
    assert Tokens(f"{LENA},{SCREEN}", None).who(token) is None


def test_comments_and_empty_lines_are_passed_by():
    assert set(parse(["# ours", "", f"  {LENA}  ", SCREEN])) == {"lena", "screen"}


def test_a_faulty_entry_is_told_by_its_number_and_never_quoted():
    with pytest.raises(ValueError, match="number 2 is none") as caught:
        parse([LENA, "plain-secret"])
    assert "plain-secret" not in str(caught.value)


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="lena is there twice"):
        parse([LENA, LENA])


def test_a_file_is_read_again_when_it_changes_and_kept_while_it_is_faulty(tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text(f"{LENA}\n")
    tokens = Tokens(None, str(file))
    assert not tokens.look()
    file.write_text(f"{SCREEN}\n# and no lena\n")
    assert tokens.look()
    assert set(tokens.entries) == {"screen"}
    file.write_text("what")
    with pytest.raises(ValueError, match="number 1 is none"):
        tokens.look()
    assert set(tokens.entries) == {"screen"}


def test_no_hash_shows_in_a_repr():
    entry = parse([LENA])["lena"]
    assert repr(entry) == "Entry(lena:operator)"
