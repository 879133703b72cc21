"""Idiomatic Faust: the counts as one would write them first, a Record and a windowed table.

Run as `faust -A bench.peers.idiomatic worker`; the broker is in BENCH_BOOTSTRAP.
"""

import os

import faust

app = faust.App(
    "idiomatic",
    broker=f"kafka://{os.environ['BENCH_BOOTSTRAP']}",
    store="memory://",
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
    topic_disable_leader=True,
    table_standby_replicas=0,
    web_enabled=False,
    broker_session_timeout=30.0,
)


class Event(faust.Record, serializer="json"):
    """The fields that the counts need."""

    event_id: str
    creator_id: str
    platform: str
    occurred_at: int


_TOPICS = os.environ["BENCH_TOPICS"].split(",")
counts = app.Table("counts", default=int, partitions=int(os.environ["BENCH_PARTITIONS"])).tumbling(
    60.0, expires=7200.0
)


def _agent(name: str) -> None:
    topic = app.topic(name, value_type=Event, partitions=int(os.environ["BENCH_PARTITIONS"]))

    @app.agent(topic, name=f"count-{name}")
    async def count(stream: faust.Stream[Event]) -> None:
        async for event in stream:
            counts[event.creator_id] += 1


for _name in _TOPICS:
    _agent(_name)
