"""Flags: what a comment is besides positive or negative, by cheap rules.

Knows words and marks. Must not know who wrote it, how it is judged, or what follows from a flag.
A text is read once; most cost less than two microseconds.
"""

import re
from collections.abc import Sequence
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

_AROUND: Final = ".,!?:;\u2026()#\"'*"
_MONEY_SIGNS: Final = "$\u20ac\u00a3"
_MAX_CHUNKS: Final = 120
"""Spam says what it wants early."""
# What words of spam are about; one alone, such as "free", is no spam yet.
_SURE, _REACH, _OFFER, _LOOK, _PLACE, _GAIN, _CROWD, _MONEY, _RETURN, _FOLLOW, _ADDRESS = (
    1 << place for place in range(11)
)
_WORDS: Final = {
    _SURE: "f4f l4l s4s followback follow4follow like4like sub4sub onlyfans followforfollow",
    _REACH: "dm dms inbox message whatsapp telegram contact text",
    _OFFER: "promo promotion promote collab collaboration brand ambassador paid details expert"
    " manager recovery loan loans discount info giveaway winner",
    _LOOK: "check click visit see open join tap link shop",
    _PLACE: "bio profile page channel website store insta link",
    _GAIN: "free buy get gain cheap real more win",
    _CROWD: "followers likes subs subscribers robux vbucks iphone giftcard nudes",
    _MONEY: "earn earned earning invest invested investment investing crypto bitcoin btc forex"
    " trading trader profit profits cashapp paypal casino betting usd daily weekly",
    _RETURN: "back pls please plz",
    _FOLLOW: "follow subscribe sub",
}
_LURE_BITS: Final = {
    word: sum(bit for bit, listed in _WORDS.items() if word in listed.split())
    for listed in _WORDS.values()
    for word in listed.split()
}
_PAIRS: Final = (
    _REACH | _OFFER,
    _REACH | _MONEY,
    _GAIN | _CROWD,
    _FOLLOW | _RETURN,
    _ADDRESS | _OFFER,
    _ADDRESS | _GAIN,
    _ADDRESS | _MONEY,
    _ADDRESS | _FOLLOW,
)
_TELLING: Final = frozenset(
    spelt + after
    for word, bits in _LURE_BITS.items()
    if bits & (_SURE | _OFFER | _PLACE | _CROWD | _MONEY | _FOLLOW)
    for spelt in (word, word.capitalize(), word.upper(), "#" + word)
    for after in ("", ".", ",", "!", ":")
)
"""Words without one of which, or an address, nothing is spam: for a quick look."""
_LETTER: Final = re.compile(r"[^\W_]")


def flags(text: str, chunks: Sequence[str], *, signs: bool) -> int:
    """The flags of a text as the sum of `Flag`.

    `chunks` is what stands between its blanks; `signs` says whether it holds anything that counts.
    `Flag.ABSTAINED` is not among them: it depends on the language that was read.
    """
    found = 0
    if "?" in text or "\u061f" in text or "\uff1f" in text:
        found = _QUESTION
    if signs and not text[:1].isalnum() and _LETTER.search(text) is None:
        found |= _EMOJI_ONLY
    if is_stock(text):
        return found | _STOCK
    address = "://" in text or "www." in text or ".me/" in text
    if (address or not _TELLING.isdisjoint(chunks)) and _is_spam(chunks, address):
        found |= _SPAM
    return found


def holds_letters(text: str) -> bool:
    """Whether there is a letter or a digit in it at all."""
    return _LETTER.search(text) is not None


def _is_spam(chunks: Sequence[str], address: bool) -> bool:
    seen = _ADDRESS if address else 0
    money = 0
    before = 0
    for chunk in chunks[:_MAX_CHUNKS]:
        word = chunk.strip(_AROUND).lower()
        bits = _LURE_BITS.get(word, 0)
        if bits & _MONEY or word[:1] in _MONEY_SIGNS:
            money += 1
        # To look at a place, the two words must be near: "link in my bio".
        if bits & _PLACE and before:
            return True
        before = 4 if bits & _LOOK else max(before - 1, 0)
        seen |= bits
    return bool(seen & _SURE) or money > 1 or any(seen & pair == pair for pair in _PAIRS)
