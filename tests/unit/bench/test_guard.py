"""The guard of the hot path: what it lets pass, what it stops, and that it measures at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bench import guard
from bench.core import drive, steps
from bench.load import Stream
from streams.engine.shard import Shard, ShardConfig

RECORDED = {"speed": 0.05}


def _told(monkeypatch: pytest.MonkeyPatch, *speeds: float) -> Iterator[float]:
    left = iter(speeds)
    monkeypatch.setattr(guard, "measure", lambda _rounds: {"speed": next(left)})
    return left


def test_a_speed_near_the_recorded_one_passes_at_the_first_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = _told(monkeypatch, 0.041, 1.0)
    assert guard.compare(RECORDED) == (True, {"speed": 0.041})
    assert next(left) == 1.0


def test_one_disturbed_measurement_does_not_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, 0.02, 0.03, 0.049)
    assert guard.compare(RECORDED) == (True, {"speed": 0.049})


def test_a_slow_path_fails_with_the_best_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, 0.031, 0.039, 0.033, 0.038)
    assert guard.compare(RECORDED) == (False, {"speed": 0.039})


def test_the_recorded_figure_is_one_of_this_guard() -> None:
    figures: dict[str, Any] = json.loads(guard.RECORD.read_text())
    assert figures["speed"] > 0
    assert set(figures["microseconds_per_event"]) == {
        "decode",
        "apply, with decode",
        "advance",
        "snapshot",
    }


def test_every_event_of_the_load_is_counted_by_the_core() -> None:
    stream = Stream(total=6_000, end_ms=guard.END_MS, creators=20, hours=0.01)
    shard = Shard(0, ShardConfig(partitions=1))
    costs = drive(shard, steps(stream, per_tick=500), guard.END_MS, keep=True)
    assert costs.events == 6_000
    assert shard.stats.accepted.total() == 6_000
    assert shard.watermark_ms is not None
    assert guard.END_MS - shard.watermark_ms < 30_000, "panes and minutes close as they would live"
    assert len(costs.snapshots) == 2
    assert costs.records > 0
    assert costs.outputs > 0
