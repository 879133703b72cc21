"""Traits: what a text is made of, as numbers that a model can have learned weights for.

Knows how a text falls into words, pieces of words, emoji and marks, and the bucket that each is
hashed to. Must not know weights, nor what any of it means. The same reading serves learning and
judging, so a weight is always asked for by the name under which it was learned.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar
from zlib import crc32

BUCKETS: Final = 1 << 18
READ_CHARS: Final = 2_000
"""Characters of a text that are read: the platforms' limits for comments are about that."""
REVISION: Final = 1
"""Raised with every change of what is read here: a model fits one revision only."""
SIGNALS: Final = 11
SIGNAL_GROUPS: Final = {"lexicon": slice(0, 7), "marks": slice(7, 9), "length": slice(9, 11)}
"""What the places in `signals` are about."""
REACH: Final = 3
"""Chunks (what stands between blanks) behind a negator that are read as negated."""

_MASK: Final = BUCKETS - 1
_SHORTEST, _LONGEST = 2, 5
_WORD, _NEGATED, _PIECE = 1, 2, 3
_BREAKS: Final = (
    "\\s!-/:-@\\[-`{-~\u00a1\u00ab\u00bb\u00bf\u2000-\u200b\u200e-\u2bff\u3000-\u303f"
    "\uff01-\uff0f\uff1a-\uff20\U0001f000-\U0001faff"
)
_TOKEN: Final = re.compile(
    r"(?P<address>(?:https?://|www\.)\S+)"
    rf"|(?P<name>@[^{_BREAKS}]+)"
    rf"|(?P<word>[^{_BREAKS}]+(?:['\u2019-][^{_BREAKS}]+)*)"
    r"|(?P<face><3|[:;=][-'^]?[)(\]\[DPp/\\|])"
    r"|(?P<mark>[!?]+|\.\.+|\S)"
)
_DRESS: Final = dict.fromkeys([0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
"""Joiners, variation selectors and skin tones: a dressed emoji is read as the plain one."""
_STRETCH: Final = re.compile(r"(.)\1{2,}")
_CLOSING: Final = frozenset(".,;:!?\u2026\u3002\uff0c\uff01\uff1f\u060c\u061f\u0964")
_NEGATOR_WORDS: Final = """
not no never cannot nothing none nobody neither nor without hardly barely aint dont cant wont isnt
nicht kein keine nie nunca jamás tampoco ni sin não nem sem pas jamais sans rien aucun non mai senza
niet geen nooit inte ingen aldrig ikke aldri ei nie bez нет не никогда без değil yok нема
لا ليس لم لن नहीं मत tidak bukan jangan không
"""
_NEGATORS: Final = frozenset(_NEGATOR_WORDS.split())


class Joints:
    """What a chunk does to those after it."""

    def __init__(self) -> None:
        self.first = -1
        self.last = -1
        """Names of the first and the last token, for `pair`; -1 where there is none."""
        self.opens = False
        """Whether what follows is negated."""
        self.closes = False
        """Whether a clause ends here."""


Joined = TypeVar("Joined", bound=Joints)


class Traits(Joints):
    """The buckets of one chunk, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[int] = []
        """Of its words, emoji and marks, and of pairs of them."""
        self.negated: list[int] = []
        """Beside these, where a negator stands before the chunk."""
        self.pieces: list[int] = []
        """Of the runs of two to five letters in its words."""


def pair(first: int, second: int) -> int:
    """The bucket of two tokens that follow each other."""
    return (first * 31 + second) & _MASK


def read(chunk: str) -> Traits:
    """Read one chunk, in time linear in its length."""
    found = Traits()
    words: dict[int, None] = {}
    negated: dict[int, None] = {}
    pieces: dict[int, None] = {}
    if not chunk.isascii():
        chunk = chunk.translate(_DRESS)
    last = -1
    for match in _TOKEN.finditer(chunk):
        kind, token = match.lastgroup, match.group()
        if kind == "word":
            if len(token) > 1 and token.isupper():
                words[_name("<capitals>", _WORD) & _MASK] = None
            token = _STRETCH.sub(r"\1\1", token.lower().replace("\u2019", "'"))
            _cut(token, pieces)
            if token in _NEGATORS or token.endswith("n't"):
                found.opens, found.closes = True, False
        elif kind == "address":
            token = "<address>"
        elif kind == "name":
            token = "<name>"
        elif kind == "mark":
            if token[0] in _CLOSING:
                found.opens, found.closes = False, True
            token = token[:2]
        name = _name(token, _WORD)
        words[name & _MASK] = None
        negated[_name(token, _NEGATED) & _MASK] = None
        if last >= 0:
            words[pair(last, name)] = None
        else:
            found.first = name
        last = name
    found.last = last
    found.words, found.negated, found.pieces = list(words), list(negated), list(pieces)
    return found


def _cut(word: str, pieces: dict[int, None]) -> None:
    # Four bytes a character, so that pieces are slices of one encoding, whatever the script.
    framed = f" {word} ".encode("utf-32-le", "surrogatepass")
    length = len(framed)
    for size in range(4 * _SHORTEST, 4 * _LONGEST + 1, 4):
        for start in range(0, length - size + 1, 4):
            pieces[crc32(framed[start : start + size], _PIECE) & _MASK] = None


def _name(token: str, kind: int) -> int:
    return crc32(token.encode("utf-8", "surrogatepass"), kind)


def joined(chunks: Iterable[Joined]) -> Iterator[tuple[Joined, bool, int]]:
    """Each chunk of a text, whether it is negated, and its pair with the token before it.

    The pair is a bucket, or -1 where there is none.
    """
    last, left = -1, 0
    for chunk in chunks:
        negated = left > 0
        left -= negated
        if chunk.opens:
            left = REACH
        elif chunk.closes:
            left = 0
        bucket = -1
        if chunk.first >= 0:
            if last >= 0:
                bucket = pair(last, chunk.first)
            last = chunk.last
        yield chunk, negated, bucket


def walk(text: str) -> tuple[list[int], list[int]]:
    """The buckets of a whole text: of words and pairs, and of pieces; with repetition."""
    words: list[int] = []
    pieces: list[int] = []
    for traits, negated, bucket in joined(map(read, text[:READ_CHARS].split())):
        words += traits.words
        pieces += traits.pieces
        if negated:
            words += traits.negated
        if bucket >= 0:
            words.append(bucket)
    return words, pieces


def signals(compound: float, text: str) -> list[float]:
    """What the lexicon says of a text, bent so that a linear model can follow, and its looks."""
    length = min(len(text), 200)
    return [
        compound,
        1.0 if compound == 0.0 else 0.0,
        max(compound, 0.0),
        max(compound - 0.3, 0.0),
        max(compound - 0.6, 0.0),
        max(-compound - 0.3, 0.0),
        max(-compound - 0.6, 0.0),
        min(text.count("!"), 4) / 2.0,
        min(text.count("?"), 3) / 2.0,
        length / 100.0,
        max(20 - length, 0) / 20.0,
    ]
