"""Credentials: what a request carries, and what becomes of a file that changes."""

from pathlib import Path

import pytest

from streams.outputs.credentials import Credentials


def test_without_any_a_request_carries_nothing() -> None:
    assert Credentials().headers() == {}


def test_a_token_is_a_bearer_token() -> None:
    assert Credentials(token="abc").headers() == {"Authorization": "Bearer abc"}


def test_a_name_and_a_password_are_basic_authentication() -> None:
    held = Credentials(username="Aladdin", password="open sesame")
    assert held.headers() == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


def test_a_file_is_read_again_when_it_changes_in_place_or_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  first\n")
    held = Credentials(token_file=str(file))
    assert held.headers() == {"Authorization": "Bearer first"}
    file.write_text("the-second")
    assert held.headers() == {"Authorization": "Bearer the-second"}
    replacement = tmp_path / "new"
    replacement.write_text("third-one!")
    replacement.rename(file)
    assert held.headers() == {"Authorization": "Bearer third-one!"}


def test_a_file_behind_a_link_that_is_turned_is_another_one(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).write_text(name)
    link = tmp_path / "token"
    link.symlink_to("old")
    held = Credentials(token_file=str(link))
    assert held.headers() == {"Authorization": "Bearer old"}
    link.unlink()
    link.symlink_to("new")
    assert held.headers() == {"Authorization": "Bearer new"}


@pytest.mark.parametrize("content", ["", "secret\nsecond: line", "sécret", "a b"])
def test_what_is_no_token_is_told_once_and_the_last_one_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    file = tmp_path / "token"
    file.write_text("good")
    held = Credentials(token_file=str(file))
    assert held.headers() == {"Authorization": "Bearer good"}
    file.write_text(content)
    for _ in range(3):
        assert held.headers() == {"Authorization": "Bearer good"}
    (told,) = caplog.messages
    assert "holds no token" in told
    assert "cret" not in told
    file.write_text("better")
    assert held.headers() == {"Authorization": "Bearer better"}


def test_a_file_that_has_gone_is_told_once_and_its_token_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text("good")
    held = Credentials(token_file=str(file))
    held.headers()
    file.unlink()
    for _ in range(3):
        assert held.headers() == {"Authorization": "Bearer good"}
    (told,) = caplog.messages
    assert "cannot be read" in told
