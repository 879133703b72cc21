"""The state that a release writes, kept as bytes, and what must be counted on from it.

Knows one scenario with some of everything in it, the layout of stored records, and how both become
a file. Usage, after a change of what is stored:

    python -m tests.contracts.state NAME     adds archive/state/NAME.json
    python -m tests.contracts.state          writes the newest one anew (before its release only)
"""

import json
import sys
import types
import typing
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec

from streams.engine import stored
from streams.engine.dedup import PAGE
from streams.engine.own import ShardRecord
from streams.engine.poison import Note, poison_note
from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver

ARCHIVE = Path(__file__).parent / "archive" / "state"
NOW = 1_768_478_430_000
MINUTE, HOUR = 60_000, 3_600_000
CONFIG = ShardConfig(partitions=1, duplicate_horizon=PAGE)
Tables = dict[str, dict[bytes, bytes]]


def write_state() -> ShardDriver:
    """A shard with busy, idle, polled and alarmed creators, in the middle of a minute."""
    driver = ShardDriver(CONFIG)
    made = 0

    def send(topic: str, creator: str, at_ms: int, **fields: Any) -> None:
        nonlocal made
        made += 1
        envelope = {"event_id": f"e{made}", "creator_id": creator, "platform": "bluesky"}
        driver.send(topic, envelope | {"occurred_at": at_ms} | fields, at_ms)

    for hour in range(30, 0, -1):
        at = NOW - hour * HOUR
        for creator in ("busy", "alarmed"):
            send("follows", creator, at, actor_id=f"f{hour}")
            send("posts", creator, at, post_id=f"p{hour}", media_type="reel")
            # One of them is far better than usual at its age.
            for fan in range(5 if hour != 2 else 85):
                send("likes", creator, at + fan, post_id=f"p{hour}", actor_id=f"a{fan}")
        mood = {"comment_id": f"k{hour}", "post_id": f"p{hour}", "actor_id": "a"}
        send("comments", "busy", at, **mood, text="lovely")
        driver.tick(at)
        driver.settle(1)
    send("likes", "idle", NOW - 20 * HOUR, post_id="p", actor_id="a")
    profile = {"handle": "@busy", "followers": 12_000, "tier": "micro"}
    send("creators", "busy", NOW - HOUR, **profile)
    for fan in range(400):
        send("follows", "alarmed", NOW - 5 * MINUTE + fan * 100, actor_id=f"new{fan}")
    driver.tick(NOW - 3 * MINUTE)
    send("counters", "polled", NOW - 2 * HOUR, followers=900, views=5_000)
    send("counters", "polled", NOW - HOUR, followers=950, views=7_000)
    comment = {"comment_id": "k", "post_id": "p1", "actor_id": "a"}
    send("comments", "busy", NOW - MINUTE, **comment, text="I love this so much")
    send("comments", "busy", NOW - MINUTE, **comment | {"comment_id": "l"}, text="awful, I hate it")
    order = {"campaign_id": "spring", "order_id": "o", "currency": "EUR"}
    send("conversions", "busy", NOW - MINUTE, **order, value=12.5)
    send("clicks", "busy", NOW, campaign_id="spring", link_id="l")
    send("likes", "busy", NOW, post_id="p1", actor_id="now")
    driver.tick(NOW)
    key, note = poison_note("likes", 10_000, "ZeroDivisionError('a bug')")
    driver.tables[0]["engagement"][key] = note
    return driver


def go_on(tables: Tables) -> dict[str, Any]:
    """What comes out when the state is read and events go on: whole numbers and names only.

    New fields of outputs are no news here: only those of `_FACTS` are taken.
    """
    driver = ShardDriver(CONFIG)
    driver.tables = [{table: dict(records) for table, records in tables.items()}]
    driver.crash()
    shard = driver.shards[0]
    start = dict(shard.positions)
    driver._offsets.update({(0, topic): position for topic, position in start.items()})
    driver.now_ms = NOW
    like = {"platform": "bluesky", "occurred_at": NOW, "post_id": "p1", "actor_id": "later"}
    for creator in ("busy", "alarmed", "idle", "polled"):
        driver.send("likes", like | {"event_id": "later", "creator_id": creator}, NOW)
    # The last event of the scenario, once more.
    last = f"e{sum(start.values())}"
    driver.send("likes", like | {"event_id": last, "creator_id": "busy"}, NOW)
    alerts = {"/".join(key) for key in shard._calendar.active}
    driver.tick(NOW + 1_000)
    driver.settle(120)
    scores = driver.latest["engagement-scores"]
    return {
        "positions": start,
        "duplicates": shard.stats.duplicates["likes"],
        "creators": shard.creators,
        "alerts": sorted(alerts),
        "scores": {
            key.decode(): {
                "followers": score["followers"],
                "handle": score["handle"],
                "24h": {name: score["windows"]["24h"][name] for name in _FACTS},
            }
            for key, score in sorted(scores.items())
        },
        "windows": sorted(
            [window["creator_id"], window["window_start"], *(window[name] for name in _FACTS)]
            for window in driver.published["engagement-windows"]
        ),
        "moods": {
            key.decode(): mood["windows"]["24h"]["comments"]
            for key, mood in sorted(driver.latest["sentiment-scores"].items())
        },
    }


_FACTS = ("events", "likes", "comments", "follows", "posts", "clicks", "conversions", "revenue")


def layout() -> dict[str, list[str]]:
    """Every type that is stored, with its fields in order: what a change of bytes would change."""
    found: dict[str, list[str]] = {"duplicates": [f"{PAGE} x uint64"], "actors": ["uint16"]}
    for tag, decoder in stored._DECODERS.items():
        found[f"tag {tag.decode()}"] = [_spelt(decoder.type, found)]
    for record in (ShardRecord, Note):
        _spelt(record, found)
    return dict(sorted(found.items()))


def _spelt(kind: Any, found: dict[str, list[str]]) -> str:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind.__name__ not in found:
            found[kind.__name__] = []
            found[kind.__name__] = [
                f"{field.name}: {_spelt(field.type, found)}{'' if field.required else ' = ...'}"
                for field in msgspec.structs.fields(kind)
            ]
        return kind.__name__
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        found[kind.__name__] = [f"{name}: {_spelt(hints[name], found)}" for name in kind._fields]
        return kind.__name__
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _spelt(arguments[0], found)
    if origin is typing.Literal:
        return " | ".join(map(repr, arguments))
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(_spelt(argument, found) for argument in arguments)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_spelt(a, found) for a in arguments)}]"
    return getattr(kind, "__name__", str(kind))


def of_later_release(key: bytes, value: bytes) -> bytes:
    """A record as a later release would write it: with one more field at the end of its struct."""
    if stored.named(key).kind in {"duplicates", "actors"}:
        return value
    record = msgspec.msgpack.decode(value[1:], strict=False)
    if not isinstance(record, list):
        return value
    return value[:1] + msgspec.msgpack.encode([*record, {"of a": "later release"}])


def load(path: Path) -> tuple[dict[str, Any], Tables]:
    """An archived file and its records."""
    body = json.loads(path.read_text())
    tables = {
        table: {b64decode(key): b64decode(value) for key, value in records}
        for table, records in body["tables"].items()
    }
    return body, tables


def newest() -> Path:
    """The file of the present layout."""
    return max(ARCHIVE.glob("*.json"))


def save(path: Path) -> None:
    """Write what the present code stores, and what it counts on from that."""
    tables = write_state().tables[0]
    body = {
        "layout": layout(),
        "facts": go_on(tables),
        "tables": {
            table: [
                [b64encode(key).decode(), b64encode(value).decode()]
                for key, value in sorted(records.items())
            ]
            for table, records in tables.items()
        },
    }
    path.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    if any(name.startswith("-") for name in sys.argv[1:]):
        sys.exit(__doc__)
    save(ARCHIVE / f"{sys.argv[1]}.json" if sys.argv[1:] else newest())
