"""Chosen: the analyser that a process judges by, from a model file or as shipped.

Knows that a model is a file. Must not know what is in it.
"""

import logging
from pathlib import Path

from streams.engine.sentiment import Analyser, load_default
from streams.engine.sentiment.model import TrainedAnalyser
from streams.engine.sentiment.modelfile import MAX_BYTES, ModelError, decode

log = logging.getLogger(__name__)


def chosen(file: str | None) -> Analyser:
    """The trained analyser of a file; the shipped one where there is none.

    Raises ModelError, which names the file, and OSError.
    """
    below = load_default()
    if file is None:
        return below
    path = Path(file)
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ModelError(f"{file}: {size:,} bytes, expected a model of at most {MAX_BYTES:,}")
    try:
        header, weights = decode(path.read_bytes())
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error
    if header.below != below.version:
        log.warning(
            "%s was trained on top of %s and is used with %s: train it again to be at its best",
            file,
            header.below,
            below.version,
        )
    return TrainedAnalyser(weights, header.digest, below)
