"""Limits: the numbers at which a pipeline is not well, once for rules and dashboards.

Knows each number and why it is that one. Must not know expressions or panels.
"""

from streams.engine.turns import MOST_SCORES
from streams.health import LONGEST_WITHOUT_CHECKPOINT

FRESH_SECONDS, STALE_SECONDS = 60.0, 300.0
"""Age of a watermark. Older than the first deserves a look, older than the second means that scores
are yesterday's news: a healthy worker is at the allowed lateness (10 s) and a little."""

LAG_RECORDS = 100_000.0
"""What one worker reads in a few seconds; more of it for long is a backlog."""
LAG_SECONDS = 300.0
"""For how long a record may wait to be read; as with watermarks."""

OBJECTIVE = 0.99
"""The share of what arrives that is to be committed, with the scores that it changes, in time."""
OBJECTIVE_SECONDS = 5.0
"""In time. A bucket's bound of `engagement_event_to_commit_seconds`, so that the share is exact."""

CHECKPOINT_OLD_SECONDS = 2 * LONGEST_WITHOUT_CHECKPOINT
"""By then a supervisor that asks `/healthz` should have started the worker again."""
CHECKPOINT_SLOW_SECONDS = 2.0
"""A fifth of what a transaction may take; then a checkpoint ends its worker. A bucket's bound."""

SCORES_WAITING = OBJECTIVE_SECONDS / 0.1 * MOST_SCORES
"""Creators of one partition whose last score would be late: `MOST_SCORES` leave with each tick."""

DEAD_LETTER_SHARE, DEAD_LETTERS_LEAST = 0.01, 10.0
"""Of the records of a topic, and how many of them in 5 minutes: a typing error is no incident."""
LATE_SHARE = 0.05
"""Of the events that count. A source that catches up after an outage stays below it in a day."""

SOURCE_OLD_SECONDS = 900.0
"""Since anything of a platform was counted: a few hundred creators give something each minute."""
CAMPAIGN_BELOW = 0.5
"""Of the creators of a campaign, the share that does worse than expected."""

API_FAILURES = 0.01
"""Of requests to the API, the share that may end in a fault of the server."""
API_SECONDS = 0.05
"""Within which one creator is answered, as a rule. A bucket's bound."""

RESTARTS = 3
"""Of one worker in a quarter of an hour. Rolling restarts make one."""
TAKEOVERS = 6
"""Of one partition in half an hour. A rolling restart of a few workers makes fewer."""
SOURCE_RATE = 0.05
"""Events a second, over hours, from which on a quarter of an hour without any is no chance: 45 are
usual then."""
