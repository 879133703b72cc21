"""Peers: other analysers of sentiment, where they are installed, for comparison only.

Knows how each is called and from where it takes a side, by its own documentation. Must not know
what is measured.
"""

from collections.abc import Callable
from typing import Final

import click

Judge = Callable[[str], float]
"""Strength and direction of a text, as the peer gives it; its sign is its side."""
_VADER_BAND: Final = 0.05


def _vader() -> Judge:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()

    def judge(text: str) -> float:
        compound = float(analyser.polarity_scores(text)["compound"])
        return compound if abs(compound) >= _VADER_BAND else 0.0

    return judge


def _textblob() -> Judge:
    from textblob import TextBlob

    return lambda text: float(TextBlob(text).sentiment.polarity)


def _afinn() -> Judge:
    from afinn import Afinn

    analyser = Afinn(emoticons=True)
    return lambda text: float(analyser.score(text))


PEERS: Final = {
    "vader": ("vaderSentiment", _vader),
    "textblob": ("textblob", _textblob),
    "afinn": ("afinn", _afinn),
}


def peer(name: str) -> Judge:
    """A peer by name. Raises ClickException, which says what to install."""
    package, make = PEERS[name]
    try:
        return make()
    except ImportError as error:
        raise click.ClickException(
            f"{name} cannot be compared with: {error}; expected the package {package} beside this"
            f" program: pip install {package}"
        ) from error
