"""Limiter: how many requests each client may make.

Knows token buckets, with time as an argument. Must not know who a client is.
"""

_MOST_KEYS = 20_000


class Limiter:
    """A bucket for each key: `per_minute` in the long run, `burst` at once.

    At most 20,000 keys are known; where there are more, those that are full again are forgotten
    first, then all (which lets them begin anew).
    """

    def __init__(self, per_minute: int, burst: int) -> None:
        self._rate = per_minute / 60.0
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str, now: float) -> float:
        """Take one at second `now`; 0 if it was there, else the seconds until one will be."""
        left, since = self._buckets.get(key, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - since) * self._rate)
        if left < 1.0:
            self._buckets[key] = left, now
            return (1.0 - left) / self._rate
        if key not in self._buckets and len(self._buckets) >= _MOST_KEYS:
            self._forget(now)
        self._buckets[key] = left - 1.0, now
        return 0.0

    def _forget(self, now: float) -> None:
        full = self._burst / self._rate
        self._buckets = {k: b for k, b in self._buckets.items() if now - b[1] < full}
        if len(self._buckets) >= _MOST_KEYS:
            self._buckets.clear()
