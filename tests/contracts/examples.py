"""One full and one minimal value for each topic, as JSON objects."""

from typing import Any

ENVELOPE = {
    "event_id": "evt-1",
    "creator_id": "instagram:lena.runs",
    "platform": "instagram",
    "occurred_at": "2026-01-15T12:00:00.250Z",
}
TRACED = {**ENVELOPE, "source": "webhooks", "received_at": 1768478401000}
ACTOR = {
    "created_at": "2020-02-29T23:59:59+02:00",
    "followers": 10,
    "following": 200,
    "posts": 0,
    "has_avatar": False,
}

MINIMAL: dict[str, dict[str, Any]] = {
    "posts": {**ENVELOPE, "post_id": "p-1"},
    "likes": {**ENVELOPE, "post_id": "p-1", "actor_id": "a-1"},
    "comments": {
        **ENVELOPE,
        "comment_id": "c-1",
        "post_id": "p-1",
        "actor_id": "a-1",
        "text": "love it",
    },
    "shares": {**ENVELOPE, "post_id": "p-1", "actor_id": "a-1"},
    "follows": {**ENVELOPE, "actor_id": "a-1"},
    "clicks": {**ENVELOPE, "campaign_id": "spring", "link_id": "bio"},
    "conversions": {
        **ENVELOPE,
        "campaign_id": "spring",
        "order_id": "o-1",
        "value": 49.9,
        "currency": "EUR",
    },
    "counters": {**ENVELOPE, "followers": 12_345},
    "creators": {**ENVELOPE, "handle": "lena.runs"},
    "alert-commands": {**ENVELOPE, "action": "acknowledge", "by": "ops"},
    "fleet-signals": {**ENVELOPE, "partition": 0, "got": 12.0, "expected": 340.5},
    "campaigns": {"campaign_id": "spring", "name": "Spring shoes"},
}

FULL: dict[str, dict[str, Any]] = {
    "posts": {
        **MINIMAL["posts"],
        **TRACED,
        "action": "edit",
        "media_type": "reel",
        "text": "Morning run \N{RUNNER}",
        "tags": ["running", "ad"],
        "campaign_id": "spring",
        "paid_partnership": True,
        "followers_at_publish": 12_000,
    },
    "likes": {**MINIMAL["likes"], **TRACED, "action": "remove", "actor": ACTOR},
    "comments": {
        **MINIMAL["comments"],
        **TRACED,
        "action": "edit",
        "lang": "en",
        "in_reply_to": "c-0",
        "actor": ACTOR,
    },
    "shares": {**MINIMAL["shares"], **TRACED, "action": "add"},
    "follows": {
        **MINIMAL["follows"],
        **TRACED,
        "action": "unfollow",
        "actor": ACTOR,
    },
    "clicks": {**MINIMAL["clicks"], **TRACED, "actor_id": "a-1", "post_id": "p-1"},
    "conversions": {**MINIMAL["conversions"], **TRACED, "action": "refund", "link_id": "bio"},
    "counters": {
        **MINIMAL["counters"],
        **TRACED,
        "post_id": "p-1",
        "likes": 1,
        "comments": 2,
        "shares": 3,
        "saves": 4,
        "views": 5,
        "followers": None,
    },
    "creators": {
        **MINIMAL["creators"],
        **TRACED,
        "followers": 12_345,
        "person_id": "lena",
        "tags": ["running"],
        "tier": "micro",
    },
    "alert-commands": {
        **MINIMAL["alert-commands"],
        **TRACED,
        "action": "snooze",
        "alert_id": "follower_spike:1768478400000:instagram:lena.runs",
        "kind": "follower_spike",
        "until": "2026-01-15T20:00:00Z",
        "note": "a giveaway, expected",
    },
    "fleet-signals": {
        **MINIMAL["fleet-signals"],
        **TRACED,
        "low_since": "2026-01-15T12:00:00Z",
    },
    "campaigns": {
        **MINIMAL["campaigns"],
        "brand": "Example Shoes",
        "owner": "ops",
        "starts_at": "2026-01-01T00:00:00+01:00",
        "ends_at": 1_775_000_000_000,
        "creators": ["instagram:lena.runs"],
        "cost": {"instagram:lena.runs": 400.0},
        "currency": "EUR",
        "targets": {"clicks": 5_000.0},
        "deliverables": [
            {
                "creator_id": "instagram:lena.runs",
                "media_type": "reel",
                "count": 2,
                "due_at": "2026-02-01T00:00:00Z",
            }
        ],
        "event_id": "evt-9",
        "occurred_at": 1_768_478_400_000,
    },
}
