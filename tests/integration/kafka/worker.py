"""A worker with nothing but the seam and counting shards, as its own process.

Usage: worker.py BOOTSTRAP APP_ID PREFIX PARTITIONS [GUARANTEE]. SEAM_* variables set timeouts.
"""

import logging
import os
import sys
from collections import Counter
from typing import Any

import faust

from streams.kafka.build import build_kafka
from streams.kafka.hooks import Hooks
from streams.kafka.options import KafkaOptions
from tests.integration.kafka.counting import restore_counting

logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout
)


def main() -> None:
    bootstrap, app_id, prefix, partitions, *rest = sys.argv[1:]
    options = KafkaOptions(
        bootstrap=bootstrap,
        app_id=app_id,
        partitions=int(partitions),
        prefix=prefix,
        guarantee=rest[0] if rest else "exactly_once",
        session_timeout=float(os.environ.get("SEAM_SESSION", "3")),
        heartbeat_interval=0.5,
        checkpoint_interval=float(os.environ.get("SEAM_INTERVAL", "0.2")),
    )

    def restored(partition: int, shard: Any, seconds: float) -> None:
        print(f"RESTORED {partition} in {seconds:.2f}", flush=True)

    def hole(partition: int, topic: str) -> None:
        print(f"HOLE {partition} {topic}", flush=True)

    hooks = Hooks(on_restored=restored, on_hole=hole)
    app, seam = build_kafka(options, restore_counting, hooks)

    drop_every = int(os.environ.get("SEAM_DROP_EVERY", "0"))
    arrived: Counter[str] = Counter()

    def agent_for(topic: Any, name: str) -> None:
        @app.agent(topic, name=name)
        async def agent(stream: Any) -> None:
            async for partition, batch in stream.noack():
                arrived[name] += 1
                if drop_every and arrived[name] % drop_every == 0:
                    continue
                seam.deliver(partition, batch)

    for name, topic in app.inputs.items():
        agent_for(topic, name)
    faust.Worker(
        app, loglevel="INFO", override_logging=False, quiet=True
    ).execute_from_commandline()


if __name__ == "__main__":
    main()
