"""Flags: what a comment is besides positive or negative, by cheap rules.

Knows words and marks. Must not know who wrote it, how it is judged, or what follows from a flag.
A text is read once; most cost less than two microseconds.
"""

import re
from enum import IntFlag
from typing import Final

from streams.engine.sentiment.stock import is_stock


class Flag(IntFlag):
    """What can be said of a comment beside its polarity; several may hold."""

    SPAM = 1
    """It sells, lures to another place or begs for followers."""
    STOCK = 2
    """It is what can be said of any post."""
    EMOJI_ONLY = 4
    """It holds emoji or emoticons, and no letter or digit."""
    QUESTION = 8
    """It asks something."""
    ABSTAINED = 16
    """It holds letters in a language without a word list: only emoji and emoticons could count."""


# Members of an enum are slow to reach in a hot loop.
_SPAM, _STOCK, _EMOJI_ONLY, _QUESTION = 1, 2, 4, 8

_MAX_CHARS: Final = 600
"""Spam says what it wants early."""
_LURE_WORDS: Final = (
    "dm dms inbox whatsapp telegram onlyfans crypto bitcoin btc forex invest investment investing"
    " investor trader trading nft profit profits earn earning giveaway casino betting followback"
    " f4f l4l follow4follow like4like sub4sub subscribe follow followers promo promote promotion"
    " collab discount cashapp paypal giftcard sugar hookup nudes viagra loan loans hacker recovery"
    " link bio profile channel page click join visit shop text contact free made making won gain"
    " buy check cheap message"
)
_LURES: Final = frozenset(
    before + word + after
    for word in _LURE_WORDS.split()
    for before in ("", "#")
    for after in ("", ".", ",", "!", ":", "?")
)
"""Words without one of which nothing is spam, for a quick look."""
_SPAM_FORM: Final = re.compile(
    r"\b(?:dm|inbox|message|text|contact|hit|write)\s+(?:me|us|him|her)\b.{0,40}?"
    r"\b(?:promo|collab|brand|earn|invest|info|details|deal|paid|more|now|whatsapp|telegram)"
    r"|\b(?:check|visit|see|look|click|tap|open)\b.{0,20}?\b(?:my|our|the|this)\s+"
    r"(?:bio|profile|page|channel|link|shop|store|site|website|insta)\b"
    r"|\blink\s+in\s+(?:my\s+|the\s+)?(?:bio|profile)\b"
    r"|\b(?:follow|like|sub|subscribe)\s*(?:for|4|to)\s*(?:follow|like|sub|my)\b"
    r"|\bfollow\s+(?:me|back|us)\b.{0,20}?(?:\bback\b|\bpls\b|\bplease\b|$)"
    r"|\b(?:f4f|l4l|s4s|followback|follow4follow|like4like|sub4sub)\b"
    r"|\b(?:free|buy|get|gain|cheap|real)\s+(?:\d+k?\s+)?(?:followers|likes|subs|robux|v-?bucks|iphone"
    r"|gift\s?cards?|nudes)\b"
    r"|\b(?:earn|earned|make|made|making|profit|won)\b.{0,25}?(?:\$|\u20ac|\u00a3|usd)\s?\d"
    r"|\$\s?\d[\d,.]*\s*(?:a|per|every)\s*(?:day|week|month|hour)\b"
    r"|\b(?:crypto|bitcoin|btc|forex|binary)\b.{0,40}?\b(?:trad|invest|profit|earn|expert|manager)"
    r"|\b(?:whatsapp|telegram|cashapp)\b.{0,12}?[+@\d]"
    r"|\bonlyfans\b|\bcasino\b|\bsugar\s+(?:daddy|mommy|baby)\b"
    r"|\bgiveaway\b.{0,30}?\b(?:click|link|bio|dm|join)\b"
    r"|\bpromote\s+(?:it\s+)?on\b|\bdm\s+(?:@|it\s+to)"
)
_ADDRESS: Final = re.compile(r"https?://|www\.|\bt\.me/|\bwa\.me/|\bbit\.ly/|\+\d[\d ()-]{8,}")
_SELLING: Final = re.compile(
    r"\b(?:buy|sale|discount|code|promo|free|win|earn|join|click|visit|shop|order|offer|deal)\b"
)
_LETTER: Final = re.compile(r"[^\W_]")


def flags(text: str, *, signs: bool) -> int:
    """The flags of a text as the sum of `Flag`; `signs` says whether it holds emoji that count.

    `Flag.ABSTAINED` is not among them: it depends on the language that was read.
    """
    found = 0
    if "?" in text or "\u061f" in text or "\uff1f" in text:
        found = _QUESTION
    if _LETTER.search(text) is None:
        found |= _EMOJI_ONLY if signs else 0
    if is_stock(text):
        return found | _STOCK
    if _is_spam(text):
        found |= _SPAM
    return found


def holds_letters(text: str) -> bool:
    """Whether there is a letter or a digit in it at all."""
    return _LETTER.search(text) is not None


def _is_spam(text: str) -> bool:
    lower = text[:_MAX_CHARS].lower()
    if ("://" in lower or "www." in lower or ".me/" in lower or "+" in lower) and (
        _ADDRESS.search(lower) is not None and _SELLING.search(lower) is not None
    ):
        return True
    return not _LURES.isdisjoint(lower.split()) and _SPAM_FORM.search(lower) is not None
