"""The trained analyser: weights that were learned from labelled comments, on top of the lexicon.

Knows how weights become a verdict. Must not know files, nor how weights are learned: no library of
those that learn is needed here.

Each class gets a score: a constant, the lexicon's signals by their weights, and the sums of the
weights of words and of pieces, each over the square root of their number. The scores, calibrated,
are log probabilities; `compound` is that of positive less that of negative, so that a mean of
compounds estimates a net sentiment. The label is the class that is likeliest where all three are
as frequent, for a class matters whatever its share; it never contradicts the compound. Flags and
language are those of the analyser below.
"""

from math import exp, log, sqrt
from typing import Final, NamedTuple

from streams.engine.sentiment.chunks import Chunks
from streams.engine.sentiment.traits import (
    REACH,
    READ_CHARS,
    SIGNAL_GROUPS,
    Joints,
    joined,
    pair,
    read,
    signals,
)
from streams.engine.sentiment.verdict import Analyser, Label, Verdict

ZERO: Final = 128
"""The byte that stands for a weight of nothing; a weight is (byte - ZERO) * step."""
CACHED_CHUNKS: Final = 16_384
"""Chunks in each of the two generations of the cache."""
_NEGATIVE, _NEUTRAL, _POSITIVE = Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE
Three = tuple[float, float, float]
"""One number for each class: negative, neutral, positive."""


class Weights:
    """What was learned. Raises ValueError where the parts do not fit each other."""

    def __init__(
        self,
        table: bytes,
        word_step: float,
        piece_step: float,
        constant: Three,
        signals: list[Three],
        sharpness: float,
        offset: Three,
        usual: Three,
    ) -> None:
        self.table = table
        """Three bytes for each bucket, one for each class."""
        self.word_step = word_step
        self.piece_step = piece_step
        self.constant = constant
        self.signals = signals
        self.sharpness = sharpness
        """Calibrated scores are `sharpness` times the score, and `offset`."""
        self.offset = offset
        self.usual = usual
        """Shares of the classes among the comments that were learned from, each above 0."""


class Effect(NamedTuple):
    """What one part of a text, or the model by itself, adds to the scores of the classes."""

    of: str
    """A chunk of the text, a group of `SIGNAL_GROUPS`, or "usual" for what holds of any text."""
    scores: Three
    """Natural logarithms, less their mean: above 0 it speaks for the class."""


class Learned(NamedTuple):
    """A verdict and how it came about."""

    verdict: Verdict
    probabilities: Three
    """The exponentials of the sums of all effects, over their own sum."""
    chunks: list[Effect]
    """One for each chunk that was read, in the order of the text."""
    others: list[Effect]


class _Part(Joints):
    """The sums of one chunk's weights, in steps."""

    def __init__(self, chunk: str, table: bytes) -> None:
        super().__init__()
        traits = read(chunk)
        self.words = len(traits.words)
        self.w0, self.w1, self.w2 = _sums(traits.words, table)
        self.negated = len(traits.negated)
        self.n0, self.n1, self.n2 = _sums(traits.negated, table)
        self.pieces = len(traits.pieces)
        self.p0, self.p1, self.p2 = _sums(traits.pieces, table)
        self.first, self.last = traits.first, traits.last
        self.opens, self.closes = traits.opens, traits.closes


def _sums(buckets: list[int], table: bytes) -> tuple[int, int, int]:
    negative = neutral = positive = 0
    for bucket in buckets:
        place = 3 * bucket
        negative += table[place]
        neutral += table[place + 1]
        positive += table[place + 2]
    none = ZERO * len(buckets)
    return negative - none, neutral - none, positive - none


class _Parts(Chunks[_Part]):
    """Parts by chunk."""

    def __init__(self, table: bytes) -> None:
        super().__init__(CACHED_CHUNKS)
        self._table = table

    def read(self, chunk: str) -> _Part:
        """The sums of the weights of `chunk`."""
        return _Part(chunk, self._table)


class TrainedAnalyser:
    """Judges by learned weights and by what the analyser below them says.

    `READ_CHARS` characters of a text are looked up, beside those that the one below reads; the
    cost is linear in them. `digest` names the weights.
    """

    def __init__(self, weights: Weights, digest: str, below: Analyser) -> None:
        self._weights = weights
        self._below = below
        self._parts = _Parts(weights.table)
        self._version = f"model-{digest}+{below.version}"
        usual = weights.usual
        self._rarity = (-log(usual[0]), -log(usual[1]), -log(usual[2]))

    @property
    def version(self) -> str:
        """Names the weights and what is below them: "model-0badcafe+lexicon-1-deadbeef"."""
        return self._version

    def judge(self, text: str, lang: str | None = None) -> Verdict:
        """Judge one text; see `Analyser.judge`."""
        below = self._below.judge(text, lang)
        if not text or text.isspace():
            return below
        return self._verdict(below, self._scores(text, below.compound))

    def _verdict(self, below: Verdict, scores: Three) -> Verdict:
        negative, neutral, positive = scores
        low, _, high = _shares(negative, neutral, positive)
        compound = high - low
        rare = self._rarity
        negative, neutral, positive = negative + rare[0], neutral + rare[1], positive + rare[2]
        label = _NEUTRAL
        if positive > neutral and positive > negative:
            label = _POSITIVE if compound > 0.0 else _NEUTRAL
        elif negative > neutral and negative > positive:
            label = _NEGATIVE if compound < 0.0 else _NEUTRAL
        return Verdict(label, compound, below.flags, below.language)

    def probabilities(self, text: str, lang: str | None = None) -> Three:
        """How likely a text is negative, neutral, positive, among such as were learned from."""
        return _shares(*self._scores(text, self._below.judge(text, lang).compound))

    def explain(self, text: str, lang: str | None = None) -> Learned:
        """Judge one text, and tell what counted and how much.

        A pair of words counts with the later one. What a chunk adds depends on how many there are.
        """
        below = self._below.judge(text, lang)
        scores = self._scores(text, below.compound)
        weights = self._weights
        read_chunks = text[:READ_CHARS].split()
        spoken: list[tuple[Three, Three]] = []
        words = pieces = 0
        for part, negated, bucket in joined(self._parts[chunk] for chunk in read_chunks):
            by_word: Three = (part.w0, part.w1, part.w2)
            words += part.words
            pieces += part.pieces
            if negated:
                words += part.negated
                by_word = _added(by_word, (part.n0, part.n1, part.n2))
            if bucket >= 0:
                words += 1
                by_word = _added(by_word, _sums([bucket], weights.table))
            spoken.append((by_word, (part.p0, part.p1, part.p2)))
        by_words = weights.sharpness * weights.word_step / sqrt(max(words, 1))
        by_pieces = weights.sharpness * weights.piece_step / sqrt(max(pieces, 1))
        chunks = [
            Effect(chunk, _centred(_added(_scaled(word, by_words), _scaled(piece, by_pieces))))
            for chunk, (word, piece) in zip(read_chunks, spoken, strict=True)
        ]
        others = [
            Effect(
                "usual",
                _centred(_added(_scaled(weights.constant, weights.sharpness), weights.offset)),
            )
        ]
        found = signals(below.compound, text)
        for name, places in SIGNAL_GROUPS.items():
            total = (0.0, 0.0, 0.0)
            for signal, learned in zip(found[places], weights.signals[places], strict=True):
                total = _added(total, _scaled(learned, signal * weights.sharpness))
            others.append(Effect(name, _centred(total)))
        said = bool(text) and not text.isspace()
        verdict = self._verdict(below, scores) if said else below
        return Learned(verdict, _shares(*scores), chunks, others)

    def _scores(self, text: str, lexical: float) -> Three:
        """Calibrated log probabilities, less a constant."""
        weights = self._weights
        table, parts = weights.table, self._parts
        w0 = w1 = w2 = p0 = p1 = p2 = words = pieces = 0
        last, left = -1, 0
        for chunk in text[:READ_CHARS].split():
            part = parts[chunk]
            words += part.words
            w0 += part.w0
            w1 += part.w1
            w2 += part.w2
            pieces += part.pieces
            p0 += part.p0
            p1 += part.p1
            p2 += part.p2
            if left > 0:
                words += part.negated
                w0 += part.n0
                w1 += part.n1
                w2 += part.n2
                left -= 1
            if part.opens:
                left = REACH
            elif part.closes:
                left = 0
            if part.first >= 0:
                if last >= 0:
                    place = 3 * pair(last, part.first)
                    words += 1
                    w0 += table[place] - ZERO
                    w1 += table[place + 1] - ZERO
                    w2 += table[place + 2] - ZERO
                last = part.last
        by_words = weights.word_step / sqrt(words) if words else 0.0
        by_pieces = weights.piece_step / sqrt(pieces) if pieces else 0.0
        negative, neutral, positive = weights.constant
        negative += w0 * by_words + p0 * by_pieces
        neutral += w1 * by_words + p1 * by_pieces
        positive += w2 * by_words + p2 * by_pieces
        learned = weights.signals
        for place, signal in enumerate(signals(lexical, text)):
            if signal != 0.0:
                first, second, third = learned[place]
                negative += signal * first
                neutral += signal * second
                positive += signal * third
        sharp, offset = weights.sharpness, weights.offset
        return (
            sharp * negative + offset[0],
            sharp * neutral + offset[1],
            sharp * positive + offset[2],
        )


def _added(one: Three, other: Three) -> Three:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _scaled(scores: Three, factor: float) -> Three:
    return scores[0] * factor, scores[1] * factor, scores[2] * factor


def _centred(scores: Three) -> Three:
    """What is added to all classes alike says nothing."""
    mean = sum(scores) / 3.0
    return scores[0] - mean, scores[1] - mean, scores[2] - mean


def _shares(negative: float, neutral: float, positive: float) -> Three:
    top = max(negative, neutral, positive)
    first, second, third = exp(negative - top), exp(neutral - top), exp(positive - top)
    total = first + second + third
    return first / total, second / total, third / total
