"""Events: valid ones of every kind, as lists of JSON members, so that each can be spoilt apart.

Knows the contract's fields. Must not know how they are spoilt.
"""

from random import Random
from typing import Any

import msgspec

Members = list[tuple[bytes, bytes]]
"""The members of one JSON object, names and values as JSON text, in order."""

TOPICS = (
    "posts",
    "likes",
    "comments",
    "shares",
    "follows",
    "clicks",
    "conversions",
    "counters",
    "creators",
)
_WEIGHTS = (8, 25, 14, 8, 10, 4, 8, 15, 8)
_json = msgspec.json.encode
_EMOJI = (
    "\U0001f602\U0001f525\u2764\ufe0f\U0001f44d\U0001f3fd\U0001f468\u200d\U0001f469\u200d\U0001f467"
)


def topic(rng: Random) -> str:
    """One of the keyed topics, the busy ones more often."""
    return rng.choices(TOPICS, _WEIGHTS)[0]


def event(rng: Random, name: str, at_ms: int, *, creators: int = 6) -> dict[str, Any]:
    """A valid event of topic `name` at `at_ms`; ids come from small ranges, so that they recur."""
    creator = f"creator-{rng.randrange(creators)}"
    common = {
        "event_id": f"e{rng.randrange(4_000)}",
        "creator_id": creator,
        "platform": "bluesky",
        "occurred_at": at_ms,
    }
    post, actor = f"p{rng.randrange(12)}", f"a{rng.randrange(60)}"
    specific: dict[str, Any]
    if name in {"likes", "shares"}:
        specific = {"post_id": post, "actor_id": actor, "action": rng.choice(["add", "remove"])}
    elif name == "comments":
        specific = {
            "comment_id": f"c{rng.randrange(99)}",
            "post_id": post,
            "actor_id": rng.choice([actor, creator]),
            "text": text(rng),
            "action": rng.choice(["add", "add", "add", "edit", "remove"]),
        }
    elif name == "follows":
        specific = {"actor_id": actor, "action": rng.choice(["follow", "unfollow"])}
        if rng.random() < 0.2:
            specific["actor"] = {"created_at": at_ms, "followers": rng.randrange(10**6)}
    elif name == "posts":
        specific = {
            "post_id": post,
            "action": rng.choice(["publish", "publish", "publish", "edit", "delete"]),
            "media_type": rng.choice([None, "image", "video", f"m{rng.randrange(40)}"]),
            "campaign_id": rng.choice([None, "spring"]),
            "followers_at_publish": rng.choice([None, count(rng)]),
        }
    elif name == "clicks":
        specific = {"campaign_id": f"k{rng.randrange(9)}", "link_id": "l"}
    elif name == "conversions":
        specific = {
            "campaign_id": "spring",
            "order_id": "o",
            "value": rng.choice([0, 0.1, 19.99, 1e9, rng.random() * 1e6]),
            "currency": rng.choice(["EUR", "USD", "".join(rng.choices("ABCDEF", k=3))]),
            "action": rng.choice(["convert", "refund"]),
        }
    elif name == "counters":
        metrics = ("likes", "comments", "shares", "saves", "views", "followers")
        specific = {metric: count(rng) for metric in rng.sample(metrics, rng.randint(1, 6))}
        if rng.random() < 0.7:
            specific["post_id"] = post
    else:
        specific = {
            "handle": f"@{creator}",
            "followers": rng.choice([None, count(rng)]),
            "tier": rng.choice([None, "nano", "mega"]),
            "tags": rng.choice([None, ["a", "b"]]),
        }
    return common | specific


def campaign(rng: Random) -> dict[str, Any]:
    """A valid campaign."""
    return {
        "campaign_id": f"k{rng.randrange(9)}",
        "name": "Spring",
        "creators": [f"creator-{n}" for n in range(rng.randrange(20))],
        "cost": rng.choice([None, 100.0, {f"creator-{n}": n + 0.5 for n in range(30)}]),
        "currency": "EUR",
        "targets": {"likes": 1e6},
        "deliverables": [{"creator_id": "creator-1", "count": 3, "due_at": 1_768_478_400_000}],
        "starts_at": "2026-01-15T12:00:00Z",
        "occurred_at": rng.choice([None, 1_768_478_400_000]),
    }


def count(rng: Random) -> int:
    """A total: mostly ordinary, at times at the limits."""
    return rng.choice([0, 1, rng.randrange(1_000), rng.randrange(10**6), 10**12])


def text(rng: Random) -> str:
    """A comment: words that carry a mood, emoji, or the like of both, at times very long."""
    kind = rng.random()
    if kind < 0.6:
        words = ("love", "this", "not", "very", "hate", "sooooo", "GREAT!!!", "but", ":)", "meh")
        return " ".join(rng.choices(words, k=rng.randint(0, 20)))
    if kind < 0.62:
        return stretched(rng, rng.choice((5, 400)))
    if kind < 0.9:
        return "".join(rng.choices(_EMOJI + " !?\u0301\u200d", k=rng.randint(0, 300)))
    return rng.choice(_EMOJI + "a!:)-'") * rng.choice([40, 5_000, 20_000])


def stretched(rng: Random, words: int) -> str:
    """Words drawn out so that they could be many others: what costs the analyser most."""
    return " ".join(
        "".join(letter * 3 for letter in rng.sample("abcdefghijklmnop", 4)) for _ in range(words)
    )


def members(record: dict[str, Any]) -> Members:
    """`record` member by member."""
    return [(_json(name), _json(value)) for name, value in record.items()]


def joined(parts: Members) -> bytes:
    """The JSON object of these members, whatever their text is."""
    return b"{" + b",".join(name + b":" + value for name, value in parts) + b"}"
