"""A worker of a hundred thousand creators exposes no more series than is told."""

from functools import cache

import pytest
from prometheus_client import CollectorRegistry

from schemas import codec
from schemas.events import Campaign
from stack.procs import REPOSITORY
from streams.engine.creator import Creator
from streams.engine.roster import Roster
from streams.engine.shard import Shard, ShardConfig
from streams.outputs.alertmanager import Push
from streams.outputs.catalogue import BUDGET
from streams.outputs.metrics import Metrics
from streams.outputs.observer import Observer
from streams.outputs.readings import Reading
from streams.settings import Settings
from tests.unit.engine.test_desk import LIVE, Desk

CREATORS, ALERTING, PLATFORMS, CAMPAIGNS, PARTITIONS = 100_000, 1_000, 40, 300, 64


@cache
def full_shard() -> Shard:
    """One whose creators have everything that a creator can have, and many of them alerts."""
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    (alert,) = desk.alerts
    raw = codec.encode(alert)
    firing = desk.driver.shards[0]._registry.live["ada"].watch
    live = {}
    for number in range(CREATORS):
        creator = Creator(f"c{number}")
        creator.card.platform = f"p{number % PLATFORMS}"
        creator.latest.score = number % 100
        creator.latest.engagement_rate = creator.latest.net = 0.5
        if number < ALERTING:
            creator.watch.spike = firing.spike
            creator.watch.told = {f"a{number}": raw}
        live[creator.creator_id] = creator
    shard = Shard(0, ShardConfig(partitions=PARTITIONS))
    shard._registry.live = live
    return shard


def observer(limit: int) -> Observer:
    """One of that shard, beside more campaigns than are told of."""
    made = Observer(limit)
    made.hooks.on_restored(0, full_shard(), 0.1)
    made.campaigns = roster = Roster()
    for number in range(CAMPAIGNS):
        creators = [f"c{at}" for at in range(number, number + 50)]
        roster.put(Campaign(campaign_id=f"k{number}", name="k", creators=creators))
    return made


def series(limit: int) -> int:
    seen = observer(limit)
    seen.survey()
    partitions = range(PARTITIONS)

    def read() -> Reading:
        reading = seen.read()
        reading.watermarks = reading.restoring = dict.fromkeys(partitions, 1.0)
        reading.epochs = dict.fromkeys(partitions, 1)
        reading.unpushed = {"am-1:9093": 1, "am-2:9093": 1}
        return reading

    metrics = Metrics(CollectorRegistry(), read)
    metrics.pushes_to(["am-1:9093", "am-2:9093"])
    for target in ("am-1:9093", "am-2:9093"):
        metrics.pushed(Push(target, "delivered", 0.1, 1))
    assert seen.read().found.unshown == (ALERTING - limit, CREATORS - ALERTING)
    return sum(len(family.samples) for family in metrics.registry.collect())


@pytest.fixture(scope="module")
def by_default() -> int:
    return series(Settings().max_creator_series)


def test_a_hundred_thousand_creators_stay_within_the_budget(by_default: int) -> None:
    assert 0.8 * BUDGET < by_default < BUDGET


def test_each_creator_more_that_may_have_series_adds_five(by_default: int) -> None:
    limit = Settings().max_creator_series + 100
    assert series(limit) == by_default + 5 * 100


def test_the_budget_is_told() -> None:
    page = (REPOSITORY / "docs" / "metrics.md").read_text()
    assert f"fewer than {BUDGET:,} series" in page
