"""`python -m tests.harness.digest`: one hash of all that shards publish and store of a fixed load.

Knows which core it runs on only in so far as it tells: two builds of one source can be compared.
"""

import hashlib
import json
import sys

from bench.core import drive, steps
from bench.load import Stream
from streams.build import parts
from streams.engine.shard import Shard, ShardConfig
from streams.sources.simulate import DAY_MS, Plan, generate
from tests.harness.driver import ShardDriver

MONDAY_MS = 1_768_176_000_000
STREAM = Stream(total=40_000, end_ms=1_780_000_000_000, creators=50, hours=0.2)
_LIVE_MS = MONDAY_MS + 2 * DAY_MS
PLAN = Plan(creators=8, seed=4, start_ms=MONDAY_MS, live_ms=_LIVE_MS, end_ms=_LIVE_MS + 60_000)
"""With the incidents around the time when live begins: there are alerts in it."""


def main() -> int:
    """Write {"core", "digest", "records", "alerts"} to standard output."""
    seen = hashlib.sha256()
    shard = Shard(0, ShardConfig(partitions=1))
    costs = drive(shard, steps(STREAM, ahead=5_000), STREAM.end_ms, keep=True)
    records = 0
    for snapshot in costs.snapshots:
        for table in snapshot.tables.values():
            for key, value in table.items():
                records += 1
                seen.update(key + (value or b"-"))
        for output in snapshot.outputs:
            records += 1
            seen.update(repr(output).encode())
    driver = ShardDriver(ShardConfig(partitions=2), partitions=2)
    driver.run(generate(PLAN))
    alerts = driver.published["alerts"]
    seen.update(repr((dict(driver.published), driver.tables)).encode())
    told = {"core": parts()["core"], "digest": seen.hexdigest()}
    sys.stdout.write(json.dumps(told | {"records": records, "alerts": len(alerts)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
