"""Units: spans of time in milliseconds, as all of the core counts it."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
