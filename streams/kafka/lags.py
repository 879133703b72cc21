"""Lags: how far what is read lies behind what is written, and how much is hidden meanwhile.

Knows the brokers' answers and the shards' positions. Must not know event time.
"""

from collections.abc import Mapping

from faust.types import TP

from streams.kafka.chain import Answer

Lags = dict[tuple[str, int], int]
"""Offsets by (logical topic, partition); markers of transactions are among them."""


def unread(
    answers: Mapping[TP, Answer],
    physical: Mapping[str, str],
    positions: Mapping[int, Mapping[str, int]],
) -> Lags:
    """Offsets not yet applied, by the `positions` of each partition; where both ends are known."""
    lags = {}
    for partition, applied in positions.items():
        for topic, name in physical.items():
            answer, position = answers.get(TP(name, partition)), applied.get(topic)
            if answer is not None and answer.highwater is not None and position is not None:
                lags[topic, partition] = max(answer.highwater - position, 0)
    return lags


def hidden(answers: Mapping[TP, Answer], physical: Mapping[str, str]) -> Lags:
    """Offsets behind the last stable one: written, but behind a transaction that is still open."""
    logical = {name: topic for topic, name in physical.items()}
    return {
        (logical[tp.topic], tp.partition): max(answer.highwater - answer.stable, 0)
        for tp, answer in answers.items()
        if tp.topic in logical and answer.highwater is not None and answer.stable is not None
    }
