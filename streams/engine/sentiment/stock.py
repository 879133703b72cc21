"""Stock: whether a comment is only what can be said of any post: emoji, or a stock word or two.

Knows words and the rule. Must not know who wrote it, how it is judged, or what follows from many.
A text is read up to the first word of its own, so that most cost about a microsecond.
"""

import re
from typing import Final

MAX_CHARS: Final = 80
"""A longer text is not stock, whatever it says."""
MAX_WORDS: Final = 3

_PRAISE_WORDS: Final = """
adorable amazing awesome beautiful beauty best brilliant congrats cool cute dope epic excellent fab
fabulous fantastic fire gorgeous great incredible insane inspiring legend lit love loved lovely
loving magic nice omg perfect perfection pretty sick stunning super superb sweet top unreal
wonderful wow yes
bella bello bellissima bellissimo bravo guapa hermosa hermoso increíble linda lindo magnifique
maravilhosa maravillosa schön toll wunderschön
"""
_FILLER_WORDS: Final = """
a absolutely always and as capture content feed i is it just keep look looks my of page photo photos
pic pics picture post really shot shots so such that the this too truly up very vibe vibes what work
you your
che muy que qué sehr trop très tan tão
"""
_PRAISE: Final = frozenset(_PRAISE_WORDS.split())
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
_FIRST: Final = _PRAISE | _FILLERS
_MARKS: Final = "!.,;:~*\"'\u2019\u2026()#-_"
_EMOJI: Final = re.compile("[\u203c-\u3299\U0001f000-\U0001faff]|<3")


def is_stock(text: str) -> bool:
    """Whether a comment is emoji alone, or up to three words of which none is about the post.

    At least one of the words must be praise: "nice pic", "love it", "so cool". Names, questions and
    punctuation alone are not stock. In time linear in the length, at most `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS or "@" in text or "?" in text:
        return False
    words = 0
    first = text.split(None, 1)
    if first and first[0].isalnum() and first[0].lower() not in _FIRST:
        return False
    praise = emoji = False
    for part in text.lower().split():
        word = part if part.isalnum() else part.strip(_MARKS)
        if word in _PRAISE:
            praise = True
        elif word not in _FILLERS:
            if word.isalnum() or not _is_emoji(word):
                return False
            emoji = emoji or word != ""
            continue
        words += 1
        if words > MAX_WORDS:
            return False
    return praise if words else emoji


def _is_emoji(word: str) -> bool:
    """Whether what is no word by itself is emoji, or nothing but the marks that were cut off."""
    if not word or word == "<3":
        return True
    return _EMOJI.search(word) is not None and not any(c.isalnum() for c in word)
