"""Quix Streams: counts per creator in event time, as one would write them there.

Tumbling minutes, and five minutes that hop by ten seconds if BENCH_WINDOWS is "sliding". Runs in an
environment of its own (bench/setup.sh quix), so it imports nothing of this project.
"""

import os
from datetime import timedelta
from typing import Any

from quixstreams import Application

APP = os.environ["BENCH_APP"]
GRACE = timedelta(minutes=10)


def occurred(value: dict[str, Any], _headers: Any, _timestamp: float, _kind: Any) -> int:
    """Event time in milliseconds."""
    at: int = value["occurred_at"]
    return at


app = Application(
    broker_address=os.environ["BENCH_BOOTSTRAP"],
    consumer_group=APP,
    auto_offset_reset="earliest",
    processing_guarantee=os.environ["BENCH_GUARANTEE"],  # type: ignore[arg-type]
    commit_interval=1.0,
    state_dir=os.environ["BENCH_STATE"],
    loglevel="WARNING",
    # In its favour: at librdkafka's defaults the consumer waits most of the time.
    consumer_extra_config={"fetch.queue.backoff.ms": 5, "queued.min.messages": 1_000_000},
)
frames = [
    app.dataframe(app.topic(name, key_deserializer="str", timestamp_extractor=occurred))
    for name in os.environ["BENCH_TOPICS"].split(",")
]
events = frames[0]
for frame in frames[1:]:
    events = events.concat(frame)

minutes = events.tumbling_window(timedelta(minutes=1), grace_ms=GRACE).count().current()
minutes.to_topic(app.topic(f"{APP}-minutes", key_serializer="str"))
if os.environ["BENCH_WINDOWS"] == "sliding":
    sliding = events.hopping_window(timedelta(minutes=5), timedelta(seconds=10), grace_ms=GRACE)
    sliding.count().current().to_topic(app.topic(f"{APP}-sliding", key_serializer="str"))

if __name__ == "__main__":
    app.run()
