"""Words: what people read instead of the names that records have for alerts.

Knows every name of a kind, a class of cause, a metric, a step, a reason for quiet and a command.
Must not know how they are shown: the terminal, Alertmanager and the live page take them from here,
the page by `python -m streams.words > streams/api/page/names.js`.
"""

import json
import sys
from collections.abc import Mapping
from typing import Final

Names = Mapping[str, str]

KINDS: Final[Names] = {
    "engagement_drop": "Engagement drop",
    "follower_spike": "Follower spike",
    "unfollow_wave": "Unfollow wave",
    "viral_post": "Viral post",
    "silence": "Silence",
    "sentiment_crisis": "Mood turns",
    "suspicious_engagement": "Suspicious engagement",
    "source_outage": "Source outage",
    "digest": "Digest",
}
CAUSES: Final[Names] = {
    "across_posts": "several posts at once",
    "single_post": "one post only",
    "no_engagement": "nothing comes at all",
    "weak_posts": "post after post is weak",
    "slow_decline": "less and less over weeks",
    "organic_viral": "a post that does far better than usual",
    "campaign": "a post for a campaign",
    "suspect": "the followers may be bought",
    "unexplained": "not clear",
    "after_spike": "a follower spike before",
    "after_post": "a new post",
    "above_usual": "a post far above the usual",
    "inversion": "the mood has turned over",
    "negative_wave": "many negative comments",
    "pod": "the same people come first each time",
    "hollow_burst": "empty or new accounts",
    "stock_comments": "comments that fit any post",
    "source": "the source of the platform's events",
    "rate_cap": "too many alerts at a time",
}
METRICS: Final[Names] = {
    "engagements": "engagements",
    "engagements_per_post": "engagements per post",
    "net_follows": "followers more",
    "kept_follows": "followers who stayed",
    "net_unfollows": "followers less",
    "negative_comments": "negative comments",
    "early_comments": "early comments of the group",
    "stock_comments": "comments that fit any post",
    "hollow_engagements": "engagements of empty or new accounts",
    "events_per_minute": "events per minute",
    "alerts": "alerts",
}
STATUSES: Final[Names] = {
    "firing": "began",
    "update": "goes on",
    "resolved": "over",
}
QUIET: Final[Names] = {
    "explained": "explained by another alert",
    "acknowledged": "taken by somebody",
    "snoozed": "snoozed",
    "past": "it was over, or long known, when it was found",
    "quiet_hours": "quiet hours",
    "rate_cap": "too many at a time: see the digest",
    "switched_off": "switched off by a rule",
}
ACTIONS: Final[Names] = {
    "acknowledge": "taken",
    "snooze": "snoozed",
    "wake": "no longer snoozed",
    "useful": "judged useful",
    "false": "judged a false alarm",
}
_TABLES: Final = {
    "KINDS": KINDS,
    "CAUSES": CAUSES,
    "METRICS": METRICS,
    "STATUSES": STATUSES,
    "QUIET": QUIET,
    "ACTIONS": ACTIONS,
}


def of(table: Names, name: str) -> str:
    """The words for a name; a name that a later release knows becomes words by its parts."""
    return table.get(name) or name.replace("_", " ")


def javascript() -> str:
    """The tables for the live page, as the module that is kept in `page/names.js`."""
    lines = ["// Names: what people read instead of names in records. Made by streams/words.py."]
    for title, table in _TABLES.items():
        body = "".join(f"  {name}: {json.dumps(words)},\n" for name, words in table.items())
        lines.append(f"export const {title} = {{\n{body}}};")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(javascript())
