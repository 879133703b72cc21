"""Small models: weights written by hand, and labelled comments that teach a word or two.

Knows the parts of a model. Must not know how weights are learned.
"""

from collections.abc import Mapping, Sequence

from streams.engine.sentiment import load_default
from streams.engine.sentiment.model import ZERO, Three, TrainedAnalyser
from streams.engine.sentiment.modelfile import Header, decode, encode
from streams.engine.sentiment.traits import BUCKETS, REVISION, SIGNALS, walk

BELOW = load_default()
NONE: Three = (0.0, 0.0, 0.0)


def model_file(says: Mapping[str, int], **changed: object) -> bytes:
    """A model in which the words and pairs of a text speak for positive (above 0) or negative.

    The lexicon below has no say in it, unless `signals` are given.
    """
    table = bytearray([ZERO]) * (3 * BUCKETS)
    for text, steps in says.items():
        for bucket in walk(text)[0]:
            table[3 * bucket] = ZERO - steps
            table[3 * bucket + 2] = ZERO + steps
    header = {
        "digest": "",
        "revision": REVISION,
        "below": BELOW.version,
        "comments": 0,
        "usual": (0.3, 0.4, 0.3),
        "word_step": 0.05,
        "piece_step": 0.05,
        "constant": NONE,
        "signals": [NONE] * SIGNALS,
        "sharpness": 1.0,
        "offset": (-1.2, -0.9, -1.2),
    }
    return encode(Header(**header | changed), bytes(table))


def model(says: Mapping[str, int], **changed: object) -> TrainedAnalyser:
    """The analyser of such a file."""
    header, weights = decode(model_file(says, **changed))
    return TrainedAnalyser(weights, header.digest, BELOW)


_OPENINGS = ("this", "your post", "that reel", "the new one", "all of it", "honestly this")
_ENDS = ("today", "again", "for me", "right now", "as ever", "I say", "no joke", "my friend")
_TAUGHT = {
    "negative": ("zorp", "meh"),
    "neutral": ("is here", "at noon"),
    "positive": ("blib", "ok"),
}


def labelled(per_class: int = 48, taught: Mapping[str, Sequence[str]] = _TAUGHT) -> str:
    """A file of labelled comments: made-up words mean what the lexicon cannot know."""
    lines = ["label,text,language"]
    for number in range(per_class):
        opening, end = _OPENINGS[number % 6], _ENDS[number // 6 % 8]
        for label, words in taught.items():
            lines.append(f"{label},{opening} {words[number % len(words)]} {end},en")
    return "\n".join(lines) + "\n"
