"""Sessions: a cookie holds until its end, its token's, or its own log-out, and cannot be forged."""

from streams.api.sessions import Sessions
from streams.api.tokens import Entry

LENA = Entry("lena", "operator", "a" * 64)
ENTRIES = {"lena": LENA}


def test_a_cookie_holds_until_its_end():
    sessions = Sessions(None, 100)
    cookie = sessions.open(LENA, 1_000.0)
    assert sessions.who(cookie, ENTRIES, 1_099.0) == LENA
    assert sessions.who(cookie, ENTRIES, 1_100.0) is None
    assert sessions.end_of(cookie) == 1_100


def test_a_cookie_ends_with_its_token_or_with_a_change_of_role():
    sessions = Sessions(None, 100)
    cookie = sessions.open(LENA, 0.0)
    assert sessions.who(cookie, {}, 1.0) is None
    assert sessions.who(cookie, {"lena": LENA._replace(role="viewer")}, 1.0) is None
    assert sessions.who(cookie, {"lena": LENA._replace(digest="b" * 64)}, 1.0) is None


def test_logging_out_ends_one_session_and_no_other():
    sessions = Sessions(None, 100)
    one, other = sessions.open(LENA, 0.0), sessions.open(LENA, 0.0)
    sessions.close(one, 1.0)
    assert sessions.who(one, ENTRIES, 1.0) is None
    assert sessions.who(other, ENTRIES, 1.0) == LENA


def test_a_changed_cookie_is_refused():
    sessions = Sessions(None, 100)
    cookie = sessions.open(LENA, 0.0)
    session, name, end, signature = cookie.split(".")
    for forged in (
        f"{session}.{name}.999999.{signature}",
        f"{session}.root.{end}.{signature}",
        f"{session}.{name}.{end}.{'A' * 43}",
        "",
        "x" * 10_000,
    ):
        assert sessions.who(forged, ENTRIES | {"root": LENA}, 1.0) is None


def test_instances_share_sessions_by_a_secret_and_not_without():
    cookie = Sessions("s" * 32, 100).open(LENA, 0.0)
    assert Sessions("s" * 32, 100).who(cookie, ENTRIES, 1.0) == LENA
    assert Sessions("t" * 32, 100).who(cookie, ENTRIES, 1.0) is None
    assert Sessions(None, 100).who(cookie, ENTRIES, 1.0) is None
