"""What a comment says of its creator: positive, neutral or negative, and how strongly.

A pure, deterministic judgement of one text: no network, no model server, no state that shows.
The rest of the engine knows `Analyser` and `Verdict` only; `load_default()` gives the shipped one.
"""

from streams.engine.sentiment.analyser import LexiconAnalyser, load_default
from streams.engine.sentiment.verdict import Analyser, Label, Verdict

__all__ = ["Analyser", "Label", "LexiconAnalyser", "Verdict", "load_default"]
