"""Profile: where the worker's time went, from folded stacks.

Knows which function belongs to which part of the path: a sample belongs to the innermost frame
that is named here.
"""

from collections import Counter
from pathlib import Path

PARTS = (
    ("schemas/codec", "decode"),
    ("engine/sentiment", "sentiment"),
    ("engine/dedup", "duplicate filter"),
    ("engine/actors", "unique actors"),
    ("engine/detectors", "detection"),
    ("engine/watch", "detection"),
    ("engine/course", "detection"),
    ("engine/baselines", "detection"),
    ("engine/scores", "scores and windows"),
    ("engine/creator", "state: flush and encode"),
    ("engine/panes", "panes"),
    ("engine/counters", "polled totals"),
    ("engine/calendar", "calendar"),
    ("engine/", "intake"),
    ("schemas/", "encode outputs"),
    ("aiokafka/consumer", "fetch"),
    ("aiokafka/record", "fetch"),
    ("aiokafka/producer", "produce and commit"),
    ("streams/kafka/", "seam"),
    ("streams/outputs", "metrics"),
    ("faust/", "Faust"),
    ("mode/", "Faust"),
)


def shares(folded: Path) -> dict[str, float]:
    """Share of samples of each part of the path, largest first; what matches none is `other`."""
    samples: Counter[str] = Counter()
    for line in folded.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        samples[_part(stack)] += int(count)
    total = sum(samples.values()) or 1
    return {part: round(n / total, 4) for part, n in samples.most_common()}


def _part(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        for path, part in PARTS:
            if path in frame:
                return part
    return "other"
