"""Parsers: from the text of a variable to a value, or to what was expected instead.

Knows kinds of values and their limits. Must not know which settings there are.
"""

import os
import re
from collections.abc import Callable


class Expected(ValueError):
    """Raised by a parser, with what it would have taken."""


def text(pattern: str, expected: str) -> Callable[[str], str]:
    """Takes what matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def parse(raw: str) -> str:
        if not compiled.fullmatch(raw):
            raise Expected(expected)
        return raw

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Takes whole numbers within [low, high]."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"\d{1,12}", raw) or not low <= int(raw) <= high:
            raise Expected(f"a whole number from {low} to {high}")
        return int(raw)

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Takes plain decimal numbers within [low, high]."""

    def parse(raw: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", raw) or not low <= float(raw) <= high:
            raise Expected(f"seconds from {low:g} to {high:g}")
        return float(raw)

    return parse


def one_of(*choices: str, fold: Callable[[str], str] = str) -> Callable[[str], str]:
    """Takes one of `choices`, after `fold`."""

    def parse(raw: str) -> str:
        if fold(raw) not in choices:
            raise Expected("one of " + ", ".join(choices))
        return fold(raw)

    return parse


def servers(raw: str) -> str:
    """Takes host:port, or several separated by commas; returned without blanks."""
    parts = [part.strip() for part in raw.split(",")]
    for part in parts:
        matched = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(\d{1,5})", part)
        if not matched or not 0 < int(matched[2]) < 65_536:
            raise Expected("host:port, several of them separated by commas")
    return ",".join(parts)


def addresses(raw: str) -> str:
    """Takes http(s) URLs, separated by commas; returned without blanks and trailing slashes."""
    parts = [part.strip().rstrip("/") for part in raw.split(",")]
    for part in parts:
        if not re.fullmatch(r"https?://[A-Za-z0-9._\[\]:-]+(/[^\s?#,]*)?", part):
            raise Expected("URLs such as http://127.0.0.1:9093, separated by commas")
    return ",".join(parts)


def template(*names: str) -> Callable[[str], str]:
    """Takes an http(s) URL that may hold some of `names` in braces."""

    def parse(raw: str) -> str:
        rest = raw
        for name in names:
            rest = rest.replace("{" + name + "}", "")
        if not re.fullmatch(r"https?://[^\s{}]+", rest):
            allowed = ", ".join("{" + name + "}" for name in names)
            raise Expected(f"a URL that may hold {allowed}")
        return raw

    return parse


def file(kind: str) -> Callable[[str], str]:
    """Takes the path of a file of this kind that can be read."""

    def parse(raw: str) -> str:
        if not os.access(raw, os.R_OK) or not os.path.isfile(raw):
            raise Expected(f"a {kind} file that this process may read")
        return raw

    return parse


def secret(least: int, most: int = 1000) -> Callable[[str], str]:
    """Takes anything of `least` to `most` bytes in UTF-8."""

    def parse(raw: str) -> str:
        if not least <= len(raw.encode()) <= most:
            raise Expected(f"{least} to {most} bytes")
        return raw

    return parse
