"""Printable: text that others wrote, made safe for a terminal and for the lines of a log.

Knows the characters that act instead of being seen. Must not know where a text comes from.
"""

import re

_ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` with what would move the cursor, break the line or turn the direction replaced."""
    return _ACTS.sub("\N{REPLACEMENT CHARACTER}", text)
