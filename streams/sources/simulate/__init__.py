"""A simulated world of creators: a roster, posts, an audience that reacts, and known incidents.

    live = start + 2 * DAY_MS
    plan = Plan(seed=7, start_ms=start, live_ms=live, end_ms=live + 60_000)
    for at_ms, topic, event in generate(plan): ...        # ascending at_ms; event is a plain dict
    for incident in truth(plan): ...                      # what was injected, and when

The same plan always gives the same events, byte for byte, however far they are read. Nothing in
here reads a clock, a file or a socket. The noise is not the one that detectors assume: each post
has a log-normal quality, arrivals come in clusters of heavy-tailed size that excite further
ones, attention follows a daily rhythm with slow drift, and reactions fade by a power of age.
"""

from streams.sources.simulate.plan import DAY_MS, HOUR_MS, Incident, Plan, Timed
from streams.sources.simulate.world import generate, truth

__all__ = ["DAY_MS", "HOUR_MS", "Incident", "Plan", "Timed", "generate", "truth"]
