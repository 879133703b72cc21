"""The guard of the hot path: what it lets pass, what it stops, and that it measures at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bench import guard
from bench.core import drive, steps
from bench.load import Stream
from streams.engine.shard import Shard, ShardConfig

RECORDED = {"speed": 0.05, "live": {"speed": 0.1}}


def _figures(backlog: float, live: float = 0.1) -> dict[str, Any]:
    return {"speed": backlog, "live": {"speed": live}}


def _told(monkeypatch: pytest.MonkeyPatch, *figures: dict[str, Any]) -> Iterator[dict[str, Any]]:
    left = iter(figures)
    monkeypatch.setattr(guard, "measure", lambda _rounds: next(left))
    return left


def test_speeds_near_the_recorded_ones_pass_at_the_first_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = _told(monkeypatch, _figures(0.041, 0.081), _figures(1.0))
    assert guard.compare(RECORDED) == (True, _figures(0.041, 0.081))
    assert next(left) == _figures(1.0)


def test_one_disturbed_measurement_does_not_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, _figures(0.02), _figures(0.03, 0.05), _figures(0.049, 0.05))
    assert guard.compare(RECORDED) == (True, _figures(0.049))


def test_a_slow_path_fails_with_the_best_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, *map(_figures, (0.031, 0.039, 0.033, 0.038)))
    assert guard.compare(RECORDED) == (False, _figures(0.039))


def test_a_path_that_is_slow_for_live_events_only_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, *(_figures(0.06, live) for live in (0.06, 0.07, 0.05)))
    assert guard.compare(RECORDED) == (False, _figures(0.06, 0.07))


def test_the_recorded_figures_are_those_of_this_guard() -> None:
    recorded: dict[str, Any] = json.loads(guard.RECORD.read_text())
    for told in (recorded, recorded["live"]):
        assert told["speed"] > 0
        assert set(told["microseconds_per_event"]) == {
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
