"""Fleet: any number of idle creators with a full baseline, as stored state records.

Knows how to have the core itself write such records: simulated creators of a kind live for some
days, fall silent for more days than a post is followed, and what the core then has stored of them
is copied under other names. No record holds its creator's name.
"""

from collections.abc import Iterator

from bench.load import key_of
from streams.engine.layout import TABLE_OF
from streams.engine.shard import Shard, ShardConfig
from streams.sources.simulate import DAY_MS, HOUR_MS, Plan, generate
from tests.harness.driver import ShardDriver

START_MS = 1_768_176_000_000
DAYS, SILENT_HOURS, TEMPLATES = 3, 100, 12

Parts = dict[bytes, bytes]
"""What is stored of one creator, by tag."""
Tables = dict[str, dict[bytes, bytes]]


def templates() -> list[Parts]:
    """Some creators as they are stored when they have a full baseline and nothing open."""
    end = START_MS + DAYS * DAY_MS
    plan = Plan(seed=3, start_ms=START_MS, end_ms=end, creators=TEMPLATES, incidents="none")
    driver = ShardDriver(ShardConfig(partitions=1, score_interval_ms=HOUR_MS))
    driver.run(generate(plan))
    while driver.now_ms < end + SILENT_HOURS * HOUR_MS:
        driver.tick(driver.now_ms + 60_000)
    return list(by_creator(driver.tables[0]).values())


def by_creator(tables: Tables) -> dict[bytes, Parts]:
    """What is stored of each creator, by its id; what is the shard's own is left out."""
    parts: dict[bytes, Parts] = {}
    for table in tables.values():
        for key, value in table.items():
            if key[:1] in TABLE_OF:
                parts.setdefault(key[1:], {})[key[:1]] = value
    return parts


def stored(fleet: list[Parts], ranks: range) -> Iterator[tuple[str, bytes, bytes]]:
    """(table, key, value) of every record of the creators of these ranks, each a copy."""
    for rank in ranks:
        name = key_of(rank)
        for tag, value in fleet[rank % len(fleet)].items():
            yield TABLE_OF[tag], tag + name, value[:1] + value[1:]


def blank_shard_record(config: ShardConfig) -> tuple[bytes, bytes]:
    """Key and value of the record of a shard that has read nothing yet."""
    ((key, value),) = Shard(0, config).take_snapshot().tables["engagement"].items()
    assert value is not None
    return key, value
