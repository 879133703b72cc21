"""The cost of judging: whom it is measured on, and what the stopwatch takes for judging."""

import time

from bench.alerting import DETECTION, EVALUATION, Stopwatch, fleet
from schemas.codec import Fault, decode

LIVE_MS = 1_780_000_020_000


class Worker:
    def judge(self, seconds: float) -> float:
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            pass
        return seconds

    def judge_all(self) -> float:
        return self.judge(0.01) + self.judge(0.01)


def test_only_calls_that_are_watched_count_and_calls_within_them_once() -> None:
    worker, watch = Worker(), Stopwatch()
    with watch.over(((Worker, "judge"), (Worker, "judge_all"))):
        assert worker.judge_all() == 0.02
        assert worker.judge(0.01) == 0.01
    worker.judge(0.01)
    assert watch.calls == 2
    assert watch.seconds >= 0.03


def test_what_is_watched_is_there_and_as_it_was_afterwards() -> None:
    before = [owner.__dict__[name] for owner, name in EVALUATION + DETECTION]
    with Stopwatch().over(EVALUATION):
        assert all(
            o.__dict__[name] is not was for (o, name), was in zip(EVALUATION, before, strict=False)
        )
    assert [owner.__dict__[name] for owner, name in EVALUATION + DETECTION] == before


def test_a_fleet_has_the_creators_and_incidents_that_were_asked_for() -> None:
    made = fleet(LIVE_MS, 5, simulated=8, known=100, in_incident=8, days=0.25)
    assert made.creators == 100
    names = {key for tables in made.tables for table in tables.values() for key in table}
    assert len({key[1:] for key in names if b"~" in key}) == 100
    assert all(LIVE_MS <= at < LIVE_MS + 5_000 for at, *_ in made.live)
    for _, topic, key, value in made.live[:200]:
        event = decode(topic, value)
        assert not isinstance(event, Fault), value
        assert event.creator_id.encode() == key
