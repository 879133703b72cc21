"""The page's files: who gets them, with what policy, and how a browser keeps them."""

import gzip
import re
from typing import get_args

import pytest

from schemas.alerts import Kind
from streams.api.files import POLICY, files
from streams.words import javascript
from tests.unit.api.caller import Api

FILES = files()


@pytest.mark.parametrize("path", sorted(FILES))
async def test_a_file_is_for_everybody_with_its_kind_and_the_page_s_policy(api: Api, path: str):
    answer = await api.ask("GET", path, role=None)
    assert (answer.status, answer.body) == (200, FILES[path].body)
    assert answer.headers["content-type"] == FILES[path].kind
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"


async def test_the_policy_allows_nothing_but_our_own_files_and_no_inline_script_or_style():
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in POLICY


async def test_what_a_browser_has_is_not_sent_again_and_a_changed_file_is(api: Api):
    tag = (await api.ask("GET", "/", role=None)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await api.ask("GET", "/", role=None, headers={"if-none-match": known})
        assert (again.status, again.body) == (304, b""), known
    other = await api.ask("GET", "/", role=None, headers={"if-none-match": '"other"'})
    assert other.status == 200


async def test_a_file_is_packed_for_who_can_unpack_it(api: Api):
    packed = await api.ask("GET", "/", role=None, headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == FILES["/"].body
    assert packed.headers["vary"] == "Accept-Encoding"


async def test_what_is_not_of_the_page_stays_shut(api: Api):
    for path in (
        "/page", "/page/", "/page/../server.py", "/page/%2e%2e/server.py", "/page/vendor/NOTICE",
        "/page/index.html", "//page/app.js",
    ):  # fmt: skip
        assert (await api.ask("GET", path, role=None)).status == 401, path
    assert (await api.ask("POST", "/", role=None)).status in {401, 405}


def test_the_page_refers_only_to_files_that_are_there_and_makes_no_markup_of_texts():
    for path, file in FILES.items():
        text = file.body.decode()
        for name in re.findall(r'(?:from|src:?=?|href=) ?"(\.?/[a-z][\w./-]*)"', text):
            target = name.replace("./", "/page/", 1) if name.startswith("./") else name
            assert target in FILES, (path, name)
        if path.endswith(".js") and "/vendor/" not in path:
            for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
                assert sink not in text, (path, sink)
            assert 'setAttribute("style"' not in text


def test_the_page_names_every_kind_of_alert_and_says_what_to_do_about_it() -> None:
    body = FILES["/page/words.js"].body.decode().partition("const NEXT = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+):", body, re.MULTILINE)) == set(get_args(Kind))
    assert FILES["/page/names.js"].body.decode() == javascript(), (
        "python -m streams.words > streams/api/page/names.js"
    )
