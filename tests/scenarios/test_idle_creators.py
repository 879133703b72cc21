"""A creator from whom nothing comes any more keeps what is usual, and nothing that is over."""

import msgspec

from streams.engine.detectors.circle import Circle
from streams.engine.shard import ShardConfig
from streams.engine.watch import Watch
from tests.harness.driver import ShardDriver
from tests.scenarios.life import DAY, HOUR, MINUTE, START, Life
from tests.scenarios.test_comment_cases import ordinary, said


def watch_at(life: Life, until: int) -> Watch:
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR))
    end = START + until
    driver.run(sorted((item for item in life.items if item[0] < end), key=lambda item: item[0]))
    while driver.now_ms < end:
        driver.tick(min(driver.now_ms + 10 * MINUTE, end))
    (creator,) = driver.shards[0].live_creators()
    return creator.watch


def test_suspicions_and_follows_that_are_over_are_not_kept() -> None:
    life = ordinary(1, days=8)
    life.stream("follows", 0, 8 * DAY, 30)
    said(life, 8 * DAY, 8 * DAY + 5 * MINUTE, 12, 12, 1.0, 0.0)
    busy, idle = watch_at(life, 8 * DAY + 10 * MINUTE), watch_at(life, 11 * DAY)
    assert busy.spike.recent
    assert busy.crisis.stretch is not None
    assert (idle.spike.recent, idle.crisis.stretch, idle.course.posts) == ([], None, [])
    suspicious = idle.suspicious
    assert suspicious.circle == Circle()
    assert (suspicious.stock.stretch, suspicious.hollow.stretch) == (None, None)
    assert suspicious.quoted == []
    assert idle.course.levels.count > 20
    assert len(msgspec.msgpack.encode(idle)) < 1_300
