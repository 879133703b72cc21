"""A short fuzz run, and that the fuzzer sees what it is there to see."""

from pathlib import Path
from typing import Any

import pytest

from schemas import codec
from streams.engine import bounds
from streams.engine.actors import Actors
from streams.engine.calendar import Calendar
from streams.engine.effects import Effects
from streams.engine.intake import Intake
from tests.fuzz import campaign, cases, floods, player, shrinking, stories
from tests.fuzz.judge import Wrong

SEED = 20_260_115


@pytest.mark.parametrize("number", range(24))
def test_hostile_input_breaks_no_promise(number: int) -> None:
    player.play(player.Costs(), stories.make(SEED, number))


@pytest.mark.parametrize("name", floods.FLOODS)
def test_a_flood_stays_within_its_bounds_and_loses_nothing(name: str) -> None:
    assert floods.run(name, 2_000)["inputs"] > 0


def test_the_same_seed_makes_the_same_case_and_a_file_keeps_it() -> None:
    case = stories.make(SEED, 3)
    assert stories.make(SEED, 3) == case
    assert cases.from_bytes(cases.to_bytes(case)) == case
    assert stories.make(SEED + 1, 3) != case


def failing(number: int = 2) -> tuple[cases.Case, BaseException]:
    """A case that is about a shard, and how it fails."""
    case = next(case for n in range(number, 99) if (case := stories.make(SEED, n)).kind == "shard")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        player.play(player.Costs(), case)
    return case, caught.value


def test_an_exception_for_some_input_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OverflowError("too much")

    monkeypatch.setattr(Effects, "_share", fail)
    case, error = failing()
    assert isinstance(error, OverflowError)
    assert "at step" in error.__notes__[0]
    assert len(shrinking.shrink(case, error).steps) == 1


def test_an_event_that_is_dropped_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = codec.decode

    def forgetful(topic: str, raw: bytes) -> object:
        found = real(topic, raw)
        return real(topic, b"{}") if isinstance(found, codec.Fault) else found

    refuse = Intake._full
    monkeypatch.setattr(Intake, "_full", lambda self, *rest: refuse(self, *rest) or True)
    monkeypatch.setattr(codec, "decode", forgetful)
    _, error = failing()
    assert isinstance(error, Wrong)
    assert "outcomes" in str(error)


def test_a_window_that_is_lost_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Calendar._close_minutes

    def forgetful(self: Calendar, at: int) -> None:
        self._minutes.pop(min(self._minutes, default=0), None)
        real(self, at)

    monkeypatch.setattr(Calendar, "_close_minutes", forgetful)
    _, error = failing()
    assert isinstance(error, Wrong)
    assert "accepted" in str(error)


def test_state_that_is_not_stored_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Actors.touch

    def forgetful(self: Actors, actor: int, tick: int) -> None:
        real(self, actor, tick)
        del self.touched[:]

    monkeypatch.setattr(Actors, "touch", forgetful)
    wrong = []
    for number in range(40):
        try:
            player.play(player.Costs(), stories.make(SEED, number))
        except Wrong as error:
            wrong.append(str(error))
    assert any("b'a'" in told for told in wrong)


def test_growth_without_bound_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "crowded", lambda _: False)
    # A slow machine meets the bound of time before that of memory.
    with pytest.raises(Wrong, match=r"bytes|CPU time"):
        floods.run("panes", 20_000)


def test_a_failing_case_is_kept_and_can_be_replayed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: Any) -> None:
        raise OverflowError("too much")

    monkeypatch.setattr(campaign, "CASES", 3)
    monkeypatch.setattr(Effects, "like", fail)
    part = campaign.play_cases(SEED, 0, tmp_path)
    assert part.failures
    assert all("--replay" in failure for failure in part.failures)
    kept = sorted(tmp_path.iterdir())
    with pytest.raises(OverflowError):
        campaign.replay(kept[0])
    monkeypatch.undo()
    campaign.replay(kept[0])
