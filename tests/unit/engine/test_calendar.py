"""A tick closes only so much: what many creators are due at once takes several; none is lost."""

from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver

START = 1_768_478_400_000
TICK, PANE, MINUTE = 100, 10_000, 60_000


def crowd(creators: int, most_closed: tuple[int, int] | None) -> ShardDriver:
    """A shard whose creators all got one like in the first pane, which is open still."""
    driver = ShardDriver(ShardConfig(partitions=1, most_closed=most_closed))
    for number in range(creators):
        like(driver, number, START + 1_000)
    driver.tick(START)
    return driver


def close(driver: ShardDriver, at: int) -> None:
    """A tick with which the watermark comes to `at`."""
    watermark = driver.shards[0].watermark_ms
    assert watermark is not None
    driver.tick(driver.now_ms + at - watermark)


def like(driver: ShardDriver, number: int, at: int) -> None:
    event = {
        "event_id": f"{number}-{at}",
        "creator_id": f"c{number}",
        "platform": "x",
        "occurred_at": at,
        "post_id": "p",
        "actor_id": "a",
    }
    driver.send("likes", event, at)


def open_panes(driver: ShardDriver) -> int:
    return sum(len(creator.facts) for creator in driver.shards[0].live_creators())


def windows(driver: ShardDriver) -> list[str]:
    return [window["creator_id"] for window in driver.published["engagement-windows"]]


def test_a_tick_closes_as_many_panes_as_it_may_and_the_next_goes_on() -> None:
    driver = crowd(10, (4, 100))
    close(driver, START + PANE)
    left = [open_panes(driver)]
    for _ in range(3):
        driver.tick(driver.now_ms + TICK)
        left.append(open_panes(driver))
    assert left == [6, 2, 0, 0]


def test_a_tick_writes_as_many_minutes_as_it_may_and_each_once() -> None:
    driver = crowd(10, (100, 4))
    close(driver, START + MINUTE)
    told = [len(windows(driver))]
    for _ in range(3):
        driver.tick(driver.now_ms + TICK)
        told.append(len(windows(driver)))
    assert told == [4, 8, 10, 10]
    assert sorted(windows(driver)) == sorted(f"c{n}" for n in range(10))


def test_the_further_behind_the_more_is_closed() -> None:
    driver = crowd(10, (2, 100))
    close(driver, START + 4 * PANE)
    assert open_panes(driver) == 10 - 2 * 4


def test_without_a_limit_all_is_closed_at_once() -> None:
    driver = crowd(10, None)
    close(driver, START + MINUTE)
    assert (open_panes(driver), len(windows(driver))) == (0, 10)


def test_what_comes_for_a_minute_that_is_closed_but_not_written_is_late() -> None:
    driver = crowd(3, (100, 1))
    close(driver, START + MINUTE)
    for number in range(3):
        like(driver, number, START + 2_000)
    for _ in range(4):
        driver.tick(driver.now_ms + TICK)
    assert [window["likes"] for window in driver.published["engagement-windows"]] == [1, 1, 1]
    assert len(driver.published["late-events"]) == 3


def test_a_crash_in_the_middle_of_closing_loses_and_repeats_nothing() -> None:
    driver = crowd(10, (3, 3))
    close(driver, START + MINUTE)
    assert len(windows(driver)) == 3
    driver.crash()
    for _ in range(6):
        driver.tick(driver.now_ms + TICK)
    assert sorted(windows(driver)) == sorted(f"c{n}" for n in range(10))
    assert open_panes(driver) == 0


def test_an_erased_creator_is_passed_by() -> None:
    driver = crowd(4, (1, 1))
    close(driver, START + MINUTE)
    gone = next(f"c{n}" for n in range(4) if f"c{n}" not in windows(driver))
    driver.send("creators", None, driver.now_ms, key=gone.encode())
    for _ in range(6):
        driver.tick(driver.now_ms + TICK)
    assert sorted(windows(driver)) == sorted(f"c{n}" for n in range(4) if f"c{n}" != gone)
