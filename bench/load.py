"""Load: mixed events with a known total, in a Kafka topic set before anybody reads them.

Knows the mix, the skew and the span of event time. Imports nothing of what is measured.
"""

import asyncio
import random
import time
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

MIX = (
    ("likes", 0.70),
    ("comments", 0.10),
    ("follows", 0.08),
    ("shares", 0.05),
    ("counters", 0.03),
    ("clicks", 0.02),
    ("posts", 0.02),
)
CREATORS = 1_000
ACTORS = 500_000
ZIPF = 1.0
EVENT_HOURS = 1.25
_COMMENTS = (
    "love this so much, where is the jacket from?",
    "ok but why is nobody talking about the ending",
    "not a fan of the new format, unfollowed",
    "🔥🔥🔥",
    "first!",
    "this helped me a lot, thank you for explaining it so calmly",
    "another ad again? disappointed",
    "the light in the second picture is amazing",
)


def events(total: int, end_ms: int, seed: int = 1) -> Iterator[tuple[str, str, bytes]]:
    """`total` events as (topic, creator, value) in the order of time, which ends at `end_ms`."""
    chance = random.Random(seed)
    names = [name for name, _ in MIX]
    shares = list(accumulate(share for _, share in MIX))
    weights = list(accumulate(1 / (rank + 1) ** ZIPF for rank in range(CREATORS)))
    span = EVENT_HOURS * 3_600_000
    start = end_ms - span
    for number in range(total):
        at = int(start + span * number / total)
        creator = bisect(weights, chance.random() * weights[-1])
        topic = names[min(bisect(shares, chance.random()), len(names) - 1)]
        event: dict[str, object] = {
            "event_id": f"e{number}",
            "creator_id": f"creator-{creator}",
            "platform": "instagram",
            "occurred_at": at,
        }
        post = f"post-{creator}-{chance.randrange(5)}"
        actor = f"actor-{chance.randrange(ACTORS)}"
        if topic in ("likes", "shares"):
            action = "add" if chance.random() < 0.97 else "remove"
            event |= {"post_id": post, "actor_id": actor, "action": action}
        elif topic == "comments":
            text = _COMMENTS[chance.randrange(len(_COMMENTS))]
            event |= {"comment_id": f"k{number}", "post_id": post, "actor_id": actor, "text": text}
        elif topic == "follows":
            event |= {"actor_id": actor}
        elif topic == "counters":
            event |= {"post_id": post, "views": number}
        elif topic == "clicks":
            event |= {"campaign_id": "campaign-1", "link_id": "link-1"}
        else:
            event |= {"post_id": f"post-{number}", "media_type": "photo"}
        yield topic, f"creator-{creator}", orjson.dumps(event)


async def preload(
    bootstrap: str, partitions: int, total: int, *, prefix: str = "", seed: int = 1
) -> Counter[str]:
    """Write `total` events before anything reads; how many went to each topic."""
    partitioner = DefaultPartitioner()
    everything = list(range(partitions))
    placed: dict[str, int] = {}
    sent: Counter[str] = Counter()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=262_144)
    await producer.start()
    builders: dict[tuple[str, int], object] = {}
    futures: list[asyncio.Future[object]] = []
    try:
        now = int(time.time() * 1000)
        for name, creator, value in events(total, now - 60_000, seed):
            partition = placed.get(creator)
            if partition is None:
                partition = partitioner(creator.encode(), everything, everything)
                placed[creator] = partition
            topic = prefix + name
            sent[topic] += 1
            builder = builders.get((topic, partition))
            if builder is None:
                builder = builders[topic, partition] = producer.create_batch()
            if builder.append(key=creator.encode(), value=value, timestamp=None) is None:  # type: ignore[attr-defined]
                builder.close()  # type: ignore[attr-defined]
                futures.append(
                    await producer.send_batch(builder, topic, partition=partition)  # type: ignore[arg-type]
                )
                builder = builders[topic, partition] = producer.create_batch()
                builder.append(key=creator.encode(), value=value, timestamp=None)
        for (topic, partition), builder in builders.items():
            builder.close()  # type: ignore[attr-defined]
            futures.append(await producer.send_batch(builder, topic, partition=partition))  # type: ignore[arg-type]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    return sent
