"""The fault campaign's story: it gives reason for alerts, and follows from the seed."""

from schemas.alerts import Kind
from streams.engine.shard import ShardConfig
from tests.faults.story import Story
from tests.harness.driver import ShardDriver

END = 1_768_478_400_000


def test_the_seed_decides_everything():
    assert Story(1, 4, 3).history(END) == Story(1, 4, 3).history(END)
    assert Story(1, 4, 3).history(END) != Story(2, 4, 3).history(END)


def test_every_event_has_an_id_of_its_own():
    told = Story(1, 4, 3).history(END)
    assert len({event["event_id"] for _, _, event in told}) == len(told) > 100


def test_followers_leap_and_engagement_drops_and_both_are_alerts():
    story = Story(1, 4, 26)
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=3_600_000))
    told = story.history(END)
    for second in range(1_500):
        told += sorted(story.live(END + second * 1_000, second / 1_200), key=lambda one: one[0])
    driver.run(told)
    fired: set[tuple[str, Kind]] = {
        (alert["creator_id"], alert["kind"])
        for alert in driver.published["alerts"]
        if alert["status"] == "firing"
    }
    assert fired >= {(name, "follower_spike") for name in story.spikes}
    fell = {name for name, kind in fired if kind in {"engagement_drop", "silence"}}
    assert fell & set(story.drops)
